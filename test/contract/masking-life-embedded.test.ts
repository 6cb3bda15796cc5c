import { embeddedPlaces } from '../kit/storage-places.ts';
import { maskingLifeContract } from './masking-life.contract.ts';

maskingLifeContract('the embedded database', embeddedPlaces());
