import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { decodeG711 } from '../codec/g711.ts';
import { G722Decoder } from '../codec/g722.ts';
import type { AudioCodec, LegPlan } from '../engine.ts';
import { toneShare } from '../goertzel.ts';
import { buildRtp, parseRtp, type RtpPacket } from '../rtp-packet.ts';
import { sine } from '../tones.ts';
import { LegOutput } from './leg-output.ts';
import { emptyView } from './packet-view.ts';

function outputOf(changes: Partial<LegPlan>) {
  const sent: RtpPacket[] = [];
  const output = new LegOutput(1, seededRandom(4), (wire) => sent.push(parseRtp(Buffer.from(wire))!));
  output.configure({
    remote: { host: '192.0.2.1', port: 4000 },
    codec: 'PCMA',
    sendPayloadType: 8,
    receivePayloadType: 8,
    direction: 'sendrecv',
    latch: 'learn',
    packetMs: 20,
    ...changes,
  });
  return { output, sent };
}

/** What the packets sound like, at 8 kHz. */
function heard(codec: AudioCodec, packets: readonly RtpPacket[]): Int16Array {
  const bytes = Buffer.concat(packets.map((packet) => packet.payload));
  if (codec !== 'G722') return decodeG711(codec, bytes);
  const decoder = new G722Decoder();
  return Int16Array.from(bytes, (byte) => decoder.decodeNarrow(byte));
}

describe('what a leg sends', () => {
  const lengths = ([10, 20, 30, 40, 60] as const).flatMap((packetMs) =>
    (['PCMU', 'PCMA', 'G722'] as const).map((codec) => [packetMs, codec] as const),
  );
  it.each(lengths)('frames of 20 ms leave in packets of %d ms, %s, without a hole', (packetMs, codec) => {
    const { output, sent } = outputOf({ codec, packetMs });
    const tone = sine(600, 1200);
    for (let n = 0; n < 60; n++)
      output.takeSamples(7, tone.subarray(160 * n, 160 * n + 160), 5000.1 + 20 * n);
    expect(sent).toHaveLength(1200 / packetMs);
    sent.slice(1).forEach((packet, n) => {
      expect((packet.timestamp - sent[n]!.timestamp) >>> 0).toBe(packetMs * 8);
      expect((packet.sequence - sent[n]!.sequence) & 0xffff).toBe(1);
      expect(packet.marker).toBe(false);
    });
    expect(sent.every((packet) => packet.payload.length === packetMs * 8)).toBe(true);
    expect(toneShare(heard(codec, sent), 600)).toBeGreaterThan(0.99);
  });

  it('packets of any length are relayed as long as they came', () => {
    for (const milliseconds of [10, 20, 30, 40, 60]) {
      const { output, sent } = outputOf({ codec: 'G722', sendPayloadType: 9 });
      const view = emptyView(3);
      const payload = Buffer.alloc(milliseconds * 8, 0xd5);
      view.buffer = buildRtp({ marker: false, payloadType: 8, sequence: 1, timestamp: 1, ssrc: 5, payload });
      Object.assign(view, { start: 12, end: view.buffer.length, ssrc: 5, codec: 'PCMA' });
      output.takePacket(view, true);
      expect([sent[0]?.payload.length, output.transcoder.packets]).toEqual([milliseconds * 8, 1]);
    }
  });
});
