import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../kernel/clock.ts';
import { readWav } from '../media/wav.ts';
import { wavOf } from './pcm.ts';
import { PocketsphinxTranscriber } from './pocketsphinx.ts';
import { ScratchFolder } from './scratch.ts';
import { SherpaTranscriber } from './sherpa.ts';
import { russian, SOON, silence, told, voice } from './test-support/stream-log.ts';
import { transcribeFile } from './transcribe-file.ts';
import { UtteranceRecogniser } from './utterance-stream.ts';

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
