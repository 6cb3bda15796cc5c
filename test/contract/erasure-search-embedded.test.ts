import { embeddedPlaces } from '../kit/storage-places.ts';
import { erasureSearchContract } from './erasure-search.contract.ts';

erasureSearchContract('the embedded database', embeddedPlaces());
