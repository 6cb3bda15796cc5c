/**
 * Sound to frames of 20 ms: loop, pause, resume, markers. Pure; the playout clock asks for one frame per tick.
 */
export const FRAME_SAMPLES = 160;

/** Sound at 8 kHz that can be read from any place. */
export interface Sound {
  /** Samples; `Infinity` when it has no end. */
  readonly length: number;
  /** Writes the samples from `position` on until `out` is full or the sound ends; the number written. */
  read(out: Int16Array, position: number): number;
}

/** Samples in memory, in one piece or in several that follow each other without a gap. */
export class SampleSound implements Sound {
  readonly #parts: readonly Int16Array[];
  readonly #starts: readonly number[];
  readonly length: number;

  constructor(...parts: readonly Int16Array[]) {
    this.#parts = parts;
    const starts: number[] = [];
    let length = 0;
    for (const part of parts) {
      starts.push(length);
      length += part.length;
    }
    this.#starts = starts;
    this.length = length;
  }

  /** First sample of a part and of what follows it; of all without a number. Undefined when there is no such part. */
  boundsOf(part: number | undefined): readonly [from: number, to: number] | undefined {
    if (part === undefined) return [0, this.length];
    const from = this.#starts[part];
    const samples = this.#parts[part];
    return from === undefined || samples === undefined ? undefined : [from, from + samples.length];
  }

  read(out: Int16Array, position: number): number {
    let filled = 0;
    for (let i = this.#partAt(position); i < this.#parts.length && filled < out.length; i++) {
      const part = this.#parts[i]!;
      const from = position + filled - this.#starts[i]!;
      const count = Math.min(out.length - filled, part.length - from);
      out.set(part.subarray(from, from + count), filled);
      filled += count;
    }
    return filled;
  }

  #partAt(position: number): number {
    let part = this.#parts.length - 1;
    while (part > 0 && this.#starts[part]! > position) part--;
    return Math.max(0, part);
  }
}

interface Marker {
  /** Reached once the samples before it have been taken. */
  readonly at: number;
  readonly reached: () => void;
}

export class SoundPlayer {
  readonly #sound: Sound;
  readonly #loop: boolean;
  #markers: Marker[] = [];
  #position = 0;
  #paused = false;
  #finished = false;

  constructor(sound: Sound, loop: boolean) {
    this.#sound = sound;
    this.#loop = loop;
    this.#finished = sound.length === 0;
  }

  /** Milliseconds of one round; `undefined` when there is no end. */
  get durationMs(): number | undefined {
    const { length } = this.#sound;
    return Number.isFinite(length) ? Math.round(length / 8) : undefined;
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

  /** Calls `reached` once, when the sound gets to sample `at`; a later round of a loop counts as well. */
  mark(at: number, reached: () => void): void {
    if (this.#finished || at > this.#sound.length || (at < this.#position && !this.#loop)) return;
    this.#markers.push({ at, reached });
  }

  /** Fills the next frame. False: nothing to play now (paused or finished). A last frame that is short ends in silence. */
  next(frame: Int16Array): boolean {
    if (this.#paused || this.#finished) return false;
    let filled = 0;
    while (filled < frame.length) {
      const count = this.#sound.read(filled === 0 ? frame : frame.subarray(filled), this.#position);
      filled += count;
      const from = this.#position;
      this.#position += count;
      const ended = this.#position >= this.#sound.length;
      this.#pass(from, ended ? Number.POSITIVE_INFINITY : this.#position);
      if (!ended) continue;
      if (!this.#loop) {
        frame.fill(0, filled);
        this.#finished = true;
        return true;
      }
      this.#position = 0;
    }
    return true;
  }

  #pass(from: number, to: number): void {
    if (this.#markers.length === 0) return;
    const reached = this.#markers.filter(({ at }) => at >= from && at < to).sort((a, b) => a.at - b.at);
    if (reached.length === 0) return;
    this.#markers = this.#markers.filter((marker) => !reached.includes(marker));
    for (const marker of reached) marker.reached();
  }
}
