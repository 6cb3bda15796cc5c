/**
 * RFC 4733 named events, received: one digit per key press, whatever the number of packets (PITFALLS row 35). An event
 * is known by (SSRC, timestamp, event); the marker may be lost; the end is sent three times, or lost altogether.
 */

/** RFC 4733 §3.2, table 3: event codes 0 to 15. */
export const EVENT_DIGITS = '0123456789*#ABCD';

/** Updates come every 20 to 50 ms; three missing ones end the event. */
const MISSING_UPDATES_MS = 150;
/** §2.5.1.3: an event longer than this goes on in a new segment. */
const MAX_DURATION = 0xffff;
const REMEMBERED = 4;

export interface DetectedDigit {
  readonly digit: string;
  readonly durationMs: number;
}

export class TelephoneEventDetector {
  #open = false;
  #ssrc = 0;
  #timestamp = 0;
  #event = 0;
  #duration = 0;
  /** Of finished segments of the same press. */
  #durationBefore = 0;
  #updatedAt = 0;
  /** Keys that were reported, so that late retransmissions report nothing. */
  readonly #done: string[] = [];

  /** One packet's payload at `start`; returns a digit that is complete now. `now` in milliseconds. */
  receive(
    ssrc: number,
    timestamp: number,
    packet: Uint8Array,
    start: number,
    end: number,
    now: number,
  ): DetectedDigit | undefined {
    if (end - start < 4) return undefined;
    const event = packet[start]!;
    const isEnd = (packet[start + 1]! & 0x80) !== 0;
    const duration = (packet[start + 2]! << 8) | packet[start + 3]!;
    if (event >= EVENT_DIGITS.length) return undefined;
    if (this.#isCurrent(ssrc, timestamp, event)) {
      this.#duration = Math.max(this.#duration, duration);
      this.#updatedAt = now;
      return isEnd ? this.#finish() : undefined;
    }
    if (this.#done.includes(keyOf(ssrc, timestamp, event))) return undefined;
    if (this.#isNextSegment(ssrc, timestamp, event)) {
      this.#durationBefore += this.#duration;
      this.#remember();
      this.#begin(ssrc, timestamp, event, duration, now);
      return isEnd ? this.#finish() : undefined;
    }
    // A new press before the old one's end was seen: the old one is over. If this single packet is both (all but its
    // end were lost), it is reported by the next retransmission of its end or by `tick`.
    const before = this.#open ? this.#finish() : undefined;
    this.#durationBefore = 0;
    this.#begin(ssrc, timestamp, event, duration, now);
    if (before !== undefined) return before;
    return isEnd ? this.#finish() : undefined;
  }

  /** To be called now and then: a press whose updates have stopped coming is over. */
  tick(now: number): DetectedDigit | undefined {
    return this.#open && now - this.#updatedAt >= MISSING_UPDATES_MS ? this.#finish() : undefined;
  }

  #isCurrent(ssrc: number, timestamp: number, event: number): boolean {
    return this.#open && ssrc === this.#ssrc && timestamp === this.#timestamp && event === this.#event;
  }

  #isNextSegment(ssrc: number, timestamp: number, event: number): boolean {
    return (
      this.#open &&
      ssrc === this.#ssrc &&
      event === this.#event &&
      timestamp === (this.#timestamp + MAX_DURATION) >>> 0
    );
  }

  #begin(ssrc: number, timestamp: number, event: number, duration: number, now: number): void {
    this.#open = true;
    this.#ssrc = ssrc;
    this.#timestamp = timestamp;
    this.#event = event;
    this.#duration = duration;
    this.#updatedAt = now;
  }

  #remember(): void {
    this.#done.push(keyOf(this.#ssrc, this.#timestamp, this.#event));
    if (this.#done.length > REMEMBERED) this.#done.shift();
  }

  #finish(): DetectedDigit {
    this.#open = false;
    this.#remember();
    const durationMs = Math.round((this.#durationBefore + this.#duration) / 8);
    return { digit: EVENT_DIGITS.charAt(this.#event), durationMs };
  }
}

const keyOf = (ssrc: number, timestamp: number, event: number): string => `${ssrc}/${timestamp}/${event}`;
