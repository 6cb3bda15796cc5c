import { InvalidCursor } from '../records/ports.ts';

/** A place in the log: behind the event `seq` of the transaction `xid`. */
export interface EventPlace {
  /** A decimal number of up to 20 digits: beyond what a JavaScript number holds. */
  readonly xid: string;
  readonly seq: number;
}

export const BEGINNING: EventPlace = { xid: '0', seq: 0 };

/** xid8 is an unsigned number of 64 bits. */
const MAX_XID = 2n ** 64n - 1n;

/**
 * Opaque to clients, and not sealed: it names no more than a place and whose it is, and must outlive a change of keys, since
 * customers keep it. Reading filters by application whatever it says.
 */
export function writeEventCursor(place: EventPlace, applicationId: string | undefined): string {
  return Buffer.from(`e1 ${place.xid} ${place.seq} ${applicationId ?? '*'}`).toString('base64url');
}

/** @throws InvalidCursor when it is not one of ours, or one of another reader: each sees another log. */
export function readEventCursor(cursor: string, applicationId: string | undefined): EventPlace {
  const match = /^e1 (\d{1,20}) (\d{1,16}) (\S{1,100})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match === null) throw new InvalidCursor();
  const [, xid = '', seq = '', owner] = match;
  if (owner !== (applicationId ?? '*') || BigInt(xid) > MAX_XID || !Number.isSafeInteger(Number(seq)))
    throw new InvalidCursor();
  return { xid, seq: Number(seq) };
}
