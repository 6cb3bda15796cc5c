/**
 * RTP headers, read and written in place (RFC 3550 §5.1). The single readers below are for the relay, which makes no
 * object per packet; `parseRtp` and `buildRtp` are for everybody else. Numbers are read without a bound check of their
 * own, so `isRtp` comes first.
 */
export const RTP_HEADER = 12;

/** Version 2 and long enough for the fixed header. */
export function isRtp(packet: Uint8Array): boolean {
  return packet.length >= RTP_HEADER && packet[0]! >> 6 === 2;
}

/** RTCP on an RTP port (RFC 5761 §4): packet types 192 to 223 lie where no RTP payload type with its marker is used. */
export const isMuxedRtcp = (packet: Uint8Array): boolean => packet[1]! >= 192 && packet[1]! <= 223;

export const payloadTypeOf = (packet: Uint8Array): number => packet[1]! & 0x7f;
export const markerOf = (packet: Uint8Array): boolean => (packet[1]! & 0x80) !== 0;
export const sequenceOf = (packet: Uint8Array): number => (packet[2]! << 8) | packet[3]!;
export const timestampOf = (packet: Uint8Array): number => readUint32(packet, 4);
export const ssrcOf = (packet: Uint8Array): number => readUint32(packet, 8);

/** Where the payload begins: after CSRCs and header extension (§5.3.1), which we never pass on. -1 if they do not fit. */
export function payloadStart(packet: Uint8Array): number {
  let start = RTP_HEADER + 4 * (packet[0]! & 0x0f);
  if ((packet[0]! & 0x10) !== 0) {
    if (start + 4 > packet.length) return -1;
    start += 4 + 4 * ((packet[start + 2]! << 8) | packet[start + 3]!);
  }
  return start <= packet.length ? start : -1;
}

/** Where the payload ends: before the padding (§5.1, P bit). -1 if the padding count is nonsense. */
export function payloadEnd(packet: Uint8Array, start: number): number {
  if ((packet[0]! & 0x20) === 0) return packet.length;
  const padding = packet[packet.length - 1]!;
  const end = packet.length - padding;
  return padding > 0 && end >= start ? end : -1;
}

/** Writes a fixed header without padding, extension or CSRC at `at`. */
export function writeHeader(
  packet: Uint8Array,
  at: number,
  marker: boolean,
  payloadType: number,
  sequence: number,
  timestamp: number,
  ssrc: number,
): void {
  packet[at] = 0x80;
  packet[at + 1] = (marker ? 0x80 : 0) | payloadType;
  packet[at + 2] = sequence >>> 8;
  packet[at + 3] = sequence;
  writeUint32(packet, at + 4, timestamp);
  writeUint32(packet, at + 8, ssrc);
}

export interface RtpPacket {
  readonly marker: boolean;
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  /** A view into the packet. */
  readonly payload: Uint8Array;
}

/** Reads a whole packet; `undefined` if it is not one. */
export function parseRtp(packet: Uint8Array): RtpPacket | undefined {
  if (!isRtp(packet)) return undefined;
  const start = payloadStart(packet);
  if (start < 0) return undefined;
  const end = payloadEnd(packet, start);
  if (end < 0) return undefined;
  return {
    marker: markerOf(packet),
    payloadType: payloadTypeOf(packet),
    sequence: sequenceOf(packet),
    timestamp: timestampOf(packet),
    ssrc: ssrcOf(packet),
    payload: packet.subarray(start, end),
  };
}

/** A new packet with the fixed header and a copy of the payload. */
export function buildRtp(packet: RtpPacket): Buffer {
  const out = Buffer.allocUnsafe(RTP_HEADER + packet.payload.length);
  writeHeader(out, 0, packet.marker, packet.payloadType, packet.sequence, packet.timestamp, packet.ssrc);
  out.set(packet.payload, RTP_HEADER);
  return out;
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** `a - b` modulo 2^16 as a signed number: how far ahead `a` is. */
export const sequenceDelta = (a: number, b: number): number => ((a - b) << 16) >> 16;

/** `a - b` modulo 2^32 as a signed number. */
export const timestampDelta = (a: number, b: number): number => (a - b) | 0;
