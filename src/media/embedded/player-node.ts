/**
 * A player in its worker. It begins when somebody can hear it, so that no beginning is lost on a leg that is still being
 * set up, and from then on runs with the playout clock, heard or not.
 */
import type { PlayerInput } from '../engine.ts';
import { FRAME_SAMPLES, SamplePlayer } from '../player.ts';
import { progressTone } from '../tones.ts';
import { mute, Source } from './graph.ts';
import type { NodeEvent } from './protocol.ts';
import type { WavLoader } from './wav-loader.ts';

export class PlayerNode {
  readonly kind = 'player';
  readonly node: number;
  readonly output: Source;
  readonly #emit: (event: NodeEvent) => void;
  readonly #frame = new Int16Array(FRAME_SAMPLES);
  #player: SamplePlayer | undefined;
  #paused = false;
  #started = false;
  #closed = false;

  constructor(node: number, emit: (event: NodeEvent) => void) {
    this.node = node;
    this.output = new Source(node);
    this.#emit = emit;
  }

  /** Fetches the samples. A file that cannot be played ends the player. */
  async load(input: PlayerInput, loop: boolean, files: WavLoader): Promise<void> {
    try {
      const player = await playerFor(input, loop, files);
      if (this.#paused) player.pause();
      this.#player = player;
    } catch (error) {
      this.close(error instanceof Error ? error.message : String(error));
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  pause(): void {
    this.#paused = true;
    this.#player?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#player?.resume();
  }

  /** One frame, due at `now`. */
  tick(now: number): void {
    const player = this.#player;
    if (player === undefined || this.#closed) return;
    if (!this.#started) {
      if (!this.output.isHeard || this.#paused) return;
      this.#started = true;
      this.#emit({ name: 'player-started', payload: { durationMs: player.durationMs } });
    }
    if (player.next(this.#frame)) this.output.giveSamples(this.#frame, now);
    if (player.finished) this.close(undefined);
  }

  /** `finished` is told once, whoever ends it. */
  close(error: string | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    mute(this.output);
    this.#emit({ name: 'player-finished', payload: { error } });
  }
}

async function playerFor(input: PlayerInput, loop: boolean, files: WavLoader): Promise<SamplePlayer> {
  switch (input.kind) {
    case 'samples':
      return new SamplePlayer(input.samples, loop);
    case 'progress-tone':
      return new SamplePlayer(progressTone(input.tone, input.country), true);
    case 'file':
      return new SamplePlayer(await files.load(input.path), loop);
  }
}
