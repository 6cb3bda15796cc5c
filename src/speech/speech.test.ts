import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import { systemClock } from '../kernel/clock.ts';
import { wavHeader } from '../media/wav.ts';
import { CachedSynthesis } from './cache.ts';
import { EspeakSynthesis } from './espeak.ts';
import { type SayOptions, type Synthesis, SynthesisError } from './synthesis.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'speech-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const english: SayOptions = { language: 'en-US', voice: '' };

/** A program that stands in for eSpeak NG, so that the tests say the same on every machine. */
async function program(script: string): Promise<string> {
  const path = join(folder, 'voice.sh');
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

describe('EspeakSynthesis', () => {
  it('gives the text by standard input, the voice as argument, and reads the WAV', async () => {
    const samples = Buffer.from(new Int16Array([1, 2, 3, -4]).buffer);
    await writeFile(join(folder, 'out.wav'), Buffer.concat([wavHeader(1, samples.length), samples]));
    const path = await program(
      `echo "$@" > ${folder}/args; /bin/cat > ${folder}/text; /bin/cat ${folder}/out.wav`,
    );
    const voice = new EspeakSynthesis({ clock: systemClock, program: path });
    const wish: SayOptions = {
      language: 'ru-RU',
      voice: '',
      gender: 'male',
      tuning: { speed: 1.25, pitchSemitones: -6, gainDb: 0 },
    };
    expect([...(await voice.say('-x; $(touch evil) Привет', wish))]).toEqual([1, 2, 3, -4]);
    expect(await readFile(join(folder, 'args'), 'utf8')).toBe('--stdin --stdout -v ru+m3 -s 194 -p 26\n');
    expect(await readFile(join(folder, 'text'), 'utf8')).toBe('-x; $(touch evil) Привет');
  });

  it('says what to install when the program is not there', async () => {
    const voice = new EspeakSynthesis({ clock: systemClock, program: join(folder, 'missing') });
    await expect(voice.say('Hello', english)).rejects.toThrow('install the package espeak-ng');
  });

  it('rejects a program that fails, and one that is too slow', async () => {
    const failing = new EspeakSynthesis({ clock: systemClock, program: await program('exit 1') });
    await expect(failing.say('Hello', english)).rejects.toThrow(/status 1/);
    const clock = new VirtualClock();
    const slow = new EspeakSynthesis({ clock, program: await program('exec sleep 60') });
    const said = slow.say('Hello', english);
    const failed = expect(said).rejects.toThrow('did not answer within 5 s');
    await clock.advance(5_000);
    await failed;
    expect(clock.pending).toBe(0);
  });

  it.each(['--help', '../x', 'en us', '-v'])('refuses the voice %s', async (voice) => {
    const speech = new EspeakSynthesis({ clock: systemClock, program: join(folder, 'missing') });
    await expect(speech.say('Hello', { language: 'en-US', voice })).rejects.toThrow(SynthesisError);
  });

  it('has nothing to say for an empty text', async () => {
    expect(
      await new EspeakSynthesis({ clock: systemClock, program: 'missing' }).say('  ', english),
    ).toHaveLength(0);
  });
});

class Counting implements Synthesis {
  readonly said: string[] = [];
  say(text: string): Promise<Int16Array> {
    this.said.push(text);
    return text === 'fail'
      ? Promise.reject(new SynthesisError('no'))
      : Promise.resolve(Int16Array.from([text.length, -1]));
  }
}

describe('CachedSynthesis', () => {
  it('makes each text of a language once, also after a restart', async () => {
    const synthesis = new Counting();
    const make = (): CachedSynthesis =>
      new CachedSynthesis({ synthesis, name: 'test', folder: join(folder, 'cache'), clock: systemClock });
    const cache = make();
    const [one, two] = await Promise.all([cache.say('Hello', english), cache.say('Hello', english)]);
    expect([[...one], [...two], synthesis.said]).toEqual([[5, -1], [5, -1], ['Hello']]);
    expect([...(await make().say('Hello', english))]).toEqual([5, -1]);
    await cache.say('Hello', { ...english, language: 'de-DE' });
    expect(synthesis.said).toEqual(['Hello', 'Hello']);
  });

  it('keeps no failure and no text in a file name', async () => {
    const synthesis = new Counting();
    const cache = new CachedSynthesis({
      synthesis,
      name: 'test',
      folder: join(folder, 'cache'),
      clock: systemClock,
    });
    await expect(cache.say('fail', english)).rejects.toThrow('no');
    await expect(cache.say('fail', english)).rejects.toThrow('no');
    expect(synthesis.said).toEqual(['fail', 'fail']);
    await cache.say('89120000001', english);
    expect((await readdir(join(folder, 'cache'))).join()).toMatch(/^[0-9a-f]{40}\.wav$/);
  });

  it('stays within its size', async () => {
    const cache = new CachedSynthesis({
      synthesis: new Counting(),
      name: 'test',
      folder,
      clock: systemClock,
      maxBytes: 100,
    });
    for (let i = 0; i < 52; i++) await cache.say('x'.repeat(i + 1), english);
    expect((await readdir(folder)).length).toBeLessThanOrEqual(4);
  });
});
