import { embeddedPlaces } from '../kit/storage-places.ts';
import { fenceContract } from './fence.contract.ts';

fenceContract('the embedded database', embeddedPlaces(), false);
