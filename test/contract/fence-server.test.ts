import { serverPlaces } from '../kit/storage-places.ts';
import { fenceContract } from './fence.contract.ts';

fenceContract('a PostgreSQL server', serverPlaces(), true);
