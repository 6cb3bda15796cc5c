import { embeddedPlaces } from '../kit/storage-places.ts';
import { maskedCallsContract } from './masked-calls.contract.ts';

maskedCallsContract('the embedded database', embeddedPlaces(), false);
