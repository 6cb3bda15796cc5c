import { serverPlaces } from '../kit/storage-places.ts';
import { killEventsContract } from './kill-events.contract.ts';

killEventsContract('a PostgreSQL server', serverPlaces());
