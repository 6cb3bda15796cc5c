import type { ExtraHeaders } from '../sip/dialog/types.ts';
import type { HeaderMap } from './types.ts';

/** `X-` and letters, digits, `-` and `_`: of the tokens of RFC 3261 §25.1 those that real names are made of. */
const ALLOWED_NAME = /^X-[A-Za-z0-9_-]{1,62}$/i;
/** One UDP packet has to hold all of them (PITFALLS row 23). */
const MAX_HEADERS = 20;
const MAX_VALUE_BYTES = 512;
/** CR, LF and NUL would end the field (PITFALLS row 20); the other controls have no place in one either. */
const CONTROL = /[^\P{Cc}\t]/u;

export interface AllowedHeaders {
  readonly headers: ExtraHeaders;
  /** What was left out and why, as sentences without the values. */
  readonly dropped: readonly string[];
}

/** Passes the header fields that a script may add to a message of ours; the others are named in `dropped`. */
export function allowHeaders(wanted: HeaderMap): AllowedHeaders {
  const headers: [string, string][] = [];
  const dropped: string[] = [];
  for (const [name, value] of Object.entries(wanted)) {
    const objection = headers.length >= MAX_HEADERS ? `more than ${MAX_HEADERS}` : objectionTo(name, value);
    if (objection === undefined) headers.push([name, value]);
    else dropped.push(`header ${printable(name)} left out: ${objection}`);
  }
  return { headers, dropped };
}

/** What a peer sent, as a script sees it; of several equal names the last one stays. */
export function toHeaderMap(headers: ExtraHeaders): HeaderMap {
  return Object.fromEntries(headers);
}

function objectionTo(name: string, value: unknown): string | undefined {
  if (!ALLOWED_NAME.test(name)) return 'only X- names may be added';
  if (typeof value !== 'string') return 'its value is not a text';
  if (CONTROL.test(value)) return 'its value holds a line break or another control character';
  if (Buffer.byteLength(value) > MAX_VALUE_BYTES) return `its value is longer than ${MAX_VALUE_BYTES} bytes`;
  return undefined;
}

function printable(name: string): string {
  return JSON.stringify(name.slice(0, 64));
}
