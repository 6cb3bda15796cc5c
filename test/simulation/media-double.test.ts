/** The double and the real engine answer the same questions the same way: what the simulator finds is then true of both. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/kernel/logger.ts';
import { createEmbeddedEngine } from '../../src/media/embedded/engine.ts';
import type { LegPlan, MediaEngine, MediaSession } from '../../src/media/engine.ts';
import { mediaPorts } from '../kit/media-ports.ts';
import { VirtualClock } from '../kit/virtual-clock.ts';
import { MediaDouble } from './media-double.ts';

interface Stage {
  readonly engine: MediaEngine;
  /** Lets what was ordered happen. */
  readonly until: (done: () => boolean | Promise<boolean>) => Promise<void>;
  /** Waits for an answer. */
  readonly answer: <T>(asked: Promise<T>) => Promise<T>;
}

function doubleStage(): Stage {
  const clock = new VirtualClock();
  const engine = new MediaDouble({ clock, latency: 1, host: '127.0.0.1', isHeard: () => true });
  return {
    engine,
    until: async (done) => {
      for (let i = 0; i < 1_000 && !(await done()); i++) await clock.advance(10);
      expect(await done()).toBe(true);
    },
    answer: async (asked) => {
      // A rejection is looked at by whoever awaits the answer.
      asked.catch(() => {});
      await clock.advance(10);
      return await asked;
    },
  };
}

function realStage(): Stage {
  const engine = createEmbeddedEngine({
    workers: 1,
    addresses: { ipv4: '127.0.0.1' },
    ports: mediaPorts(100),
    maxLegsPerWorker: 40,
    silenceSeconds: 30,
    log: silentLogger,
  });
  return {
    engine,
    until: async (done) => await expect.poll(async () => await done(), { timeout: 10_000 }).toBe(true),
    answer: (asked) => asked,
  };
}

const PLAN: LegPlan = {
  remote: { host: '127.0.0.1', port: 26_501 },
  codec: 'PCMA',
  sendPayloadType: 8,
  receivePayloadType: 8,
  direction: 'sendrecv',
  latch: 'learn',
  packetMs: 20,
};

describe.each([
  ['the double', doubleStage],
  ['the real engine', realStage],
] as const)('%s', (_, makeStage) => {
  let stage: Stage;
  let session: MediaSession;
  let folder: string;
  const counts = async () => {
    const { ports, workers, ...nodes } = await stage.answer(stage.engine.stats());
    return nodes;
  };
  const NONE = { sessions: 0, legs: 0, players: 0, recorders: 0, listeners: 0, feeds: 0, mixers: 0 };

  beforeAll(() => {
    stage = makeStage();
    folder = mkdtempSync(join(tmpdir(), 'media-double-'));
  });
  afterEach(async () => {
    await stage.answer(session.close());
    await stage.until(async () => JSON.stringify(await counts()) === JSON.stringify(NONE));
  });
  afterAll(async () => {
    await stage.answer(stage.engine.close());
    rmSync(folder, { recursive: true, force: true });
  });

  it('opens a leg with a port of its own and closes it, as often as it is asked to', async () => {
    session = stage.engine.openSession();
    const [a, b] = await stage.answer(
      Promise.all([session.openLeg({ family: 'ipv4' }), session.openLeg({ family: 'ipv4' })]),
    );
    expect(a.local.port).not.toBe(b.local.port);
    expect(a.local.port % 2).toBe(0);
    expect((await counts()).legs).toBe(2);
    const [once, again] = await stage.answer(Promise.all([a.close(), a.close()]));
    expect(again).toEqual(once);
    expect((await counts()).legs).toBe(1);
  });

  it('has no leg for a family without an address, and none in a session that is closed', async () => {
    session = stage.engine.openSession();
    const noAddress = { code: 'media/no-address' };
    await expect(stage.answer(session.openLeg({ family: 'ipv6' }))).rejects.toMatchObject(noAddress);
    await stage.answer(session.close());
    const busy = { code: 'media/busy' };
    await expect(stage.answer(session.openLeg({ family: 'ipv4' }))).rejects.toMatchObject(busy);
  });

  it('a player starts with its first listener, ends once, and says so', async () => {
    session = stage.engine.openSession();
    const leg = await stage.answer(session.openLeg({ family: 'ipv4' }));
    const player = session.createPlayer({ kind: 'samples', samples: new Int16Array(800) }, { loop: false });
    const said: string[] = [];
    player.events.on('started', ({ durationMs }) => said.push(`started ${durationMs}`));
    player.events.on('finished', ({ error }) => said.push(`finished ${error}`));
    session.connect(player, leg);
    // Nobody can hear it as long as the leg does not know where to send.
    await counts();
    expect(said).toEqual([]);
    leg.configure(PLAN);
    await stage.until(() => said.length === 2);
    player.close();
    await counts();
    expect(said).toEqual(['started 100', 'finished undefined']);
  });

  it('a tone goes on until it is closed', async () => {
    session = stage.engine.openSession();
    const leg = await stage.answer(session.openLeg({ family: 'ipv4' }));
    const tone = session.createPlayer(
      { kind: 'progress-tone', tone: 'ringback', country: 'RU' },
      { loop: true },
    );
    const said: string[] = [];
    tone.events.on('started', ({ durationMs }) => said.push(`started ${durationMs}`));
    tone.events.on('finished', ({ error }) => said.push(`finished ${error}`));
    leg.configure(PLAN);
    session.connect(tone, leg);
    await stage.until(() => said.length === 1);
    tone.close();
    await stage.until(() => said.length === 2);
    expect(said).toEqual(['started undefined', 'finished undefined']);
  });

  it('listeners, feeds and rooms end when they are closed, or with their session', async () => {
    session = stage.engine.openSession();
    const other = stage.engine.openSession();
    const rate = 8000;
    const listener = session.createListener({ rate, chunkMs: 20 });
    const feed = session.createFeed({ rate, maxBufferMs: 1000 });
    const room = session.createMixer();
    session.connect(feed, room.join());
    session.connect(room.mix, listener);
    session.createMixer();
    const pair = await stage.answer(stage.engine.openPair(session, other));
    expect(await counts()).toMatchObject({ legs: 2, listeners: 1, feeds: 1, mixers: 2 });
    for (const one of [listener, feed, room]) one.close();
    await stage.answer(other.close());
    expect(await counts()).toMatchObject({ legs: 1, listeners: 0, feeds: 0, mixers: 1 });
    expect(pair[0].local.port).not.toBe(pair[1].local.port);
  });

  it('a recorder ends with exactly one event, also when its session is closed first', async () => {
    session = stage.engine.openSession();
    const said: string[] = [];
    const record = (name: string): ReturnType<MediaSession['createRecorder']> => {
      const recorder = session.createRecorder({ path: join(folder, `${name}.wav`), channels: 2 });
      recorder.events.on('started', () => said.push(`${name} started`));
      recorder.events.on('stopped', ({ channels }) => said.push(`${name} stopped ${channels}`));
      recorder.events.on('error', () => said.push(`${name} error`));
      return recorder;
    };
    const first = record('first');
    record('second');
    await stage.until(() => said.length === 2);
    first.close();
    first.close();
    await stage.until(() => said.length === 3);
    await stage.answer(session.close());
    expect([...said].sort()).toEqual([
      'first started',
      'first stopped 2',
      'second started',
      'second stopped 2',
    ]);
  });
});
