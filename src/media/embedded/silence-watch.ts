/**
 * Tells when a peer's first packet came, when nothing came for long, and when it came again. A peer on hold owes nothing.
 */
import type { NodeEvent } from './protocol.ts';

export class SilenceWatch {
  readonly #limitMs: number;
  readonly #emit: (event: NodeEvent) => void;
  #expects = false;
  #lastAt = 0;
  #first = true;
  #silent = false;

  constructor(limitSeconds: number, emit: (event: NodeEvent) => void) {
    this.#limitMs = limitSeconds * 1000;
    this.#emit = emit;
  }

  configured(expects: boolean, now: number): void {
    this.#expects = expects;
    this.#lastAt = now;
    this.#first = true;
  }

  /** A valid packet. */
  heard(now: number): void {
    this.#lastAt = now;
    if (this.#first) {
      this.#first = false;
      this.#emit({ name: 'firstPacket', payload: {} });
    }
    if (this.#silent) {
      this.#silent = false;
      this.#emit({ name: 'resumed', payload: {} });
    }
  }

  /** When a valid packet came last (or, before any, when the plan came). */
  get lastAt(): number {
    return this.#lastAt;
  }

  tick(now: number): void {
    if (!this.#expects || this.#silent || now - this.#lastAt < this.#limitMs) return;
    this.#silent = true;
    this.#emit({ name: 'silent', payload: { seconds: Math.round((now - this.#lastAt) / 1000) } });
  }
}
