import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import { toneShare } from '../goertzel.ts';
import { readWav } from '../wav.ts';
import { DecodeError, ProgramDecoder } from './decoder.ts';
import { formatOf, type SoundFormat } from './format.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'decode-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const decoder = new ProgramDecoder({ clock: systemClock });
const out = (): string => join(folder, 'out.wav');

const FILES: readonly [string, Exclude<SoundFormat, 'wav'>][] = [
  ['tone.mp3', 'mp3'],
  ['tone-vorbis.ogg', 'vorbis'],
  ['tone-opus.ogg', 'opus'],
  ['tone.flac', 'flac'],
  ['adpcm.wav', 'compressed-wav'],
];

it.each(FILES)('%s is recognised by its content and gives the tone that it holds', async (name, format) => {
  const path = join(FIXTURES, name);
  expect(formatOf(readFileSync(path))).toBe(format);
  await decoder.decode(format, path, out());
  const samples = readWav(readFileSync(out()));
  expect(toneShare(samples.subarray(800, 2200), 1000)).toBeGreaterThan(0.99);
});

it('knows an MP3 without a tag, a WAV, and what is no sound', () => {
  const mp3 = readFileSync(join(FIXTURES, 'tone.mp3'));
  expect(mp3.toString('latin1', 0, 3)).not.toBe('RIFF');
  for (const [text, format] of [
    ['ID3\x04\x00\x00', 'mp3'],
    ['\xff\xfb\x90\x00', 'mp3'],
    ['\xff\xf1\x50\x80', undefined],
    ['RIFF....WAVE', 'wav'],
    ['RIFF....WAVEfmt \x10\x00\x00\x00\x01\x00', 'wav'],
    ['OggS\x00\x02speex', undefined],
    ['<html>', undefined],
    ['', undefined],
  ] as const)
    expect(formatOf(Buffer.from(text, 'latin1')), text).toBe(format);
});

it.each(FILES)(
  '%s cut short or full of junk ends with a sentence, or with less sound',
  async (name, format) => {
    const bytes = readFileSync(join(FIXTURES, name));
    const input = join(folder, name);
    const junk = Buffer.concat([bytes.subarray(0, 60), Buffer.alloc(3000, 0x55)]);
    for (const broken of [bytes.subarray(0, 40), junk]) {
      writeFileSync(input, broken);
      const error = await decoder.decode(format, input, out()).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error !== undefined) expect(error).toBeInstanceOf(DecodeError);
    }
  },
);

it('a small file that unpacks to a huge one is given up', async () => {
  const bomb = join(folder, 'bomb.flac');
  execFileSync('sox', ['-n', '-r', '8000', '-c', '1', bomb, 'trim', '0', '200']);
  expect(readFileSync(bomb).length).toBeLessThan(16_000);
  const strict = new ProgramDecoder({ clock: systemClock, maxSeconds: 120 });
  await expect(strict.decode('flac', bomb, out())).rejects.toThrow('longer than 2 minutes');
  // Less than half of that is written before the disk's limit or the program's own ends it.
  expect(readFileSync(out()).length).toBeLessThan(2 * 8000 * 130);
});

it('a program that is missing is named with its package; one that hangs ends; those that wait get their turn', async () => {
  const missing = new ProgramDecoder({ clock: systemClock, path: '/nowhere' });
  const mp3 = join(FIXTURES, 'tone.mp3');
  await expect(missing.decode('mp3', mp3, out())).rejects.toThrow(
    'MP3 needs sox; install the Debian package sox and libsox-fmt-mp3.',
  );
  // The clock stands at the end of the time-out as soon as it is armed.
  const impatient = { ...systemClock, setTimeout: (run: () => void) => systemClock.setTimeout(run, 0) };
  writeFileSync(join(folder, 'sox'), '#!/bin/sh\nexec /bin/sleep 60\n', { mode: 0o700 });
  const slow = new ProgramDecoder({ clock: impatient, parallel: 1, path: folder });
  for (const one of await Promise.allSettled([1, 2].map(() => slow.decode('mp3', mp3, out()))))
    expect(String((one as PromiseRejectedResult).reason)).toContain('within 30 s');
  const closing = new ProgramDecoder({ clock: systemClock, path: folder });
  const running = closing.decode('mp3', mp3, out());
  await new Promise<void>((resolve) => setImmediate(resolve));
  const ended = expect(running).rejects.toThrow(DecodeError);
  closing.close();
  await ended;
  await expect(closing.decode('mp3', mp3, out())).rejects.toThrow('shutting down');
  const single = new ProgramDecoder({ clock: systemClock, parallel: 1 });
  await Promise.all([single.decode('mp3', mp3, out()), single.decode('mp3', mp3, join(folder, 'b.wav'))]);
});
