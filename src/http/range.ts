/** A part of a file, both ends included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * What a Range header asks of a file of `size` bytes. `whole`: there is no header that we understand, and RFC 9110 §14.2
 * says to ignore it then; several ranges at once count as that, too. `unsatisfiable`: 416 (§15.5.17).
 */
export function readRange(header: string | undefined, size: number): ByteRange | 'whole' | 'unsatisfiable' {
  // §14.1.1: the unit is case-insensitive. §14.1.2: `first-last`, `first-`, or `-suffix`.
  const match = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i.exec(header ?? '');
  if (match === null) return 'whole';
  const [first = '', last = ''] = match.slice(1);
  if (first === '') {
    if (last === '') return 'whole';
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 };
  }
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  // A last position before the first makes the header invalid, not unsatisfiable.
  if (last !== '' && Number(last) < start) return 'whole';
  return start >= size ? 'unsatisfiable' : { start, end };
}

/** RFC 9110 §13.1.5: a Range counts only if the representation is still the one that If-Range names, strongly. */
export function rangeApplies(ifRange: string | undefined, etag: string): boolean {
  return ifRange === undefined || ifRange === etag;
}

/** RFC 9110 §13.1.2: If-None-Match compares weakly; `*` matches whatever is there. */
export function notModified(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}
