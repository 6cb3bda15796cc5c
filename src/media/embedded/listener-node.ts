/**
 * A listener in its worker. As long as something is connected it gives chunks in steady time, silence included, because
 * recognisers measure pauses in samples; while nothing is, it gives none.
 */
import type { PcmRate } from '../engine.ts';
import { TICK_MS } from '../playout-clock.ts';
import { silence } from './graph.ts';
import { LiveEar } from './live-ear.ts';
import type { NodeEvent } from './protocol.ts';

/** After a stall of the thread, a second is caught up with at most. */
const MAX_FRAMES = 50;

export class ListenerNode {
  readonly ear: LiveEar;
  readonly #emit: (event: NodeEvent) => void;
  readonly #frame: Int16Array;
  readonly #chunkSamples: number;
  #chunk: Int16Array;
  #filled = 0;
  /** Until when sound was taken, monotonic milliseconds; undefined: nothing is connected. */
  #heardUntil: number | undefined;

  constructor(node: number, rate: PcmRate, chunkMs: number, emit: (event: NodeEvent) => void) {
    this.ear = new LiveEar(node, rate);
    this.#emit = emit;
    this.#frame = new Int16Array((rate * TICK_MS) / 1000);
    this.#chunkSamples = (rate * chunkMs) / 1000;
    this.#chunk = new Int16Array(this.#chunkSamples);
  }

  /** Every 20 ms, after everything that gives sound. */
  tick(now: number): void {
    if (this.ear.source === undefined) {
      this.#heardUntil = undefined;
      return;
    }
    let until = Math.max(this.#heardUntil ?? now - TICK_MS, now - MAX_FRAMES * TICK_MS);
    for (; until + TICK_MS <= now; until += TICK_MS) this.#hear();
    this.#heardUntil = until;
  }

  close(): void {
    silence(this.ear);
  }

  #hear(): void {
    this.ear.take(this.#frame);
    this.#chunk.set(this.#frame, this.#filled);
    this.#filled += this.#frame.length;
    if (this.#filled < this.#chunkSamples) return;
    const samples = this.#chunk;
    this.#chunk = new Int16Array(this.#chunkSamples);
    this.#filled = 0;
    this.#emit({ name: 'listener-audio', payload: { samples } });
  }
}
