/**
 * What arrived and what did not (RFC 3550 A.1, A.3, A.8), in plain numbers: one call per packet, no objects. The
 * probation of A.1 is left out: the source latch has already decided whose packets count.
 */
import { sequenceDelta, timestampDelta } from './rtp-packet.ts';

const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;
const SAMPLES_PER_MS = 8;

/** One report block (RFC 3550 §6.4.1). */
export interface ReportBlock {
  readonly ssrc: number;
  readonly fractionLost: number;
  readonly cumulativeLost: number;
  readonly extendedHighestSequence: number;
  /** In timestamp units. */
  readonly jitter: number;
  readonly lastSr: number;
  readonly delaySinceLastSr: number;
}

export class ReceiveStats {
  packets = 0;
  octets = 0;
  ssrc: number | undefined;
  #cycles = 0;
  #baseSequence = 0;
  #maxSequence = 0;
  #badSequence = -1;
  /** Of the current source, since its `#baseSequence`. */
  #received = 0;
  #expectedPrior = 0;
  #receivedPrior = 0;
  /** Lost of sources that are gone. */
  #lostBefore = 0;
  #transit = 0;
  #hasTransit = false;
  #jitter = 0;
  #lastSr = 0;
  #lastSrAt = 0;

  /** `now` in milliseconds monotonic. Jitter is measured on audio only: an event's timestamp stands still. */
  update(
    ssrc: number,
    sequence: number,
    timestamp: number,
    octets: number,
    isAudio: boolean,
    now: number,
  ): void {
    this.packets += 1;
    this.octets += octets;
    if (ssrc !== this.ssrc) this.#begin(ssrc, sequence);
    else this.#sequence(sequence);
    this.#received += 1;
    if (isAudio) this.#measureJitter(timestamp, now);
  }

  /** Expected minus received, over all sources so far; never negative here (duplicates can make it so, A.3). */
  get lost(): number {
    return Math.max(0, this.#lostBefore + this.#lostNow());
  }

  get jitterMs(): number {
    return this.#jitter / SAMPLES_PER_MS;
  }

  /** A sender report came: the middle 32 bits of its NTP timestamp go back in our next report. */
  senderReport(ssrc: number, ntpMiddle: number, now: number): void {
    if (ssrc !== this.ssrc) return;
    this.#lastSr = ntpMiddle;
    this.#lastSrAt = now;
  }

  /** The block for our next report; `undefined` before anything came. */
  report(now: number): ReportBlock | undefined {
    if (this.ssrc === undefined) return undefined;
    const expected = this.#expected();
    const expectedInterval = expected - this.#expectedPrior;
    const lostInterval = expectedInterval - (this.#received - this.#receivedPrior);
    this.#expectedPrior = expected;
    this.#receivedPrior = this.#received;
    const fraction =
      expectedInterval <= 0 || lostInterval <= 0 ? 0 : Math.floor((lostInterval * 256) / expectedInterval);
    return {
      ssrc: this.ssrc,
      fractionLost: Math.min(255, fraction),
      cumulativeLost: Math.max(-0x800000, Math.min(0x7fffff, this.#lostNow())),
      extendedHighestSequence: (this.#cycles + this.#maxSequence) >>> 0,
      jitter: Math.floor(this.#jitter),
      lastSr: this.#lastSr,
      delaySinceLastSr: this.#lastSr === 0 ? 0 : Math.round(((now - this.#lastSrAt) * 65536) / 1000) >>> 0,
    };
  }

  #expected(): number {
    return this.#cycles + this.#maxSequence - this.#baseSequence + 1;
  }

  #lostNow(): number {
    return this.ssrc === undefined ? 0 : this.#expected() - this.#received;
  }

  #begin(ssrc: number, sequence: number): void {
    this.#lostBefore += this.#lostNow();
    if (ssrc !== this.ssrc) this.#lastSr = 0;
    this.ssrc = ssrc;
    this.#cycles = 0;
    this.#baseSequence = sequence;
    this.#maxSequence = sequence;
    this.#badSequence = -1;
    this.#received = 0;
    this.#expectedPrior = 0;
    this.#receivedPrior = 0;
    this.#hasTransit = false;
  }

  /** RFC 3550 A.1, update_seq. */
  #sequence(sequence: number): void {
    const ahead = sequenceDelta(sequence, this.#maxSequence);
    if (ahead > 0 && ahead < MAX_DROPOUT) {
      if (sequence < this.#maxSequence) this.#cycles += 0x10000;
      this.#maxSequence = sequence;
    } else if (ahead >= MAX_DROPOUT || ahead < -MAX_MISORDER) {
      // Two in a row after a jump: the other side began anew.
      if (sequence === this.#badSequence) this.#begin(this.ssrc!, sequence);
      else {
        this.#badSequence = (sequence + 1) & 0xffff;
        this.#received -= 1;
      }
    }
  }

  /** RFC 3550 A.8, in floating point. */
  #measureJitter(timestamp: number, now: number): void {
    const transit = timestampDelta(Math.round(now * SAMPLES_PER_MS), timestamp);
    if (this.#hasTransit) {
      const difference = Math.abs(timestampDelta(transit, this.#transit));
      // A second and more is a new beginning of the other side's clock, not jitter.
      if (difference < 8000) this.#jitter += (difference - this.#jitter) / 16;
    }
    this.#transit = transit;
    this.#hasTransit = true;
  }
}
