/** Cuts, doubles, swaps, splices and overwrites bytes; what a broken or hostile peer may send. */
import type { Dice } from './dice.ts';

const PIECES = [
  ...[
    '\r\n',
    '\r\n ',
    '\r\n\r\n',
    '\n',
    '\r',
    '\0',
    ':',
    ';',
    ',',
    '"',
    '\\',
    '<',
    '>',
    '@',
    '%',
    '=',
    ' ',
    '\t',
    '[',
    ']',
  ],
  ...[
    'Content-Length: 4294967296\r\n',
    'Via: ',
    'SIP/2.0 ',
    'INVITE ',
    '%00',
    '%0d%0a',
    '\u{feff}',
    '\xff\xfe',
    '9'.repeat(40),
  ],
].map((text) => Buffer.from(text, 'latin1'));

/** A changed copy; `other` lends its tail for a splice. */
export function mutate(dice: Dice, message: Buffer, other: Buffer): Buffer {
  let bytes = message;
  for (let edits = 1 + dice.int(4); edits > 0; edits--) bytes = edit(dice, bytes, other);
  return bytes;
}

function edit(dice: Dice, bytes: Buffer, other: Buffer): Buffer {
  const at = dice.int(bytes.length + 1);
  switch (dice.int(8)) {
    case 0: {
      const copy = Buffer.from(bytes);
      if (copy.length > 0) copy[dice.int(copy.length)] = dice.int(256);
      return copy;
    }
    case 1: {
      const copy = Buffer.from(bytes);
      if (copy.length > 0) copy[dice.int(copy.length)]! ^= 1 << dice.int(8);
      return copy;
    }
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + dice.int(24))]);
    case 4: {
      const piece = bytes.subarray(at, at + 1 + dice.int(60));
      return Buffer.concat([bytes.subarray(0, at), piece, piece, bytes.subarray(at)]);
    }
    case 5:
      return Buffer.concat([bytes.subarray(0, at), dice.pick(PIECES), bytes.subarray(at)]);
    case 6:
      return Buffer.concat([bytes.subarray(0, at), other.subarray(dice.int(other.length + 1))]);
    default: {
      const repeated = dice.once(40) ? 2_000 : 1 + dice.int(30);
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.alloc(repeated, dice.pick(PIECES)),
        bytes.subarray(at),
      ]);
    }
  }
}
