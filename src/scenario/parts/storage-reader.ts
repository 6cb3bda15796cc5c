import { integer, number, string } from '../command-fields.ts';
import type { Readers } from './reader.ts';
import type { StorageCommand } from './storage-protocol.ts';

/** voximplant.com/docs/references/voxengine/applicationstorage/put */
export const MAX_KEY = 200;
export const MAX_VALUE = 2000;
/** .../applicationstorage/keys: at most, and by default. */
export const MAX_KEYS = 1000;

const requestId = (fields: Parameters<typeof integer>[0]): number =>
  integer(fields, 'requestId', 1, Number.MAX_SAFE_INTEGER);

export const STORAGE_READERS: Readers<StorageCommand> = {
  'storage-get': (fields, type) => ({
    type,
    requestId: requestId(fields),
    key: string(fields, 'key', MAX_KEY),
  }),
  'storage-remove': (fields, type) => ({
    type,
    requestId: requestId(fields),
    key: string(fields, 'key', MAX_KEY),
  }),
  'storage-put': (fields, type) => ({
    type,
    requestId: requestId(fields),
    key: string(fields, 'key', MAX_KEY),
    value: string(fields, 'value', MAX_VALUE),
    ttl: fields.get('ttl') === undefined ? undefined : number(fields, 'ttl', 0, Number.MAX_SAFE_INTEGER),
  }),
  'storage-keys': (fields, type) => ({
    type,
    requestId: requestId(fields),
    namespace: fields.get('namespace') === undefined ? undefined : string(fields, 'namespace', MAX_KEY),
    count: integer(fields, 'count', 1, MAX_KEYS),
  }),
};
