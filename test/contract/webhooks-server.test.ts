import { serverPlaces } from '../kit/storage-places.ts';
import { webhooksContract } from './webhooks.contract.ts';

webhooksContract('a PostgreSQL server', serverPlaces());
