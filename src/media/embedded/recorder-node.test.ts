import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { toneShare, totalPower } from '../goertzel.ts';
import { sine } from '../tones.ts';
import { readWavChannel } from '../wav.ts';
import { connect, Source } from './graph.ts';
import { RecorderNode } from './recorder-node.ts';

const folder = mkdtempSync(join(tmpdir(), 'recorder-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('a muted recorder writes silence for as long, and its sources stay connected', async () => {
  const path = join(folder, 'a.wav');
  const recorder = new RecorderNode({ node: 1, left: 2, right: 3 }, path, 2, 0, () => {});
  const [said, heard] = [new Source(10), new Source(11)];
  connect(said, recorder.left);
  connect(heard, recorder.right);
  const frame = sine(500, 20);
  for (let now = 0; now < 3000; now += 20) {
    if (now === 1000 || now === 2000) recorder.mute(now === 1000);
    said.giveSamples(frame, now);
    heard.giveSamples(frame, now);
    recorder.tick(now);
  }
  recorder.close(3000);
  await recorder.ended;
  for (const channel of ['left', 'right'] as const) {
    const samples = readWavChannel(readFileSync(path), channel);
    expect(samples).toHaveLength(24_000);
    expect(toneShare(samples.subarray(0, 8000), 500)).toBeGreaterThan(0.99);
    expect(totalPower(samples.subarray(8000, 16_000))).toBe(0);
    expect(toneShare(samples.subarray(16_000), 500)).toBeGreaterThan(0.99);
  }
});
