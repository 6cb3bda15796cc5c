/**
 * A room in its worker: mix-minus. One sum of all who speak, from which each speaker's own part is taken away again, so
 * that a frame costs as much as there are people; who does not speak hears the sum itself, encoded once for all.
 */
import { saturate } from '../codec/g722-band.ts';
import { FRAME_SAMPLES } from '../player.ts';
import { SpeechGate } from '../speech-gate.ts';
import { mute, Source, silence } from './graph.ts';
import { LiveEar } from './live-ear.ts';
import { SharedFrame } from './shared-frame.ts';

/** After this long without a word in the room, encoders with and without a past have become alike: 200 ms. */
const QUIET_FRAMES = 10;

class Participant {
  readonly ear: LiveEar;
  readonly output: Source;
  readonly frame = new Int16Array(FRAME_SAMPLES);
  readonly gate = new SpeechGate();
  maySpeak = true;
  mayHear = true;
  speaks = false;
  /** Hears a mix of its own, and goes on with it until the room is quiet: see `QUIET_FRAMES`. */
  ownMix = false;

  constructor(node: number) {
    this.ear = new LiveEar(node, 8000);
    this.output = new Source(node);
  }

  /** Takes what was said in these 20 ms. */
  hear(): boolean {
    const came = this.ear.take(this.frame);
    this.speaks = this.gate.opens(this.frame, came) && this.maySpeak;
    return this.speaks;
  }

  close(): void {
    silence(this.ear);
    mute(this.output);
  }
}

export class MixerNode {
  /** All that is said. */
  readonly output: Source;
  readonly participants = new Map<number, Participant>();
  readonly #sum = new Int32Array(FRAME_SAMPLES);
  readonly #all = new SharedFrame();
  readonly #own = new Int16Array(FRAME_SAMPLES);
  readonly #nothing = new SharedFrame();
  #quietFor = 0;

  constructor(node: number) {
    this.output = new Source(node);
  }

  join(node: number): { readonly ear: LiveEar; readonly output: Source } {
    const participant = new Participant(node);
    this.participants.set(node, participant);
    return participant;
  }

  allow(node: number, what: { readonly speak: boolean; readonly hear: boolean }): void {
    const participant = this.participants.get(node);
    if (participant === undefined) return;
    participant.maySpeak = what.speak;
    participant.mayHear = what.hear;
  }

  leave(node: number): void {
    this.participants.get(node)?.close();
    this.participants.delete(node);
  }

  /** Every 20 ms, after players and feeds. */
  tick(now: number): void {
    const sum = this.#sum;
    let speakers = 0;
    for (const participant of this.participants.values()) {
      if (!participant.hear()) continue;
      if (speakers === 0) sum.fill(0);
      speakers += 1;
      const { frame } = participant;
      for (let i = 0; i < FRAME_SAMPLES; i++) sum[i]! += frame[i]!;
    }
    this.#quietFor = speakers === 0 ? this.#quietFor + 1 : 0;
    this.#finish(speakers);
    if (this.output.isHeard) this.output.giveShared(this.#all, now);
    for (const participant of this.participants.values()) this.#give(participant, now);
  }

  #finish(speakers: number): void {
    const { samples } = this.#all;
    if (speakers === 0) {
      // The first quiet frame wipes the last one with sound; after it there is nothing to wipe.
      if (this.#quietFor === 1) samples.fill(0);
    } else for (let i = 0; i < FRAME_SAMPLES; i++) samples[i] = saturate(this.#sum[i]!);
    this.#all.renew();
  }

  #give(participant: Participant, now: number): void {
    const { output, frame, speaks } = participant;
    if (!output.isHeard) return;
    if (!participant.mayHear) {
      this.#nothing.renew();
      output.giveShared(this.#nothing, now);
      return;
    }
    if (speaks) participant.ownMix = true;
    else if (this.#quietFor >= QUIET_FRAMES) participant.ownMix = false;
    if (!participant.ownMix) output.giveShared(this.#all, now);
    else if (!speaks) output.giveSamples(this.#all.samples, now);
    else {
      const own = this.#own;
      for (let i = 0; i < FRAME_SAMPLES; i++) own[i] = saturate(this.#sum[i]! - frame[i]!);
      output.giveSamples(own, now);
    }
  }

  close(): void {
    for (const node of [...this.participants.keys()]) this.leave(node);
    mute(this.output);
  }
}
