import { toneShare, totalPower } from '../media/goertzel.ts';
import type { PhoneRtpPacket } from './rtp-bytes.ts';

const RATE = 8_000;
/** A measurement looks at the last so many samples: 0.4 s. */
const WINDOW = 3_200;
/** Ten minutes; a phone of the tests does not talk longer. */
const MAX_SAMPLES = RATE * 600;
/** G.711 alone leaves a tone above 0.99 of the power; a mixed-in second one of equal strength pulls it to 0.5. */
const CLEAR_SHARE = 0.8;
/** Below this mean square it is silence (amplitude of about 140 of 32 767). */
const SILENCE_POWER = 10_000;

/** What arrived, as samples in the order of arrival, with what a test asks about it. */
export class HeardSound {
  readonly ssrcs = new Set<number>();
  packets = 0;
  /** Sequence numbers that were skipped. */
  lost = 0;
  firstPacketAt: number | undefined;
  lastPacketAt: number | undefined;
  /** The longest time between two packets, in milliseconds. */
  longestGapMs = 0;
  #chunks: Int16Array[] = [];
  #length = 0;
  #sequence: number | undefined;

  /** `now` is monotonic milliseconds. */
  push(packet: PhoneRtpPacket, samples: Int16Array, now: number): void {
    if (!this.ssrcs.has(packet.ssrc)) this.#sequence = undefined;
    this.ssrcs.add(packet.ssrc);
    if (this.#sequence !== undefined)
      this.lost += Math.max(0, sequenceStep(this.#sequence, packet.sequence) - 1);
    this.#sequence = packet.sequence;
    this.packets += 1;
    this.firstPacketAt ??= now;
    if (this.lastPacketAt !== undefined)
      this.longestGapMs = Math.max(this.longestGapMs, now - this.lastPacketAt);
    this.lastPacketAt = now;
    if (this.#length >= MAX_SAMPLES) return;
    this.#chunks.push(samples);
    this.#length += samples.length;
  }

  get seconds(): number {
    return this.#length / RATE;
  }

  /** Everything heard so far, 8 kHz. */
  samples(): Int16Array {
    const all = new Int16Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    this.#chunks = [all];
    return all;
  }

  /** The last 0.4 s, or what there is. */
  recent(): Int16Array {
    const window = new Int16Array(Math.min(WINDOW, this.#length));
    let left = window.length;
    for (let i = this.#chunks.length - 1; i >= 0 && left > 0; i--) {
      const tail = this.#chunks[i]!.subarray(-left);
      left -= tail.length;
      window.set(tail, left);
    }
    return window;
  }

  /** Whether the last 0.4 s are this tone and nothing much besides. False until there are 0.4 s. */
  isTone(hz: number): boolean {
    const recent = this.recent();
    return (
      recent.length >= WINDOW &&
      totalPower(recent) > SILENCE_POWER &&
      toneShare(recent, hz, RATE) > CLEAR_SHARE
    );
  }

  /** The strongest of some frequencies in the last 0.4 s, with its share of the power; undefined in silence. */
  strongestOf(frequencies: readonly number[]): { readonly hz: number; readonly share: number } | undefined {
    const recent = this.recent();
    if (totalPower(recent) <= SILENCE_POWER) return undefined;
    const shares = frequencies.map((hz) => ({ hz, share: toneShare(recent, hz, RATE) }));
    return shares.sort((a, b) => b.share - a.share)[0];
  }

  /** Forgets the samples (not the counters): what is measured next came after this moment. */
  forget(): void {
    this.#chunks = [];
    this.#length = 0;
  }
}

/** From one sequence number to the next, with wrap-around; negative for a late packet. */
function sequenceStep(from: number, to: number): number {
  return ((to - from + 0x8000) & 0xffff) - 0x8000;
}
