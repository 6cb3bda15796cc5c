import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { recoverRecords } from '../../src/records/recover.ts';
import { Transcripts } from '../../src/records/transcripts.ts';
import { RecognitionError } from '../../src/speech/recognition.ts';
import { openStorage } from '../../src/storage/storage.ts';
import { event, leg, record, recording, START } from '../kit/call-records.ts';
import { embeddedPlaces } from '../kit/storage-places.ts';

const places = embeddedPlaces();
afterAll(() => places.close());

it('closes what a dead process left open, and repairs its recordings', async () => {
  const storage = await openStorage({
    ...(await places.fresh()),
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
    environment: {},
  });
  try {
    const { records } = storage;
    await records.apply([
      { kind: 'open', record: record({ id: 'session-1' }) },
      { kind: 'leg', sessionId: 'session-1', leg: leg({ callId: 'call-1', answeredAt: START + 2 }) },
      { kind: 'event', event: event('session-1', 1) },
      { kind: 'event', event: event('session-1', 2_002) },
      { kind: 'recording', recording: recording({ recordingId: 'good' }) },
      { kind: 'recording', recording: recording({ recordingId: 'lost' }) },
      { kind: 'open', record: record({ id: 'elsewhere', node: 'node-2' }) },
    ]);
    // Wanted since they began; the process died before they were complete.
    for (const recordingId of ['good', 'lost', 'never stored'])
      await storage.transcripts.save('node-1', {
        recordingId,
        language: 'ru-RU',
        phrases: ['да'],
        status: 'waiting',
        attempts: 0,
        error: undefined,
      });
    const repaired: string[] = [];
    const options = {
      store: records,
      node: 'node-1',
      recordingsFolder: '/recordings',
      log: silentLogger,
      repairWav: async (path: string) => {
        repaired.push(path);
        if (path.includes('lost')) throw new Error('no such file');
        return { seconds: 1.5, bytes: 48_044 };
      },
    };
    expect(await recoverRecords(options)).toBe(1);
    expect(repaired.sort()).toEqual([
      '/recordings/2026/01/01/session-1/good.wav',
      '/recordings/2026/01/01/session-1/lost.wav',
    ]);
    const found = await records.get('session-1');
    expect(found).toMatchObject({ status: 'failed', reason: 'node stopped', endedAt: START + 2_002 });
    expect(found?.legs[0]).toMatchObject({ endedAt: START + 2_002, durationSeconds: 2, endedBy: 'fault' });
    expect(found?.recordings).toMatchObject([
      { recordingId: 'good', status: 'partial', seconds: 1.5, bytes: 48_044, error: 'node stopped' },
      { recordingId: 'lost', status: 'partial', seconds: undefined },
    ]);
    const { items } = await records.events('session-1', { limit: 10 });
    expect(items.at(-1)).toMatchObject({ position: 2_003, name: 'node.stopped' });
    expect((await records.get('elsewhere'))?.status).toBe('in-progress');
    expect(await recoverRecords(options)).toBe(0);

    const folder = mkdtempSync(join(tmpdir(), 'maskline-recover-'));
    mkdirSync(join(folder, '2026/01/01/session-1'), { recursive: true });
    const transcripts = new Transcripts({
      ...{ store: storage.transcripts, records, node: 'node-1', recordingsFolder: folder, parallel: 1 },
      clock: systemClock,
      log: silentLogger,
      recognise: async (path, { language, phrases }) => {
        if (path.includes('lost')) throw new RecognitionError('The recording is no WAV file.', 'request');
        expect([language, phrases]).toEqual(['ru-RU', ['да']]);
        return { seconds: 1.5, channels: [] };
      },
    });
    expect(await transcripts.resume()).toBe(3);
    await expect.poll(() => transcripts.open, { timeout: 10_000 }).toBe(0);
    await transcripts.close();
    const states = ['good', 'lost', 'never stored'].map((id) => storage.transcripts.get(id));
    expect((await Promise.all(states)).map((job) => `${job?.status} ${job?.attempts}`)).toEqual([
      'complete 1',
      'failed 1',
      'failed 0',
    ]);
    rmSync(folder, { recursive: true });
  } finally {
    await storage.close();
  }
});
