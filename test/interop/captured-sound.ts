import { decodeG711 } from '../../src/media/codec/g711.ts';
import { toneShare } from '../../src/media/goertzel.ts';
import { isRtp } from './capture-leak-scan.ts';
import type { CapturedPacket } from './pcap.ts';

/** PCMA (RFC 3551 §6). */
const PAYLOAD_TYPE = 8;
const HEADER = 12;

/**
 * What reached an address from each port of the server, one stream per call: the samples of its RTP packets, in order of
 * arrival. SIPp has one media port for all calls.
 */
export function soundsAt(packets: readonly CapturedPacket[], host: string): Map<number, Int16Array> {
  const payloads = new Map<number, Buffer[]>();
  for (const { transport, from, to, bytes } of packets) {
    if (transport !== 'udp' || to.host !== host || !isRtp(bytes)) continue;
    if ((bytes[1]! & 0x7f) !== PAYLOAD_TYPE) continue;
    const known = payloads.get(from.port) ?? [];
    if (known.length === 0) payloads.set(from.port, known);
    known.push(bytes.subarray(HEADER));
  }
  return new Map([...payloads].map(([port, parts]) => [port, decodeG711('PCMA', Buffer.concat(parts))]));
}

/** Which share of its power a sound has at `hz`, in its middle: beginnings have the silence of the set-up. */
export function shareOf(samples: Int16Array, hz: number): number {
  const start = Math.max(0, (samples.length >> 1) - 2_000);
  return toneShare(samples.subarray(start, start + 4_000), hz);
}
