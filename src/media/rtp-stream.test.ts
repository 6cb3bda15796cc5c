import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { buildRtp, parseRtp, type RtpPacket, sequenceDelta, timestampDelta } from './rtp-packet.ts';
import { RtpStream } from './rtp-stream.ts';

const payload = new Uint8Array(160).fill(0x55);
const inbound = (sequence: number, timestamp: number, ssrc: number, marker = false): Buffer =>
  buildRtp({ marker, payloadType: 8, sequence, timestamp: timestamp >>> 0, ssrc, payload });

function relay(
  stream: RtpStream,
  source: number,
  packet: Buffer,
  now: number,
  isEvent = false,
): RtpPacket | undefined {
  return stream.relay(source, packet, 12, packet.length - 12, 0, isEvent, now) ? parseRtp(packet) : undefined;
}
function own(stream: RtpStream, source: number, now: number): RtpPacket {
  const packet = Buffer.alloc(172);
  stream.own(source, packet, 0, 160, now);
  return parseRtp(packet)!;
}

describe('an outbound stream', () => {
  it('[row 38] keeps SSRC, sequence and timestamp through player → caller → another caller', () => {
    const stream = new RtpStream(seededRandom(3));
    const sent: RtpPacket[] = [];
    for (let n = 0; n < 5; n++) sent.push(own(stream, 1, 1000 + 20 * n));
    for (let n = 0; n < 5; n++)
      sent.push(relay(stream, 2, inbound(65_533 + n, 0xffffff00 + 160 * n, 77), 1100 + 20 * n)!);
    for (let n = 0; n < 5; n++) sent.push(relay(stream, 3, inbound(9 + n, 5 + 160 * n, 88), 1200 + 20 * n)!);
    for (let n = 0; n < 5; n++) sent.push(own(stream, 1, 1300 + 20 * n));
    expect(new Set(sent.map((packet) => packet.ssrc))).toEqual(new Set([stream.ssrc]));
    for (let n = 1; n < sent.length; n++) {
      expect(sequenceDelta(sent[n]!.sequence, sent[n - 1]!.sequence)).toBe(1);
      expect(timestampDelta(sent[n]!.timestamp, sent[n - 1]!.timestamp)).toBe(160);
    }
    expect(sent.map((packet) => packet.marker).flatMap((marker, n) => (marker ? [n] : []))).toEqual([
      0, 5, 10, 15,
    ]);
    expect(stream.packets).toBe(20);
    expect(stream.octets).toBe(20 * 160);
  });

  it('[row 38] nothing of the source numbering shows, nor its SSRC', () => {
    const stream = new RtpStream(seededRandom(4));
    const out = relay(stream, 2, inbound(500, 9000, 0x01020304), 0)!;
    expect([out.ssrc, out.sequence, out.timestamp]).not.toContain(0x01020304);
    expect(out.sequence).not.toBe(500);
    expect(out.timestamp).not.toBe(9000);
  });

  it('[row 36] a timestamp advances through a gap, with marker on resume', () => {
    const stream = new RtpStream(seededRandom(5));
    const before = own(stream, 1, 0);
    const after = own(stream, 1, 500);
    expect(timestampDelta(after.timestamp, before.timestamp)).toBe(4000);
    expect(after.marker).toBe(true);
    expect(own(stream, 1, 520).marker).toBe(false);
  });

  it('leaves loss and reordering visible within a source', () => {
    const stream = new RtpStream(seededRandom(6));
    const base = relay(stream, 2, inbound(10, 1600, 7), 0)!;
    const third = relay(stream, 2, inbound(12, 1920, 7), 40)!;
    const second = relay(stream, 2, inbound(11, 1760, 7), 41)!;
    expect(
      [third.sequence, second.sequence].map((sequence) => sequenceDelta(sequence, base.sequence)),
    ).toEqual([2, 1]);
    expect(timestampDelta(second.timestamp, base.timestamp)).toBe(160);
    expect(relay(stream, 2, inbound(13, 2080, 7), 60)!.marker).toBe(false);
  });

  it('drops a straggler from before the switch: its number is taken', () => {
    const stream = new RtpStream(seededRandom(7));
    own(stream, 1, 0);
    relay(stream, 2, inbound(100, 16_000, 7), 20);
    expect(relay(stream, 2, inbound(99, 15_840, 7), 21)).toBeUndefined();
  });

  it('takes a jump of the peer (RFC 3550 A.1) for a new beginning', () => {
    const stream = new RtpStream(seededRandom(8));
    const before = relay(stream, 2, inbound(100, 16_000, 7), 0)!;
    const jumped = relay(stream, 2, inbound(40_000, 900_000, 7), 20)!;
    expect(sequenceDelta(jumped.sequence, before.sequence)).toBe(1);
    expect(timestampDelta(jumped.timestamp, before.timestamp)).toBe(160);
    expect(jumped.marker).toBe(true);
    const clockJump = relay(stream, 2, inbound(40_001, 900_160 + 80_000, 7), 40)!;
    expect(timestampDelta(clockJump.timestamp, jumped.timestamp)).toBe(160);
  });

  it('[row 35] relays an event without re-timestamping: one timestamp for all its packets', () => {
    const stream = new RtpStream(seededRandom(9));
    const audio = relay(stream, 2, inbound(1, 160, 7), 0)!;
    const events = [2, 3, 4].map(
      (sequence) => relay(stream, 2, inbound(sequence, 320, 7, sequence === 2), 20 * sequence, true)!,
    );
    expect(new Set(events.map((event) => timestampDelta(event.timestamp, audio.timestamp)))).toEqual(
      new Set([160]),
    );
    expect(events.map((event) => event.marker)).toEqual([true, false, false]);
    const after = relay(stream, 2, inbound(5, 160 + 800, 7), 100)!;
    expect(timestampDelta(after.timestamp, audio.timestamp)).toBe(800);
  });

  it('has no hole in its sequence where our own digit replaced the source', () => {
    const stream = new RtpStream(seededRandom(10));
    const before = relay(stream, 2, inbound(1, 160, 7), 0)!;
    const digit = Buffer.alloc(16);
    for (let n = 0; n < 3; n++) {
      stream.skip(2, inbound(2 + n, 320 + 160 * n, 7));
      stream.event(digit, 101, n === 0, 20 + 20 * n);
      expect(sequenceDelta(parseRtp(digit)!.sequence, before.sequence)).toBe(n + 1);
      expect(timestampDelta(parseRtp(digit)!.timestamp, before.timestamp)).toBe(160);
    }
    const after = relay(stream, 2, inbound(5, 800, 7), 80)!;
    expect(sequenceDelta(after.sequence, before.sequence)).toBe(4);
    expect(timestampDelta(after.timestamp, before.timestamp)).toBe(640);
  });

  it('overwrites an extension instead of passing it on', () => {
    const stream = new RtpStream(seededRandom(11));
    const packet = Buffer.concat([
      inbound(1, 160, 7).subarray(0, 12),
      Buffer.from('bede0001c0ffee00', 'hex'),
      payload,
    ]);
    packet[0] = 0x90;
    expect(stream.relay(2, packet, 20, 160, 0, false, 0)).toBe(true);
    const out = parseRtp(packet.subarray(8))!;
    expect([out.ssrc, out.payload.length]).toEqual([stream.ssrc, 160]);
    expect(packet.subarray(8).includes(Buffer.from('c0ffee', 'hex'))).toBe(false);
  });
});
