import { embeddedPlaces } from '../kit/storage-places.ts';
import { webhooksContract } from './webhooks.contract.ts';

webhooksContract('the embedded database', embeddedPlaces());
