/**
 * Puts samples where they belong in time. Packets of one stream are placed by their RTP timestamps, streams among each
 * other by arrival, on one timeline of 8 kHz positions that the owner's clock gives. Where a sequence number is missing,
 * the loss is concealed until the packet comes after all; where only time is missing (a talker's pause), there is silence.
 * Two buffers on one timeline (the channels of a recording) so cannot slide apart (PITFALLS row 37). The window is a
 * ring: memory is bounded, whatever arrives.
 */
import { BLEND, conceal, HISTORY, MAX_CONCEALED } from './concealment.ts';
import { sequenceDelta, timestampDelta } from './rtp-packet.ts';

/**
 * A stream that stays later than this (200 ms) against its first packet for a second is placed anew: its clock or path
 * changed. One that is late for a moment was held up, and belongs where its timestamp says.
 */
const MAX_LATE = 1600;
const LATE_FOR = 8000;
/** Later than this (a second) is another timeline. */
const LOST_TRACK = 8000;
/** The same to the other side (100 ms). */
const MAX_EARLY = 800;

export class JitterBuffer {
  /** Packets that came when all of their time was taken. */
  late = 0;
  /** Samples that were made up for lost ones. */
  concealed = 0;
  readonly #ring: Int16Array;
  readonly #mask: number;
  /** First position that was not taken yet. */
  #taken = 0;
  /** One past the last position that holds sound. */
  #end = 0;
  #stream = -1;
  #base = 0;
  #baseTimestamp = 0;
  /** Since when (a position) all packets of the stream have been late; −1: they are not. */
  #lateSince = -1;
  /** Of the newest packet in sequence, and where it ended; −1 when nothing is known. */
  #sequence = -1;
  #sequenceEnd = 0;
  /** The last samples that were taken, for a loss right after them. */
  readonly #tail = new Int16Array(HISTORY);
  readonly #history = new Int16Array(HISTORY);
  readonly #madeUp = new Int16Array(MAX_CONCEALED + BLEND);

  /** `capacity` in samples, a power of two. */
  constructor(capacity = 8192) {
    if ((capacity & (capacity - 1)) !== 0) throw new RangeError('capacity must be a power of two');
    this.#ring = new Int16Array(capacity);
    this.#mask = capacity - 1;
  }

  get end(): number {
    return this.#end;
  }

  /** The last position (exclusive) that can be held now. */
  get limit(): number {
    return this.#taken + this.#ring.length;
  }

  /**
   * Encoded payload: `table` gives the sample of each byte. `stream` tells streams apart, `arrival` is the time now;
   * without a `sequence` number there is no concealment.
   */
  put(
    stream: number,
    timestamp: number,
    arrival: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    table: Int16Array,
    sequence = -1,
  ): void {
    const position = this.#place(stream, timestamp, arrival);
    const blend = this.#bridge(position, end - start, sequence);
    const first = Math.max(0, this.#taken - position);
    const count = Math.min(end - start, this.limit - position);
    for (let i = first; i < count; i++) this.#ring[(position + i) & this.#mask] = table[bytes[start + i]!]!;
    this.#wrote(position, first, count, blend);
  }

  /** Samples as they are. */
  putSamples(stream: number, timestamp: number, arrival: number, samples: Int16Array, sequence = -1): void {
    const position = this.#place(stream, timestamp, arrival);
    const blend = this.#bridge(position, samples.length, sequence);
    const first = Math.max(0, this.#taken - position);
    const count = Math.min(samples.length, this.limit - position);
    for (let i = first; i < count; i++) this.#ring[(position + i) & this.#mask] = samples[i]!;
    this.#wrote(position, first, count, blend);
  }

  /** A packet of the stream that holds no sound (a key press, comfort noise): its number is not missing. */
  pass(stream: number, sequence: number): void {
    if (stream !== this.#stream || this.#sequence < 0) return;
    if (sequenceDelta(sequence, this.#sequence) > 0) this.#sequence = sequence;
  }

  /**
   * Takes everything up to position `upTo` as little-endian 16 bit, every `stride` bytes from `at` in `out`, mixing with
   * what is there when `mix`. Returns how many samples that were.
   */
  take(upTo: number, out: Buffer, at: number, stride: number, mix: boolean): number {
    const count = Math.max(0, Math.min(upTo, this.limit) - this.#taken);
    this.#keepTail(count);
    for (let i = 0; i < count; i++) {
      const index = (this.#taken + i) & this.#mask;
      let value = this.#ring[index]!;
      this.#ring[index] = 0;
      const target = at + i * stride;
      if (mix) value = saturate(value + (((out[target]! | (out[target + 1]! << 8)) << 16) >> 16));
      out[target] = value;
      out[target + 1] = value >> 8;
    }
    this.#taken += count;
    return count;
  }

  /**
   * Conceals what is missing between the newest packet and this one of `length` samples at `position`. Returns how many
   * samples of made-up sound go on into the packet, to be blended with it.
   */
  #bridge(position: number, length: number, sequence: number): number {
    const known = this.#sequence;
    const ahead = known < 0 ? 1 : sequenceDelta(sequence, known);
    if (sequence < 0 || ahead <= 0) return 0;
    const from = this.#sequenceEnd;
    this.#sequence = sequence;
    this.#sequenceEnd = position + length;
    const missing = position - from;
    if (known < 0 || ahead === 1 || missing <= 0) return 0;
    const count = Math.min(missing, MAX_CONCEALED);
    const blend = count === missing ? Math.min(BLEND, length) : 0;
    for (let i = 0; i < HISTORY; i++) this.#history[i] = this.#sampleAt(from - HISTORY + i);
    conceal(this.#history, this.#madeUp, count + blend);
    this.#madeUp.copyWithin(MAX_CONCEALED, count, count + blend);
    const end = Math.min(from + count, this.limit);
    for (let at = Math.max(from, this.#taken); at < end; at++) {
      this.#ring[at & this.#mask] = this.#madeUp[at - from]!;
      this.concealed += 1;
    }
    return blend;
  }

  /** `[first, count)` of a packet at `position` stands in the ring now. */
  #wrote(position: number, first: number, count: number, blend: number): void {
    for (let i = first; i < Math.min(blend, count); i++) {
      const share = (i + 1) / (blend + 1);
      const at = (position + i) & this.#mask;
      this.#ring[at] = Math.round(this.#ring[at]! * share + this.#madeUp[MAX_CONCEALED + i]! * (1 - share));
    }
    if (count > first) this.#end = Math.max(this.#end, position + count);
    else this.late += 1;
  }

  #sampleAt(position: number): number {
    if (position >= this.#taken) return this.#ring[position & this.#mask]!;
    const back = this.#taken - position;
    return back <= HISTORY ? this.#tail[HISTORY - back]! : 0;
  }

  /** Before `count` samples are taken: the last of them stay known. */
  #keepTail(count: number): void {
    const tail = this.#tail;
    const fresh = Math.min(count, HISTORY);
    tail.copyWithin(0, fresh);
    const first = this.#taken + count - fresh;
    for (let i = 0; i < fresh; i++) tail[HISTORY - fresh + i] = this.#ring[(first + i) & this.#mask]!;
  }

  #place(stream: number, timestamp: number, arrival: number): number {
    let position = this.#base + timestampDelta(timestamp, this.#baseTimestamp);
    const late = arrival - position;
    if (late <= MAX_LATE) this.#lateSince = -1;
    else if (this.#lateSince < 0) this.#lateSince = arrival;
    const staysLate = this.#lateSince >= 0 && arrival - this.#lateSince > LATE_FOR;
    if (stream !== this.#stream || staysLate || late > LOST_TRACK || late < -MAX_EARLY) {
      // Directly behind what is there already, if that is only a little ahead of the clock.
      const behind = this.#end - arrival;
      position = behind > 0 && behind <= MAX_EARLY ? this.#end : arrival;
      this.#stream = stream;
      this.#lateSince = -1;
      this.#sequence = -1;
    }
    this.#base = position;
    this.#baseTimestamp = timestamp;
    return position;
  }
}

function saturate(value: number): number {
  return Math.max(-32768, Math.min(32767, value));
}
