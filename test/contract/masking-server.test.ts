import { serverPlaces } from '../kit/storage-places.ts';
import { maskingContract } from './masking.contract.ts';

maskingContract('a PostgreSQL server', serverPlaces());
