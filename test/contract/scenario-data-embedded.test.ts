import { embeddedPlaces } from '../kit/storage-places.ts';
import { scenarioDataContract } from './scenario-data.contract.ts';

scenarioDataContract('the embedded database', embeddedPlaces(), false);
