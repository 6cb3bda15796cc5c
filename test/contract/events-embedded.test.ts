import { embeddedPlaces } from '../kit/storage-places.ts';
import { eventsContract } from './events.contract.ts';

eventsContract('the embedded database', embeddedPlaces());
