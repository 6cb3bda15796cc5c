/**
 * Sound of a network in steady time, for those who hear it now (listeners, rooms); `jitter-buffer.ts` is for recordings,
 * which can wait. Packets of one stream are placed by their RTP timestamps, a little ahead of what is taken. The distance
 * begins at 40 ms, grows by 20 ms whenever a packet came too late, up to 120 ms, and shrinks when two seconds of packets
 * came earlier than they had to. What was lost is concealed at 8 kHz, and is silence at 16 kHz. Memory is bounded.
 */
import { BLEND, conceal, HISTORY, MAX_CONCEALED } from './concealment.ts';
import type { PcmRate } from './engine.ts';
import { timestampDelta } from './rtp-packet.ts';

const TICK = 160;
const FIRST_WAIT = 2 * TICK;
const MAX_WAIT = 6 * TICK;
/** Further ahead than this (300 ms) is another timeline. */
const MAX_AHEAD = 15 * TICK;
/** Half a second and more, a power of two. */
const CAPACITY = 4096;
/** Packets after which the distance may shrink. */
const WINDOW = 100;

export class PlayoutBuffer {
  /** Packets that were too late. @internal for its test */
  late = 0;
  readonly #scale: 1 | 2;
  readonly #ring: Int16Array;
  /** Which positions of the ring hold sound. */
  readonly #filled: Uint8Array;
  readonly #mask: number;
  /** The next position to be taken. Positions are samples. */
  #read = 0;
  /** One past the last position that holds sound. */
  #end = 0;
  #stream = -1;
  #base = 0;
  #baseTimestamp = 0;
  #wait = FIRST_WAIT;
  #smallest = Number.POSITIVE_INFINITY;
  #seen = 0;
  readonly #history = new Int16Array(HISTORY);
  readonly #madeUp = new Int16Array(MAX_CONCEALED + BLEND);
  /** Samples of `madeUp` that were used; −1: no loss is being concealed. */
  #used = -1;
  /** The stream said that it has nothing to say. */
  #resting = true;

  constructor(rate: PcmRate) {
    this.#scale = rate === 16_000 ? 2 : 1;
    this.#ring = new Int16Array(CAPACITY * this.#scale);
    this.#filled = new Uint8Array(CAPACITY * this.#scale);
    this.#mask = CAPACITY * this.#scale - 1;
  }

  /** A packet's sound. `timestamp` counts 1/8000 s (RFC 3551 §4.5.2); `stream` says whose timestamps these are. */
  put(stream: number, timestamp: number, samples: Int16Array): void {
    const scale = this.#scale;
    if (stream !== this.#stream) this.#restart(stream, timestamp);
    let at = this.#base + timestampDelta(timestamp, this.#baseTimestamp) * scale;
    const slack = at - this.#read;
    if (slack < 0 && at < this.#end) {
      this.late += 1;
      return;
    }
    if (slack < 0) {
      // The newest one, and late: the way has become longer.
      this.late += 1;
      if (slack > -MAX_AHEAD * scale) this.#wait = Math.min(MAX_WAIT, this.#wait + TICK);
      at = this.#begin();
    } else if (slack > MAX_AHEAD * scale) at = this.#begin();
    else at -= this.#shrinkBy(slack);
    this.#base = at;
    this.#baseTimestamp = timestamp;
    this.#write(at, samples);
  }

  /** Sound of our own clock: right behind what is there. */
  append(samples: Int16Array): void {
    this.#stream = -1;
    const ahead = this.#end - this.#read;
    this.#write(ahead > 0 && ahead <= MAX_AHEAD * this.#scale ? this.#end : this.#read, samples);
  }

  /** A packet without sound, such as comfort noise: what does not come now is not lost. */
  rest(): void {
    this.#resting = true;
  }

  /** The next frame; false when it is nothing but silence because nothing came. */
  take(frame: Int16Array): boolean {
    const { length } = frame;
    let present = 0;
    for (let i = 0; i < length; i++) {
      const index = (this.#read + i) & this.#mask;
      present += this.#filled[index]!;
      frame[i] = this.#ring[index]!;
      this.#filled[index] = 0;
      this.#ring[index] = 0;
    }
    this.#read += length;
    return this.#scale === 1 ? this.#mend(frame, present) : present > 0;
  }

  #mend(frame: Int16Array, present: number): boolean {
    if (present > 0) {
      if (this.#used >= 0 && present === frame.length) this.#blend(frame);
      this.#used = -1;
      this.#resting = false;
      this.#remember(frame);
      return true;
    }
    if (this.#resting) return false;
    if (this.#used < 0) {
      conceal(this.#history, this.#madeUp, MAX_CONCEALED);
      this.#used = 0;
    }
    const count = Math.min(frame.length, MAX_CONCEALED - this.#used);
    frame.set(this.#madeUp.subarray(this.#used, this.#used + count));
    this.#used += count;
    if (this.#used >= MAX_CONCEALED) {
      this.#resting = true;
      this.#used = -1;
    }
    this.#remember(frame);
    return true;
  }

  /** Made-up sound passes into the real one. */
  #blend(frame: Int16Array): void {
    for (let i = 0; i < BLEND; i++) {
      const share = (i + 1) / (BLEND + 1);
      frame[i] = Math.round(frame[i]! * share + this.#madeUp[this.#used + i]! * (1 - share));
    }
  }

  #remember(frame: Int16Array): void {
    const fresh = Math.min(HISTORY, frame.length);
    this.#history.copyWithin(0, fresh);
    this.#history.set(frame.subarray(frame.length - fresh), HISTORY - fresh);
  }

  #restart(stream: number, timestamp: number): void {
    this.#stream = stream;
    this.#wait = FIRST_WAIT;
    this.#base = this.#begin();
    this.#baseTimestamp = timestamp;
  }

  /** Where a timeline begins: behind what another one left, if that is little. */
  #begin(): number {
    this.#smallest = Number.POSITIVE_INFINITY;
    this.#seen = 0;
    return this.#read + this.#wait * this.#scale;
  }

  /** How many samples the timeline may come closer: a tick, when all packets of a while came a tick too early. */
  #shrinkBy(slack: number): number {
    this.#smallest = Math.min(this.#smallest, slack);
    this.#seen += 1;
    if (this.#seen < WINDOW) return 0;
    const tick = TICK * this.#scale;
    const spare = this.#smallest > 2 * tick;
    this.#smallest = Number.POSITIVE_INFINITY;
    this.#seen = 0;
    if (!spare) return 0;
    this.#wait = Math.max(FIRST_WAIT, this.#wait - TICK);
    return tick;
  }

  #write(at: number, samples: Int16Array): void {
    const count = Math.min(samples.length, this.#read + this.#ring.length - at);
    for (let i = 0; i < count; i++) {
      const index = (at + i) & this.#mask;
      this.#ring[index] = samples[i]!;
      this.#filled[index] = 1;
    }
    if (count > 0) this.#end = Math.max(this.#end, at + count);
  }
}
