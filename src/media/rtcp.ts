/**
 * RTCP (RFC 3550 §6): what we send is built here and holds nothing but our own stream's figures and a random CNAME;
 * what comes is read for reports and BYE, the rest is forgotten.
 */
import type { Random } from '../kernel/random.ts';
import type { ReportBlock } from './receive-stats.ts';
import { readUint32, writeUint32 } from './rtp-packet.ts';

const SR = 200;
const RR = 201;
const SDES = 202;
const BYE = 203;
const SDES_CNAME = 1;
/** Seconds from 1900 to 1970. */
const NTP_EPOCH = 2_208_988_800;

/** RFC 7022 §4.2: 96 random bits, base64; new for every leg, so that two legs share nothing. */
export function randomCname(random: Random): string {
  return Buffer.from(random.bytes(12)).toString('base64');
}

export interface NtpTime {
  readonly seconds: number;
  readonly fraction: number;
}

/** `wallMs` since 1970 as NTP (§4). */
export function ntpFrom(wallMs: number): NtpTime {
  const seconds = Math.floor(wallMs / 1000);
  return {
    seconds: (seconds + NTP_EPOCH) >>> 0,
    fraction: Math.floor(((wallMs / 1000 - seconds) * 0x1_0000_0000) % 0x1_0000_0000) >>> 0,
  };
}

/** The middle 32 bits (§6.4.1, LSR). */
export const ntpMiddle = (time: NtpTime): number =>
  (((time.seconds & 0xffff) << 16) | (time.fraction >>> 16)) >>> 0;

export interface RtcpToSend {
  readonly ssrc: number;
  readonly cname: string;
  /** Present: a sender report, else a receiver report. */
  readonly sender:
    | {
        readonly ntp: NtpTime;
        readonly timestamp: number;
        readonly packets: number;
        readonly octets: number;
      }
    | undefined;
  readonly blocks: readonly ReportBlock[];
  readonly bye: boolean;
}

/** A compound packet: SR or RR, then SDES, then BYE if it is the last (§6.1). */
export function buildRtcp(report: RtcpToSend): Buffer {
  const parts = [reportPacket(report), sdesPacket(report.ssrc, report.cname)];
  if (report.bye) {
    const bye = packetOf(BYE, 1, 4);
    writeUint32(bye, 4, report.ssrc);
    parts.push(bye);
  }
  return Buffer.concat(parts);
}

function packetOf(type: number, count: number, bodyLength: number): Buffer {
  const packet = Buffer.alloc(4 + bodyLength);
  packet[0] = 0x80 | count;
  packet[1] = type;
  packet.writeUInt16BE(bodyLength / 4, 2);
  return packet;
}

function reportPacket(report: RtcpToSend): Buffer {
  const { sender, blocks } = report;
  const senderLength = sender === undefined ? 0 : 20;
  const packet = packetOf(
    sender === undefined ? RR : SR,
    blocks.length,
    4 + senderLength + 24 * blocks.length,
  );
  writeUint32(packet, 4, report.ssrc);
  if (sender !== undefined) {
    writeUint32(packet, 8, sender.ntp.seconds);
    writeUint32(packet, 12, sender.ntp.fraction);
    writeUint32(packet, 16, sender.timestamp);
    writeUint32(packet, 20, sender.packets);
    writeUint32(packet, 24, sender.octets);
  }
  blocks.forEach((block, index) => {
    const at = 8 + senderLength + 24 * index;
    writeUint32(packet, at, block.ssrc);
    writeUint32(packet, at + 4, (block.fractionLost << 24) | (block.cumulativeLost & 0xffffff));
    writeUint32(packet, at + 8, block.extendedHighestSequence);
    writeUint32(packet, at + 12, block.jitter);
    writeUint32(packet, at + 16, block.lastSr);
    writeUint32(packet, at + 20, block.delaySinceLastSr);
  });
  return packet;
}

function sdesPacket(ssrc: number, cname: string): Buffer {
  const text = Buffer.from(cname, 'ascii');
  // SSRC, item type, length, text, and at least one zero byte to the next 32-bit boundary (§6.5).
  const packet = packetOf(SDES, 1, Math.ceil((4 + 2 + text.length + 1) / 4) * 4);
  writeUint32(packet, 4, ssrc);
  packet[8] = SDES_CNAME;
  packet[9] = text.length;
  text.copy(packet, 10);
  return packet;
}

export interface RtcpReceived {
  /** Of the report at the head. */
  readonly ssrc: number;
  /** Middle 32 bits of the sender report's NTP timestamp. */
  readonly senderNtpMiddle: number | undefined;
  readonly blocks: readonly ReportBlock[];
  readonly bye: boolean;
}

/** Reads a compound packet after the checks of RFC 3550 A.2; `undefined` if it fails them. */
export function parseRtcp(packet: Uint8Array): RtcpReceived | undefined {
  if (packet.length < 8 || packet[0]! >> 6 !== 2 || (packet[0]! & 0x20) !== 0) return undefined;
  const type = packet[1]!;
  if (type !== SR && type !== RR) return undefined;
  const bodyAt = type === SR ? 28 : 8;
  const blocks: ReportBlock[] = [];
  let bye = false;
  for (let at = 0; at < packet.length; ) {
    if (at + 4 > packet.length || packet[at]! >> 6 !== 2) return undefined;
    const next = at + 4 + 4 * ((packet[at + 2]! << 8) | packet[at + 3]!);
    if (next > packet.length) return undefined;
    if (at === 0) {
      const count = packet[0]! & 0x1f;
      if (bodyAt + 24 * count > next) return undefined;
      for (let i = 0; i < count; i++) blocks.push(readBlock(packet, bodyAt + 24 * i));
    } else if (packet[at + 1] === BYE) bye = true;
    at = next;
  }
  const senderNtpMiddle =
    type === SR
      ? (((readUint32(packet, 8) & 0xffff) << 16) | (readUint32(packet, 12) >>> 16)) >>> 0
      : undefined;
  return { ssrc: readUint32(packet, 4), senderNtpMiddle, blocks, bye };
}

function readBlock(packet: Uint8Array, at: number): ReportBlock {
  return {
    ssrc: readUint32(packet, at),
    fractionLost: packet[at + 4]!,
    cumulativeLost: (readUint32(packet, at + 4) << 8) >> 8,
    extendedHighestSequence: readUint32(packet, at + 8),
    jitter: readUint32(packet, at + 12),
    lastSr: readUint32(packet, at + 16),
    delaySinceLastSr: readUint32(packet, at + 20),
  };
}

/** §6.4.1: A − LSR − DLSR, in milliseconds; `undefined` when the peer had no sender report of ours yet. */
export function roundTripMs(block: ReportBlock, now: NtpTime): number | undefined {
  if (block.lastSr === 0) return undefined;
  const units = (ntpMiddle(now) - block.lastSr - block.delaySinceLastSr) | 0;
  return units < 0 ? 0 : (units * 1000) / 65536;
}
