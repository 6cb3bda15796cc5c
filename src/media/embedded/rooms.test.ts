/** Rooms, and legs between two sessions, on real sockets. */
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { until } from '../../../test/kit/rtp-peer.ts';
import type { MediaMixer, MediaParticipant } from '../engine.ts';
import { toneShare, totalPower } from '../goertzel.ts';
import { sine } from '../tones.ts';
import { readWavChannel } from '../wav.ts';
import { bestShare, fromFirstSound, MediaStage, windows } from './test-support.ts';

let stage: MediaStage;
beforeAll(() => {
  stage = new MediaStage();
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

/** Somebody with a telephone of that codec, in the room. */
async function person(room: MediaMixer, codec: 'PCMU' | 'PCMA' | 'G722') {
  const peer = await stage.peer(codec);
  const leg = await stage.leg(peer);
  const place: MediaParticipant = room.join();
  stage.session.connect(leg, place);
  stage.session.connect(place, leg);
  return { peer, leg, place };
}

it('three telephones with three codecs: each hears the two others and not itself, a recorder hears all', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'maskline-rooms-'));
  const room = stage.session.createMixer();
  const [a, b, c] = [await person(room, 'PCMU'), await person(room, 'PCMA'), await person(room, 'G722')];
  const path = join(folder, 'room.wav');
  const recorder = stage.session.createRecorder({ path, channels: 1 });
  const written = new Promise<void>((resolve) => recorder.events.on('stopped', () => resolve()));
  stage.session.connect(room.mix, recorder.left);
  const tones = [440, 700, 1000];
  [a, b, c].forEach(({ peer, leg }, n) => {
    peer.talk(leg.local.port, tones[n]!);
  });
  await until('everybody has heard', () =>
    [a, b, c].every(({ peer }) => fromFirstSound(peer.heard()).length >= 6400),
  );
  for (const { peer } of [a, b, c]) peer.stopTalking();
  [a, b, c].forEach(({ peer }, n) => {
    const heard = fromFirstSound(peer.heard());
    const [one, other] = tones.filter((_, m) => m !== n) as [number, number];
    const both = windows(heard).filter(
      (part) => toneShare(part, one) > 0.35 && toneShare(part, other) > 0.35,
    );
    expect(both.length).toBeGreaterThan(0);
    for (const part of both) expect(toneShare(part, tones[n]!)).toBeLessThan(0.05);
  });
  recorder.close();
  await written;
  const recorded = fromFirstSound(readWavChannel(await readFile(path), 'left'));
  for (const hz of tones) expect(bestShare(recorded, hz)).toBeGreaterThan(0.25);
  a.place.close();
  room.close();
  expect((await stage.engine.stats()).mixers).toBe(0);
  rmSync(folder, { recursive: true, force: true });
});

it('a player and a feed speak into a room; who is alone hears silence and no pause', async () => {
  const room = stage.session.createMixer();
  const { peer } = await person(room, 'PCMA');
  await until('silence', () => peer.packets.length >= 3);
  expect(totalPower(peer.heard())).toBeLessThan(100);
  const samples = sine(600, 400);
  const player = stage.session.createPlayer({ kind: 'samples', samples }, { loop: false });
  stage.session.connect(player, room.join());
  const feed = stage.session.createFeed({ rate: 16_000, maxBufferMs: 1000 });
  stage.session.connect(feed, room.join());
  feed.push(Int16Array.from({ length: 6400 }, (_, i) => 8000 * Math.sin((2 * Math.PI * 900 * i) / 16_000)));
  await until('both', () => fromFirstSound(peer.heard()).length >= 2400);
  const heard = fromFirstSound(peer.heard());
  for (const hz of [600, 900]) expect(bestShare(heard, hz)).toBeGreaterThan(0.2);
});

it('two sessions are joined by a pair of legs: sound and digits cross, and each end is its owner’s', async () => {
  const other = stage.engine.openSession();
  const [near, far] = await stage.engine.openPair(stage.session, other);
  const alice = await stage.peer('PCMU');
  const a = await stage.leg(alice);
  stage.join(a, near);
  const chunks: Int16Array[] = [];
  const listener = other.createListener({ rate: 8000, chunkMs: 20 });
  listener.events.on('audio', ({ samples }) => chunks.push(samples));
  other.connect(far, listener);
  const digits: string[] = [];
  far.events.on('digit', ({ digit }) => digits.push(digit));
  far.detectDigits(true);
  alice.talk(a.local.port, 440);
  const heard = (): Int16Array => fromFirstSound(Int16Array.from(chunks.flatMap((one) => [...one])));
  await until('heard in the other session', () => heard().length >= 1600);
  expect(bestShare(heard(), 440)).toBeGreaterThan(0.9);
  near.sendDigits('5');
  await until('the digit', () => digits.length === 1);
  expect(digits).toEqual(['5']);
  await other.close();
  await expect(stage.engine.openPair(stage.session, other)).rejects.toMatchObject({ code: 'media/busy' });
  expect((await stage.engine.stats()).legs).toBe(2);
});
