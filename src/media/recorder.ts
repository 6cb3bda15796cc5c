/**
 * Two channels on one clock (PITFALLS row 37). What arrives is placed on the timeline that began with the recording;
 * twice a second everything that is older than the hold time goes to the file, silence where nothing came. The hold time
 * follows the network, within bounds: it grows when packets come too late for it, and, since nobody waits for a file, it
 * stays so.
 */
import { JitterBuffer } from './jitter-buffer.ts';

const SAMPLES_PER_MS = 8;
/** Packets may be this late or out of order and still find their place: at first, and at most. */
const MIN_HOLD_SAMPLES = 250 * SAMPLES_PER_MS;
const MAX_HOLD_SAMPLES = 1000 * SAMPLES_PER_MS;
const HOLD_STEP = 250 * SAMPLES_PER_MS;
/** Two seconds: the longest hold, half a second between ticks, and the lead. */
const CAPACITY = 16_384;
/** Streams may run ahead of the clock by this; see jitter-buffer.ts. */
const LEAD_SAMPLES = 100 * SAMPLES_PER_MS;
const MAX_BATCH_SAMPLES = 4000;

/** How often `tick` is to be called, milliseconds. */
export const RECORDER_TICK_MS = 500;

export type Channel = 'left' | 'right';

export class Recorder {
  readonly #left = new JitterBuffer(CAPACITY);
  readonly #right = new JitterBuffer(CAPACITY);
  readonly #channels: 1 | 2;
  readonly #startedAt: number;
  readonly #write: (batch: Buffer) => void;
  #written = 0;
  #hold = MIN_HOLD_SAMPLES;
  #lateBefore = 0;
  #closed = false;

  /** `startedAt` in monotonic milliseconds: position 0. `write` takes PCM 16 bit, interleaved. */
  constructor(channels: 1 | 2, startedAt: number, write: (batch: Buffer) => void) {
    this.#channels = channels;
    this.#startedAt = startedAt;
    this.#write = write;
  }

  /** Samples per channel given to `write` so far. */
  get writtenSamples(): number {
    return this.#written;
  }

  /** A G.711 payload. `stream` names the stream that `timestamp` and `sequence` belong to. */
  packet(
    channel: Channel,
    stream: number,
    timestamp: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    table: Int16Array,
    now: number,
    sequence = -1,
  ): void {
    if (this.#closed) return;
    const arrival = this.#position(now);
    this.#makeRoom(arrival + end - start);
    this.#buffer(channel).put(stream, timestamp, arrival, bytes, start, end, table, sequence);
  }

  /** A payload of another codec, decoded to 8 kHz. */
  decoded(
    channel: Channel,
    stream: number,
    timestamp: number,
    samples: Int16Array,
    now: number,
    sequence = -1,
  ): void {
    if (this.#closed) return;
    const arrival = this.#position(now);
    this.#makeRoom(arrival + samples.length);
    this.#buffer(channel).putSamples(stream, timestamp, arrival, samples, sequence);
  }

  /** A packet of the stream without sound. */
  pass(channel: Channel, stream: number, sequence: number): void {
    this.#buffer(channel).pass(stream, sequence);
  }

  /** Packets that came too late to be written, of both channels. */
  get late(): number {
    return this.#left.late + this.#right.late;
  }

  /** Decoded sound that is due at `now`. */
  samples(channel: Channel, stream: number, samples: Int16Array, now: number): void {
    if (this.#closed) return;
    const arrival = this.#position(now);
    this.#makeRoom(arrival + samples.length);
    this.#buffer(channel).putSamples(stream, Math.round(now * SAMPLES_PER_MS) >>> 0, arrival, samples);
  }

  /** Writes what is old enough. */
  tick(now: number): void {
    if (this.#closed) return;
    this.#adapt();
    this.#flush(this.#position(now) - this.#hold);
  }

  /** Milliseconds for which packets are waited for now. */
  get holdMs(): number {
    return this.#hold / SAMPLES_PER_MS;
  }

  #adapt(): void {
    const { late } = this;
    if (late > this.#lateBefore) this.#hold = Math.min(MAX_HOLD_SAMPLES, this.#hold + HOLD_STEP);
    this.#lateBefore = late;
  }

  /** Writes the rest: up to now, and what was placed a little ahead of it. */
  close(now: number): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#flush(Math.max(this.#position(now), this.#left.end, this.#right.end));
  }

  #buffer(channel: Channel): JitterBuffer {
    return channel === 'left' ? this.#left : this.#right;
  }

  #position(now: number): number {
    return Math.max(0, Math.floor((now - this.#startedAt) * SAMPLES_PER_MS));
  }

  /** After a stall of the thread packets are read before the tick comes; nothing of them may fall off the end. */
  #makeRoom(end: number): void {
    if (end + LEAD_SAMPLES > this.#left.limit) this.#flush(end - MIN_HOLD_SAMPLES);
  }

  #flush(upTo: number): void {
    const step = 2 * this.#channels;
    while (this.#written < upTo) {
      const count = Math.min(MAX_BATCH_SAMPLES, upTo - this.#written);
      const batch = Buffer.alloc(count * step);
      const until = this.#written + count;
      this.#left.take(until, batch, 0, step, false);
      if (this.#channels === 2) this.#right.take(until, batch, 2, step, false);
      else this.#right.take(until, batch, 0, step, true);
      this.#written = until;
      this.#write(batch);
    }
  }
}
