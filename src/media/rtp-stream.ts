/**
 * One outbound RTP stream. It owns SSRC, sequence and timestamp for the life of the leg; sources only supply payload
 * (PITFALLS row 38). A source's own numbering is shifted by an offset that is chosen anew whenever the source changes,
 * so that the receiver sees one stream: sequence without a hole, timestamp advanced by the time that really passed,
 * marker where sound resumes. Within one source the offsets stay, so that losses and reordering of the way in remain
 * visible to the receiver's jitter buffer.
 */
import type { Random } from '../kernel/random.ts';
import {
  markerOf,
  readUint32,
  sequenceDelta,
  sequenceOf,
  timestampDelta,
  timestampOf,
  writeHeader,
} from './rtp-packet.ts';

/** RFC 3550 A.1: a jump further than this is a new beginning, not loss. */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;
/** Samples by which a source's timestamp may run away from the clock before we take it for a new beginning (1 s). */
const MAX_TIMESTAMP_DRIFT = 8000;
const SAMPLES_PER_MS = 8;
const FRAME = 160;

export class RtpStream {
  readonly ssrc: number;
  /** The last sent ones. */
  sequence: number;
  timestamp: number;
  packets = 0;
  octets = 0;
  #sent = false;
  /** When `timestamp` was sent, milliseconds monotonic. */
  #sentAt = 0;
  #lastSamples = FRAME;
  #source = -1;
  #eventTimestamp = 0;
  // The relayed source's numbering.
  #inSsrc = 0;
  #inSequence = 0;
  #inTimestamp = 0;
  #inAt = 0;
  #firstSequence = 0;
  #sinceAnchor = 0;
  #sequenceOffset = 0;
  #timestampOffset = 0;

  constructor(random: Random) {
    // RFC 3550 §5.1: all three start at random; the sequence in the lower half, so that an SRTP receiver that misses the
    // first packets cannot miss a roll-over (RFC 3711 §3.3.1).
    this.ssrc = random.int(0x1_0000_0000);
    this.sequence = random.int(0x8000);
    this.timestamp = random.int(0x1_0000_0000);
  }

  /** The timestamp that a packet sent now would carry: real time since the last one, never less than its length. */
  timestampAt(now: number): number {
    if (!this.#sent) return this.timestamp;
    const passed = Math.max(this.#lastSamples, Math.round((now - this.#sentAt) * SAMPLES_PER_MS));
    return (this.timestamp + passed) >>> 0;
  }

  /** The media time at `now`, for a sender report (RFC 3550 §6.4.1). */
  timestampNow(now: number): number {
    return (this.timestamp + Math.max(0, Math.round((now - this.#sentAt) * SAMPLES_PER_MS))) >>> 0;
  }

  /**
   * Gives a received packet our header, in place: the header is written right before the payload at `start` (so an
   * extension is overwritten, not moved). `source` tells sources apart. False: too late for this stream, do not send.
   */
  relay(
    source: number,
    packet: Uint8Array,
    start: number,
    length: number,
    payloadType: number,
    isEvent: boolean,
    now: number,
  ): boolean {
    const sequence = sequenceOf(packet);
    const timestamp = timestampOf(packet);
    const ssrc = readUint32(packet, 8);
    let marker = markerOf(packet);
    const ahead = sequenceDelta(sequence, this.#inSequence);
    if (this.#isNewBeginning(source, ssrc, ahead, timestamp, isEvent, now)) {
      this.#anchor(source, ssrc, sequence, timestamp, now);
      marker = true;
    } else if (this.#sinceAnchor++ < MAX_MISORDER && sequenceDelta(sequence, this.#firstSequence) < 0) {
      return false; // sent before the switch; its place in our numbering belongs to the source before
    }
    if (ahead > 0 || this.#sinceAnchor === 0) {
      this.#inSequence = sequence;
      if (!isEvent) {
        this.#inTimestamp = timestamp;
        this.#inAt = now;
      }
    }
    const outSequence = (sequence + this.#sequenceOffset) & 0xffff;
    const outTimestamp = (timestamp + this.#timestampOffset) >>> 0;
    writeHeader(packet, start - 12, marker, payloadType, outSequence, outTimestamp, this.ssrc);
    if (sequenceDelta(outSequence, this.sequence) > 0) this.sequence = outSequence;
    if (!isEvent) this.#advance(outTimestamp, length, now);
    this.#count(length);
    return true;
  }

  /** A received packet that is not sent on (a digit of our own is on the line): leaves no hole in our numbering. */
  skip(source: number, packet: Uint8Array): void {
    if (source !== this.#source || readUint32(packet, 8) !== this.#inSsrc) return;
    const sequence = sequenceOf(packet);
    if (sequenceDelta(sequence, this.#inSequence) <= 0) return;
    this.#sequenceOffset -= sequenceDelta(sequence, this.#inSequence);
    this.#inSequence = sequence;
  }

  /** Writes the header of audio that we made ourselves: `samples` long, due at `now`. */
  own(source: number, packet: Uint8Array, payloadType: number, samples: number, now: number): void {
    const marker = source !== this.#source || !this.#sent || this.#gapBefore(now);
    const timestamp = marker ? this.timestampAt(now) : (this.timestamp + this.#lastSamples) >>> 0;
    this.#source = source;
    this.sequence = (this.sequence + 1) & 0xffff;
    writeHeader(packet, 0, marker, payloadType, this.sequence, timestamp, this.ssrc);
    this.#lastSamples = samples;
    this.timestamp = timestamp;
    this.#sentAt = now;
    this.#sent = true;
    this.#count(packet.length - 12);
  }

  /** Writes the header of a telephone-event of our own (RFC 4733 §2.1): all packets of one event share a timestamp. */
  event(packet: Uint8Array, payloadType: number, isFirst: boolean, now: number): void {
    if (isFirst) this.#eventTimestamp = this.timestampAt(now);
    this.sequence = (this.sequence + 1) & 0xffff;
    this.#sequenceOffset += 1;
    writeHeader(packet, 0, isFirst, payloadType, this.sequence, this.#eventTimestamp, this.ssrc);
    this.#count(packet.length - 12);
  }

  /** More time has passed than the last packet lasted: half a frame is the tolerance for fractions. */
  #gapBefore(now: number): boolean {
    return (now - this.#sentAt) * SAMPLES_PER_MS > this.#lastSamples + FRAME / 2;
  }

  #isNewBeginning(
    source: number,
    ssrc: number,
    ahead: number,
    timestamp: number,
    isEvent: boolean,
    now: number,
  ): boolean {
    if (source !== this.#source || ssrc !== this.#inSsrc) return true;
    if (ahead > MAX_DROPOUT || ahead < -MAX_MISORDER) return true;
    if (isEvent || ahead <= 0) return false;
    const passed = (now - this.#inAt) * SAMPLES_PER_MS;
    return Math.abs(timestampDelta(timestamp, this.#inTimestamp) - passed) > MAX_TIMESTAMP_DRIFT;
  }

  #anchor(source: number, ssrc: number, sequence: number, timestamp: number, now: number): void {
    this.#source = source;
    this.#inSsrc = ssrc;
    this.#firstSequence = sequence;
    this.#inTimestamp = timestamp;
    this.#inAt = now;
    this.#sinceAnchor = 0;
    this.#sequenceOffset = (this.sequence + 1 - sequence) | 0;
    this.#timestampOffset = (this.timestampAt(now) - timestamp) | 0;
  }

  #advance(timestamp: number, samples: number, now: number): void {
    if (this.#sent && timestampDelta(timestamp, this.timestamp) <= 0) return;
    this.timestamp = timestamp;
    this.#lastSamples = samples;
    this.#sentAt = now;
    this.#sent = true;
  }

  #count(octets: number): void {
    this.packets += 1;
    this.octets = (this.octets + octets) >>> 0;
  }
}
