/** Texts that are kept in columns of their own, packed: a trace of a call is 14 kB of lines that repeat each other, packed 2. */
import { promisify } from 'node:util';
import { deflateRaw, deflateRawSync, inflateRaw } from 'node:zlib';

/** What is packed opens to at most so much, bytes, so that a row cannot fill the memory. */
const MAX_OPENED = 64 * 1024 * 1024;
/** Characters up to which packing on the spot takes less of this thread than handing it to another one and back: 30 µs. */
const SMALL = 64 * 1024;
/** Rows that are made between two turns of the event loop: about half a millisecond. */
const ROWS_PER_TURN = 8;

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** Fast rather than small, and with little memory: these texts are short. */
const OPTIONS = { level: 1, memLevel: 6, windowBits: 14, chunkSize: 4_096 } as const;

/** As base64. */
export async function pack(text: string): Promise<string> {
  const packed = text.length <= SMALL ? deflateRawSync(text, OPTIONS) : await deflate(text, OPTIONS);
  return packed.toString('base64');
}

/** Rejects when it was not packed, or opens to too much. */
export async function unpack(packed: string): Promise<string> {
  return (await inflate(Buffer.from(packed, 'base64'), { maxOutputLength: MAX_OPENED })).toString();
}

/** Rows of what came together, one after the other; whatever else waits for this thread has its turn in between. */
export async function rowsInTurns<T, Row>(
  items: readonly T[],
  rowOf: (item: T) => Promise<Row>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const item of items) {
    if (rows.length > 0 && rows.length % ROWS_PER_TURN === 0)
      await new Promise((resolve) => setImmediate(resolve));
    rows.push(await rowOf(item));
  }
  return rows;
}
