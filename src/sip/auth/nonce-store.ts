/**
 * Nonces that need no memory until somebody has proved a password with one: each carries its time and a MAC over
 * (realm, address that it was issued to, time, salt). What is remembered is only the window of `nc` values of nonces that were used with a right
 * digest, so that a stranger can neither fill the memory nor lock a phone out (PITFALLS row 26).
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';

/** `stale`: the digest may be right but the nonce no longer counts; the peer is owed a fresh one (RFC 7616 §3.3). */
export type NonceVerdict = 'fresh' | 'stale';

/** How far behind the highest `nc` a late request may still come; requests of one phone overtake each other on UDP. */
const WINDOW = 64;

interface Use {
  highest: number;
  /** Bit i: `highest - i` was seen. */
  seen: bigint;
  readonly issuedAt: number;
}

export interface NonceStoreOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly realm: string;
  /** Shared by nodes that should accept each other's nonces; random when absent. */
  readonly secret?: Uint8Array;
  /** Milliseconds that a nonce may be used. */
  readonly lifetimeMs?: number;
  /** Nonces whose `nc` is remembered at most. */
  readonly capacity?: number;
}

export class NonceStore {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #realm: string;
  readonly #secret: Uint8Array;
  readonly #lifetimeMs: number;
  readonly #capacity: number;
  readonly #uses = new Map<string, Use>();
  /** Nonces issued up to here may have been forgotten while still young: they count as stale when not remembered. */
  #forgottenUntil = Number.NEGATIVE_INFINITY;

  constructor(options: NonceStoreOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#realm = options.realm;
    this.#secret = options.secret ?? options.random.bytes(32);
    // Five minutes: longer than any transaction, shorter than the usual REGISTER refresh.
    this.#lifetimeMs = options.lifetimeMs ?? 300_000;
    this.#capacity = options.capacity ?? 10_000;
  }

  /** Nonces in memory; the bound is tested. */
  get remembered(): number {
    return this.#uses.size;
  }

  /** A new nonce, bound to the realm, to now, and to the address of whoever asked (RFC 7616 §3.3 proposes it). */
  issue(host: string): string {
    const head = `${Math.floor(this.#clock.now()).toString(16)}.${this.#random.token(8)}`;
    return `${head}.${this.#mac(head, host)}`;
  }

  /**
   * Whether we issued it to this address, however long ago. One that we did not is answered by a challenge without a look
   * at the digest: else whoever collects nonces elsewhere could guess where nobody counts, or guess in another's name.
   */
  isOurs(nonce: string, host: string): boolean {
    return this.#issuedAt(nonce, host) !== undefined;
  }

  /**
   * To be called only after the digest was found right. Takes the `nc` (undefined for a peer without `qop`, which may
   * use each nonce once) and says whether the request may pass.
   */
  use(nonce: string, nc: number | undefined, host: string): NonceVerdict {
    const issuedAt = this.#issuedAt(nonce, host);
    const now = this.#clock.now();
    // A time ahead of ours is another node's clock at best.
    if (issuedAt === undefined || issuedAt > now + 30_000 || now - issuedAt > this.#lifetimeMs)
      return 'stale';
    const known = this.#uses.get(nonce);
    const count = nc ?? 1;
    if (count < 1) return 'stale';
    if (known === undefined) {
      if (issuedAt <= this.#forgottenUntil) return 'stale';
      this.#remember(nonce, { highest: count, seen: 1n, issuedAt });
      return 'fresh';
    }
    return advance(known, count) ? 'fresh' : 'stale';
  }

  #remember(nonce: string, use: Use): void {
    this.#uses.set(nonce, use);
    // Insertion order is nearly the order of issue, so the front holds what expires first.
    for (const [old, { issuedAt }] of this.#uses) {
      const expired = this.#clock.now() - issuedAt > this.#lifetimeMs;
      if (!expired && this.#uses.size <= this.#capacity) break;
      this.#uses.delete(old);
      if (!expired) this.#forgottenUntil = Math.max(this.#forgottenUntil, issuedAt);
    }
  }

  #issuedAt(nonce: string, host: string): number | undefined {
    const found = /^(([0-9a-f]{1,14})\.[0-9a-f]{16})\.([0-9a-f]{64})$/.exec(nonce);
    if (found === null) return undefined;
    if (!equalTexts(found[3]!, this.#mac(found[1]!, host))) return undefined;
    return Number.parseInt(found[2]!, 16);
  }

  #mac(head: string, host: string): string {
    return createHmac('sha256', this.#secret).update(`${this.#realm}\0${host}\0${head}`).digest('hex');
  }
}

/** Takes a count into the window; false when it was seen or is too old. */
function advance(use: Use, count: number): boolean {
  if (count > use.highest) {
    const shift = count - use.highest;
    use.seen = shift >= WINDOW ? 1n : BigInt.asUintN(WINDOW, (use.seen << BigInt(shift)) | 1n);
    use.highest = count;
    return true;
  }
  const behind = use.highest - count;
  if (behind >= WINDOW) return false;
  const bit = 1n << BigInt(behind);
  if ((use.seen & bit) !== 0n) return false;
  use.seen |= bit;
  return true;
}

/** Equality in a time that does not depend on where the texts differ; only the length may show. */
export function equalTexts(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
