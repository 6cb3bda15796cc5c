import { serverPlaces } from '../kit/storage-places.ts';
import { scenarioDataContract } from './scenario-data.contract.ts';

scenarioDataContract('a PostgreSQL server', serverPlaces(), true);
