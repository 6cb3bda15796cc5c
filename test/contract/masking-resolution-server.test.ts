import { serverPlaces } from '../kit/storage-places.ts';
import { resolutionContract } from './masking-resolution.contract.ts';

resolutionContract('a PostgreSQL server', serverPlaces(), 80);
