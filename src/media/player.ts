/**
 * Samples to frames of 20 ms: loop, pause, resume. Pure; the playout clock asks for one frame per tick.
 */
export const FRAME_SAMPLES = 160;

export class SamplePlayer {
  readonly #samples: Int16Array;
  readonly #loop: boolean;
  #position = 0;
  #paused = false;
  #finished = false;

  constructor(samples: Int16Array, loop: boolean) {
    this.#samples = samples;
    this.#loop = loop && samples.length > 0;
    this.#finished = samples.length === 0;
  }

  /** Milliseconds of all of it; `undefined` when it repeats for ever. */
  get durationMs(): number | undefined {
    return this.#loop ? undefined : Math.round(this.#samples.length / 8);
  }

  /** The last frame has been taken. */
  get finished(): boolean {
    return this.#finished;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  /** Fills the next frame. False: nothing to play now (paused or finished). A last frame that is short ends in silence. */
  next(frame: Int16Array): boolean {
    if (this.#paused || this.#finished) return false;
    let filled = 0;
    while (filled < frame.length) {
      const count = Math.min(frame.length - filled, this.#samples.length - this.#position);
      frame.set(this.#samples.subarray(this.#position, this.#position + count), filled);
      filled += count;
      this.#position += count;
      if (this.#position < this.#samples.length) continue;
      if (!this.#loop) {
        frame.fill(0, filled);
        this.#finished = true;
        return true;
      }
      this.#position = 0;
    }
    return true;
  }
}
