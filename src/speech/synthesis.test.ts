import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import { systemClock } from '../kernel/clock.ts';
import { createSpeech } from './create-speech.ts';
import { EspeakSynthesis } from './espeak.ts';
import { Gate } from './gate.ts';
import { OpenAiSynthesis } from './openai.ts';
import { activeLevel, bytesOf, levelled, rms, wavOf } from './pcm.ts';
import { PiperSynthesis } from './piper.ts';
import { ScratchFolder } from './scratch.ts';
import { SherpaSynthesis } from './sherpa.ts';
import { SpeechError } from './speech-error.ts';
import { SynthesisChain } from './speech-service.ts';
import { type SayOptions, type Synthesis, SynthesisError, voiceOf } from './synthesis.ts';
import { FakeOpenAi } from './test-support/fake-openai.ts';

const english: SayOptions = { language: 'en-US', voice: '' };
/** Half a second of 400 Hz. */
const tone = (rate: number): Int16Array =>
  Int16Array.from({ length: rate / 2 }, (_, n) => 8000 * Math.sin((2 * Math.PI * 400 * n) / rate));

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'synthesis-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function program(script: string): Promise<string> {
  const path = join(folder, 'program.sh');
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

describe('a server with /audio/speech', () => {
  let server: FakeOpenAi;
  beforeAll(async () => {
    server = await FakeOpenAi.start();
  });
  afterAll(() => server.close());

  const speaker = (more: { format?: 'wav' | 'pcm'; timeoutMs?: number } = {}): OpenAiSynthesis =>
    new OpenAiSynthesis({
      name: 'The server',
      clock: systemClock,
      url: `${server.url}/`,
      key: 'sk-secret',
      model: 'tts-1',
      voices: { 'ru female': 'nova', default: 'onyx' },
      format: 'wav',
      timeoutMs: 15_000,
      parallel: 2,
      ...more,
    });

  it('is asked with model, voice and pace, and its WAV becomes 8 kHz at the common level', async () => {
    server.answer = (response) => response.end(wavOf(tone(24_000), 24_000));
    const tuning = { speed: 1.5, pitchSemitones: 3, gainDb: 0 };
    const sound = await speaker().say('Привет', { language: 'ru-RU', voice: '', gender: 'female', tuning });
    expect(sound).toHaveLength(4000);
    expect(activeLevel(sound)).toBeCloseTo(0.1, 2);
    const { path, authorization, body } = server.asked[0]!;
    expect([path, authorization]).toEqual(['/v1/audio/speech', 'Bearer sk-secret']);
    expect(JSON.parse(body.toString())).toEqual({
      model: 'tts-1',
      input: 'Привет',
      voice: 'nova',
      response_format: 'wav',
      speed: 1.5,
    });
  });

  it('pcm is 24 kHz without a header', async () => {
    server.answer = (response) => response.end(bytesOf(tone(24_000)));
    expect(await speaker({ format: 'pcm' }).say('x', english)).toHaveLength(4000);
  });

  it('fails in a sentence without the text, the key or the answer: statuses, nonsense, a redirect, silence, nobody', async () => {
    const told = async (voice: Synthesis): Promise<string> =>
      await voice.say('+79120000001', english).then(
        () => 'spoken',
        (error: unknown) => (error as Error).message,
      );
    server.answer = (response) => response.writeHead(401).end('bad key sk-secret');
    expect(await told(speaker())).toBe('The server answered 401.');
    server.answer = (response) => response.end('{"no":"WAV"}');
    expect(await told(speaker())).toBe('The server gave something that is no WAV.');
    server.answer = (response) => response.writeHead(307, { location: 'http://127.0.0.1:9/' }).end();
    expect(await told(speaker())).toBe('The server answered 307.');
    server.answer = () => {};
    expect(await told(speaker({ timeoutMs: 50 }))).toBe('The server did not answer within 0.05 s.');
    server.answer = (response) => {
      response.writeHead(200);
      response.write('RIFF');
      response.destroy();
    };
    expect(await told(speaker())).toMatch(/^The server (?:broke off|cannot)/);
  });
});

describe('programs on this machine', () => {
  it('Piper gets one line and its pace; the rate is that of the model', async () => {
    const model = join(folder, 'voice.onnx');
    await writeFile(`${model}.json`, '{"audio":{"sample_rate":22050}}');
    await writeFile(join(folder, 'raw'), bytesOf(tone(22_050)));
    const path = await program(`echo "$@" > ${folder}/args; cat > ${folder}/text; cat ${folder}/raw`);
    const piper = new PiperSynthesis({
      clock: systemClock,
      program: path,
      model,
      timeoutMs: 15_000,
      parallel: 1,
    });
    const tuning = { speed: 2, pitchSemitones: 0, gainDb: 0 };
    expect(await piper.say('Hello\n  there', { ...english, tuning })).toHaveLength(4000);
    expect(await readFile(join(folder, 'args'), 'utf8')).toBe(
      `--model ${model} --output-raw --length_scale 0.50\n`,
    );
    expect(await readFile(join(folder, 'text'), 'utf8')).toBe('Hello there\n');
    await rm(`${model}.json`);
    const other = new PiperSynthesis({
      clock: systemClock,
      program: path,
      model,
      timeoutMs: 15_000,
      parallel: 1,
    });
    await expect(other.say('x', english)).rejects.toThrow('cannot be read');
  });

  it('sherpa-onnx writes a file, which is gone afterwards', async () => {
    await writeFile(join(folder, 'out.wav'), wavOf(tone(16_000), 16_000));
    const path = await program(
      `for a in "$@"; do case "$a" in --output-filename=*) cp ${folder}/out.wav "\${a#*=}";; esac; echo "$a"; done > ${folder}/args`,
    );
    const scratch = new ScratchFolder(join(folder, 'scratch'));
    const options = {
      clock: systemClock,
      program: path,
      arguments: ['--vits-model=m'],
      scratch,
      voices: { ru: '3' },
    };
    const sherpa = new SherpaSynthesis({ ...options, timeoutMs: 15_000, parallel: 1 });
    const tuning = { speed: 2, pitchSemitones: 0, gainDb: 0 };
    expect(await sherpa.say('--help', { language: 'ru-RU', voice: '', tuning })).toHaveLength(4000);
    const args = (await readFile(join(folder, 'args'), 'utf8')).split('\n');
    expect(args.slice(0, 3)).toEqual(['--vits-model=m', '--sid=3', '--vits-length-scale=0.50']);
    expect(args[4]).toBe(' --help');
    expect(await readdir(join(folder, 'scratch', String(process.pid)))).toEqual([]);
  });
});

describe('Gate', () => {
  it('lets so many through at once, the rest waits within the time-out, and too many are refused', async () => {
    const clock = new VirtualClock();
    const gate = new Gate({ name: 'It', clock, parallel: 1, timeoutMs: 1000, maxWaiting: 1 });
    const first = Promise.withResolvers<string>();
    const one = gate.run(() => first.promise);
    const two = gate.run(() => Promise.resolve('two'));
    await expect(gate.run(() => Promise.resolve('three'))).rejects.toThrow('too much to do');
    first.resolve('one');
    expect(await Promise.all([one, two])).toEqual(['one', 'two']);
    const stuck = gate.run(() => new Promise(() => {}));
    const late = gate.run(() => Promise.resolve('never'));
    const failed = Promise.all([
      expect(stuck).rejects.toThrow('It did not answer within 1 s.'),
      expect(late).rejects.toThrow('It did not answer within 1 s.'),
    ]);
    await clock.advance(1000);
    await failed;
    expect(clock.pending).toBe(0);
  });

  it('after three failures in a row nobody is sent there for 30 s; then one is', async () => {
    const clock = new VirtualClock();
    const gate = new Gate({ name: 'It', clock, parallel: 4, timeoutMs: 1000 });
    const fail = (blame: 'provider' | 'request') =>
      gate.run(() => Promise.reject(new SpeechError('no', blame)));
    for (let i = 0; i < 5; i++) await expect(fail('request')).rejects.toThrow('no');
    for (let i = 0; i < 3; i++) await expect(fail('provider')).rejects.toThrow('no');
    expect(gate.isOpen).toBe(false);
    await expect(fail('provider')).rejects.toThrow('given a rest');
    await clock.advance(30_000);
    expect(gate.isOpen).toBe(true);
    const trial = Promise.withResolvers<string>();
    const tried = gate.run(() => trial.promise);
    expect(gate.isOpen).toBe(false);
    trial.resolve('well');
    expect(await tried).toBe('well');
    expect(gate.isOpen).toBe(true);
  });
});

it('the first provider that serves the language and works speaks', async () => {
  const said: string[] = [];
  const entry = (name: string, languages: string[], fails = false) => ({
    name,
    languages,
    synthesis: {
      say: () => {
        said.push(name);
        return fails
          ? Promise.reject(new SynthesisError(`${name} is broken.`))
          : Promise.resolve(new Int16Array(1));
      },
    },
  });
  const chain = new SynthesisChain([entry('en', ['en']), entry('ru', ['ru-RU'], true), entry('all', [])]);
  await chain.say('x', { language: 'ru-RU', voice: '' });
  await chain.say('x', { language: 'en-GB', voice: '' });
  expect(said).toEqual(['ru', 'all', 'en']);
  const none = new SynthesisChain([entry('eng', ['en'], true)]);
  await expect(none.say('x', english)).rejects.toThrow('eng is broken.');
  await expect(none.say('x', { language: 'engl', voice: '' })).rejects.toThrow(
    'No synthesis is configured for engl.',
  );
  expect(
    voiceOf({ ru: 'a', 'ru female': 'b', default: 'c' }, { language: 'ru-RU', voice: '', gender: 'female' }),
  ).toBe('b');
  expect(voiceOf({ ru: 'a', default: 'c' }, { language: 'de-DE', voice: '' })).toBe('c');
});

describe('levels', () => {
  it('quiet and loud speech come to one level, silence stays silent, and nothing is clipped', () => {
    const pause = new Int16Array(4000);
    const quiet = Int16Array.from([...tone(8000).map((sample) => sample / 50), ...pause]);
    expect(activeLevel(levelled(quiet, 0))).toBeCloseTo(0.1, 2);
    expect(activeLevel(levelled(quiet, -20))).toBeCloseTo(0.01, 2);
    expect(Math.max(...levelled(quiet, 40))).toBeLessThanOrEqual(29_000);
    expect([...levelled(pause, 0)].every((sample) => sample === 0)).toBe(true);
  });

  it('eSpeak NG itself: prompts of the shipped scenarios are loud enough, not clipped, and of a natural length', async () => {
    const espeak = new EspeakSynthesis({ clock: systemClock });
    const prompts: readonly (readonly [string, SayOptions])[] = [
      ['Your driver has arrived. Press one to speak to the driver.', english],
      [
        'Ваш водитель приехал. Нажмите один, чтобы поговорить с водителем.',
        { language: 'ru-RU', voice: '', gender: 'male' },
      ],
    ];
    for (const [text, options] of prompts) {
      const sound = await espeak.say(text, options);
      const seconds = sound.length / 8000;
      expect(seconds / text.length).toBeGreaterThan(0.05);
      expect(seconds / text.length).toBeLessThan(0.12);
      expect(20 * Math.log10(activeLevel(sound))).toBeGreaterThan(-24);
      expect(20 * Math.log10(activeLevel(sound))).toBeLessThan(-17);
      expect(sound.filter((sample) => Math.abs(sample) > 29_000)).toHaveLength(0);
      expect(rms(sound.subarray(-80))).toBeLessThan(0.02);
    }
  });

  it('default settings speak without an account, and keep what they said', async () => {
    const speech = createSpeech(
      {
        synthesis: [
          {
            provider: 'espeak-ng',
            languages: [],
            voices: {},
            key: '',
            format: 'wav',
            arguments: [],
            timeoutSeconds: 5,
            parallel: 2,
          },
        ],
        recognition: [],
      },
      { clock: systemClock, cacheFolder: folder },
    );
    const first = await speech.synthesis.say('one', english);
    expect(first.length).toBeGreaterThan(1600);
    expect(await speech.synthesis.say('one', english)).toEqual(first);
    await speech.synthesis.say('one', { ...english, gender: 'male' });
    expect(await readdir(join(folder, 'speech'))).toHaveLength(2);
    expect(() => speech.recognition.open({ language: 'ru', phrases: [], endSilenceMs: 700 })).toThrow(
      'No recognition is configured for ru.',
    );
  });
});
