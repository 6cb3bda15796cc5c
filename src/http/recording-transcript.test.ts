import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { transcriptPath } from '../records/ports.ts';
import { documentOf } from '../records/transcript-file.ts';
import { storeCall, storeRecording } from './test-support/calls.ts';
import { createWorld, type World } from './test-support/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
  await storeCall(world, 'call', 'taxi');
  for (const id of ['plain', 'asked', 'failed', 'done', 'gone'])
    await storeRecording(
      world,
      'call',
      { recordingId: id, path: `${id}.wav`, bytes: 4 },
      Buffer.from('RIFF'),
    );
  const { transcripts } = world.storage;
  const job = { language: 'en', phrases: ['taxi'], attempts: 1, error: undefined };
  await transcripts.save('n', {
    ...job,
    recordingId: 'asked',
    status: 'waiting',
    error: 'Vosk does not answer.',
  });
  await transcripts.save('n', {
    ...job,
    recordingId: 'failed',
    status: 'failed',
    error: 'PocketSphinx is missing.',
  });
  for (const id of ['done', 'gone'])
    await transcripts.save('n', { ...job, recordingId: id, status: 'complete' });
  const said = { text: 'call +447700900202', confidence: 0.9, startSeconds: 1, endSeconds: 2 };
  const words = [{ text: '+447700900202', confidence: undefined, startSeconds: 1, endSeconds: 2 }];
  const document = documentOf('done', 'en', {
    seconds: 3,
    channels: [{ provider: 'Vosk', segments: [{ ...said, words }] }],
  });
  writeFileSync(join(world.recordingsFolder, transcriptPath('done.wav')), JSON.stringify(document));
});
afterAll(() => world.close());

const get = async (id: string, headers: object, application?: 'delivery') => {
  const key = await world.key(['recordings:read'], application);
  return await world.app.inject({ url: `/v1/recordings/${id}/transcript`, headers: { ...key, ...headers } });
};

test('what was said, with its words; without numbers:read no number is told', async () => {
  const clear = await world.app.inject({
    url: '/v1/recordings/done/transcript',
    headers: await world.key(['recordings:read', 'numbers:read']),
  });
  expect(clear.statusCode).toBe(200);
  expect(clear.json()).toEqual({
    recordingId: 'done',
    language: 'en',
    seconds: 3,
    text: '[00:01] call +447700900202',
    channels: [
      {
        channel: 'mono',
        provider: 'Vosk',
        segments: [
          {
            start: 1,
            end: 2,
            text: 'call +447700900202',
            confidence: 0.9,
            words: [{ start: 1, end: 2, text: '+447700900202' }],
          },
        ],
      },
    ],
  });
  const hidden = await get('done', {});
  expect(hidden.statusCode).toBe(200);
  expect(hidden.body).not.toContain('7700900');
  expect(hidden.json().channels[0].segments[0].words).toEqual([]);
});

test.each([
  ['plain', 404, 'transcript/none', ''],
  ['asked', 409, 'transcript/unfinished', 'Vosk does not answer.'],
  ['failed', 404, 'transcript/failed', 'PocketSphinx is missing.'],
  ['gone', 404, 'recording/gone', ''],
  ['nothing', 404, 'recording/unknown', ''],
])('%s: %i %s', async (id, status, code, detail) => {
  const response = await get(id, {});
  expect([response.statusCode, response.json().code]).toEqual([status, code]);
  expect(response.json().detail).toContain(detail);
});

test('a key of another application sees nothing, and one without the scope neither', async () => {
  expect((await get('done', {}, 'delivery')).statusCode).toBe(404);
  const key = await world.key(['calls:read']);
  const response = await world.app.inject({ url: '/v1/recordings/done/transcript', headers: key });
  expect(response.statusCode).toBe(403);
});
