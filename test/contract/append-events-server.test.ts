import { serverPlaces } from '../kit/storage-places.ts';
import { appendContract } from './append-events.contract.ts';

appendContract('a PostgreSQL server', serverPlaces());
