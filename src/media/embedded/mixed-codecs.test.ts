import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../../test/kit/rtp-peer.ts';
import { G722Decoder, G722Encoder } from '../codec/g722.ts';
import type { AudioCodec } from '../engine.ts';
import { toneShare } from '../goertzel.ts';
import { readWavChannel } from '../wav.ts';
import { fromFirstSound, MediaStage } from './test-support.ts';

let stage: MediaStage;
beforeAll(() => {
  stage = new MediaStage();
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

const CODECS: readonly AudioCodec[] = ['PCMU', 'PCMA', 'G722'];
const PAIRS = CODECS.flatMap((one) => CODECS.map((other) => [one, other] as const));

describe('two legs', () => {
  it.each(PAIRS)('%s and %s hear each other; only different codecs are converted', async (one, other) => {
    const alice = await stage.peer(one);
    const bob = await stage.peer(other);
    const a = await stage.leg(alice);
    const b = await stage.leg(bob);
    stage.join(a, b);
    alice.talk(a.local.port, 440);
    bob.talk(b.local.port, 700);
    await until('both hear', () => alice.packets.length >= 25 && bob.packets.length >= 25);
    alice.stopTalking();
    bob.stopTalking();
    expect(toneShare(bob.heard(), 440)).toBeGreaterThan(0.95);
    expect(toneShare(alice.heard(), 700)).toBeGreaterThan(0.95);
    expect(bob.packets.every((packet) => packet.payload.length === 160)).toBe(true);
    const stats = await b.stats();
    expect(stats.transcoded).toBe(one === other ? 0 : stats.packetsSent);
  });

  it('G.722 on both sides stays what it is: sound above the telephone band arrives', async () => {
    const alice = await stage.peer('G722');
    const bob = await stage.peer('G722');
    const a = await stage.leg(alice);
    const b = await stage.leg(bob);
    stage.session.connect(a, b);
    const high = Int16Array.from(
      { length: 16_000 },
      (_, i) => 8000 * Math.sin((2 * Math.PI * 6000 * i) / 16_000),
    );
    const bytes = new G722Encoder().encode(high);
    for (let at = 0; at < bytes.length; at += 160) {
      alice.sendPacket(a.local.port, bytes.subarray(at, at + 160));
      alice.timestamp = (alice.timestamp + 160) >>> 0;
    }
    await until('all of it', () => bob.packets.length === 50);
    const heard = new G722Decoder().decode(Buffer.concat(bob.packets.map((packet) => packet.payload)));
    expect(toneShare(heard.subarray(2000), 6000, 16_000)).toBeGreaterThan(0.95);
    expect((await b.stats()).transcoded).toBe(0);
  });

  it('[row 35] keys cross between different codecs as they are, and different clocks are none of theirs', async () => {
    const alice = await stage.peer('G722');
    const bob = await stage.peer('PCMU');
    const a = await stage.leg(alice);
    const b = await stage.leg(bob, { telephoneEvent: { sendPayloadType: 96, receivePayloadType: 96 } });
    stage.session.connect(a, b);
    alice.sendFrame(a.local.port, 440);
    alice.press(a.local.port, 5);
    alice.sendFrame(a.local.port, 440);
    await until('all packets', () => bob.packets.length === 8);
    const events = bob.packets.filter((packet) => packet.payloadType === 96);
    expect(events.map((event) => event.payload[0])).toEqual(Array(6).fill(5));
    expect(new Set(events.map((event) => event.timestamp)).size).toBe(1);
    expect((await b.stats()).transcoded).toBe(2);
  });
});

it('[row 37] a recording of G.722 and G.711 has both on one clock, and what was lost is concealed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'maskline-g722-'));
  const alice = await stage.peer('G722');
  const bob = await stage.peer('PCMA');
  const a = await stage.leg(alice);
  const b = await stage.leg(bob);
  stage.join(a, b);
  const path = join(folder, 'call.wav');
  const recorder = stage.session.createRecorder({ path, channels: 2 });
  const stopped = Promise.withResolvers<object>();
  recorder.events.on('stopped', stopped.resolve);
  stage.session.connect(a, recorder.left);
  stage.session.connect(b, recorder.right);
  alice.talk(a.local.port, 400);
  bob.talk(b.local.port, 500);
  await until('some sound', () => bob.packets.length > 15 && alice.packets.length > 15);
  for (const peer of [alice, bob]) {
    // One packet that never was sent.
    peer.sequence = (peer.sequence + 1) & 0xffff;
    peer.timestamp = (peer.timestamp + 160) >>> 0;
  }
  await until('more sound', () => bob.packets.length > 35 && alice.packets.length > 35);
  recorder.close();
  await stopped.promise;
  const wav = await readFile(path);
  for (const [channel, hz] of [
    ['left', 400],
    ['right', 500],
  ] as const) {
    const samples = fromFirstSound(readWavChannel(wav, channel)).subarray(400, 4400);
    expect(toneShare(samples, hz)).toBeGreaterThan(0.9);
    const quiet = Array.from({ length: 25 }, (_, n) => samples.subarray(160 * n, 160 * n + 160)).filter(
      (frame) => Math.max(...frame) < 2000,
    );
    expect(quiet).toHaveLength(0);
  }
  rmSync(folder, { recursive: true });
});
