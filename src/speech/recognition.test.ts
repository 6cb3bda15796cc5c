import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../../test/kit/virtual-clock.ts';
import { systemClock } from '../kernel/clock.ts';
import { readWav } from '../media/wav.ts';
import { Endpointer } from './endpointer.ts';
import { OpenAiTranscriber } from './openai.ts';
import { wavOf } from './pcm.ts';
import { PocketsphinxTranscriber } from './pocketsphinx.ts';
import type { Recogniser, RecognitionOptions, RecognitionStream } from './recognition.ts';
import { ScratchFolder } from './scratch.ts';
import { SherpaTranscriber } from './sherpa.ts';
import { RecognitionChoice } from './speech-service.ts';
import { FakeOpenAi, json } from './test-support/fake-openai.ts';
import { FakeVosk } from './test-support/fake-vosk.ts';
import { transcribeFile } from './transcribe-file.ts';
import { UtteranceRecogniser } from './utterance-stream.ts';
import { VoskRecogniser } from './vosk.ts';

/** A busy machine is no failure. */
const SOON = { timeout: 15_000 };
const russian: RecognitionOptions = { language: 'ru-RU', phrases: [], endSilenceMs: 700 };
const silence = (seconds: number, rate = 16_000): Int16Array => new Int16Array(seconds * rate);
/** Something as loud as a voice. */
const voice = (seconds: number, rate = 16_000): Int16Array =>
  Int16Array.from({ length: seconds * rate }, (_, n) => 6000 * Math.sin(n / 5) * Math.sin(n / 900));

/** Everything a stream says, in order. */
function told(stream: RecognitionStream): string[] {
  const lines: string[] = [];
  const { events } = stream;
  events.on('ready', () => lines.push('ready'));
  events.on('speechStarted', () => lines.push('started'));
  events.on('speechEnded', () => lines.push('captured'));
  events.on('interim', ({ text }) => lines.push(`interim ${text}`));
  events.on('result', ({ text, confidence = -1, startSeconds, endSeconds, words }) =>
    lines.push(
      `${text} ${confidence.toFixed(2)} ${startSeconds.toFixed(1)}-${endSeconds.toFixed(1)} ${words.length}`,
    ),
  );
  events.on('failed', ({ error, fatal }) => lines.push(`${fatal ? 'fatal' : 'lost'}: ${error}`));
  events.on('ended', () => lines.push('ended'));
  return lines;
}

describe('Endpointer', () => {
  it('finds utterances in noise, ends them after the pause, and cuts what never ends', () => {
    const noise = (seconds: number): Int16Array => voice(seconds).map((sample) => sample / 60);
    const ears = new Endpointer({ rate: 16_000, endSilenceMs: 500, maxUtteranceMs: 3000 });
    const marks = [noise(2), voice(1), noise(0.3), voice(1), noise(1), voice(4), noise(1)].flatMap((part) =>
      ears.push(part),
    );
    expect(marks.map(({ kind, at }) => `${kind} ${(at / 16_000).toFixed(1)}`)).toEqual([
      'start 1.7',
      'end 4.5',
      'start 5.0',
      'end 8.3',
      'start 8.3',
      'end 9.5',
    ]);
    expect(ears.push(new Int16Array(160))).toEqual([]);
    expect(ears.flush()).toEqual([]);
  });
});

describe('Vosk', () => {
  let server: FakeVosk;
  beforeAll(async () => {
    server = await FakeVosk.start();
  });
  afterAll(() => server.close());
  const vosk = (more: { url?: string; timeoutMs?: number; parallel?: number } = {}): VoskRecogniser =>
    new VoskRecogniser({
      name: 'Vosk',
      clock: systemClock,
      url: server.url,
      rate: 16_000,
      timeoutMs: 15_000,
      parallel: 2,
      ...more,
    });

  it('is told rate and phrases, answers message by message, and finishes at the end of the sound', async () => {
    const word = (text: string, start: number) => ({ word: text, conf: 0.8, start, end: start + 0.5 });
    server.reply = (index) =>
      index === 1
        ? '{"partial" : "да [unk]"}'
        : index === 2
          ? JSON.stringify({
              text: 'да конечно',
              result: [word('да', 0.5), word('конечно', 1), { word: 7 }, null],
            })
          : '{"partial" : ""}';
    server.final = '{"text" : "[unk]"}';
    const stream = vosk().open({ ...russian, phrases: ['Да', 'нет'] });
    const lines = told(stream);
    for (const part of [silence(0.5), voice(1), silence(1), silence(0.5)]) stream.write(part);
    await stream.drained();
    stream.end();
    await expect.poll(() => lines.at(-1), SOON).toBe('ended');
    expect(lines).toEqual([
      'started',
      'captured',
      'ready',
      'interim да',
      'да конечно 0.80 0.5-1.5 2',
      'ended',
    ]);
    expect(server.configs).toEqual([
      { config: { sample_rate: 16_000, words: true, phrase_list: ['да', 'нет', '[unk]'] } },
    ]);
    expect(server.heard).toBe(3 * 32_000);
    stream.write(voice(1));
    await expect.poll(() => server.connections, SOON).toBe(0);
  });

  it('one that is not there, is silent, sends nonsense, or goes away: fatal, once, in time', async () => {
    const fails = async (stream: RecognitionStream): Promise<string[]> => {
      const lines = told(stream);
      stream.write(silence(0.1));
      await expect.poll(() => lines.at(-1), SOON).toMatch(/^fatal/);
      stream.end();
      stream.close();
      return lines.filter((line) => line !== 'ready');
    };
    expect(await fails(vosk({ url: 'ws://127.0.0.1:9' }).open(russian))).toEqual([
      'fatal: Vosk cannot be reached.',
    ]);
    server.reply = () => undefined;
    const slow = vosk({ timeoutMs: 50 });
    for (let i = 0; i < 3; i++)
      expect((await fails(slow.open(russian)))[0]).toMatch(
        /fatal: Vosk (?:does not answer|cannot be reached)/,
      );
    expect(slow.isOpen).toBe(false);
    expect(() => new RecognitionChoice([{ languages: [], recogniser: slow }]).open(russian)).toThrow('rests');
    server.reply = () => 'null';
    expect(await fails(vosk().open(russian))).toEqual(['fatal: Vosk sent something that is no recognition.']);
    server.reply = () => 'x'.repeat(600_000);
    expect((await fails(vosk().open(russian)))[0]).toMatch(/^fatal: Vosk sent|^fatal: Vosk cannot/);
    const full = vosk({ parallel: 1 });
    const only = full.open(russian);
    expect(() => full.open(russian)).toThrow('has 1 calls to listen to already');
    only.close();
    full.open(russian).close();
  });
});

describe('a server with /audio/transcriptions', () => {
  let server: FakeOpenAi;
  beforeAll(async () => {
    server = await FakeOpenAi.start();
  });
  afterAll(() => server.close());
  const recogniser = (model = 'whisper-1', timeoutMs = 15_000): Recogniser =>
    new UtteranceRecogniser(
      new OpenAiTranscriber({
        name: 'The server',
        clock: systemClock,
        url: server.url,
        key: 'sk-secret',
        model,
        timeoutMs,
        parallel: 2,
      }),
      systemClock,
    );

  it('gets utterance by utterance as WAV; results come in order, with times of the stream', async () => {
    server.answer = json({
      text: ' Добрый день. ',
      segments: [{ start: 0.1, end: 0.9, text: ' Добрый день.', avg_logprob: -0.2 }, { start: 'x' }],
    });
    const stream = recogniser().open({ ...russian, phrases: ['день'] });
    const lines = told(stream);
    for (const part of [silence(1), voice(1), silence(1), voice(1), silence(0.2)]) stream.write(part);
    stream.end();
    await expect.poll(() => lines.at(-1), SOON).toBe('ended');
    expect(lines.filter((line) => line !== 'ready')).toEqual([
      'started',
      'captured',
      'started',
      'captured',
      'Добрый день. 0.82 0.7-2.2 1',
      'Добрый день. 0.82 2.7-4.2 1',
      'ended',
    ]);
    const form = server.asked[0]!.body.toString('latin1');
    expect(server.asked[0]!.authorization).toBe('Bearer sk-secret');
    for (const part of ['RIFF', 'whisper-1', 'name="language"\r\n\r\nru', 'verbose_json', 'name="prompt"'])
      expect(form).toContain(part);
  });

  it('an utterance that fails is lost, and the next one is recognised; too slow is a failure, too', async () => {
    let count = 0;
    server.answer = (response, asked) => {
      if (count++ === 0) response.writeHead(503).end();
      else if (count === 2) json({ text: 7 })(response, asked);
      else json({ text: 'well' })(response, asked);
    };
    const stream = recogniser('gpt-4o-transcribe').open(russian);
    const lines = told(stream);
    for (let i = 0; i < 3; i++) for (const part of [voice(0.5), silence(1)]) stream.write(part);
    stream.end();
    await expect.poll(() => lines.at(-1), SOON).toBe('ended');
    expect(lines.filter((line) => /lost|well/.test(line))).toEqual([
      'lost: The server answered 503.',
      'lost: The server gave something that is no transcription.',
      expect.stringMatching(/^well -1.00/),
    ]);
    server.answer = () => {};
    const slow = recogniser('whisper-1', 50).open(russian);
    const heard = told(slow);
    slow.write(voice(0.5));
    slow.flush();
    await expect.poll(() => heard.at(-1), SOON).toBe('lost: The server did not answer within 0.05 s.');
    slow.close();
  });

  it('what is said faster than it is recognised is bounded', async () => {
    const clock = new VirtualClock();
    const stuck = new UtteranceRecogniser(
      new OpenAiTranscriber({
        ...{ name: 'The server', clock, url: server.url, key: '', model: 'm' },
        ...{ timeoutMs: 15_000, parallel: 1 },
      }),
      clock,
    );
    server.answer = () => {};
    const stream = stuck.open(russian);
    const lines = told(stream);
    for (let i = 0; i < 12; i++) for (const part of [voice(0.2), silence(1)]) stream.write(part);
    expect(lines.filter((line) => line.startsWith('lost'))).toHaveLength(3);
    stream.close();
    await settle();
    expect(clock.pending).toBe(0);
  });
});

describe('programs on this machine', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'programs-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const program = async (script: string): Promise<string> => {
    const path = join(folder, 'program.sh');
    await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return path;
  };
  const options = (path: string) => ({
    clock: systemClock,
    program: path,
    timeoutMs: 15_000,
    parallel: 1,
    scratch: new ScratchFolder(join(folder, 'scratch')),
  });

  it('sherpa-onnx gets the utterance as a file; tokens become words', async () => {
    const result = {
      text: ' call the driver',
      tokens: [' call', ' the', ' dri', 'ver'],
      timestamps: [0.2, 0.5, 0.7, 0.9],
    };
    const path = await program(
      `for a in "$@"; do f="$a"; done; head -c 4 "$f" > ${folder}/head; echo "$@" > ${folder}/args; echo started >&2; echo '${JSON.stringify(result)}' >&2`,
    );
    const sherpa = new SherpaTranscriber({ ...options(path), arguments: ['--tokens=t'] });
    const stream = new UtteranceRecogniser(sherpa, systemClock).open(russian);
    const words: string[] = [];
    stream.events.on('result', (one) =>
      words.push(one.text, ...one.words.map(({ text, endSeconds }) => `${text} ${endSeconds.toFixed(1)}`)),
    );
    const lines = told(stream);
    for (const part of [silence(1), voice(1), silence(1)]) stream.write(part);
    stream.end();
    await expect.poll(() => lines.at(-1), SOON).toBe('ended');
    expect(words).toEqual(['call the driver', 'call 1.2', 'the 1.4', 'driver 2.2']);
    expect(await readFile(join(folder, 'head'), 'utf8')).toBe('RIFF');
    expect(await readFile(join(folder, 'args'), 'utf8')).toMatch(/^--tokens=t \S+\.wav\n$/);
    const broken = new SherpaTranscriber({ ...options(await program('echo nothing')), arguments: [] });
    await expect(broken.transcribe(voice(1), russian, new AbortController().signal)).rejects.toThrow(
      'gave no result',
    );
  });

  it('a stream that is closed leaves no child and no file', async () => {
    const path = await program(`echo $$ > ${folder}/pid; exec sleep 60`);
    const sphinx = new PocketsphinxTranscriber({
      ...options(path),
      model: '/usr/share/pocketsphinx/model/en-us',
    });
    const stream = new UtteranceRecogniser(sphinx, systemClock).open(russian);
    stream.write(voice(1));
    stream.flush();
    const pid = async (): Promise<number> =>
      Number(await readFile(join(folder, 'pid'), 'utf8').catch(() => '0'));
    await expect.poll(pid, SOON).toBeGreaterThan(0);
    stream.close();
    const child = await pid();
    const isAlive = (): boolean => {
      try {
        return process.kill(child, 0);
      } catch {
        return false;
      }
    };
    await expect.poll(isAlive, SOON).toBe(false);
    await expect.poll(() => readdir(join(folder, 'scratch', String(process.pid))), SOON).toEqual([]);
  });
});

describe('real recognition: PocketSphinx hears flite', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'recognition-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('a list of phrases, live; and a recording of two channels, whole', async () => {
    const say = async (name: string, text: string): Promise<Int16Array> => {
      const path = join(folder, `${name}.wav`);
      execFileSync('flite', ['-voice', 'rms', '-t', text, '-o', path]);
      const file = await readFile(path);
      return new Int16Array(file.buffer, file.byteOffset + 44, (file.length - 44) >> 1).slice();
    };
    const recogniser = new UtteranceRecogniser(
      new PocketsphinxTranscriber({
        clock: systemClock,
        program: 'pocketsphinx_continuous',
        model: '/usr/share/pocketsphinx/model/en-us',
        timeoutMs: 20_000,
        parallel: 2,
        scratch: new ScratchFolder(join(folder, 'scratch')),
      }),
      systemClock,
    );
    const phrases = ['Operator!', 'call the driver', 'yes', 'no', 'call back', 'Оператор', 'qwrtzp'];
    const options = { language: 'en-US', phrases, endSilenceMs: 700 };
    const driver = await say('driver', 'call the driver');
    const operator = await say('operator', 'operator');

    const stream = recogniser.open(options);
    const lines = told(stream);
    for (const part of [silence(0.5), driver, silence(1), operator, silence(1)]) stream.write(part);
    stream.end();
    await expect.poll(() => lines.at(-1), { timeout: 20_000 }).toBe('ended');
    expect(
      lines.filter((line) => /^(?:call|oper)/.test(line)).map((line) => line.replace(/ [01]\.\d\d.*$/, '')),
    ).toEqual(['call the driver', 'operator']);

    // Two channels, one after the other in time.
    const length = driver.length + operator.length + 32_000;
    const both = new Int16Array(2 * length);
    driver.forEach((sample, n) => {
      both[2 * (n + 8000)] = sample;
    });
    operator.forEach((sample, n) => {
      both[2 * (n + 16_000 + driver.length) + 1] = sample;
    });
    const wav = wavOf(both, 16_000);
    wav.writeUInt16LE(2, 22);
    const path = join(folder, 'both.wav');
    await writeFile(path, wav);
    expect(readWav(wav).length).toBe(Math.floor(length / 2));
    const { channels } = await transcribeFile(
      { open: (wish) => recogniser.open(wish) },
      path,
      options,
      new AbortController().signal,
    );
    expect(channels.map(({ segments }) => segments.map(({ text }) => text))).toEqual([
      ['call the driver'],
      ['operator'],
    ]);
    const [said] = channels[0]!.segments;
    expect(said?.words.map(({ text }) => text)).toEqual(['call', 'the', 'driver']);
    expect(said?.words[0]?.startSeconds).toBeGreaterThan(0.4);
    expect(said?.words[0]?.startSeconds).toBeLessThan(1.2);
  }, 60_000);
});
