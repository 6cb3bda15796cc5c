/**
 * RTP ports (PITFALLS row 33). A pair is an even port for RTP and the next one for RTCP (RFC 3550 §11), chosen at
 * random, so that nobody can guess the next call's. A closed pair stays bound until it has been silent for a while, so
 * that the next call does not hear the last one's packets. Other workers and programs share the range: a taken port
 * means another pair.
 */
import type { Clock } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';

/** A bound pair that the pool will close. */
export interface PortPair {
  /** Monotonic milliseconds of the last packet, whoever sent it. */
  lastPacketAt: number;
  close(): void;
}

/** After so many random misses the pool walks through the range from a random place. */
const RANDOM_TRIES = 16;
/** All in all so many pairs are tried for one request; a bind that fails costs about 20 µs. */
const MAX_TRIES = 512;

/** A drained pair has been silent for this long, or has waited for the longest time. */
export const DRAIN_SILENCE_MS = 1000;
export const DRAIN_LIMIT_MS = 15_000;

export class PortPool<Pair extends PortPair> {
  readonly #first: number;
  readonly #pairs: number;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #bind: (rtpPort: number) => Promise<Pair>;
  readonly #taken = new Set<number>();
  readonly #draining = new Map<number, { readonly pair: Pair; readonly since: number }>();

  /** `bind` binds both sockets of a pair, or rejects with the system's error (`EADDRINUSE`: try another). */
  constructor(
    range: { readonly min: number; readonly max: number },
    random: Random,
    clock: Clock,
    bind: (rtpPort: number) => Promise<Pair>,
  ) {
    this.#first = range.min + (range.min % 2);
    this.#pairs = Math.max(0, Math.floor((range.max + 1 - this.#first) / 2));
    this.#random = random;
    this.#clock = clock;
    this.#bind = bind;
  }

  /** Ports in use or draining. */
  get ports(): number {
    return 2 * this.#taken.size;
  }

  get draining(): number {
    return this.#draining.size;
  }

  /** Takes a pair; `undefined` when none is free. Rejects with errors other than a taken port. */
  async take(): Promise<{ readonly port: number; readonly pair: Pair } | undefined> {
    for (const port of this.#candidates()) {
      if (this.#taken.has(port)) continue;
      this.#taken.add(port);
      try {
        return { port, pair: await this.#bind(port) };
      } catch (error) {
        this.#taken.delete(port);
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      }
    }
    return undefined;
  }

  /** The pair's user is gone; it stays bound until `tick` finds it silent. */
  release(port: number, pair: Pair): void {
    this.#draining.set(port, { pair, since: this.#clock.monotonic() });
  }

  /** Closes what has been silent for long enough. To be called a few times a second. */
  tick(): void {
    const now = this.#clock.monotonic();
    for (const [port, { pair, since }] of this.#draining) {
      const quietSince = Math.max(since, pair.lastPacketAt);
      if (now - quietSince < DRAIN_SILENCE_MS && now - since < DRAIN_LIMIT_MS) continue;
      this.#free(port, pair);
    }
  }

  /** Closes all that drain, at once. */
  close(): void {
    for (const [port, { pair }] of this.#draining) this.#free(port, pair);
  }

  #free(port: number, pair: Pair): void {
    this.#draining.delete(port);
    this.#taken.delete(port);
    pair.close();
  }

  *#candidates(): Generator<number> {
    if (this.#pairs === 0) return;
    for (let i = 0; i < RANDOM_TRIES; i++) yield this.#first + 2 * this.#random.int(this.#pairs);
    const from = this.#random.int(this.#pairs);
    const count = Math.min(this.#pairs, MAX_TRIES - RANDOM_TRIES);
    for (let i = 0; i < count; i++) yield this.#first + 2 * ((from + i) % this.#pairs);
  }
}
