import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mediaPorts } from '../../../test/kit/media-ports.ts';
import { RtpPeer, until } from '../../../test/kit/rtp-peer.ts';
import { silentLogger } from '../../kernel/logger.ts';
import { systemRandom } from '../../kernel/random.ts';
import type { AudioCodec, MediaEngine, MediaLeg, MediaSession } from '../engine.ts';
import { toneShare, totalPower } from '../goertzel.ts';
import { parseRtcp } from '../rtcp.ts';
import { sequenceDelta, timestampDelta } from '../rtp-packet.ts';
import { sine } from '../tones.ts';
import { readWavChannel, readWavInfo, wavHeader } from '../wav.ts';
import { createEmbeddedEngine, type EmbeddedEngineOptions } from './engine.ts';

const FIRST_PORT = mediaPorts(102).min;

let engine: MediaEngine;
let session: MediaSession;
let folder: string;
const peers: RtpPeer[] = [];

function engineWith(changes: Partial<EmbeddedEngineOptions> = {}): MediaEngine {
  return createEmbeddedEngine({
    workers: 1,
    addresses: { ipv4: '127.0.0.1' },
    ports: { min: FIRST_PORT, max: FIRST_PORT + 99 },
    maxLegsPerWorker: 100,
    silenceSeconds: 30,
    log: silentLogger,
    ...changes,
  });
}

async function peer(codec: AudioCodec = 'PCMU', ssrc?: number, host?: string): Promise<RtpPeer> {
  const made = await RtpPeer.open(codec, ssrc, host);
  peers.push(made);
  return made;
}

/** Two peers and a leg for each, configured, not joined yet. */
async function twoLegs(codecA: AudioCodec = 'PCMU', codecB: AudioCodec = 'PCMU') {
  const alice = await peer(codecA, 0xa11ce000);
  const bob = await peer(codecB, 0xb0b00000);
  const a = await session.openLeg({ family: 'ipv4' });
  const b = await session.openLeg({ family: 'ipv4' });
  a.configure(alice.plan());
  b.configure(bob.plan());
  return { alice, bob, a, b };
}

function join2(a: MediaLeg, b: MediaLeg): void {
  session.connect(a, b);
  session.connect(b, a);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'maskline-media-'));
  engine = engineWith();
  session = engine.openSession();
});

afterEach(async () => {
  for (const made of peers.splice(0)) made.close();
  await session.close();
  expect(await engine.stats()).toMatchObject({ sessions: 0, legs: 0, players: 0, recorders: 0 });
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('relay', () => {
  it('[row 38] joins two legs: each hears the other, in a stream of our own', async () => {
    const { alice, bob, a, b } = await twoLegs();
    join2(a, b);
    alice.talk(a.local.port, 440);
    bob.talk(b.local.port, 700);
    await until('both heard a second', () => alice.packets.length >= 50 && bob.packets.length >= 50);
    expect(toneShare(bob.heard(), 440)).toBeGreaterThan(0.95);
    expect(toneShare(alice.heard(), 700)).toBeGreaterThan(0.95);
    expect(toneShare(alice.heard(), 440)).toBeLessThan(0.01);
    const toBob = bob.packets.slice(0, 50);
    expect(new Set(toBob.map((packet) => packet.ssrc)).size).toBe(1);
    expect(toBob[0]!.ssrc).not.toBe(alice.ssrc);
    expect(toBob.every((packet) => packet.fromPort === b.local.port)).toBe(true);
    toBob.slice(1).forEach((packet, n) => {
      expect(sequenceDelta(packet.sequence, toBob[n]!.sequence)).toBe(1);
      expect(timestampDelta(packet.timestamp, toBob[n]!.timestamp)).toBe(160);
    });
    const stats = await a.stats();
    expect(stats.packetsReceived).toBeGreaterThanOrEqual(50);
    expect(stats).toMatchObject({ packetsLost: 0, strangers: 0 });
  });

  it.each([
    ['PCMU', 'PCMA'],
    ['PCMA', 'PCMU'],
  ] as const)('between %s and %s', async (codecA, codecB) => {
    const { alice, bob, a, b } = await twoLegs(codecA, codecB);
    join2(a, b);
    alice.talk(a.local.port, 440);
    await until('half a second', () => bob.packets.length >= 25);
    expect(toneShare(bob.heard(), 440)).toBeGreaterThan(0.95);
    expect(bob.packets[0]!.payloadType).toBe(bob.payloadType);
  });

  it('drops header extensions and CSRCs', async () => {
    const { alice, bob, a, b } = await twoLegs();
    join2(a, b);
    const secret = Buffer.from('5ec7e75ec7e70000', 'hex');
    const head = Buffer.of(0x80 | 0x10 | 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, ...secret.subarray(0, 4));
    alice.sendRaw(
      a.local.port,
      Buffer.concat([head, Buffer.of(0xbe, 0xde, 0, 2), secret, Buffer.alloc(160, 0x11)]),
    );
    await until('the packet', () => bob.packets.length === 1);
    const { wire } = bob.packets[0]!;
    expect([wire.length, wire[0]]).toEqual([172, 0x80]);
    expect(wire.includes(secret.subarray(0, 4))).toBe(false);
  });

  it('[row 35] relays key presses with the other side’s payload type and one timestamp', async () => {
    const { alice, bob, a, b } = await twoLegs();
    b.configure(bob.plan({ telephoneEvent: { sendPayloadType: 96, receivePayloadType: 96 } }));
    join2(a, b);
    const digits: string[] = [];
    a.events.on('digit', ({ digit }) => digits.push(digit));
    a.detectDigits(true);
    for (let n = 0; n < 3; n++) alice.sendFrame(a.local.port, 440);
    alice.press(a.local.port, 11);
    alice.sendFrame(a.local.port, 440);
    await until('all packets', () => bob.packets.length === 3 + 6 + 1);
    const events = bob.packets.filter((packet) => packet.payloadType === 96);
    expect(events.map((event) => event.payload[0])).toEqual(Array(6).fill(11));
    expect(new Set(events.map((event) => event.timestamp)).size).toBe(1);
    expect(
      bob.packets
        .slice(1)
        .every((packet, n) => sequenceDelta(packet.sequence, bob.packets[n]!.sequence) === 1),
    ).toBe(true);
    await until('the digit', () => digits.length > 0);
    expect(digits).toEqual(['#']);
  });

  it('sends nothing to a leg on hold and takes nothing from it', async () => {
    const { alice, bob, a, b } = await twoLegs();
    join2(a, b);
    b.configure(bob.plan({ direction: 'inactive' }));
    alice.talk(a.local.port, 440);
    bob.talk(b.local.port, 700);
    await until('alice is heard', () => alice.sequence < 1000 && alice.sequence > 10);
    await b.stats();
    expect([alice.packets.length, bob.packets.length]).toEqual([0, 0]);
    b.configure(bob.plan());
    await until('both again', () => alice.packets.length > 5 && bob.packets.length > 5);
  });

  it('the newest edge wins, and a source may feed many', async () => {
    const { alice, bob, a, b } = await twoLegs();
    const carol = await peer('PCMA');
    const c = await session.openLeg({ family: 'ipv4' });
    c.configure(carol.plan());
    session.connect(a, b);
    session.connect(a, c);
    alice.talk(a.local.port, 440);
    await until('two listeners', () => bob.packets.length >= 25 && carol.packets.length >= 25);
    expect(toneShare(bob.heard(), 440)).toBeGreaterThan(0.95);
    expect(toneShare(carol.heard(), 440)).toBeGreaterThan(0.95);
    session.connect(b, c); // c hears b now
    bob.talk(b.local.port, 700);
    await c.stats();
    const from = carol.packets.length + 2;
    await until('carol hears bob', () => carol.packets.length >= from + 25);
    expect(toneShare(carol.heard(from), 700)).toBeGreaterThan(0.95);
    expect(new Set(carol.packets.map((packet) => packet.ssrc)).size).toBe(1);
    session.disconnect(b, c);
    await c.stats();
    const silentFrom = carol.packets.length;
    const bobAt = bob.sequence;
    await until('bob went on', () => sequenceDelta(bob.sequence, bobAt) > 10);
    await c.stats();
    expect(carol.packets.length).toBeLessThanOrEqual(silentFrom + 1);
  });
});

describe('strangers', () => {
  it.each(['sdp', 'learn'] as const)(
    '[row 32] mode %s: neither hears nor speaks, on real sockets',
    async (latch) => {
      const { alice, bob, a, b } = await twoLegs();
      const stranger = await peer('PCMU', 0xbad00000, '127.0.0.2');
      a.configure(alice.plan({ latch }));
      b.configure(bob.plan({ latch }));
      join2(a, b);
      if (latch === 'sdp') {
        // Even before the trunk has said anything nobody else is heard.
        stranger.talk(a.local.port, 1200);
        while ((await a.stats()).strangers < 20);
        expect([(await a.stats()).packetsReceived, bob.packets.length]).toEqual([0, 0]);
      }
      alice.talk(a.local.port, 440);
      bob.talk(b.local.port, 700);
      await until('alice is latched', () => bob.packets.length > 2);
      for (const leg of [a, b]) {
        const more = await peer('PCMU', 0xbad00001, '127.0.0.2');
        more.talk(leg.local.port, 1200);
        more.sendRtcp(leg.local.port + 1, Buffer.of(0x80, 203, 0, 1, 0xa1, 0x1c, 0xe0, 0));
      }
      const from = bob.packets.length;
      await until('a second of talk', () => bob.packets.length > from + 50);
      expect(toneShare(bob.heard(), 440)).toBeGreaterThan(0.95);
      expect(toneShare(bob.heard(), 1200)).toBeLessThan(0.001);
      expect(toneShare(alice.heard(), 700)).toBeGreaterThan(0.95);
      expect(await a.stats()).toMatchObject({ packetsLost: 0 });
      const strange = peers.filter((one) => one.host === '127.0.0.2');
      expect(strange.length).toBe(3);
      for (const one of strange) expect([one.packets.length, one.rtcp.length]).toEqual([0, 0]);
    },
  );

  it('mode sdp: a trunk that goes on from another port of its host is heard again', async () => {
    const { alice, bob, a, b } = await twoLegs();
    const elsewhere = await peer('PCMU', 0x0e0e0000);
    a.configure(alice.plan({ latch: 'sdp' }));
    session.connect(a, b);
    alice.talk(a.local.port, 440);
    await until('the first port', () => bob.packets.length > 25);
    alice.stopTalking();
    elsewhere.talk(a.local.port, 1000);
    await until('the second port', () => toneShare(bob.heard().slice(-4000), 1000) > 0.95);
  });

  it('[row 32] learns a phone behind NAT, and sends there', async () => {
    const { alice, bob, a, b } = await twoLegs();
    a.configure(alice.plan({ remote: { host: '192.0.2.1', port: 4000 } }));
    join2(a, b);
    alice.talk(a.local.port, 440);
    bob.talk(b.local.port, 700);
    await until('both hear', () => alice.packets.length > 25 && bob.packets.length > 25);
    expect(toneShare(alice.heard(), 700)).toBeGreaterThan(0.95);
    const stranger = await peer('PCMU', 0xbad00000);
    stranger.talk(a.local.port, 1200);
    const from = bob.packets.length;
    await until('the stranger has tried', () => bob.packets.length > from + 50);
    expect(toneShare(bob.heard(from), 1200)).toBeLessThan(0.001);
    expect(stranger.packets.length).toBe(0);
    expect((await a.stats()).strangers).toBeGreaterThan(20);
  });

  it('survives nonsense', async () => {
    const { alice, bob, a, b } = await twoLegs();
    join2(a, b);
    a.detectDigits(true);
    for (let length = 0; length < 300; length++) {
      alice.sendRaw(a.local.port, systemRandom.bytes(length));
      alice.sendRtcp(a.local.port + 1, systemRandom.bytes(length));
      const rtp = Buffer.from(systemRandom.bytes(12 + length));
      rtp[0] = 0x80 | (rtp[0]! & 0x3f);
      rtp[1] = length % 2 === 0 ? 0 : 101;
      alice.sendRaw(a.local.port, rtp);
    }
    alice.sendPacket(a.local.port, new Uint8Array(30_000)); // four seconds in one packet
    alice.talk(a.local.port, 440);
    bob.talk(b.local.port, 700);
    await until('the call goes on', () => toneShare(bob.heard().slice(-4000), 440) > 0.95);
    expect(bob.packets.every((packet) => packet.payload.length <= 1600)).toBe(true);
  });
});

describe('players', () => {
  it('[row 37] plays all of it, says when, 20 ms apart', async () => {
    const { alice, a } = await twoLegs();
    const player = session.createPlayer({ kind: 'samples', samples: sine(600, 1000) }, { loop: false });
    const events: string[] = [];
    player.events.on('started', ({ durationMs }) => events.push(`started ${durationMs}`));
    player.events.on('finished', ({ error }) => events.push(`finished ${error}`));
    session.connect(player, a);
    await until('the end', () => events.length === 2);
    await until('the last packet', () => alice.packets.length === 50);
    expect(events).toEqual(['started 1000', 'finished undefined']);
    expect(toneShare(alice.heard(), 600)).toBeGreaterThan(0.99);
    expect(alice.packets.map((packet) => packet.marker).indexOf(true, 1)).toBe(-1);
    const took = alice.packets.at(-1)!.at - alice.packets[0]!.at;
    // Paced: a burst would be over at once. How late a busy machine is, is for the bench.
    expect(took).toBeGreaterThan(900);
  });

  it('waits for a leg that can hear, so that no beginning is lost', async () => {
    const alice = await peer();
    const a = await session.openLeg({ family: 'ipv4' });
    const player = session.createPlayer({ kind: 'samples', samples: sine(600, 200) }, { loop: false });
    session.connect(player, a);
    expect((await a.stats()).packetsSent).toBe(0);
    a.configure(alice.plan());
    await until('all of it', () => alice.packets.length === 10);
  });

  it('plays WAV files of any rate, and says what is wrong with others', async () => {
    const { alice, a } = await twoLegs();
    const { writeFile } = await import('node:fs/promises');
    const samples = Int16Array.from(
      { length: 16_000 },
      (_, i) => 9000 * Math.sin((2 * Math.PI * 500 * i) / 16_000),
    );
    const header = wavHeader(1, samples.byteLength);
    header.writeUInt32LE(16_000, 24);
    const path = join(folder, 'prompt.wav');
    await writeFile(path, Buffer.concat([header, Buffer.from(samples.buffer)]));
    session.connect(session.createPlayer({ kind: 'file', path }, { loop: false }), a);
    await until('a second of prompt', () => alice.packets.length === 50);
    expect(toneShare(alice.heard(), 500)).toBeGreaterThan(0.99);
    const broken = session.createPlayer({ kind: 'file', path: join(folder, 'none.wav') }, { loop: false });
    const ended = Promise.withResolvers<string | undefined>();
    broken.events.on('finished', ({ error }) => ended.resolve(error));
    expect(await ended.promise).toMatch(/ENOENT/);
  });

  it('[row 38] ringback, then the other party: one stream without a hole, marker where it changes', async () => {
    const { alice, bob, a, b } = await twoLegs();
    const ringback = session.createPlayer(
      { kind: 'progress-tone', tone: 'ringback', country: 'RU' },
      { loop: true },
    );
    session.connect(ringback, a);
    await until('ringback', () => alice.packets.length >= 20);
    expect(toneShare(alice.heard(), 425)).toBeGreaterThan(0.9);
    bob.talk(b.local.port, 700);
    join2(a, b);
    const ended = Promise.withResolvers<string | undefined>();
    ringback.events.on('finished', ({ error }) => ended.resolve(error));
    ringback.close();
    expect(await ended.promise).toBeUndefined();
    await until('talk', () => toneShare(alice.heard().slice(-4000), 700) > 0.95);
    const { packets } = alice;
    expect(new Set(packets.map((packet) => packet.ssrc)).size).toBe(1);
    packets.slice(1).forEach((packet, n) => {
      expect(sequenceDelta(packet.sequence, packets[n]!.sequence)).toBe(1);
      expect(timestampDelta(packet.timestamp, packets[n]!.timestamp)).toBeGreaterThanOrEqual(160);
      expect(timestampDelta(packet.timestamp, packets[n]!.timestamp)).toBeLessThan(1600);
    });
    expect(packets.filter((packet) => packet.marker).length).toBe(2);
  });

  it('pauses and resumes', async () => {
    const { alice, a } = await twoLegs();
    const player = session.createPlayer({ kind: 'samples', samples: sine(600, 400) }, { loop: true });
    session.connect(player, a);
    await until('sound', () => alice.packets.length >= 5);
    player.pause();
    await a.stats();
    const paused = alice.packets.length;
    await until('time passes', () => performance.now() - alice.packets.at(-1)!.at > 150);
    expect(alice.packets.length).toBeLessThanOrEqual(paused + 2);
    player.resume();
    await until('sound again', () => alice.packets.length >= paused + 30);
    const resumed = alice.packets.findIndex((packet, n) => n > 0 && packet.marker);
    const gap = timestampDelta(alice.packets[resumed]!.timestamp, alice.packets[resumed - 1]!.timestamp);
    expect(gap).toBeGreaterThan(150 * 8);
    expect(gap % 160).toBe(0);
    player.close();
  });

  it('[row 35] sends digits, also while a prompt plays', async () => {
    const { alice, a } = await twoLegs();
    session.connect(session.createPlayer({ kind: 'samples', samples: sine(600, 500) }, { loop: true }), a);
    await until('sound', () => alice.packets.length >= 5);
    a.sendDigits('12');
    const events = () => alice.packets.filter((packet) => packet.payloadType === 101);
    await until('two digits', () => events().length === 14);
    const byTimestamp = Map.groupBy(events(), (packet) => packet.timestamp);
    expect(
      [...byTimestamp.values()].map((group) => [group.length, group[0]!.marker, group[0]!.payload[0]]),
    ).toEqual([
      [7, true, 1],
      [7, true, 2],
    ]);
    alice.packets.slice(1).forEach((packet, n) => {
      expect(sequenceDelta(packet.sequence, alice.packets[n]!.sequence)).toBe(1);
    });
  });
});

describe('recorders', () => {
  it('[row 37] two channels: what the peer says and what the peer hears', async () => {
    const { alice, bob, a, b } = await twoLegs('PCMU', 'PCMA');
    join2(a, b);
    const path = join(folder, 'call.wav');
    const recorder = session.createRecorder({ path, channels: 2 });
    const started = Promise.withResolvers<void>();
    const stopped = Promise.withResolvers<{ seconds: number; bytes: number; channels: number }>();
    recorder.events.on('started', () => started.resolve());
    recorder.events.on('stopped', (figures) => stopped.resolve(figures));
    session.connect(a, recorder.left);
    session.tap(a, recorder.right);
    await started.promise;
    alice.talk(a.local.port, 440);
    bob.talk(b.local.port, 700);
    await until('two seconds', () => bob.packets.length >= 100);
    recorder.close();
    const figures = await stopped.promise;
    const file = await readFile(path);
    expect(figures).toMatchObject({ channels: 2, bytes: file.length });
    expect(figures.seconds).toBeGreaterThan(1.9);
    expect(readWavInfo(file).frames / 8000).toBe(figures.seconds);
    const middle = (samples: Int16Array) => samples.subarray(4000, samples.length - 2000);
    expect(toneShare(middle(readWavChannel(file, 'left')), 440)).toBeGreaterThan(0.95);
    expect(toneShare(middle(readWavChannel(file, 'right')), 700)).toBeGreaterThan(0.95);
  });

  it('[row 35] typed digits are in no recording; prompts that the peer hears are', async () => {
    const { alice, a } = await twoLegs();
    const path = join(folder, 'call.wav');
    const recorder = session.createRecorder({ path, channels: 2 });
    session.connect(a, recorder.left);
    session.tap(a, recorder.right);
    const player = session.createPlayer({ kind: 'samples', samples: sine(600, 600) }, { loop: false });
    const finished = Promise.withResolvers<void>();
    player.events.on('finished', () => finished.resolve());
    session.connect(player, a);
    alice.press(a.local.port, 1);
    await finished.promise;
    const stopped = Promise.withResolvers<void>();
    recorder.events.on('stopped', () => stopped.resolve());
    recorder.close();
    await stopped.promise;
    const file = await readFile(path);
    expect(totalPower(readWavChannel(file, 'left'))).toBe(0);
    expect(toneShare(readWavChannel(file, 'right').subarray(800, 4000), 600)).toBeGreaterThan(0.95);
  });

  it('never holds the sound of another session', async () => {
    const { alice, a } = await twoLegs();
    const other = engine.openSession();
    const bob = await peer();
    const b = await other.openLeg({ family: 'ipv4' });
    b.configure(bob.plan());
    const recorder = session.createRecorder({ path: join(folder, 'call.wav'), channels: 1 });
    session.connect(b, recorder.left); // an edge across sessions is none
    session.connect(b, a);
    bob.talk(b.local.port, 700);
    const received = async () => (await b.stats()).packetsReceived;
    while ((await received()) < 20);
    const stopped = Promise.withResolvers<void>();
    recorder.events.on('stopped', () => stopped.resolve());
    await other.close();
    recorder.close();
    await stopped.promise;
    expect(totalPower(readWavChannel(await readFile(join(folder, 'call.wav')), 'both'))).toBe(0);
    expect(alice.packets.length).toBe(0);
  });

  it('a recording that cannot be made is an event, and the call goes on', async () => {
    const { alice, bob, a, b } = await twoLegs();
    join2(a, b);
    const recorder = session.createRecorder({ path: join(folder, 'no/such/call.wav'), channels: 1 });
    const failed = Promise.withResolvers<string>();
    recorder.events.on('error', ({ error }) => failed.resolve(error));
    session.connect(a, recorder.left);
    alice.talk(a.local.port, 440);
    expect(await failed.promise).toMatch(/ENOENT/);
    await until('the call', () => bob.packets.length > 10);
  });

  it('closing the session completes the file before it resolves', async () => {
    const { alice, a } = await twoLegs();
    const path = join(folder, 'call.wav');
    const recorder = session.createRecorder({ path, channels: 1 });
    const events: string[] = [];
    recorder.events.on('stopped', () => events.push('stopped'));
    session.connect(a, recorder.left);
    alice.talk(a.local.port, 440);
    while ((await a.stats()).packetsReceived < 25);
    await session.close();
    expect(events).toEqual(['stopped']);
    const file = await readFile(path);
    expect(readWavInfo(file).dataEnd).toBe(file.length);
    expect(toneShare(readWavChannel(file, 'both').subarray(800, 3200), 440)).toBeGreaterThan(0.9);
  });
});

describe('legs', () => {
  it('tells of the first packet, of silence and of its end', async () => {
    await engine.close();
    engine = engineWith({ silenceSeconds: 0.3 });
    session = engine.openSession();
    const { alice, a } = await twoLegs();
    const events: string[] = [];
    for (const name of ['firstPacket', 'silent', 'resumed'] as const)
      a.events.on(name, () => events.push(name));
    alice.sendFrame(a.local.port, 440);
    await until('silence', () => events.includes('silent'));
    alice.sendFrame(a.local.port, 440);
    await until('sound', () => events.includes('resumed'));
    expect(events).toEqual(['firstPacket', 'silent', 'resumed']);
    a.configure(alice.plan({ direction: 'sendonly' }));
    a.configure(alice.plan());
    alice.sendFrame(a.local.port, 440);
    await until('first again', () => events.length === 4);
    expect(events[3]).toBe('firstPacket');
  });

  it('[RFC 3550 §6.6] says BYE with our SSRC and a CNAME of its own, and resolves with the final figures', async () => {
    const { alice, bob, a, b } = await twoLegs();
    join2(a, b);
    alice.talk(a.local.port, 440);
    bob.talk(b.local.port, 700);
    await until('talk', () => alice.packets.length > 10 && bob.packets.length > 10);
    const [first, second] = await Promise.all([a.close(), a.close()]);
    expect(first.packetsReceived).toBeGreaterThan(10);
    expect(second).toBe(first);
    await b.close();
    await until('both BYEs', () => alice.rtcp.length > 0 && bob.rtcp.length > 0);
    const byes = [alice, bob].map((one) => parseRtcp(one.rtcp.at(-1)!)!);
    expect(byes.map((bye) => bye.bye)).toEqual([true, true]);
    expect(byes[0]!.ssrc).toBe(alice.packets[0]!.ssrc);
    expect(byes[0]!.blocks[0]!.ssrc).toBe(alice.ssrc);
    const cnames = [alice, bob].map(
      (one) =>
        one.rtcp
          .at(-1)!
          .toString('latin1')
          .match(/[A-Za-z0-9+/]{16}/)?.[0],
    );
    expect(cnames[0]).not.toBe(cnames[1]);
  });

  it('[row 33] a closed leg’s port is not given again while its peer still talks; a full range is media/busy', async () => {
    await engine.close();
    engine = engineWith({ ports: { min: FIRST_PORT + 100, max: FIRST_PORT + 101 } });
    session = engine.openSession();
    const alice = await peer();
    const a = await session.openLeg({ family: 'ipv4' });
    expect([a.local.host, a.local.port % 2]).toEqual(['127.0.0.1', 0]);
    a.configure(alice.plan());
    await expect(session.openLeg({ family: 'ipv4' })).rejects.toMatchObject({ code: 'media/busy' });
    alice.talk(a.local.port, 440);
    await a.close();
    const closedAt = alice.sequence;
    await until('more than a second of packets', () => sequenceDelta(alice.sequence, closedAt) > 60);
    await expect(session.openLeg({ family: 'ipv4' })).rejects.toMatchObject({ code: 'media/busy' });
    alice.stopTalking();
    let again: MediaLeg | undefined;
    while (again === undefined) again = await session.openLeg({ family: 'ipv4' }).catch(() => undefined);
    expect(again.local.port).toBe(a.local.port);
    expect((await again.stats()).packetsReceived).toBe(0);
  });

  it('speaks IPv6, and joins it with IPv4', async () => {
    await engine.close();
    engine = engineWith({ addresses: { ipv4: '127.0.0.1', ipv6: '::1' } });
    session = engine.openSession();
    const alice = await peer('PCMU', 1, '::1');
    const bob = await peer('PCMA', 2);
    const a = await session.openLeg({ family: 'ipv6' });
    const b = await session.openLeg({ family: 'ipv4' });
    expect([a.local.host, b.local.host]).toEqual(['::1', '127.0.0.1']);
    a.configure(alice.plan({ remote: { host: '0:0:0:0:0:0:0:1', port: alice.port } }));
    b.configure(bob.plan());
    join2(a, b);
    alice.talk(a.local.port, 440);
    bob.talk(b.local.port, 700);
    await until('both hear', () => alice.packets.length > 25 && bob.packets.length > 25);
    expect(toneShare(bob.heard(), 440)).toBeGreaterThan(0.95);
    expect(toneShare(alice.heard(), 700)).toBeGreaterThan(0.95);
  });

  it('refuses an address family that is not configured', async () => {
    await expect(session.openLeg({ family: 'ipv6' })).rejects.toMatchObject({ code: 'media/no-address' });
    expect(() => engineWith({ addresses: { ipv4: '0.0.0.0' } })).toThrow(/advertised/);
  });
});
