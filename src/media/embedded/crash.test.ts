import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { mediaPorts } from '../../../test/kit/media-ports.ts';
import { RtpPeer, until } from '../../../test/kit/rtp-peer.ts';
import { silentLogger } from '../../kernel/logger.ts';
import { toneShare } from '../goertzel.ts';
import { readWavChannel, readWavInfo, WAV_HEADER } from '../wav.ts';
import { repairWav } from '../wav-file.ts';
import { createEmbeddedEngine } from './engine.ts';
import { SessionHandle } from './session-handle.ts';
import { WorkerLink } from './worker-link.ts';

const PROGRAM = fileURLToPath(new URL('../../../test/kit/recording-process.ts', import.meta.url));
const FIRST_PORT = mediaPorts(50).min;
const STEREO_SECOND = 32_000;

let folder: string;
let child: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'maskline-crash-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function exited(process: ChildProcess): Promise<void> {
  return new Promise((resolve) => process.once('exit', () => resolve()));
}

it('[row 37] a recording whose process was killed plays, and repair gives all that was written', async () => {
  const path = join(folder, 'killed.wav');
  const running = fork(PROGRAM, [path, String(FIRST_PORT)], { execArgv: [] });
  child = running;
  const sizeNow = (): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  await until('two and a half seconds on disk', () => sizeNow() > 2.5 * STEREO_SECOND, 15_000);
  running.kill('SIGKILL');
  await exited(running);
  const file = readFileSync(path);
  // Played as it is: the header's own length, not the end of the file.
  const claimed = file.readUInt32LE(40);
  expect(claimed).toBeGreaterThan(0);
  expect(claimed).toBeLessThanOrEqual(file.length - WAV_HEADER);
  expect(file.length - WAV_HEADER - claimed).toBeLessThanOrEqual(STEREO_SECOND);
  const plays = readWavChannel(file.subarray(0, WAV_HEADER + claimed), 'left');
  expect(toneShare(plays.subarray(4000), 500)).toBeGreaterThan(0.95);

  const repaired = await repairWav(path);
  const whole = readFileSync(path);
  expect(repaired).toEqual({
    seconds: (whole.length - WAV_HEADER) / STEREO_SECOND,
    bytes: whole.length,
    channels: 2,
  });
  expect(readWavInfo(whole).dataEnd).toBe(whole.length);
  expect(file.length - whole.length).toBeLessThan(4);
  expect(toneShare(readWavChannel(whole, 'left').subarray(4000), 500)).toBeGreaterThan(0.95);
});

it('a full disk ends the recording with an error, what was written plays, the call goes on', async () => {
  const path = join(folder, 'full.wav');
  // The system refuses files beyond 64 KiB to this process, as a full disk does; the signal for it is ignored.
  const shell = `trap '' XFSZ; ulimit -f 64; exec "$0" "$@"`;
  const running = fork(PROGRAM, [path, String(FIRST_PORT + 20)], {
    execPath: '/bin/bash',
    execArgv: ['-c', shell, process.execPath],
  });
  child = running;
  const outcome = await new Promise<{ error: string; seconds: number; callGoesOn: boolean }>((resolve) => {
    running.on('message', (message) => {
      if (typeof message === 'object' && message !== null && 'error' in message)
        resolve(message as { error: string; seconds: number; callGoesOn: boolean });
    });
  });
  running.kill('SIGKILL');
  await exited(running);
  expect(outcome).toMatchObject({ callGoesOn: true });
  expect(outcome.error).toMatch(/EFBIG|no more/);
  const file = readFileSync(path);
  expect(file.readUInt32LE(40)).toBeGreaterThan(STEREO_SECOND / 2);
  expect(outcome.seconds).toBeCloseTo(file.readUInt32LE(40) / STEREO_SECOND, 5);
  expect(toneShare(readWavChannel(file, 'left').subarray(4000), 500)).toBeGreaterThan(0.95);
});

it('a worker that dies: its sessions are told, others go on, a new one takes its place', async () => {
  const engine = createEmbeddedEngine({
    workers: 2,
    addresses: { ipv4: '127.0.0.1' },
    ports: { min: FIRST_PORT + 40, max: FIRST_PORT + 49 },
    maxLegsPerWorker: 2,
    silenceSeconds: 30,
    log: silentLogger,
  });
  const [doomed, other] = [engine.openSession(), engine.openSession()];
  const [lost, kept] = [await doomed.openLeg({ family: 'ipv4' }), await other.openLeg({ family: 'ipv4' })];
  const player = doomed.createPlayer({ kind: 'progress-tone', tone: 'busy', country: 'RU' }, { loop: true });
  const recorder = doomed.createRecorder({ path: join(folder, 'lost.wav'), channels: 1 });
  const told: string[] = [];
  lost.events.on('silent', () => told.push('leg'));
  player.events.on('finished', ({ error }) => told.push(`player ${error !== undefined}`));
  recorder.events.on('error', () => told.push('recorder'));
  await lost.stats();
  const answer = lost.stats();
  // A plan that cannot be: the worker stumbles over it, as it would over a fault of our own.
  lost.configure(undefined as never);
  await Promise.allSettled([answer]);
  await until('all are told', () => told.length === 3);
  expect(told).toEqual(['leg', 'player true', 'recorder']);
  await expect(lost.stats()).rejects.toMatchObject({ code: 'media/busy' });
  await expect(doomed.openLeg({ family: 'ipv4' })).rejects.toMatchObject({ code: 'media/busy' });
  expect((await lost.close()).packetsReceived).toBe(0);
  await doomed.close();
  expect((await kept.stats()).packetsSent).toBe(0);
  const fill = await other.openLeg({ family: 'ipv4' });
  await expect(other.openLeg({ family: 'ipv4' })).rejects.toMatchObject({ code: 'media/busy' });
  await until('a new worker', () => {
    try {
      void engine.openSession().close();
      return true;
    } catch {
      return false;
    }
  });
  const again = engine.openSession();
  const peer = await RtpPeer.open();
  const leg = await again.openLeg({ family: 'ipv4' });
  leg.configure(peer.plan());
  again.connect(
    again.createPlayer({ kind: 'progress-tone', tone: 'busy', country: 'RU' }, { loop: true }),
    leg,
  );
  await until('sound from the new worker', () => peer.packets.length > 5);
  expect(fill.local.port).not.toBe(kept.local.port);
  peer.close();
  await engine.close();
  expect(() => engine.openSession()).toThrow(/full or stopped/);
});

it('refuses what is asked of a dead worker', async () => {
  const died = Promise.withResolvers<void>();
  const settings = {
    addresses: { ipv4: '127.0.0.1' },
    ports: { min: 10_000, max: 10_001 },
    silenceSeconds: 1,
  };
  const link = new WorkerLink(settings, silentLogger, () => died.resolve());
  const question = link.ask({ kind: 'stats' });
  await link.terminate();
  await expect(question).rejects.toMatchObject({ code: 'media/busy' });
  await died.promise;
  await expect(link.ask({ kind: 'stats' })).rejects.toMatchObject({ code: 'media/busy' });
});

it('a closed session leaves no listener behind, whatever was not closed one by one', async () => {
  const settings = {
    addresses: { ipv4: '127.0.0.1' },
    ports: { min: FIRST_PORT, max: FIRST_PORT + 9 },
    silenceSeconds: 1,
  };
  const link = new WorkerLink(settings, silentLogger, () => {});
  let node = 1;
  const session = new SessionHandle({
    id: 1,
    link,
    maxLegs: 4,
    nextNode: () => node++,
    advertised: { ipv4: '127.0.0.1' },
    onListenerError: (error) => {
      throw error;
    },
  });
  await session.openLeg({ family: 'ipv4' });
  const closed = await session.openLeg({ family: 'ipv4' });
  await closed.close();
  session.createPlayer({ kind: 'progress-tone', tone: 'busy', country: 'RU' }, { loop: true });
  session.createRecorder({ path: join(folder, 'left.wav'), channels: 1 });
  session.createListener({ rate: 8000, chunkMs: 20 });
  session.createFeed({ rate: 8000, maxBufferMs: 1000 });
  session.createMixer().join();
  expect([link.listeners, link.legs, link.sessions]).toEqual([5, 1, 1]);
  await session.close();
  expect([link.listeners, link.legs, link.sessions]).toEqual([0, 0, 0]);
  await link.terminate();
});
