import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settle, VirtualClock } from '../../test/kit/virtual-clock.ts';
import { systemClock } from '../kernel/clock.ts';
import { Endpointer } from './endpointer.ts';
import { OpenAiTranscriber } from './openai.ts';
import type { Recogniser, RecognitionStream } from './recognition.ts';
import { RecognitionChoice } from './speech-service.ts';
import { FakeOpenAi, json } from './test-support/fake-openai.ts';
import { FakeVosk } from './test-support/fake-vosk.ts';
import { russian, SOON, silence, told, voice } from './test-support/stream-log.ts';
import { UtteranceRecogniser } from './utterance-stream.ts';
import { VoskRecogniser } from './vosk.ts';

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
