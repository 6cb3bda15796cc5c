/** RTP and RTCP bytes (RFC 3550 §5.1, §6.4.1, §6.5) as the phone reads and writes them. */

export interface PhoneRtpPacket {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Uint8Array;
}

const HEADER = 12;

/** Undefined for what is not RTP version 2. Extension, CSRC list and padding are stepped over. */
export function readRtp(bytes: Uint8Array): PhoneRtpPacket | undefined {
  if (bytes.length < HEADER || bytes[0]! >> 6 !== 2) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let start = HEADER + (bytes[0]! & 0x0f) * 4;
  if ((bytes[0]! & 0x10) !== 0) {
    if (start + 4 > bytes.length) return undefined;
    start += 4 + view.getUint16(start + 2) * 4;
  }
  const end = bytes.length - ((bytes[0]! & 0x20) !== 0 ? bytes[bytes.length - 1]! : 0);
  if (start > end) return undefined;
  return {
    marker: (bytes[1]! & 0x80) !== 0,
    payloadType: bytes[1]! & 0x7f,
    sequence: view.getUint16(2),
    timestamp: view.getUint32(4),
    ssrc: view.getUint32(8),
    payload: bytes.subarray(start, end),
  };
}

export function writeRtp(packet: PhoneRtpPacket): Uint8Array {
  const bytes = new Uint8Array(HEADER + packet.payload.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0x80;
  bytes[1] = (packet.marker ? 0x80 : 0) | packet.payloadType;
  view.setUint16(2, packet.sequence);
  view.setUint32(4, packet.timestamp);
  view.setUint32(8, packet.ssrc);
  bytes.set(packet.payload, HEADER);
  return bytes;
}

export interface SenderReport {
  readonly ssrc: number;
  readonly wallClockMs: number;
  readonly timestamp: number;
  readonly packets: number;
  readonly octets: number;
  readonly cname: string;
}

/** Seconds between 1900 (NTP) and 1970. */
const NTP_EPOCH = 2_208_988_800;

/** SR without report blocks, and SDES with CNAME. */
export function senderReport(report: SenderReport): Uint8Array {
  const cname = Buffer.from(report.cname).subarray(0, 255);
  // The chunk ends with at least one zero, at a multiple of four (§6.5).
  const chunk = Math.ceil((4 + 2 + cname.length + 1) / 4) * 4;
  const bytes = Buffer.alloc(28 + 4 + chunk);
  bytes.set([0x80, 200, 0, 6]);
  bytes.writeUInt32BE(report.ssrc, 4);
  bytes.writeUInt32BE((Math.floor(report.wallClockMs / 1_000) + NTP_EPOCH) >>> 0, 8);
  bytes.writeUInt32BE(Math.floor(((report.wallClockMs % 1_000) / 1_000) * 2 ** 32) >>> 0, 12);
  bytes.writeUInt32BE(report.timestamp, 16);
  bytes.writeUInt32BE(report.packets, 20);
  bytes.writeUInt32BE(report.octets >>> 0, 24);
  bytes.set([0x81, 202, 0, chunk / 4], 28);
  bytes.writeUInt32BE(report.ssrc, 32);
  bytes.set([1, cname.length, ...cname], 36);
  return bytes;
}
