/**
 * Glare (RFC 3261 §14.1; PITFALLS row 11): both sides offer at once, each refuses the other with 491, and each waits for
 * a time out of a range of its own, so that they do not meet again.
 */
import type { Random } from '../../kernel/random.ts';

/**
 * How long to wait after a 491, ms. The owner of the Call-ID, who sent the first INVITE, waits 2.1 to 4 s, the other side
 * 0 to 2 s, both in units of 10 ms.
 */
export function glareDelayMs(random: Random, ownsCallId: boolean): number {
  return ownsCallId ? 2_100 + 10 * random.int(191) : 10 * random.int(201);
}

/** Offers that met glare, or a peer that asked for patience, are sent at most this often: 5 waits of up to 4 s. */
export const MAX_OFFER_ATTEMPTS = 6;

/** RFC 3311 §5.2: 500 with Retry-After of at most 10 s means "after my own offer". More than that is no glare. */
export const MAX_RETRY_AFTER_SECONDS = 10;
