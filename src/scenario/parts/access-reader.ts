import { boolean, integer, string } from '../command-fields.ts';
import type { AccessCommand } from './access-protocol.ts';
import type { Readers } from './reader.ts';

/** Characters of an answer. */
const MAX_ANSWER = 256 * 1024;

export const ACCESS_READERS: Readers<AccessCommand> = {
  'access-answer': (fields, type) => ({
    type,
    requestId: integer(fields, 'requestId', 1, Number.MAX_SAFE_INTEGER),
    body: string(fields, 'body', MAX_ANSWER),
    json: boolean(fields, 'json'),
  }),
};
