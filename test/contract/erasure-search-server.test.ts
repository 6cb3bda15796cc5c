import { serverPlaces } from '../kit/storage-places.ts';
import { erasureSearchContract } from './erasure-search.contract.ts';

erasureSearchContract('a PostgreSQL server', serverPlaces());
