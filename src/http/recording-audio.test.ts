import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { storeCall, storeRecording } from './test-support/calls.ts';
import { createWorld, type World } from './test-support/world.ts';

let world: World;
let key: { authorization: string };
const BYTES = Buffer.from(Array.from({ length: 1_000 }, (_, index) => index % 251));

const get = (id: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') =>
  world.app.inject({ method, url: `/v1/recordings/${id}/audio`, headers: { ...key, ...headers } });

beforeAll(async () => {
  world = await createWorld({ publicUrl: 'https://calls.example/api/' });
  key = await world.key(['recordings:read']);
  await storeCall(world, 'call', 'taxi');
  await storeRecording(world, 'call', { recordingId: 'whole', bytes: BYTES.length }, BYTES);
  await storeRecording(world, 'call', { recordingId: 'cut', status: 'partial', error: 'disk full' }, BYTES);
  await storeRecording(world, 'call', { recordingId: 'running', status: 'recording' }, BYTES);
  await storeRecording(world, 'call', { recordingId: 'gone' });
  await storeRecording(world, 'call', { recordingId: 'empty' }, Buffer.alloc(0));
});
afterAll(() => world.close());

describe('GET /v1/recordings/:id', () => {
  test('tells of the recording and where its audio is', async () => {
    const response = await world.app.inject({ url: '/v1/recordings/cut', headers: key });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      recordingId: 'cut',
      sessionId: 'call',
      callId: 'call-1',
      status: 'partial',
      path: '2026/01/01/session-1/cut.wav',
      url: 'https://calls.example/api/v1/recordings/cut/audio',
      channels: 2,
      startedAt: '2026-01-01T00:00:00.000Z',
      seconds: 1,
      error: 'disk full',
    });
  });

  test('tells what the scenario calls it, and until when it wants it kept', async () => {
    const wish = { name: 'order 7', keepUntil: Date.UTC(2027, 0, 1) };
    await storeRecording(world, 'call', { recordingId: 'named', ...wish }, BYTES);
    const response = await world.app.inject({ url: '/v1/recordings/named', headers: key });
    expect(response.json()).toMatchObject({ name: 'order 7', keepUntil: '2027-01-01T00:00:00.000Z' });
  });

  test('one that is not there', async () => {
    const response = await world.app.inject({ url: '/v1/recordings/nothing', headers: key });
    expect(response.statusCode).toBe(404);
    expect(response.json().code).toBe('recording/unknown');
  });
});

describe('GET /v1/recordings/:id/audio', () => {
  test.each(['whole', 'cut'])('the whole file of %s', async (id) => {
    const response = await get(id);
    expect(response.statusCode).toBe(200);
    expect(response.rawPayload.equals(BYTES)).toBe(true);
    expect(response.headers).toMatchObject({
      'content-type': 'audio/wav',
      'content-length': '1000',
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache',
      'x-content-type-options': 'nosniff',
      'content-disposition': `inline; filename="${id}.wav"`,
    });
    expect(response.headers.etag).toMatch(/^"[^"]+"$/);
  });

  test.each([
    ['bytes=0-99', 0, 99],
    ['bytes=500-', 500, 999],
    ['bytes=-1', 999, 999],
    ['bytes=990-5000', 990, 999],
  ])('[RFC 9110 §15.3.7] %s is 206 with that part', async (range, start, end) => {
    const response = await get('whole', { range });
    expect(response.statusCode).toBe(206);
    expect(response.headers['content-range']).toBe(`bytes ${start}-${end}/1000`);
    expect(response.headers['content-length']).toBe(String(end - start + 1));
    expect(response.rawPayload.equals(BYTES.subarray(start, end + 1))).toBe(true);
  });

  test('[RFC 9110 §15.5.17] a range outside is 416 with the size, as a problem document', async () => {
    const response = await get('whole', { range: 'bytes=1000-' });
    expect(response.statusCode).toBe(416);
    expect(response.headers['content-range']).toBe('bytes */1000');
    expect(response.headers['content-type']).toContain('application/problem+json');
    expect(response.json().code).toBe('range/unsatisfiable');
  });

  test('[RFC 9110 §14.2] several ranges, or nonsense, give the whole file', async () => {
    for (const range of ['bytes=0-1,5-6', 'pages=1', 'bytes=x']) {
      const response = await get('whole', { range });
      expect(response.statusCode).toBe(200);
      expect(response.rawPayload).toHaveLength(1_000);
    }
  });

  test('[RFC 9110 §13.1.5] If-Range: the part if the file is still that one, else the whole', async () => {
    const { etag } = (await get('whole')).headers;
    const same = await get('whole', { range: 'bytes=0-9', 'if-range': String(etag) });
    expect(same.statusCode).toBe(206);
    const other = await get('whole', { range: 'bytes=0-9', 'if-range': '"other"' });
    expect(other.statusCode).toBe(200);
    expect(other.rawPayload).toHaveLength(1_000);
  });

  test('[RFC 9110 §15.4.5] If-None-Match with its ETag is 304 without a body', async () => {
    const { etag } = (await get('whole')).headers;
    const response = await get('whole', { 'if-none-match': String(etag) });
    expect(response.statusCode).toBe(304);
    expect(response.rawPayload).toHaveLength(0);
    expect(response.headers.etag).toBe(etag);
  });

  test('[RFC 9110 §9.3.2] HEAD gives the headers of the whole file and no body, whatever Range says', async () => {
    const response = await get('whole', { range: 'bytes=0-9' }, 'HEAD');
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({ 'content-length': '1000', 'accept-ranges': 'bytes' });
    expect(response.rawPayload).toHaveLength(0);
  });

  test('an empty file', async () => {
    const response = await get('empty');
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-length']).toBe('0');
    expect((await get('empty', { range: 'bytes=0-' })).statusCode).toBe(416);
  });

  test('a recording that is still being written is 409, to be asked again', async () => {
    const response = await get('running');
    expect(response.statusCode).toBe(409);
    expect(response.json()).toMatchObject({ code: 'recording/unfinished', retryable: true });
  });

  test('a file that is gone is 404 and says so', async () => {
    const response = await get('gone');
    expect(response.statusCode).toBe(404);
    expect(response.json().code).toBe('recording/gone');
  });
});

describe('a path from the store stays inside the recordings folder', () => {
  const outside = () => join(world.recordingsFolder, '..', `secret-of-${Date.now()}.wav`);

  test('by ..', async () => {
    const file = outside();
    writeFileSync(file, 'secret');
    for (const [index, path] of [
      `../${file.split('/').at(-1)}`,
      file,
      `x/../../${file.split('/').at(-1)}`,
      '',
      '.',
    ].entries()) {
      await storeRecording(world, 'call', { recordingId: `escape-${index}`, path });
      const response = await get(`escape-${index}`);
      expect(response.statusCode, path).toBe(404);
      expect(response.body).not.toContain('secret-');
    }
  });

  test('by a symbolic link', async () => {
    const file = outside();
    writeFileSync(file, 'secret');
    symlinkSync(file, join(world.recordingsFolder, 'link.wav'));
    await storeRecording(world, 'call', { recordingId: 'link', path: 'link.wav' });
    expect((await get('link')).statusCode).toBe(404);
  });

  test('a folder is no recording', async () => {
    mkdirSync(join(world.recordingsFolder, 'folder.wav'));
    await storeRecording(world, 'call', { recordingId: 'folder', path: 'folder.wav' });
    expect((await get('folder')).statusCode).toBe(404);
  });
});
