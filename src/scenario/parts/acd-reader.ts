import { id, string } from '../command-fields.ts';
import type { AcdCommand } from './acd-protocol.ts';
import type { Readers } from './reader.ts';

export const ACD_READERS: Readers<AcdCommand> = {
  'acd-enqueue': (fields, type) => ({
    type,
    requestId: id(fields, 'requestId'),
    queue: string(fields, 'queue', 256),
  }),
  'acd-cancel': (fields, type) => ({ type, requestId: id(fields, 'requestId') }),
};
