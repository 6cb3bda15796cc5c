import { embeddedPlaces } from '../kit/storage-places.ts';
import { maskingContract } from './masking.contract.ts';

maskingContract('the embedded database', embeddedPlaces());
