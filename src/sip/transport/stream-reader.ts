import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import type { StreamFlow } from './flow.ts';
import type { TransportLimits } from './limits.ts';
import { type Framed, OVER_BUDGET, StreamFramer } from './stream-framer.ts';

const PONG = Buffer.from('\r\n');

/** What a connection's reading side tells. */
export interface ReaderEvents {
  /** Asked before a message is parsed: false ends the connection, for the source has spent its budget. */
  admit(): boolean;
  onFramed(framed: Exclude<Framed, { kind: 'ping' }>): void;
}

/** The reading side of one connection. */
export interface Reader {
  readonly flow: StreamFlow;
  receive(bytes: Uint8Array): void;
  /** Something went out. */
  touch(): void;
  /** The connection has ended; no timer is left. */
  end(): void;
  onPing?(): void;
  onPong?(): void;
}

/** TCP and TLS: framing, keep-alives, and the two clocks against idle and slow peers. */
export class StreamReader implements Reader {
  readonly flow: StreamFlow;
  readonly #clock: Clock;
  readonly #limits: TransportLimits;
  readonly #framer: StreamFramer;
  readonly #events: ReaderEvents;
  /** Until a peer that connected has sent one message, it has `firstMessageMs` in all; afterwards idle time counts. */
  #firstMessageBy: number | undefined;
  #lastActivity: number;
  #idleTimer: TimerHandle | undefined;
  #messageTimer: TimerHandle | undefined;

  constructor(
    flow: StreamFlow,
    clock: Clock,
    limits: TransportLimits,
    accepted: boolean,
    events: ReaderEvents,
  ) {
    this.flow = flow;
    this.#clock = clock;
    this.#limits = limits;
    this.#framer = new StreamFramer(limits, () => events.admit());
    this.#events = events;
    this.#lastActivity = clock.monotonic();
    this.#firstMessageBy = accepted ? this.#lastActivity + limits.firstMessageMs : undefined;
    this.#watchIdle(accepted ? limits.firstMessageMs : limits.idleMs);
  }

  touch(): void {
    this.#lastActivity = this.#clock.monotonic();
  }

  receive(bytes: Uint8Array): void {
    this.touch();
    const complete = this.#framer.push(bytes);
    if (complete.length > 0) this.#stopMessageTimer();
    for (const framed of complete) {
      if (!this.flow.isOpen) break;
      if (framed.kind !== 'ping') {
        this.#firstMessageBy = undefined;
        this.#events.onFramed(framed);
      }
    }
    // RFC 5626 §3.5.1: a double CRLF is answered by one; many in one read too, so that a flood earns no flood.
    if (this.flow.isOpen && complete.some((framed) => framed.kind === 'ping')) {
      if (this.#events.admit()) this.flow.write(PONG);
      else this.#events.onFramed({ kind: 'error', reason: OVER_BUDGET });
    }
    this.#watchMessage();
  }

  end(): void {
    this.flow.markClosed();
    this.#clock.clearTimeout(this.#idleTimer);
    this.#stopMessageTimer();
  }

  /** Counts from the first slice of a message, and anew when a message was completed. */
  #watchMessage(): void {
    if (!this.flow.isOpen || !this.#framer.midMessage) this.#stopMessageTimer();
    else this.#messageTimer ??= this.#clock.setTimeout(() => this.flow.close(), this.#limits.messageMs);
  }

  #stopMessageTimer(): void {
    this.#clock.clearTimeout(this.#messageTimer);
    this.#messageTimer = undefined;
  }

  #watchIdle(ms: number): void {
    this.#idleTimer = this.#clock.setTimeout(() => {
      const end = this.#firstMessageBy ?? this.#lastActivity + this.#limits.idleMs;
      const left = end - this.#clock.monotonic();
      if (left > 0) this.#watchIdle(left);
      else this.flow.close();
    }, ms);
  }
}
