import { serverPlaces } from '../kit/storage-places.ts';
import { maskingBatchContract } from './masking-batch.contract.ts';

maskingBatchContract('a PostgreSQL server', serverPlaces(), true);
