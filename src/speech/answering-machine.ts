/**
 * Who has answered, by the cadence of the greeting alone: a person says a word or two and waits, a machine goes on
 * talking, and in the end it beeps. What it cannot tell: a talkative person from a machine, a machine that says one word
 * from a person, and speech from loud music. Pure: samples of 8 kHz in, a verdict out.
 */
import { BeepDetector } from './beep-detector.ts';
import { Endpointer } from './endpointer.ts';
import { rms } from './pcm.ts';

export interface Verdict {
  readonly who: 'human' | 'machine';
  /** 0 to 100. */
  readonly confidence: number;
}

const RATE = 8000;
/** Somebody who waits for us is silent for so long. */
const WAITS_MS = 800;
/** Nobody greets for longer without a pause. */
const MAX_GREETING_MS = 1800;
/** "Hello, this is Anna speaking" has five. */
const MAX_WORDS = 6;
const FRAME = 160;
/** Frames (20 ms) of silence between words. */
const GAP_FRAMES = 3;
/** What the end-pointer adds before and after. */
const LEAD_MS = 300;
const TAIL_MS = 200;

export class AnsweringMachine {
  readonly #ears = new Endpointer({ rate: RATE, endSilenceMs: WAITS_MS });
  readonly #beeps = new BeepDetector([]);
  #startedAt: number | undefined;
  #loudest = 0;
  #quietFrames = GAP_FRAMES;
  #words = 0;

  /** The verdict, as soon as there is one. */
  push(samples: Int16Array): Verdict | undefined {
    if (this.#beeps.push(samples) !== undefined) return { who: 'machine', confidence: 95 };
    for (const mark of this.#ears.push(samples)) {
      if (mark.kind === 'start') this.#startedAt = mark.at;
      else return this.#afterGreeting(mark.at);
    }
    this.#countWords(samples);
    if (this.#startedAt === undefined) return undefined;
    const spokenMs = ((this.#ears.position - this.#startedAt) * 1000) / RATE - LEAD_MS;
    if (spokenMs > MAX_GREETING_MS + WAITS_MS) return { who: 'machine', confidence: 85 };
    return this.#words > MAX_WORDS ? { who: 'machine', confidence: 70 } : undefined;
  }

  #afterGreeting(at: number): Verdict {
    const spokenMs = ((at - (this.#startedAt ?? at)) * 1000) / RATE - LEAD_MS - TAIL_MS;
    if (spokenMs > MAX_GREETING_MS) return { who: 'machine', confidence: 70 };
    // The shorter, the surer.
    return { who: 'human', confidence: Math.round(90 - 30 * Math.max(0, spokenMs / MAX_GREETING_MS)) };
  }

  #countWords(samples: Int16Array): void {
    for (let at = 0; at + FRAME <= samples.length; at += FRAME) {
      const level = rms(samples.subarray(at, at + FRAME));
      this.#loudest = Math.max(this.#loudest, level);
      const isQuiet = level < Math.max(0.003, this.#loudest * 0.1);
      if (!isQuiet && this.#quietFrames >= GAP_FRAMES && this.#ears.speaking) this.#words++;
      this.#quietFrames = isQuiet ? this.#quietFrames + 1 : 0;
    }
  }
}
