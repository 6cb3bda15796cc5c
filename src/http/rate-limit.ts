import { createHash } from 'node:crypto';
import type { Clock } from '../kernel/clock.ts';
import { HttpError } from './problems.ts';

export interface RateLimits {
  /** Of one API key; 0: any number. */
  readonly requestsPerMinute: number;
  /** Requests of one address with a missing or wrong key; 0: any number. */
  readonly failuresPerMinute: number;
}

export const RATE_LIMITS: RateLimits = { requestsPerMinute: 3_000, failuresPerMinute: 30 };

/** Sources that are remembered at once, and keys that have lately been right. What was used longest ago goes first. */
const MAX_SOURCES = 10_000;
const MAX_GOOD = 1_000;

interface Bucket {
  tokens: number;
  at: number;
}

/** Token buckets that fill within a minute, as many as `MAX_SOURCES`. */
class Buckets {
  readonly #perMinute: number;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(perMinute: number, clock: Clock) {
    this.#perMinute = perMinute;
    this.#clock = clock;
  }

  /** Seconds until there is a token; 0 when there is one. */
  wait(source: string): number {
    if (this.#perMinute === 0) return 0;
    const { tokens } = this.#fill(source);
    return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) * 60) / this.#perMinute);
  }

  spend(source: string): void {
    if (this.#perMinute > 0) this.#fill(source).tokens -= 1;
  }

  #fill(source: string): Bucket {
    const now = this.#clock.monotonic();
    const found = this.#buckets.get(source);
    this.#buckets.delete(source);
    const bucket = found ?? { tokens: this.#perMinute, at: now };
    bucket.tokens = Math.min(this.#perMinute, bucket.tokens + ((now - bucket.at) / 60_000) * this.#perMinute);
    bucket.at = now;
    this.#buckets.set(source, bucket);
    const oldest = this.#buckets.size > MAX_SOURCES ? this.#buckets.keys().next().value : undefined;
    if (oldest !== undefined) this.#buckets.delete(oldest);
    return bucket;
  }
}

/**
 * How often a key may ask, and how often an address may ask with a wrong one. An address may be a proxy with many clients
 * behind it: once it has failed too often, keys that were right lately still pass, and others are not even looked up.
 */
export class RateLimit {
  readonly #requests: Buckets;
  readonly #failures: Buckets;
  /** SHA-256 of secrets, so that the process keeps no second copy of them. */
  readonly #good = new Set<string>();

  constructor(limits: RateLimits, clock: Clock) {
    this.#requests = new Buckets(limits.requestsPerMinute, clock);
    this.#failures = new Buckets(limits.failuresPerMinute, clock);
  }

  /** Before a key is looked up. Throws 429. */
  beforeLookUp(address: string, secret: string | undefined): void {
    const seconds = this.#failures.wait(address);
    if (seconds === 0 || (secret !== undefined && this.#good.has(hashOf(secret)))) return;
    throw tooMany('rate/failures', seconds);
  }

  failed(address: string): void {
    this.#failures.spend(address);
  }

  /** A key that is right; throws 429 when it has asked too often. */
  passed(keyId: string, secret: string): void {
    const hash = hashOf(secret);
    this.#good.delete(hash);
    this.#good.add(hash);
    const oldest = this.#good.size > MAX_GOOD ? this.#good.values().next().value : undefined;
    if (oldest !== undefined) this.#good.delete(oldest);
    const seconds = this.#requests.wait(keyId);
    if (seconds > 0) throw tooMany('rate/requests', seconds);
    this.#requests.spend(keyId);
  }
}

/** RFC 6585 §4, RFC 9110 §10.2.3. */
function tooMany(code: 'rate/failures' | 'rate/requests', seconds: number): HttpError {
  return new HttpError(code, undefined, { headers: { 'retry-after': String(seconds) } });
}

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64');
