import { embeddedPlaces } from '../kit/storage-places.ts';
import { erasureContract } from './erasure.contract.ts';

erasureContract('the embedded database', embeddedPlaces());
