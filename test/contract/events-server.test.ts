import { serverPlaces } from '../kit/storage-places.ts';
import { eventsContract } from './events.contract.ts';

eventsContract('a PostgreSQL server', serverPlaces());
