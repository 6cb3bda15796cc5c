/** A feed in its worker: as a player, it begins when somebody can hear it, and from then on runs, heard or not. */
import type { PcmRate } from '../engine.ts';
import { FeedQueue } from '../feed-queue.ts';
import { FRAME_SAMPLES } from '../player.ts';
import { mute, Source } from './graph.ts';
import type { NodeEvent } from './protocol.ts';

export class FeedNode {
  readonly output: Source;
  readonly #queue: FeedQueue;
  readonly #emit: (event: NodeEvent) => void;
  readonly #frame = new Int16Array(FRAME_SAMPLES);
  #started = false;

  constructor(node: number, rate: PcmRate, maxBufferMs: number, emit: (event: NodeEvent) => void) {
    this.output = new Source(node);
    this.#queue = new FeedQueue(rate, maxBufferMs);
    this.#emit = emit;
  }

  push(samples: Int16Array, now: number): void {
    this.#queue.push(samples, now);
  }

  clear(): void {
    this.#queue.clear();
  }

  /** One frame, due at `now`. */
  tick(now: number): void {
    this.#started ||= this.output.isHeard;
    if (!this.#started || !this.#queue.next(this.#frame, now)) return;
    this.output.giveSamples(this.#frame, now);
    if (this.#queue.isEmpty) this.#emit({ name: 'feed-drained', payload: {} });
  }

  close(): void {
    mute(this.output);
  }
}
