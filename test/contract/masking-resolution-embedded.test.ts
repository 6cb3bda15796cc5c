import { embeddedPlaces } from '../kit/storage-places.ts';
import { resolutionContract } from './masking-resolution.contract.ts';

resolutionContract('the embedded database', embeddedPlaces(), 40);
