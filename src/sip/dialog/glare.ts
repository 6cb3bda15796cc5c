/**
 * Glare (RFC 3261 §14.1; PITFALLS row 11): both sides offer at once, each refuses the other with 491, and each waits for
 * a time out of a range of its own, so that they do not meet again.
 */
import type { Random } from '../../kernel/random.ts';
import type { SipResponse } from '../message/types.ts';

/**
 * How long to wait after a 491, ms. The owner of the Call-ID, who sent the first INVITE, waits 2.1 to 4 s, the other side
 * 0 to 2 s, both in units of 10 ms.
 */
export function glareDelayMs(random: Random, ownsCallId: boolean): number {
  return ownsCallId ? 2_100 + 10 * random.int(191) : 10 * random.int(201);
}

/** Offers that met glare, or a peer that asked for patience, are sent at most this often: 5 waits of up to 4 s. */
export const MAX_OFFER_ATTEMPTS = 6;

/** RFC 3311 §5.2: Retry-After of at most 10 s means "after my own offer". More than that is no glare. */
const MAX_RETRY_AFTER_SECONDS = 10;

/** How long a 500 asks to wait, ms; undefined where it is no glare but a refusal. */
export function retryAfterMs(response: SipResponse): number | undefined {
  const seconds = /^\s*(\d{1,3})/.exec(response.headers.get('Retry-After') ?? '')?.[1];
  if (seconds === undefined || Number(seconds) > MAX_RETRY_AFTER_SECONDS) return undefined;
  return Number(seconds) * 1000;
}
