import { embeddedPlaces } from '../kit/storage-places.ts';
import { maskingDayContract } from './masking-day.contract.ts';

maskingDayContract('the embedded database', embeddedPlaces());
