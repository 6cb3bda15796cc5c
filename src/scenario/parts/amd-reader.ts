import { BadCommand, type Fields, id, integer } from '../command-fields.ts';
import type { AmdCommand } from './amd-protocol.ts';
import type { Readers } from './reader.ts';

const MAX_FREQUENCIES = 10;

export const AMD_READERS: Readers<AmdCommand> = {
  'amd-start': (fields, type) => ({
    type,
    amdId: id(fields, 'amdId'),
    callId: id(fields, 'callId'),
    timeoutMs: integer(fields, 'timeoutMs', 500, 60_000),
  }),
  'amd-beep-start': (fields, type) => ({
    type,
    callId: id(fields, 'callId'),
    frequencies: frequencies(fields),
    timeoutMs: integer(fields, 'timeoutMs', 0, 3_600_000),
  }),
  'amd-beep-stop': (fields, type) => ({ type, callId: id(fields, 'callId') }),
};

function frequencies(fields: Fields): readonly number[] {
  const value = fields.get('frequencies');
  if (!Array.isArray(value) || value.length > MAX_FREQUENCIES)
    throw new BadCommand(`frequencies is no list of at most ${MAX_FREQUENCIES}`);
  return value.map((one: unknown) => {
    if (typeof one !== 'number' || !(one >= 200 && one <= 3800))
      throw new BadCommand('a frequency is no number from 200 to 3800');
    return one;
  });
}
