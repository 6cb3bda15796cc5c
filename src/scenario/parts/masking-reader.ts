import { type Fields, id, integer, pattern, string } from '../command-fields.ts';
import type { MaskingCommand } from './masking-protocol.ts';
import type { Readers } from './reader.ts';

/** Nobody types more; `masking_extensions` has fewer. */
const EXTENSION = /^\d{0,20}$/;
/** Ids of masking sessions are `ms_` and a UUID. */
const MAX_SESSION_ID = 64;
/** A group has fewer members. */
const MAX_CALLEE = 99;

const requestId = (fields: Fields): number => integer(fields, 'requestId', 1, Number.MAX_SAFE_INTEGER);

export const MASKING_READERS: Readers<MaskingCommand> = {
  'masking-resolve': (fields, type) => ({
    type,
    requestId: requestId(fields),
    callId: id(fields, 'callId'),
    extension: fields.get('extension') === undefined ? undefined : pattern(fields, 'extension', EXTENSION),
    chosen: fields.get('chosen') === undefined ? undefined : string(fields, 'chosen', MAX_SESSION_ID),
  }),
  'masking-call': (fields, type) => ({
    type,
    callId: id(fields, 'callId'),
    decisionId: id(fields, 'decisionId'),
    callee: integer(fields, 'callee', 0, MAX_CALLEE),
  }),
  'masking-leave-alone': wish,
  'masking-promise': wish,
};

function wish<T extends 'masking-leave-alone' | 'masking-promise'>(fields: Fields, type: T) {
  return { type, requestId: requestId(fields), callId: id(fields, 'callId') };
}
