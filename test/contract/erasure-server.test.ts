import { serverPlaces } from '../kit/storage-places.ts';
import { erasureContract } from './erasure.contract.ts';

erasureContract('a PostgreSQL server', serverPlaces());
