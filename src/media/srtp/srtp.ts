/**
 * The SRTP of one media leg over its whole life (RFC 3711). Contexts are known by key and SSRC (§3.2.3, PITFALLS row 34):
 * a re-INVITE with the same key goes on where it was, a new key or a new SSRC starts fresh.
 */
import type { SrtpKey } from '../engine.ts';
import { payloadStart, RTP_HEADER, readUint32, sequenceOf, ssrcOf } from '../rtp-packet.ts';
import { AesCmHmacSha1, MAX_PACKET } from './aes-cm.ts';
import { AesGcm } from './aes-gcm.ts';
import { deriveSessionKeys } from './key-derivation.ts';
import { PacketIndex } from './packet-index.ts';
import { SUITES } from './suites.ts';

/** Keys of one direction that are remembered: an early one, an answer's, and what re-INVITEs bring. */
const MAX_KEYS = 8;
/** Streams under one key. A new one gets a place only with an authentic packet. */
const MAX_STREAMS = 16;
const MAX_RTCP_INDEX = 0x7fff_ffff;
/** SRTCP adds its index and a tag, SRTP a tag. */
const ROOM = 24;

interface Transform {
  protectRtp(packet: Buffer, start: number, end: number, ssrc: number, index: number): number;
  unprotectRtp(packet: Buffer, start: number, length: number, ssrc: number, index: number): number;
}
interface ControlTransform {
  protectRtcp(packet: Buffer, end: number, ssrc: number, index: number): number;
  unprotectRtcp(packet: Buffer, length: number, ssrc: number): { end: number; index: number } | undefined;
}

/** One master key and the streams under it. */
class KeyContext {
  readonly rtp: Transform;
  readonly rtcp: ControlTransform;
  /** Of the last SRTCP packet that we sent. */
  rtcpSent = 0;
  readonly #streams = new Map<number, PacketIndex>();
  readonly #rtcpStreams = new Map<number, PacketIndex>();
  // The stream of the last packet, which is nearly always that of the next one.
  #ssrc = -1;
  #stream = new PacketIndex();

  constructor(key: SrtpKey) {
    const { aead, rtpTagBytes, rtcpTagBytes } = SUITES[key.suite];
    const rtp = deriveSessionKeys(key, 'rtp');
    const rtcp = deriveSessionKeys(key, 'rtcp');
    this.rtp = aead ? new AesGcm(rtp) : new AesCmHmacSha1(rtp, rtpTagBytes);
    this.rtcp = aead ? new AesGcm(rtcp) : new AesCmHmacSha1(rtcp, rtcpTagBytes);
  }

  /** A stream that is not known yet is kept by `keep`, once a packet of it was authentic. */
  stream(ssrc: number): PacketIndex {
    if (ssrc === this.#ssrc) return this.#stream;
    return this.#streams.get(ssrc) ?? new PacketIndex();
  }

  keep(ssrc: number, stream: PacketIndex): void {
    if (ssrc === this.#ssrc) return;
    this.#ssrc = ssrc;
    this.#stream = stream;
    remember(this.#streams, ssrc, stream, MAX_STREAMS);
  }

  rtcpStream(ssrc: number): PacketIndex {
    return this.#rtcpStreams.get(ssrc) ?? new PacketIndex();
  }

  keepRtcp(ssrc: number, stream: PacketIndex): void {
    remember(this.#rtcpStreams, ssrc, stream, MAX_STREAMS);
  }
}

export class SrtpSession {
  /** Packets that were not authentic, or came a second time. */
  unauthenticated = 0;
  readonly #sendContexts = new Map<string, KeyContext>();
  readonly #receiveContexts = new Map<string, KeyContext>();
  #send: KeyContext | undefined;
  #receive: KeyContext | undefined;

  /** From now on these keys count. @throws RangeError for a key of the wrong length */
  configure(keys: { readonly send: SrtpKey; readonly receive: SrtpKey }): void {
    this.#send = contextOf(this.#sendContexts, keys.send);
    this.#receive = contextOf(this.#receiveContexts, keys.receive);
  }

  /** A whole RTP packet, as SRTP in a buffer of its own. The stream may be reordered, never repeated (§9.1: the pad would be used twice). */
  protect(packet: Buffer): Buffer | undefined {
    const context = this.#send;
    if (context === undefined || packet.length > MAX_PACKET) return undefined;
    const ssrc = ssrcOf(packet);
    const stream = context.stream(ssrc);
    const index = stream.estimate(sequenceOf(packet));
    if (index < 0 || stream.isReplay(index)) return undefined;
    stream.update(index);
    context.keep(ssrc, stream);
    const out = Buffer.allocUnsafe(packet.length + ROOM);
    packet.copy(out);
    return out.subarray(0, context.rtp.protectRtp(out, RTP_HEADER, packet.length, ssrc, index));
  }

  /** Decrypts in place. Returns how long the RTP packet is; −1 if it is not authentic or was there before (§3.3). */
  unprotect(packet: Buffer): number {
    const end = this.#unprotect(packet);
    if (end < 0) this.unauthenticated += 1;
    return end;
  }

  #unprotect(packet: Buffer): number {
    const context = this.#receive;
    const start = payloadStart(packet);
    if (context === undefined || start < 0 || packet.length > MAX_PACKET) return -1;
    const ssrc = ssrcOf(packet);
    const stream = context.stream(ssrc);
    const index = stream.estimate(sequenceOf(packet));
    if (index < 0 || stream.isReplay(index)) return -1;
    const end = context.rtp.unprotectRtp(packet, start, packet.length, ssrc, index);
    if (end < 0) return -1;
    stream.update(index);
    context.keep(ssrc, stream);
    return end;
  }

  /** A compound RTCP packet as SRTCP; `undefined` without a key, or when its 2^31 indices are used up (§9.2). */
  protectRtcp(packet: Buffer): Buffer | undefined {
    const context = this.#send;
    if (context === undefined || context.rtcpSent === MAX_RTCP_INDEX || packet.length > MAX_PACKET)
      return undefined;
    context.rtcpSent += 1;
    const out = Buffer.allocUnsafe(packet.length + ROOM);
    packet.copy(out);
    const end = context.rtcp.protectRtcp(out, packet.length, readUint32(packet, 4), context.rtcpSent);
    return out.subarray(0, end);
  }

  /** The compound packet, decrypted in place; `undefined` (and counted) if it is not authentic or a replay. */
  unprotectRtcp(packet: Buffer): Buffer | undefined {
    const context = this.#receive;
    if (context !== undefined && packet.length >= 8 && packet.length <= MAX_PACKET) {
      const ssrc = readUint32(packet, 4);
      const stream = context.rtcpStream(ssrc);
      const plain = context.rtcp.unprotectRtcp(packet, packet.length, ssrc);
      if (plain !== undefined && !stream.isReplay(plain.index)) {
        stream.update(plain.index);
        context.keepRtcp(ssrc, stream);
        return packet.subarray(0, plain.end);
      }
    }
    this.unauthenticated += 1;
    return undefined;
  }
}

function contextOf(contexts: Map<string, KeyContext>, key: SrtpKey): KeyContext {
  const name = `${key.suite} ${Buffer.from(key.keyAndSalt).toString('base64')}`;
  const context = contexts.get(name) ?? new KeyContext(key);
  remember(contexts, name, context, MAX_KEYS);
  return context;
}

/** Keeps the newest. */
function remember<K, V>(map: Map<K, V>, key: K, value: V, limit: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > limit) map.delete(map.keys().next().value!);
}
