import { embeddedPlaces } from '../kit/storage-places.ts';
import { dataKeysContract } from './data-keys.contract.ts';

dataKeysContract('the embedded database', embeddedPlaces());
