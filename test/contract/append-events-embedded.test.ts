import { embeddedPlaces } from '../kit/storage-places.ts';
import { appendContract } from './append-events.contract.ts';

appendContract('the embedded database', embeddedPlaces());
