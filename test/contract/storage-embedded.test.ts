import { embeddedPlaces } from '../kit/storage-places.ts';
import { storageContract } from './storage.contract.ts';

storageContract('the embedded database', embeddedPlaces());
