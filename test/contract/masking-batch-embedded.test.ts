import { embeddedPlaces } from '../kit/storage-places.ts';
import { maskingBatchContract } from './masking-batch.contract.ts';

maskingBatchContract('the embedded database', embeddedPlaces(), false);
