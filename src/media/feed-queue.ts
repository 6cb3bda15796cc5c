/** What waits to be sent from the main thread: any chunks in, frames of 20 ms out. Pure; the playout clock asks. */
import type { PcmRate } from './engine.ts';
import { Halver } from './half-band.ts';
import { FRAME_SAMPLES } from './player.ts';

const SAMPLES_PER_MS = 8;
/** Chunks may come this much apart without a gap, milliseconds. */
const EVEN_MS = 40;

export class FeedQueue {
  readonly #ring: Int16Array;
  readonly #halver: Halver | undefined;
  #first = 0;
  #length = 0;
  /** Sending since the queue was empty. */
  #running = false;
  #pushedAt = 0;
  #waitsSince = 0;

  constructor(rate: PcmRate, maxBufferMs: number) {
    this.#ring = new Int16Array(maxBufferMs * SAMPLES_PER_MS);
    this.#halver = rate === 16_000 ? new Halver() : undefined;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Beyond the bound the oldest is dropped. `now` in monotonic milliseconds. */
  push(chunk: Int16Array, now: number): void {
    const samples = this.#halver === undefined ? chunk : this.#halver.process(chunk);
    const { length } = this.#ring;
    if (this.#length === 0) this.#waitsSince = now;
    this.#pushedAt = now;
    const kept = samples.subarray(Math.max(0, samples.length - length));
    const excess = Math.max(0, this.#length + kept.length - length);
    this.#first = (this.#first + excess) % length;
    this.#length -= excess;
    const at = (this.#first + this.#length) % length;
    const head = Math.min(kept.length, length - at);
    this.#ring.set(kept.subarray(0, head), at);
    this.#ring.set(kept.subarray(head), 0);
    this.#length += kept.length;
  }

  clear(): void {
    this.#length = 0;
    this.#running = false;
  }

  /** Fills the next frame. False: nothing is to be sent now. A last frame that is short ends in silence. */
  next(frame: Int16Array, now: number): boolean {
    if (this.#length === 0) {
      this.#running = false;
      return false;
    }
    const enough = this.#length >= EVEN_MS * SAMPLES_PER_MS || now - this.#waitsSince >= EVEN_MS;
    if (!this.#running && !enough) return false;
    // The rest of a chunk waits for the next one, but not for long.
    if (this.#length < FRAME_SAMPLES && now - this.#pushedAt < EVEN_MS) return false;
    this.#running = true;
    const count = Math.min(FRAME_SAMPLES, this.#length);
    const head = Math.min(count, this.#ring.length - this.#first);
    frame.set(this.#ring.subarray(this.#first, this.#first + head));
    frame.set(this.#ring.subarray(0, count - head), head);
    frame.fill(0, count);
    this.#first = (this.#first + count) % this.#ring.length;
    this.#length -= count;
    return true;
  }
}
