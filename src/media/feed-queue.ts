/** What waits to be sent from the main thread: any chunks in, frames of 20 ms out. Pure; the playout clock asks. */
import type { PcmRate } from './engine.ts';
import { Halver } from './half-band.ts';
import { FRAME_SAMPLES } from './player.ts';

const SAMPLES_PER_MS = 8;
/** Half a second; more is taken when more is pushed. */
const FIRST_SAMPLES = 4000;
/** Chunks may come this much apart without a gap, milliseconds. */
const EVEN_MS = 40;

export class FeedQueue {
  readonly #max: number;
  /** As long as was ever needed. */
  #ring = new Int16Array(FIRST_SAMPLES);
  readonly #halver: Halver | undefined;
  #first = 0;
  #length = 0;
  /** Sending since the queue was empty. */
  #running = false;
  #pushedAt = 0;
  #waitsSince = 0;

  constructor(rate: PcmRate, maxBufferMs: number) {
    this.#max = maxBufferMs * SAMPLES_PER_MS;
    this.#halver = rate === 16_000 ? new Halver() : undefined;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Beyond the bound the oldest is dropped. `now` in monotonic milliseconds. */
  push(chunk: Int16Array, now: number): void {
    const samples = this.#halver === undefined ? chunk : this.#halver.process(chunk);
    if (this.#length === 0) this.#waitsSince = now;
    this.#pushedAt = now;
    const kept = samples.subarray(Math.max(0, samples.length - this.#max));
    const excess = Math.max(0, this.#length + kept.length - this.#max);
    this.#first = (this.#first + excess) % this.#ring.length;
    this.#length -= excess;
    this.#makeRoom(this.#length + kept.length);
    const { length } = this.#ring;
    const at = (this.#first + this.#length) % length;
    const head = Math.min(kept.length, length - at);
    this.#ring.set(kept.subarray(0, head), at);
    this.#ring.set(kept.subarray(head), 0);
    this.#length += kept.length;
  }

  #makeRoom(needed: number): void {
    const { length } = this.#ring;
    if (needed <= length) return;
    const larger = new Int16Array(Math.max(needed, Math.min(this.#max, 2 * length)));
    const head = Math.min(this.#length, length - this.#first);
    larger.set(this.#ring.subarray(this.#first, this.#first + head));
    larger.set(this.#ring.subarray(0, this.#length - head), head);
    this.#ring = larger;
    this.#first = 0;
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
