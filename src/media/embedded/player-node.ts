/**
 * A player in its worker. It begins when somebody can hear it, so that no beginning is lost on a leg that is still being
 * set up, and from then on runs with the playout clock, heard or not.
 */
import type { PlayerInput, PlayerMark, PlayerPart } from '../engine.ts';
import { FRAME_SAMPLES, SampleSound, type Sound, SoundPlayer } from '../player.ts';
import { ToneScriptSound } from '../tone-script.ts';
import { progressTone } from '../tones.ts';
import { mute, Source } from './graph.ts';
import type { NodeEvent } from './protocol.ts';
import { SampleBudget } from './sample-budget.ts';
import type { WavLoader } from './wav-loader.ts';

const SAMPLES_PER_MS = 8;
/** Markers that wait for the sound to be read. */
const MAX_WAITING_MARKS = 100;

export class PlayerNode {
  readonly kind = 'player';
  readonly node: number;
  readonly output: Source;
  readonly #emit: (event: NodeEvent) => void;
  readonly #frame = new Int16Array(FRAME_SAMPLES);
  readonly #budget: SampleBudget;
  /** What the budget was asked for; a file that comes twice in a sequence is held once. */
  readonly #held = new Set<Int16Array>();
  #sound: Sound | undefined;
  #player: SoundPlayer | undefined;
  #waitingMarks: PlayerMark[] = [];
  #endless = false;
  #paused = false;
  #started = false;
  #closed = false;

  constructor(node: number, emit: (event: NodeEvent) => void, budget = new SampleBudget()) {
    this.node = node;
    this.output = new Source(node);
    this.#emit = emit;
    this.#budget = budget;
  }

  /** Fetches the samples. A file that cannot be played ends the player. */
  async load(input: PlayerInput, loop: boolean, files: WavLoader): Promise<void> {
    try {
      const sound = await this.#soundOf(input, files);
      if (this.#closed) return;
      this.#endless = input.kind === 'progress-tone';
      const player = new SoundPlayer(sound, loop || this.#endless);
      if (this.#paused) player.pause();
      this.#sound = sound;
      this.#player = player;
      for (const mark of this.#waitingMarks) this.mark(mark);
      this.#waitingMarks = [];
      this.#emit({ name: 'player-ready', payload: {} });
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

  mark(mark: PlayerMark): void {
    if (this.#player === undefined) {
      if (this.#waitingMarks.length < MAX_WAITING_MARKS) this.#waitingMarks.push(mark);
      return;
    }
    const sound = this.#sound;
    const bounds =
      sound instanceof SampleSound ? sound.boundsOf(mark.part) : ([0, sound?.length ?? 0] as const);
    if (bounds === undefined) return;
    const [from, to] = bounds;
    const at = (mark.offsetMs < 0 ? to : from) + Math.round(mark.offsetMs * SAMPLES_PER_MS);
    if (at < from || at > to) return;
    this.#player.mark(at, () => this.#emit({ name: 'player-marker', payload: mark }));
  }

  /** One frame, due at `now`. */
  tick(now: number): void {
    const player = this.#player;
    if (player === undefined || this.#closed) return;
    if (!this.#started) {
      if (!this.output.isHeard || this.#paused) return;
      this.#started = true;
      const durationMs = this.#endless ? undefined : player.durationMs;
      this.#emit({ name: 'player-started', payload: { durationMs } });
    }
    if (player.next(this.#frame)) this.output.giveSamples(this.#frame, now);
    if (player.finished) this.close(undefined);
  }

  /** `finished` is told once, whoever ends it. */
  close(error: string | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const samples of this.#held) this.#budget.release(samples.length);
    this.#held.clear();
    mute(this.output);
    this.#emit({ name: 'player-finished', payload: { error } });
  }

  async #soundOf(input: PlayerInput, files: WavLoader): Promise<Sound> {
    switch (input.kind) {
      case 'progress-tone':
        return new SampleSound(progressTone(input.tone, input.country));
      case 'tone-script':
        return new ToneScriptSound(input.script);
      case 'sequence': {
        const parts: Int16Array[] = [];
        for (const part of input.parts) parts.push(await this.#samplesOf(part, files));
        return new SampleSound(...parts);
      }
      default:
        return new SampleSound(await this.#samplesOf(input, files));
    }
  }

  async #samplesOf(part: PlayerPart, files: WavLoader): Promise<Int16Array> {
    if (this.#closed) return new Int16Array(0);
    const samples = part.kind === 'samples' ? part.samples : await files.load(part.path);
    if (this.#closed || this.#held.has(samples)) return samples;
    this.#budget.claim(samples.length);
    this.#held.add(samples);
    return samples;
  }
}
