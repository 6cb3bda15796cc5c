import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import type { StreamTransport } from './flow.ts';
import type { TransportLimits } from './limits.ts';
import type { Address } from './types.ts';

/** Counts connections from the first byte of their handshakes to their ends, per source and in all (PITFALLS row 19). */
export class Admissions {
  readonly #clock: Clock;
  readonly #limits: TransportLimits;
  readonly #mayPay: (from: Address, what: 'connection' | 'handshake') => boolean;
  readonly #perSource = new Map<string, number>();
  /** What ends each handshake that takes too long. */
  readonly #handshakes = new Map<string, TimerHandle>();
  #held = 0;

  /** `mayPay`: whether the source's budget has room for it. */
  constructor(
    clock: Clock,
    limits: TransportLimits,
    mayPay: (from: Address, what: 'connection' | 'handshake') => boolean,
  ) {
    this.#clock = clock;
    this.#limits = limits;
    this.#mayPay = mayPay;
  }

  /** What to call when the connection is gone; undefined when there is no room for it. */
  admit(transport: StreamTransport, from: Address, hangUp: () => void): (() => void) | undefined {
    const source = from.host;
    const held = this.#perSource.get(source) ?? 0;
    const { flood, connectionsPerSource, connections, handshakeMs } = this.#limits;
    const cap = flood.isTrusted(source) ? Number.POSITIVE_INFINITY : connectionsPerSource;
    const shakesHands = transport !== 'tcp';
    if (held >= cap || this.#held >= connections) return undefined;
    if (!this.#mayPay(from, shakesHands ? 'handshake' : 'connection')) return undefined;
    this.#perSource.set(source, held + 1);
    this.#held++;
    if (shakesHands) {
      this.#handshakes.set(keyOf(transport, from), this.#clock.setTimeout(hangUp, handshakeMs));
    }
    return () => this.#released(transport, from);
  }

  /** The handshake has ended well. */
  opened(transport: StreamTransport, from: Address): void {
    const key = keyOf(transport, from);
    this.#clock.clearTimeout(this.#handshakes.get(key));
    this.#handshakes.delete(key);
  }

  #released(transport: StreamTransport, from: Address): void {
    this.opened(transport, from);
    this.#held--;
    const left = (this.#perSource.get(from.host) ?? 1) - 1;
    if (left > 0) this.#perSource.set(from.host, left);
    else this.#perSource.delete(from.host);
  }
}

const keyOf = (transport: StreamTransport, { host, port }: Address): string => `${transport}|${host}|${port}`;
