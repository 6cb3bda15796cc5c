import { serverPlaces } from '../kit/storage-places.ts';
import { maskedCallsContract } from './masked-calls.contract.ts';

maskedCallsContract('a PostgreSQL server', serverPlaces(), true);
