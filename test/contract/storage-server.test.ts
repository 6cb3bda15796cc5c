import { serverPlaces } from '../kit/storage-places.ts';
import { storageContract } from './storage.contract.ts';

storageContract('a PostgreSQL server', serverPlaces());
