import { embeddedPlaces } from '../kit/storage-places.ts';
import { killEventsContract } from './kill-events.contract.ts';

killEventsContract('the embedded database', embeddedPlaces());
