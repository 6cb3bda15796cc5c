import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HttpAnswer, HttpClient, HttpRequest } from './http-client.ts';
import { PlaybackCache } from './playback-cache.ts';

class Scripted implements HttpClient {
  readonly requests: HttpRequest[] = [];
  answer: HttpAnswer = { code: 200, headers: [], body: new Uint8Array() };
  request(request: HttpRequest): Promise<HttpAnswer> {
    this.requests.push(request);
    return Promise.resolve(this.answer);
  }
}

const wav = (text: string): Uint8Array => new TextEncoder().encode(`RIFF${text}`);
const { signal } = new AbortController();
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sounds-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('PlaybackCache', () => {
  it('keeps a sound, asks again with its entity tag, and takes 304 for an answer', async () => {
    const http = new Scripted();
    const cache = new PlaybackCache({ folder, http });
    http.answer = { code: 200, headers: [{ key: 'ETag', value: '"1"' }], body: wav('one') };
    const path = await cache.fetch('http://s/a.wav', signal);
    expect(await readFile(path, 'utf8')).toBe('RIFFone');
    http.answer = { code: 304, headers: [], body: new Uint8Array() };
    expect(await cache.fetch('http://s/a.wav', signal)).toBe(path);
    expect(http.requests[1]?.headers).toEqual([['if-none-match', '"1"']]);
    http.answer = { code: 200, headers: [], body: wav('two') };
    expect(await cache.fetch('http://s/a.wav', signal)).not.toBe(path);
  });

  it('refuses what is no WAV, and says what failed', async () => {
    const http = new Scripted();
    const cache = new PlaybackCache({ folder, http });
    http.answer = { code: 200, headers: [], body: new TextEncoder().encode('ID3 an mp3') };
    await expect(cache.fetch('http://s/a.mp3', signal)).rejects.toThrow(/only WAV/);
    http.answer = { code: 500, headers: [], body: new Uint8Array() };
    await expect(cache.fetch('http://s/a.wav', signal)).rejects.toThrow('the server answered 500');
    http.answer = { code: 0, headers: [], body: new Uint8Array(), error: 'no answer within 20 s' };
    await expect(cache.fetch('http://s/a.wav', signal)).rejects.toThrow('no answer within 20 s');
    expect(await readdir(folder)).toEqual([]);
  });

  it('takes away what an earlier run left, and nothing else', async () => {
    const http = new Scripted();
    for (const name of [`${'a'.repeat(32)}.wav`, 'prompt.wav']) await writeFile(join(folder, name), 'x');
    http.answer = { code: 200, headers: [], body: wav('one') };
    const path = await new PlaybackCache({ folder, http }).fetch('http://s/a.wav', signal);
    expect((await readdir(folder)).sort()).toEqual([path.slice(folder.length + 1), 'prompt.wav'].sort());
  });

  it('stays within its size', async () => {
    const http = new Scripted();
    const cache = new PlaybackCache({ folder, http, maxBytes: 30 });
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      http.answer = { code: 200, headers: [], body: wav(`${name}123456`) };
      await cache.fetch(`http://s/${name}.wav`, signal);
    }
    expect(await readdir(folder)).toHaveLength(2);
  });
});
