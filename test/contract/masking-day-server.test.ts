import { serverPlaces } from '../kit/storage-places.ts';
import { maskingDayContract } from './masking-day.contract.ts';

maskingDayContract('a PostgreSQL server', serverPlaces());
