import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recording } from '../../test/kit/call-records.ts';
import { settle, VirtualClock } from '../../test/kit/virtual-clock.ts';
import { createLogger } from '../kernel/logger.ts';
import { RecognitionError } from '../speech/recognition.ts';
import type { FileTranscript } from '../speech/transcribe-file.ts';
import { Recordings } from './recordings.ts';
import type { TranscriptJob, TranscriptStore } from './transcript-ports.ts';
import { Transcripts } from './transcripts.ts';

class MemoryStore implements TranscriptStore {
  readonly jobs = new Map<string, TranscriptJob>();
  away = false;

  async save(_: string, job: TranscriptJob): Promise<void> {
    if (this.away) throw Object.assign(new Error('no'), { code: 'ECONNREFUSED' });
    this.jobs.set(job.recordingId, job);
  }
  async get(id: string): Promise<TranscriptJob | undefined> {
    return this.jobs.get(id);
  }
  async waiting(): Promise<readonly TranscriptJob[]> {
    return [...this.jobs.values()].filter(({ status }) => status === 'waiting');
  }
}

const JOB = { language: 'en', phrases: [], status: 'waiting', attempts: 0, error: undefined } as const;
const SAID = 'my number is +79120000001';
const HEARD: FileTranscript = {
  seconds: 12.34567,
  channels: [
    {
      provider: 'fake',
      segments: [
        {
          text: SAID,
          confidence: 0.91234,
          startSeconds: 65.2,
          endSeconds: 66,
          words: [{ text: 'my', startSeconds: 65.2, endSeconds: 65.5, confidence: undefined }],
        },
      ],
    },
    {
      provider: 'fake',
      segments: [{ text: 'hello', confidence: undefined, startSeconds: 1, endSeconds: 2, words: [] }],
    },
  ],
};

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'transcripts-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function world() {
  const clock = new VirtualClock();
  const store = new MemoryStore();
  const logged: string[] = [];
  const heard: string[] = [];
  const scene = { outcome: (): Promise<FileTranscript> => Promise.resolve(HEARD), removed: false };
  const make = (): Transcripts =>
    new Transcripts({
      store,
      records: {
        recording: async (id) =>
          scene.removed ? undefined : recording({ recordingId: id, path: `${id}.wav`, status: 'partial' }),
      },
      node: 'n',
      recordingsFolder: folder,
      recognise: (path, { language, phrases }) => {
        heard.push(`${path.slice(folder.length + 1)} ${language} ${phrases.join()}`);
        return scene.outcome();
      },
      parallel: 1,
      clock,
      log: createLogger('debug', { write: (line: string) => void logged.push(line) }),
    });
  return { clock, store, logged, heard, scene, make };
}
/** Files take as long as the disk does. */
const until = (is: () => boolean): Promise<void> =>
  expect.poll(is, { interval: 2, timeout: 10_000 }).toBe(true);

describe('Transcripts', () => {
  it('[row 43] a recording that is removed while it is recognised leaves no words behind', async () => {
    const { clock, store, scene, make } = world();
    const transcripts = make();
    await store.save('n', { ...JOB, recordingId: 'rec' });
    const spoken = Promise.withResolvers<FileTranscript>();
    scene.outcome = () => spoken.promise;
    await transcripts.resume();
    await settle();
    scene.removed = true;
    spoken.resolve(HEARD);
    await until(() => transcripts.open === 0);
    expect(await readdir(folder)).toEqual([]);
    expect(store.jobs.get('rec')?.status).toBe('waiting');
    expect(clock.pending).toBe(0);
  });

  it('a recording is recognised once it is complete; both files lie beside it, and no log has what was said', async () => {
    const { clock, store, logged, heard, make } = world();
    const transcripts = make();
    const recordings = new Recordings({
      folder,
      publicUrl: 'http://a',
      keeper: { recordingChanged: () => {} },
      transcripts,
      clock,
      random: { uuid: () => 'rec', int: () => 1, bytes: () => new Uint8Array() } as never,
    });
    const wish = { language: 'ru-RU', phrases: ['такси'] };
    const { path } = recordings.begin({ sessionId: 's', callId: 'c', channels: 2, transcribe: wish });
    await settle();
    expect([store.jobs.get('rec')?.status, heard]).toEqual(['waiting', []]);
    const done = { recordingId: 'rec', seconds: 12, bytes: 1, channels: 2, error: undefined };
    recordings.finish(done);
    recordings.finish(done);
    await until(() => transcripts.open === 0);
    expect(store.jobs.get('rec')).toEqual({
      recordingId: 'rec',
      ...wish,
      status: 'complete',
      attempts: 1,
      error: undefined,
    });
    expect(heard).toEqual(['2026/01/01/s/rec.wav ru-RU такси']);
    const base = path.slice(0, -4);
    expect(JSON.parse(await readFile(`${base}.transcript.json`, 'utf8'))).toEqual({
      version: 1,
      recordingId: 'rec',
      language: 'ru-RU',
      seconds: 12.346,
      text: `[00:01] right: hello\n[01:05] left: ${SAID}`,
      channels: [
        {
          channel: 'left',
          provider: 'fake',
          segments: [
            {
              start: 65.2,
              end: 66,
              text: SAID,
              confidence: 0.912,
              words: [{ start: 65.2, end: 65.5, text: 'my' }],
            },
          ],
        },
        { channel: 'right', provider: 'fake', segments: [{ start: 1, end: 2, text: 'hello', words: [] }] },
      ],
    });
    expect(await readFile(`${base}.transcript.txt`, 'utf8')).toBe(
      `[00:01] right: hello\n[01:05] left: ${SAID}\n`,
    );
    expect(await readdir(join(base, '..'))).toHaveLength(2);
    expect(logged.join()).not.toMatch(/7912|hello/);
    await transcripts.close();
    expect(clock.pending).toBe(0);
  });

  it('a failure is tried again after a while, five times at most; what cannot be right later is given up at once', async () => {
    const { clock, store, heard, scene, make } = world();
    const transcripts = make();
    scene.outcome = () => Promise.reject(new RecognitionError('It is away.'));
    transcripts.wanted('a', { language: 'en', phrases: [] });
    transcripts.recorded({ recordingId: 'a', path: 'a.wav' });
    transcripts.recorded({ recordingId: 'nobody asked', path: 'x.wav' });
    for (const pause of [0, 30_000, 120_000, 600_000, 3_600_000]) {
      await clock.advance(pause);
      await settle();
    }
    expect([heard.length, store.jobs.get('a')]).toMatchObject([
      5,
      { status: 'failed', attempts: 5, error: 'It is away.' },
    ]);
    scene.outcome = () =>
      Promise.reject(new RecognitionError('No recognition is configured for tlh.', 'request'));
    transcripts.wanted('b', { language: 'tlh', phrases: [] });
    transcripts.recorded({ recordingId: 'b', path: 'b.wav' });
    await settle();
    expect(store.jobs.get('b')).toMatchObject({ status: 'failed', attempts: 1 });
    expect([transcripts.open, clock.pending]).toEqual([0, 0]);
    await transcripts.close();
  });

  it('what a node left goes on at its next start; stopping in the middle of one loses nothing', async () => {
    const { clock, store, heard, scene, make } = world();
    const first = make();
    const never = Promise.withResolvers<FileTranscript>();
    scene.outcome = () => never.promise;
    for (const id of ['a', 'b']) {
      first.wanted(id, { language: 'en', phrases: [] });
      first.recorded({ recordingId: id, path: `${id}.wav` });
    }
    first.wanted('c', { language: 'en', phrases: [] });
    await settle();
    expect(heard).toHaveLength(1);
    const closed = first.close();
    never.reject(new RecognitionError('stopped'));
    await closed;
    expect(clock.pending).toBe(0);
    expect(await store.waiting()).toHaveLength(3);
    scene.outcome = () => Promise.resolve(HEARD);
    const second = make();
    expect(await second.resume()).toBe(3);
    await until(() => second.open === 0);
    expect([...store.jobs.values()].map(({ status }) => status)).toEqual([
      'complete',
      'complete',
      'complete',
    ]);
    await second.close();
  });

  it('a database that is away is told later', async () => {
    const { clock, store, make } = world();
    const transcripts = make();
    store.away = true;
    transcripts.wanted('a', { language: 'en', phrases: [] });
    await settle();
    transcripts.recorded({ recordingId: 'a', path: 'a.wav' });
    await until(() => transcripts.open === 1);
    store.away = false;
    await clock.advance(5_000);
    await until(() => transcripts.open === 0);
    expect(store.jobs.get('a')).toMatchObject({ status: 'complete', attempts: 1 });
    await transcripts.close();
    expect(clock.pending).toBe(0);
  });
});
