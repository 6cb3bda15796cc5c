import type { Clock } from '../../kernel/clock.ts';

export interface FloodLimits {
  /** Messages (or connections) per second that one source may send in the long run. */
  readonly perSecond: number;
  /** What it may send at once after a pause. */
  readonly burst: number;
  /** Sources remembered at once; the one not heard of for longest is forgotten first. */
  readonly maxSources: number;
  /** Sources that are never held back: configured trunks. */
  readonly isTrusted: (host: string) => boolean;
}

/**
 * Generous: a busy PBX that sends 100 calls per second needs about 400 messages per second; whoever sends more should be
 * configured as a trunk. 10 000 sources take about 2 MB.
 */
export const FLOOD_LIMITS: FloodLimits = {
  perSecond: 500,
  burst: 2_000,
  maxSources: 10_000,
  isTrusted: () => false,
};

/**
 * What things cost, in messages. A handshake costs us a millisecond of arithmetic; junk costs little but is nothing that
 * an honest peer sends often, and a source that sends it shall soon cost nothing at all (PITFALLS row 42).
 */
export const COSTS = {
  message: 1,
  connection: 5,
  handshake: 20,
  failedHandshake: 50,
  junk: 20,
} as const;

interface Bucket {
  tokens: number;
  at: number;
}

/** A token budget per source, spent before a byte is parsed (PITFALLS row 42). Memory is bounded by `maxSources`. */
export class FloodGuard {
  readonly #clock: Clock;
  readonly #limits: FloodLimits;
  /** In order of last use. */
  readonly #buckets = new Map<string, Bucket>();
  #admitted = 0;
  #refused = 0;

  constructor(clock: Clock, limits: FloodLimits = FLOOD_LIMITS) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get counters(): { readonly admitted: number; readonly refused: number; readonly sources: number } {
    return { admitted: this.#admitted, refused: this.#refused, sources: this.#buckets.size };
  }

  /** Whether something of this cost from the address may be looked at. */
  admit(host: string, cost: number = COSTS.message): boolean {
    const admitted = this.#limits.isTrusted(host) || this.#spend(sourceOf(host), cost);
    if (admitted) this.#admitted++;
    else this.#refused++;
    return admitted;
  }

  /** Takes from the budget for what turned out to cost more than it seemed; it may be overdrawn by one burst. */
  charge(host: string, cost: number): void {
    if (this.#limits.isTrusted(host)) return;
    const bucket = this.#bucketOf(sourceOf(host));
    bucket.tokens = Math.max(-this.#limits.burst, bucket.tokens - cost);
  }

  #spend(source: string, cost: number): boolean {
    const bucket = this.#bucketOf(source);
    if (bucket.tokens < cost) return false;
    bucket.tokens -= cost;
    return true;
  }

  /** The bucket with what has come in since; it becomes the one that was used last. */
  #bucketOf(source: string): Bucket {
    const now = this.#clock.monotonic();
    const bucket = this.#buckets.get(source) ?? { tokens: this.#limits.burst, at: now };
    this.#buckets.delete(source);
    this.#buckets.set(source, bucket);
    bucket.tokens = Math.min(
      this.#limits.burst,
      bucket.tokens + ((now - bucket.at) / 1000) * this.#limits.perSecond,
    );
    bucket.at = now;
    if (this.#buckets.size > this.#limits.maxSources) this.#forgetOldest();
    return bucket;
  }

  /** A forgotten source starts anew with a full budget, so that spoofed addresses cannot lock an honest one out. */
  #forgetOldest(): void {
    const oldest = this.#buckets.keys().next();
    if (!oldest.done) this.#buckets.delete(oldest.value);
  }
}

/** An IPv6 customer has a /64 at least (RFC 6177), so that is one source. */
function sourceOf(host: string): string {
  if (!host.includes(':') || host.startsWith('::ffff:')) return host;
  const [left = ''] = host.split('::');
  return left.split(':').slice(0, 4).join(':');
}
