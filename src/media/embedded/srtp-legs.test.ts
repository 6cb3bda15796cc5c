import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../../test/kit/rtp-peer.ts';
import type { SrtpSuite } from '../engine.ts';
import { toneShare } from '../goertzel.ts';
import { parseRtcp } from '../rtcp.ts';
import { buildRtp } from '../rtp-packet.ts';
import { testKey } from '../srtp/test-support.ts';
import { readWavChannel } from '../wav.ts';
import { fromFirstSound, MediaStage, secured } from './test-support.ts';

let stage: MediaStage;
beforeAll(() => {
  stage = new MediaStage();
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

const [KEY_A, KEY_B] = [testKey(1), testKey(2)];

/** Alice with SRTP, Bob without. */
async function secureAndPlain(suite: SrtpSuite = 'AES_CM_128_HMAC_SHA1_80') {
  const alice = await stage.peer('PCMA');
  const bob = await stage.peer('PCMA');
  const a = await stage.leg(alice, secured(alice, testKey(1, suite), testKey(2, suite)));
  const b = await stage.leg(bob);
  stage.join(a, b);
  return { alice, bob, a, b };
}

describe('an SRTP leg', () => {
  it.each([
    'AES_CM_128_HMAC_SHA1_80',
    'AES_CM_128_HMAC_SHA1_32',
    'AEAD_AES_128_GCM',
    'AEAD_AES_256_GCM',
  ] as const)('[RFC 3711 §3.3] talks to a plain leg, both ways: %s', async (suite) => {
    const { alice, bob, a, b } = await secureAndPlain(suite);
    alice.talk(a.local.port, 440);
    bob.talk(b.local.port, 700);
    await until('both hear', () => alice.packets.length > 25 && bob.packets.length > 25);
    expect(toneShare(bob.heard(), 440)).toBeGreaterThan(0.95);
    expect(toneShare(alice.heard(), 700)).toBeGreaterThan(0.95);
    expect(alice.unauthenticated).toBe(0);
    expect(await a.stats()).toMatchObject({ unauthenticated: 0, strangers: 0, transcoded: 0 });
  });

  it('[row 34] what is not authentic is dropped, counted, and never latches', async () => {
    const { alice, bob, a } = await secureAndPlain();
    a.configure(
      alice.plan({ remote: { host: '192.0.2.1', port: 4000 }, srtp: { send: KEY_B, receive: KEY_A } }),
    );
    const stranger = await stage.peer('PCMA', '127.0.0.2');
    stranger.talk(a.local.port, 1200); // plain RTP, inside the learning window, with the right payload type
    while ((await a.stats()).unauthenticated < 10);
    alice.talk(a.local.port, 440);
    await until('alice is heard', () => bob.packets.length > 25);
    expect(toneShare(bob.heard(), 1200)).toBeLessThan(0.001);
    expect(stranger.packets).toHaveLength(0);
  });

  it('[row 34] a refresh goes on; the key of the 200 replaces that of the 183', async () => {
    const { alice, bob, a } = await secureAndPlain();
    const early = { send: KEY_B, receive: KEY_A };
    alice.talk(a.local.port, 440);
    await until('early media', () => bob.packets.length > 10);
    a.configure(alice.plan({ srtp: early, direction: 'sendrecv', packetMs: 40 })); // a refresh
    await until('after the refresh', () => bob.packets.length > 25);
    expect((await a.stats()).unauthenticated).toBe(0);
    const final = { send: testKey(4), receive: testKey(3) };
    alice.stopTalking();
    a.configure(alice.plan({ srtp: final }));
    await a.stats();
    alice.secure({ send: final.receive, receive: final.send });
    alice.talk(a.local.port, 440);
    await until('under the new key', () => bob.packets.length > 45);
    expect((await a.stats()).unauthenticated).toBe(0);
    // The old key is worth nothing now.
    alice.secure({ send: KEY_A, receive: KEY_B });
    while ((await a.stats()).unauthenticated < 5);
  });

  it('[row 32] after a silence, authentic packets from elsewhere are the peer, without any re-INVITE', async () => {
    const { alice, bob, a } = await secureAndPlain();
    for (let n = 0; n < 5; n++) alice.sendFrame(a.local.port, 440);
    await until('alice is latched', () => bob.packets.length === 5);
    const elsewhere = await stage.peer('PCMA', '127.0.0.3');
    elsewhere.secure({ send: KEY_A, receive: KEY_B });
    elsewhere.talk(a.local.port, 1000);
    await until('it is believed', () => toneShare(bob.heard().slice(-4000), 1000) > 0.95, 8000);
    expect((await a.stats()).strangers).toBeGreaterThan(50); // not before the silence was long enough
  });

  it('[RFC 3711 §3.4] RTCP is SRTCP both ways, and forged reports are ignored', async () => {
    const { alice, a } = await secureAndPlain();
    for (let n = 0; n < 5; n++) alice.sendFrame(a.local.port, 440);
    // A forged BYE and report in clear; then a true one.
    alice.sendRaw(a.local.port, Buffer.alloc(40, 0x80));
    await until('a report of ours', () => alice.rtcp.length > 0, 9000);
    expect(parseRtcp(alice.rtcp[0]!)?.blocks[0]?.ssrc).toBe(alice.ssrc);
    await a.close();
    await until('BYE', () => parseRtcp(alice.rtcp.at(-1)!)?.bye === true);
  });

  it('the record tap hears it decrypted, in both directions', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'maskline-srtp-'));
    const { alice, bob, a, b } = await secureAndPlain();
    const path = join(folder, 'call.wav');
    const recorder = stage.session.createRecorder({ path, channels: 2 });
    const stopped = Promise.withResolvers<object>();
    recorder.events.on('stopped', stopped.resolve);
    stage.session.connect(a, recorder.left);
    stage.session.tap(a, recorder.right);
    alice.talk(a.local.port, 440);
    bob.talk(b.local.port, 700);
    await until('half a second', () => alice.packets.length > 40 && bob.packets.length > 40);
    recorder.close();
    await stopped.promise;
    const wav = await readFile(path);
    expect(toneShare(fromFirstSound(readWavChannel(wav, 'left')).subarray(400, 3600), 440)).toBeGreaterThan(
      0.95,
    );
    expect(toneShare(fromFirstSound(readWavChannel(wav, 'right')).subarray(400, 3600), 700)).toBeGreaterThan(
      0.95,
    );
    rmSync(folder, { recursive: true });
  });
});

it('[row 32] known sources: nothing is learnt, not even the address in the SDP; every port of theirs is heard', async () => {
  const trunk = await stage.peer('PCMA', '127.0.0.5');
  const gateway = await stage.peer('PCMA', '127.0.0.6');
  const stranger = await stage.peer('PCMA', '127.0.0.9');
  const bob = await stage.peer('PCMA');
  const mediaSources = ['127.0.0.4/30', '2001:db8::/32'];
  const a = await stage.leg(stranger, { mediaSources });
  const b = await stage.leg(bob);
  stage.session.connect(a, b);
  stranger.talk(a.local.port, 1200);
  while ((await a.stats()).strangers < 10);
  expect(bob.packets).toHaveLength(0);
  for (const source of [trunk, gateway]) {
    const from = bob.packets.length;
    source.talk(a.local.port, 440);
    await until('a known source', () => bob.packets.length > from + 25);
    source.stopTalking();
  }
  expect(toneShare(bob.heard(), 1200)).toBeLessThan(0.001);
});

it('[RFC 5761 §4] RTCP on the RTP port, both ways', async () => {
  const alice = await stage.peer('PCMA');
  const a = await stage.leg(alice, { rtcpMux: true });
  alice.sendFrame(a.local.port, 440);
  const report = Buffer.alloc(8);
  report.set([0x80, 201, 0, 1, 0, 0, 0, 7]);
  alice.sendRaw(a.local.port, report);
  const came = alice.raw.length;
  await a.close();
  await until('our BYE on the RTP port', () =>
    alice.raw.slice(came).some((wire) => parseRtcp(wire)?.bye === true),
  );
  expect(alice.rtcp).toHaveLength(0);
});

it('IPv6 on one leg, IPv4 and SRTP on the other', async () => {
  const alice = await stage.peer('PCMA', '::1');
  const bob = await stage.peer('PCMA');
  const a = await stage.leg(alice);
  const b = await stage.leg(bob, secured(bob, KEY_A, KEY_B));
  stage.join(a, b);
  alice.talk(a.local.port, 440);
  bob.talk(b.local.port, 700);
  await until('both hear', () => alice.packets.length > 25 && bob.packets.length > 25);
  expect([toneShare(bob.heard(), 440) > 0.95, toneShare(alice.heard(), 700) > 0.95]).toEqual([true, true]);
});

it('[RFC 3389 §4] comfort noise is a sign of life: not lost, not passed on, no hole in our numbering', async () => {
  const alice = await stage.peer('PCMA');
  const bob = await stage.peer('PCMA');
  const a = await stage.leg(alice);
  const b = await stage.leg(bob);
  stage.session.connect(a, b);
  alice.sendFrame(a.local.port, 440);
  for (let n = 0; n < 5; n++) {
    alice.sendPacket(a.local.port, Buffer.of(40), { payloadType: 13 });
    alice.timestamp = (alice.timestamp + 1600) >>> 0;
  }
  alice.sendFrame(a.local.port, 440);
  await until('both frames', () => bob.packets.length === 2);
  expect((bob.packets[1]!.sequence - bob.packets[0]!.sequence) & 0xffff).toBe(1);
  expect(await a.stats()).toMatchObject({ packetsReceived: 7, packetsLost: 0 });
});

it('a packet that is no RTP of ours stays out', async () => {
  const alice = await stage.peer('PCMA');
  const bob = await stage.peer('PCMA');
  const a = await stage.leg(alice, secured(alice, KEY_A, KEY_B));
  const b = await stage.leg(bob);
  stage.session.connect(a, b);
  const plain = buildRtp({
    marker: false,
    payloadType: 8,
    sequence: 1,
    timestamp: 1,
    ssrc: 1,
    payload: Buffer.alloc(160),
  });
  for (let length = 12; length < plain.length; length++)
    alice.sendRaw(a.local.port, plain.subarray(0, length));
  while ((await a.stats()).unauthenticated < 160);
  expect(bob.packets).toHaveLength(0);
});
