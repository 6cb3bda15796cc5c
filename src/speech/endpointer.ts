/**
 * Where speech begins and ends, by its level above the background: enough to cut utterances for providers that take
 * them whole. Pure: samples in, marks out. It hears no difference between a voice and any other noise of that level.
 */

export interface EndpointerOptions {
  readonly rate: number;
  readonly endSilenceMs: number;
  /** An utterance that is longer is cut here. Default 30 s. */
  readonly maxUtteranceMs?: number;
}

/** Positions are samples since the beginning. `end` has the pause left out, up to 200 ms. */
export type EndpointMark =
  | { readonly kind: 'start'; readonly at: number }
  | { readonly kind: 'end'; readonly at: number };

const FRAME_MS = 20;
/** Speech must be this much louder than the background (12 dB)… */
const ABOVE_FLOOR = 4;
/** …and louder than this at least (−50 dBov), since a digital silence is no background to compare with. */
const QUIETEST = 0.003;
/** No background is believed to be louder (−26 dBov): a caller who talks from the first moment is heard. */
const LOUDEST_FLOOR = 0.012;
/** A click is shorter. */
const START_FRAMES = 4;
/** What is kept before the start: weak consonants are quieter than the threshold. */
const LEAD_MS = 300;
const TAIL_MS = 200;

export class Endpointer {
  readonly #frame: number;
  readonly #endFrames: number;
  readonly #maxFrames: number;
  readonly #lead: number;
  readonly #tail: number;
  #position = 0;
  #energy = 0;
  #inFrame = 0;
  #floor = QUIETEST / ABOVE_FLOOR;
  #loudFrames = 0;
  #quietFrames = 0;
  #speechFrames = 0;
  #speaking = false;
  #lastEnd = 0;

  constructor({ rate, endSilenceMs, maxUtteranceMs = 30_000 }: EndpointerOptions) {
    const samplesIn = (ms: number): number => Math.round((ms * rate) / 1000);
    this.#frame = samplesIn(FRAME_MS);
    this.#endFrames = Math.max(1, Math.round(endSilenceMs / FRAME_MS));
    this.#maxFrames = Math.round(maxUtteranceMs / FRAME_MS);
    this.#lead = samplesIn(LEAD_MS);
    this.#tail = samplesIn(TAIL_MS);
  }

  get speaking(): boolean {
    return this.#speaking;
  }

  /** Samples heard so far. */
  get position(): number {
    return this.#position;
  }

  push(samples: Int16Array): EndpointMark[] {
    const marks: EndpointMark[] = [];
    for (const sample of samples) {
      this.#energy += sample * sample;
      this.#position++;
      if (++this.#inFrame < this.#frame) continue;
      const mark = this.#judge(Math.sqrt(this.#energy / this.#frame) / 32768);
      if (mark !== undefined) marks.push(mark);
      this.#energy = 0;
      this.#inFrame = 0;
    }
    return marks;
  }

  /** The sound pauses here; ends an open utterance. */
  flush(): EndpointMark[] {
    return this.#speaking ? [this.#end(this.#position)] : [];
  }

  #judge(level: number): EndpointMark | undefined {
    const isLoud = level > Math.max(QUIETEST, this.#floor * ABOVE_FLOOR);
    if (!this.#speaking) {
      // Down at once, up slowly: the quietest of late is the background.
      const towards = level < this.#floor ? 0.5 : 0.02;
      this.#floor = Math.min(LOUDEST_FLOOR, this.#floor + (level - this.#floor) * towards);
      this.#loudFrames = isLoud ? this.#loudFrames + 1 : 0;
      return this.#loudFrames >= START_FRAMES ? this.#start() : undefined;
    }
    this.#speechFrames++;
    this.#quietFrames = isLoud ? 0 : this.#quietFrames + 1;
    if (this.#quietFrames >= this.#endFrames)
      return this.#end(
        Math.min(this.#position, this.#position - this.#quietFrames * this.#frame + this.#tail),
      );
    return this.#speechFrames >= this.#maxFrames ? this.#end(this.#position) : undefined;
  }

  #start(): EndpointMark {
    this.#speaking = true;
    this.#speechFrames = this.#loudFrames;
    this.#quietFrames = 0;
    const begin = this.#position - this.#loudFrames * this.#frame - this.#lead;
    return { kind: 'start', at: Math.max(this.#lastEnd, begin) };
  }

  #end(at: number): EndpointMark {
    this.#speaking = false;
    this.#loudFrames = 0;
    this.#lastEnd = at;
    return { kind: 'end', at };
  }
}
