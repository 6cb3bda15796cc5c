import { chmodSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readWavInfo, wavHeader } from './wav.ts';
import { repairWav, WavFile } from './wav-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'maskline-wav-'));
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true, force: true });
});

function openFile(path: string, channels: 1 | 2 = 1) {
  const outcome = Promise.withResolvers<{ bytes?: number; error?: string }>();
  const started = Promise.withResolvers<void>();
  const file = new WavFile(path, channels, {
    onStarted: () => started.resolve(),
    onFinished: (bytes) => outcome.resolve({ bytes }),
    onError: (error) => outcome.resolve({ error: error.message }),
  });
  return { file, started: started.promise, outcome: outcome.promise };
}

describe('recording file', () => {
  it('writes all batches in order and a true header, readable by its owner only', async () => {
    const path = join(folder, 'a.wav');
    const { file, outcome } = openFile(path, 2);
    for (let n = 0; n < 40; n++) file.append(Buffer.alloc(400, n));
    file.finish();
    file.finish();
    expect(await outcome).toEqual({ bytes: 16_000 });
    const written = await readFile(path);
    expect(readWavInfo(written)).toMatchObject({ channels: 2, frames: 4000, dataEnd: written.length });
    for (let n = 0; n < 40; n++) expect(written[44 + 400 * n]).toBe(n);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('never overwrites: an existing file is an error and stays as it was', async () => {
    const path = join(folder, 'a.wav');
    writeFileSync(path, 'somebody else');
    const { file, outcome } = openFile(path);
    file.append(Buffer.alloc(100));
    file.finish();
    expect((await outcome).error).toMatch(/EEXIST/);
    expect(await readFile(path, 'utf8')).toBe('somebody else');
  });

  it('reports a folder that is not there', async () => {
    expect((await openFile(join(folder, 'no/such/place.wav')).outcome).error).toMatch(/ENOENT/);
  });

  it('ends when the disk is slower than the sound, with bounded memory', async () => {
    const { file, outcome } = openFile(join(folder, 'a.wav'));
    for (let n = 0; n < 100; n++) file.append(Buffer.alloc(100)); // the file is not even open yet
    expect((await outcome).error).toMatch(/too slow/);
  });
});

describe('repair', () => {
  it('makes the header say exactly what is there', async () => {
    const path = join(folder, 'a.wav');
    writeFileSync(path, Buffer.concat([wavHeader(2, 8), Buffer.alloc(32_002)]));
    expect(await repairWav(path)).toEqual({ seconds: 1, bytes: 32_044, channels: 2 });
    const repaired = await readFile(path);
    expect(readWavInfo(repaired)).toMatchObject({ frames: 8000, dataEnd: 32_044 });
    expect(repaired.readUInt32LE(4)).toBe(32_036);
    expect(repaired.readUInt32LE(40)).toBe(32_000);
    expect(await repairWav(path)).toEqual({ seconds: 1, bytes: 32_044, channels: 2 });
  });

  it('refuses what is no recording of ours', async () => {
    const path = join(folder, 'a.wav');
    writeFileSync(path, wavHeader(1, 0));
    truncateSync(path, 20);
    await expect(repairWav(path)).rejects.toThrow(/incomplete/);
    await expect(repairWav(join(folder, 'none.wav'))).rejects.toThrow(/ENOENT/);
  });

  it('repairs a recording that holds nothing yet', async () => {
    const path = join(folder, 'a.wav');
    writeFileSync(path, wavHeader(1, 0));
    expect(await repairWav(path)).toEqual({ seconds: 0, bytes: 44, channels: 1 });
  });
});
