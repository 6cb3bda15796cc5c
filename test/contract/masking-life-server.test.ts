import { serverPlaces } from '../kit/storage-places.ts';
import { maskingLifeContract } from './masking-life.contract.ts';

maskingLifeContract('a PostgreSQL server', serverPlaces());
