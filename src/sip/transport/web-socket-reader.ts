import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import { parseMessage } from '../message/parse.ts';
import type { StreamFlow } from './flow.ts';
import type { TransportLimits } from './limits.ts';
import { OVER_BUDGET } from './stream-framer.ts';
import type { Reader, ReaderEvents } from './stream-reader.ts';

const CR = 0x0d;
const LF = 0x0a;
const PONG = Buffer.from('\r\n');

/**
 * WebSocket: each message holds one SIP message (RFC 7118 §4.2), and a peer that has gone without a word is found out
 * by pings, since nobody else would notice and its phone would ring unheard (§6).
 */
export class WebSocketReader implements Reader {
  readonly flow: StreamFlow;
  readonly #clock: Clock;
  readonly #limits: TransportLimits;
  readonly #events: ReaderEvents;
  #firstMessageBy: number | undefined;
  /** Whether anything came since the last ping of ours. */
  #heard = true;
  #lastMessage: number;
  #timer: TimerHandle | undefined;

  constructor(flow: StreamFlow, clock: Clock, limits: TransportLimits, events: ReaderEvents) {
    this.flow = flow;
    this.#clock = clock;
    this.#limits = limits;
    this.#events = events;
    this.#lastMessage = clock.monotonic();
    this.#firstMessageBy = this.#lastMessage + limits.firstMessageMs;
    this.#watch();
  }

  touch(): void {
    this.#lastMessage = this.#clock.monotonic();
  }

  receive(bytes: Uint8Array): void {
    if (!this.flow.isOpen) return;
    this.#heard = true;
    this.touch();
    if (!this.#events.admit()) {
      this.#events.onFramed({ kind: 'error', reason: OVER_BUDGET });
      return;
    }
    if (isKeepAlive(bytes)) {
      // §6 with RFC 5626 §3.5.1: a double CRLF is answered by one.
      if (bytes.length >= 4) this.flow.write(PONG);
      return;
    }
    const parsed = parseMessage(bytes);
    if (!parsed.ok) {
      this.#events.onFramed({ kind: 'error', reason: parsed.reason });
      return;
    }
    this.#firstMessageBy = undefined;
    this.#events.onFramed({ kind: 'message', message: parsed.message });
  }

  /** A ping costs as much as a message: it was read and answered. It does not count as a message. */
  onPing(): void {
    this.#heard = true;
    if (this.flow.isOpen && !this.#events.admit()) {
      this.#events.onFramed({ kind: 'error', reason: OVER_BUDGET });
    }
  }

  onPong(): void {
    this.#heard = true;
  }

  end(): void {
    this.flow.markClosed();
    this.#clock.clearTimeout(this.#timer);
  }

  /** Every `pingMs`: whoever has not answered the last ping is gone. */
  #watch(): void {
    this.#timer = this.#clock.setTimeout(() => {
      const now = this.#clock.monotonic();
      const silent = this.#firstMessageBy !== undefined && now >= this.#firstMessageBy;
      const idle = now - this.#lastMessage >= this.#limits.idleMs;
      if (!this.#heard || silent || idle) {
        this.flow.close();
        return;
      }
      this.#heard = false;
      this.flow.ping();
      this.#watch();
    }, this.#limits.pingMs);
  }
}

function isKeepAlive(bytes: Uint8Array): boolean {
  return bytes.length <= 4 && bytes.every((byte) => byte === CR || byte === LF);
}
