import type { SipResponse } from '../message/types.ts';

/** Seconds of Retry-After (RFC 3261 §20.33), comment and parameters left out; undefined when absent or malformed. */
export function retryAfter(response: SipResponse): number | undefined {
  const found = /^\s*(\d{1,9})(?![\d.])/.exec(response.headers.get('Retry-After') ?? '');
  return found === null ? undefined : Number(found[1]);
}
