import { embeddedPlaces } from '../kit/storage-places.ts';
import { maskingWritersContract } from './masking-writers.contract.ts';

maskingWritersContract('the embedded database', embeddedPlaces(), false);
