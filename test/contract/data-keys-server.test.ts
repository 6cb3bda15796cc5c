import { serverPlaces } from '../kit/storage-places.ts';
import { dataKeysContract } from './data-keys.contract.ts';

dataKeysContract('a PostgreSQL server', serverPlaces());
