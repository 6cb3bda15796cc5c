import { type Leak, type Outgoing, scanForLeaks } from '../../src/privacy/leak-scan.ts';
import type { Secret } from '../../src/privacy/secret.ts';
import { type LegPacket, secretsFromPackets } from '../../src/privacy/secrets-from-messages.ts';
import type { Address } from '../../src/sip/transport/types.ts';
import type { CapturedPacket } from './pcap.ts';

/** One side of a masked call, as the wire knows it. */
export interface CapturedLeg {
  readonly name: string;
  /** Whether an address is this side's: its SIP port, its media ports. */
  readonly owns: (address: Address) => boolean;
  /** What is secret besides what the packets say. */
  readonly secrets?: readonly Secret[];
}

export interface CaptureScan {
  readonly leaks: readonly Leak[];
  /** How many packets each side sent and was sent, and how many secrets it has: a scan of nothing proves nothing. */
  readonly legs: Readonly<Record<string, { sent: number; received: number; secrets: number }>>;
}

/**
 * Looks in everything that was sent to each side for the other sides' secrets. Works on captured packets alone: what
 * went over the wire, not what some code of ours says that it sent.
 */
export function scanCapture(input: {
  readonly packets: readonly CapturedPacket[];
  readonly legs: readonly CapturedLeg[];
  readonly mayBeSeen: Iterable<string>;
}): CaptureScan {
  const mayBeSeen = [...input.mayBeSeen];
  const legs = input.legs.map((leg) => {
    const packets: LegPacket[] = [
      ...joinStreams(input.packets.filter((packet) => leg.owns(packet.from))).map((bytes) => sent(bytes)),
      ...joinStreams(input.packets.filter((packet) => leg.owns(packet.to))).map((bytes) => received(bytes)),
    ];
    const secrets = [...(leg.secrets ?? []), ...secretsFromPackets(packets, { mayBeSeen })];
    return { leg, packets, secrets };
  });
  const leaks = legs.flatMap(({ leg, packets }) => {
    const secrets = legs.filter((other) => other.leg !== leg).flatMap((other) => other.secrets);
    // SIPp counts its SSRCs from the same number in every process, and a report about a side's own stream tells it
    // nothing. As the SSRC of a stream that reaches it, the same number would be the other side's.
    const own = new Set(ssrcsSentIn(packets));
    const unlessOwn = secrets.filter(({ kind, value }) => kind !== 'ssrc' || !own.has(value));
    const outgoing = packets.filter((packet) => packet.direction === 'received');
    const scan = (wanted: readonly Secret[], rtp: boolean): Leak[] =>
      scanForLeaks({
        secrets: wanted,
        packets: outgoing
          .filter(({ bytes }) => isRtp(bytes) === rtp)
          .map(({ bytes }): Outgoing => ({ to: leg.name, bytes })),
      });
    return [...scan(unlessOwn, false), ...scan(secrets, true)];
  });
  const counts = legs.map(({ leg, packets, secrets }) => {
    const received = packets.filter((packet) => packet.direction === 'received').length;
    return [leg.name, { sent: packets.length - received, received, secrets: secrets.length }];
  });
  return { leaks, legs: Object.fromEntries(counts) };
}

/** SSRCs of the RTP that a side sent. */
const ssrcsSentIn = (packets: readonly LegPacket[]): string[] =>
  packets
    .filter(({ direction, bytes }) => direction === 'sent' && isRtp(bytes))
    .map(({ bytes }) => ssrcOf(bytes));

/** RTP rather than RTCP or SIP (RFC 5761 §4). */
export function isRtp(bytes: Uint8Array): boolean {
  return bytes.length >= 12 && bytes[0]! >> 6 === 2 && !(bytes[1]! >= 192 && bytes[1]! <= 223);
}

/** In decimal digits. */
const ssrcOf = (rtp: Uint8Array): string => String(Buffer.from(rtp).readUInt32BE(8));

const sent = (bytes: Buffer): LegPacket => ({ direction: 'sent', bytes });
const received = (bytes: Buffer): LegPacket => ({ direction: 'received', bytes });

/** Datagrams as they are; the segments of each TCP direction put together and cut into SIP messages again. */
function joinStreams(packets: readonly CapturedPacket[]): Buffer[] {
  const streams = new Map<string, CapturedPacket[]>();
  for (const packet of packets) {
    if (packet.transport !== 'tcp' || packet.bytes.length === 0) continue;
    const key = `${packet.from.host}:${packet.from.port} ${packet.to.host}:${packet.to.port}`;
    streams.set(key, [...(streams.get(key) ?? []), packet]);
  }
  const datagrams = packets.filter((packet) => packet.transport === 'udp').map((packet) => packet.bytes);
  return [...datagrams, ...[...streams.values()].flatMap((segments) => messagesOf(joined(segments)))];
}

function joined(segments: readonly CapturedPacket[]): Buffer {
  const first = segments[0]!.sequence;
  const stream: Buffer[] = [];
  let end = 0;
  const byPlace = segments
    .map((segment) => ({ at: (segment.sequence - first) >>> 0, bytes: segment.bytes }))
    .sort((a, b) => a.at - b.at);
  for (const { at, bytes } of byPlace) {
    // Bytes that were sent again are there already.
    const fresh = bytes.subarray(Math.max(0, end - at));
    stream.push(fresh);
    end = Math.max(end, at + bytes.length);
  }
  return Buffer.concat(stream);
}

function messagesOf(stream: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let rest = stream; rest.length > 0; ) {
    const end = rest.indexOf('\r\n\r\n');
    const head = rest.toString('latin1', 0, Math.max(0, end));
    const length = Number(/^(?:content-length|l)[ \t]*:[ \t]*(\d+)/im.exec(head)?.[1] ?? 0);
    const size = end < 0 ? rest.length : end + 4 + length;
    messages.push(rest.subarray(0, size));
    rest = rest.subarray(size);
  }
  return messages;
}
