import { BadCommand, boolean, type Fields, id, pattern } from '../command-fields.ts';
import type { AsrCommand } from './asr-protocol.ts';
import type { Readers } from './reader.ts';

const MAX_PHRASES = 500;
const MAX_PHRASE = 256;

export const ASR_READERS: Readers<AsrCommand> = {
  'asr-create': (fields, type) => ({
    type,
    asrId: id(fields, 'asrId'),
    language: pattern(fields, 'language', /^[A-Za-z0-9-]{0,35}$/),
    phrases: phrases(fields),
    interim: boolean(fields, 'interim'),
    singleUtterance: boolean(fields, 'singleUtterance'),
  }),
  'asr-stop': (fields, type) => ({ type, asrId: id(fields, 'asrId') }),
};

function phrases(fields: Fields): readonly string[] {
  const value = fields.get('phrases');
  if (!Array.isArray(value) || value.length > MAX_PHRASES)
    throw new BadCommand(`phrases is no list of at most ${MAX_PHRASES}`);
  return value.map((phrase: unknown) => {
    if (typeof phrase !== 'string' || phrase.length > MAX_PHRASE)
      throw new BadCommand('a phrase is no short text');
    return phrase;
  });
}
