/**
 * Holds back whoever guesses passwords, and nobody else. What is locked is one path, (source address and port, user
 * name), for a time that doubles; never a user name as a whole, or an attacker elsewhere could lock its owner out, and
 * never an address as a whole, since the owner's phone may stand behind the same NAT. A path that has proved the password
 * lately is not locked. Only answers to a nonce that was issued to that very address are counted, so that nobody gets
 * somebody else's phone locked with forged source addresses (PITFALLS row 26).
 */
import type { Clock } from '../../kernel/clock.ts';

/** Where credentials came from. */
export interface CredentialSource {
  readonly transport: string;
  readonly host: string;
  readonly port: number;
}

export interface GuessLimits {
  /** Wrong answers of one path before it is locked: a person mistypes a few times. */
  readonly perPath: number;
  /** Wrong answers for one name from one address, over all its ports, before each further path has one try only. */
  readonly perAddress: number;
  /** The first lock, and the longest, ms. Whoever corrects a password waits a minute at most. */
  readonly firstLockMs: number;
  readonly longestLockMs: number;
  /** When wrong answers are forgotten, and how long a right one counts, ms. */
  readonly memoryMs: number;
  /** Paths and addresses remembered at most; the one not heard of for longest is forgotten first. */
  readonly capacity: number;
}

export const GUESS_LIMITS: GuessLimits = {
  perPath: 5,
  perAddress: 20,
  firstLockMs: 2_000,
  longestLockMs: 60_000,
  memoryMs: 3_600_000,
  capacity: 10_000,
};

interface Path {
  wrong: number;
  lockMs: number;
  lockedUntil: number;
  provedUntil: number;
  heardAt: number;
}

interface AddressCount {
  wrong: number;
  heardAt: number;
}

export class GuessGuard {
  readonly #clock: Clock;
  readonly #limits: GuessLimits;
  /** Both in order of last use. */
  readonly #paths = new Map<string, Path>();
  readonly #addresses = new Map<string, AddressCount>();
  #refused = 0;
  #locks = 0;

  constructor(clock: Clock, limits: Partial<GuessLimits> = {}) {
    this.#clock = clock;
    this.#limits = { ...GUESS_LIMITS, ...limits };
  }

  /** Times that a path was locked, credentials that were refused unseen, and what is remembered. */
  get counters(): { readonly locks: number; readonly refused: number; readonly remembered: number } {
    return {
      locks: this.#locks,
      refused: this.#refused,
      remembered: this.#paths.size + this.#addresses.size,
    };
  }

  /** Whether credentials for the name may be looked at. The name need not exist. */
  admits(source: CredentialSource, username: string): boolean {
    const path = this.#paths.get(pathKey(source, username));
    const now = this.#clock.monotonic();
    if (path === undefined || path.lockedUntil <= now || path.provedUntil > now) return true;
    this.#refused += 1;
    return false;
  }

  /** Credentials with a nonce of this very address were wrong. */
  wrong(source: CredentialSource, username: string): void {
    const now = this.#clock.monotonic();
    const address = this.#recall(this.#addresses, addressKey(source, username), newAddress, now);
    const path = this.#recall(this.#paths, pathKey(source, username), newPath, now);
    address.wrong += 1;
    path.wrong += 1;
    const allowed = address.wrong > this.#limits.perAddress ? 1 : this.#limits.perPath;
    if (path.wrong < allowed || path.provedUntil > now) return;
    const { firstLockMs, longestLockMs } = this.#limits;
    path.lockMs = Math.min(longestLockMs, path.lockMs === 0 ? firstLockMs : path.lockMs * 2);
    path.lockedUntil = now + path.lockMs;
    this.#locks += 1;
  }

  /** The password was right. */
  right(source: CredentialSource, username: string): void {
    const now = this.#clock.monotonic();
    const path = this.#recall(this.#paths, pathKey(source, username), newPath, now);
    Object.assign(path, newPath(), { heardAt: now, provedUntil: now + this.#limits.memoryMs });
  }

  /** The entry, made the one that was used last; what is too old begins anew. */
  #recall<T extends { heardAt: number }>(map: Map<string, T>, key: string, make: () => T, now: number): T {
    let entry = map.get(key);
    map.delete(key);
    if (entry === undefined || now - entry.heardAt > this.#limits.memoryMs) entry = make();
    entry.heardAt = now;
    map.set(key, entry);
    if (map.size > this.#limits.capacity) map.delete(map.keys().next().value!);
    return entry;
  }
}

function newPath(): Path {
  return {
    wrong: 0,
    lockMs: 0,
    lockedUntil: Number.NEGATIVE_INFINITY,
    provedUntil: Number.NEGATIVE_INFINITY,
    heardAt: 0,
  };
}

function newAddress(): AddressCount {
  return { wrong: 0, heardAt: 0 };
}

function pathKey({ transport, host, port }: CredentialSource, username: string): string {
  return `${transport}|${host}|${port}|${username}`;
}

function addressKey({ host }: CredentialSource, username: string): string {
  return `${host}|${username}`;
}
