import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SoundDecoder } from '../../media/decode/decoder.ts';
import type { UrlSource } from '../protocol.ts';
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
const url = (address: string): UrlSource => ({ kind: 'url', url: address });

/** Decodes by writing what it was given in front. */
class FakeDecoder implements SoundDecoder {
  readonly decoded: string[] = [];
  async decode(format: string, input: string, output: string): Promise<void> {
    this.decoded.push(format);
    if (format === 'opus') throw new Error('The Opus file is broken; it could not be decoded.');
    await writeFile(output, `RIFF of ${await readFile(input, 'latin1')}`);
  }
  close(): void {}
}
const decoder = new FakeDecoder();
const { signal } = new AbortController();
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sounds-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('PlaybackCache', () => {
  it('keeps a sound, asks again with its entity tag, and takes 304 for an answer', async () => {
    const http = new Scripted();
    const cache = new PlaybackCache({ folder, http, decoder });
    http.answer = { code: 200, headers: [{ key: 'ETag', value: '"1"' }], body: wav('one') };
    const path = await cache.fetch(url('http://s/a.wav'), signal);
    expect(await readFile(path, 'utf8')).toBe('RIFFone');
    http.answer = { code: 304, headers: [], body: new Uint8Array() };
    expect(await cache.fetch(url('http://s/a.wav'), signal)).toBe(path);
    expect(http.requests[1]?.headers).toEqual([['if-none-match', '"1"']]);
    http.answer = { code: 200, headers: [], body: wav('two') };
    expect(await cache.fetch(url('http://s/a.wav'), signal)).not.toBe(path);
  });

  it('decodes what is not WAV, once for the same content, whatever the URL is called', async () => {
    const http = new Scripted();
    const cache = new PlaybackCache({ folder, http, decoder });
    http.answer = { code: 200, headers: [], body: new TextEncoder().encode('ID3 an mp3') };
    const [path, same] = await Promise.all([
      cache.fetch(url('http://s/a.wav'), signal),
      cache.fetch(url('http://s/b.mp3'), signal),
    ]);
    expect(await readFile(path, 'utf8')).toBe('RIFF of ID3 an mp3');
    expect(same).toBe(path);
    expect(await cache.fetch(url('http://s/c'), signal)).toBe(path);
    expect(decoder.decoded).toEqual(['mp3']);
    http.answer = { code: 200, headers: [], body: new TextEncoder().encode('OggS...OpusHead') };
    await expect(cache.fetch(url('http://s/a.wav'), signal)).rejects.toThrow('Opus file is broken');
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('makes the request that a script describes, and asks no server twice whether a POST has changed', async () => {
    const http = new Scripted();
    const cache = new PlaybackCache({ folder, http, decoder });
    http.answer = { code: 200, headers: [{ key: 'etag', value: '"1"' }], body: wav('one') };
    const request = { method: 'POST', headers: [['X-Key', 'k']], body: 'text' } as const;
    for (let i = 0; i < 2; i++) await cache.fetch({ kind: 'url', url: 'http://s/tts', request }, signal);
    expect(http.requests).toMatchObject([
      { method: 'POST', headers: [['X-Key', 'k']], body: 'text', maxBytes: 10 * 1024 * 1024 },
      { method: 'POST', headers: [['X-Key', 'k']], body: 'text' },
    ]);
    const get = { method: 'GET', headers: [['X-Key', 'k']], body: undefined } as const;
    for (let i = 0; i < 2; i++) await cache.fetch({ kind: 'url', url: 'http://s/tts', request: get }, signal);
    expect(http.requests[3]?.headers).toEqual([
      ['X-Key', 'k'],
      ['if-none-match', '"1"'],
    ]);
  });

  it('refuses what is no sound, and says what failed', async () => {
    const http = new Scripted();
    const cache = new PlaybackCache({ folder, http, decoder });
    http.answer = { code: 200, headers: [], body: new TextEncoder().encode('<html>') };
    await expect(cache.fetch(url('http://s/a.mp3'), signal)).rejects.toThrow('none that can be played');
    http.answer = { code: 500, headers: [], body: new Uint8Array() };
    await expect(cache.fetch(url('http://s/a.wav'), signal)).rejects.toThrow('the server answered 500');
    http.answer = { code: 0, headers: [], body: new Uint8Array(), error: 'no answer within 12 s' };
    await expect(cache.fetch(url('http://s/a.wav'), signal)).rejects.toThrow('no answer within 12 s');
    expect(await readdir(folder)).toEqual([]);
  });

  it('takes away what an earlier run left, and nothing else', async () => {
    const http = new Scripted();
    for (const name of [`${'a'.repeat(32)}.wav`, 'prompt.wav']) await writeFile(join(folder, name), 'x');
    http.answer = { code: 200, headers: [], body: wav('one') };
    const path = await new PlaybackCache({ folder, http, decoder }).fetch(url('http://s/a.wav'), signal);
    expect((await readdir(folder)).sort()).toEqual([path.slice(folder.length + 1), 'prompt.wav'].sort());
  });

  it('stays within its size', async () => {
    const http = new Scripted();
    const cache = new PlaybackCache({ folder, http, decoder, maxBytes: 30 });
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      http.answer = { code: 200, headers: [], body: wav(`${name}123456`) };
      await cache.fetch(url(`http://s/${name}.wav`), signal);
    }
    expect(await readdir(folder)).toHaveLength(2);
  });
});
