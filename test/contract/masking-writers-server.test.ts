import { serverPlaces } from '../kit/storage-places.ts';
import { maskingWritersContract } from './masking-writers.contract.ts';

maskingWritersContract('a PostgreSQL server', serverPlaces(), true);
