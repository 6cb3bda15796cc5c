/**
 * RFC 4733 named events, sent: 100 ms a digit, at least 50 ms between, `p` pauses 500 ms. One step per 20 ms tick;
 * the packets themselves are numbered by the leg's `RtpStream`.
 */
import { EVENT_DIGITS } from './telephone-event.ts';

const TICK_MS = 20;
const SAMPLES_PER_TICK = 160;
const DIGIT_TICKS = 5;
/** §2.5.1.4: the end is sent three times; here on three ticks; with one more they make the pause. */
const END_PACKETS = 3;
const PAUSE_TICKS = 500 / TICK_MS;
/** −10 dBm0 (§2.3.4: the volume is given without its sign). */
const VOLUME = 10;
/** Digits that may wait; a script that sends more at once gets the rest dropped. */
const MAX_QUEUE = 256;

export class TelephoneEventSender {
  #queue: string[] = [];
  #event = -1;
  #step = 0;
  #pause = 0;
  /** Set by `step` for the packet that it wrote: the first packet of its event. */
  isFirst = false;

  /** Adds digits; characters other than `0-9*#A-Dp` and digits beyond the queue's room are left out. */
  enqueue(digits: string): void {
    for (const digit of digits.toUpperCase())
      if (this.#queue.length < MAX_QUEUE && (digit === 'P' || EVENT_DIGITS.includes(digit)))
        this.#queue.push(digit);
  }

  /** Nothing on the line and nothing waiting. */
  get idle(): boolean {
    return this.#event < 0 && this.#pause === 0 && this.#queue.length === 0;
  }

  /** A digit sounds now: audio to the peer is held back. */
  get sounding(): boolean {
    return this.#event >= 0;
  }

  /** One tick of 20 ms. True: the four bytes of an event payload were written at `at`. */
  step(packet: Uint8Array, at: number): boolean {
    if (this.#pause > 0) {
      this.#pause -= 1;
      return false;
    }
    if (this.#event < 0 && !this.#next()) return false;
    this.#step += 1;
    this.isFirst = this.#step === 1;
    const isEnd = this.#step >= DIGIT_TICKS;
    const duration = Math.min(this.#step, DIGIT_TICKS) * SAMPLES_PER_TICK;
    packet[at] = this.#event;
    packet[at + 1] = (isEnd ? 0x80 : 0) | VOLUME;
    packet[at + 2] = duration >>> 8;
    packet[at + 3] = duration & 0xff;
    if (this.#step === DIGIT_TICKS + END_PACKETS - 1) {
      this.#event = -1;
      this.#pause = 1;
    }
    return true;
  }

  #next(): boolean {
    const digit = this.#queue.shift();
    if (digit === undefined) return false;
    if (digit === 'P') {
      this.#pause = PAUSE_TICKS - 1;
      return false;
    }
    this.#event = EVENT_DIGITS.indexOf(digit);
    this.#step = 0;
    return true;
  }
}
