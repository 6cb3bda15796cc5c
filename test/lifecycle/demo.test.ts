import { existsSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { runDemo } from '../../src/cli/demo/run.ts';
import { SERVICE } from '../kit/whole-server.ts';
import { startProgram } from './program.ts';

test('script/server demo --json ends with one JSON object, and status 0', async () => {
  const program = startProgram(['script/server', 'demo', '--json']);
  expect(await program.exited).toBe(0);
  expect(program.anythingLeft()).toBe(false);
  const result = JSON.parse(program.stdout().trimEnd().split('\n').at(-1)!) as Record<string, unknown>;
  const { path } = result.recording as { path: string };
  try {
    expect(result).toEqual({
      ok: true,
      driverSaw: SERVICE,
      passengerSaw: SERVICE,
      audio: { driverHeardPassenger: true, passengerHeardDriver: true },
      setupMs: expect.any(Number),
      recording: { path: expect.stringMatching(/\.wav$/), channels: 2, seconds: expect.any(Number) },
      leaks: [],
      callRecord: expect.objectContaining({ status: 'completed' }),
      problems: [],
    });
    expect(result.setupMs).toBeGreaterThan(0);
    expect(existsSync(path)).toBe(true);
  } finally {
    // …/maskline-demo-X/recordings/YYYY/MM/DD/session/file.wav
    const folder = join(dirname(path), '../../../../..');
    expect(folder).toMatch(/maskline-demo-\w+$/);
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a demo that cannot begin says why, with status 1', async () => {
  const program = startProgram(['script/server', 'demo', '--json'], { TMPDIR: '/nowhere' });
  expect(await program.exited).toBe(1);
  expect(program.stderr()).toMatch(/\/nowhere/);
  expect(program.stderr()).not.toMatch(/\n {4}at /);
});

test('a demo in which something does not hold says what, and is not ok', async () => {
  const story: string[] = [];
  const unreachable = await runDemo({
    tell: (line) => void story.push(line),
    keep: false,
    adjust: (settings) => ({ ...settings, scenario: { ...settings.scenario, httpAllow: [] } }),
  });
  expect(unreachable.ok).toBe(false);
  expect(unreachable.problems).toEqual([expect.stringMatching(/driver's call ended with 503/)]);
  expect(story.some((line) => line.includes('dials'))).toBe(true);

  const unrecorded = await runDemo({
    tell: () => {},
    keep: false,
    adjust: (settings) => ({
      ...settings,
      applications: settings.applications.map((application) => ({
        ...application,
        scenarios: { ...application.scenarios, taxi: join(import.meta.dirname, 'unrecorded.js') },
      })),
    }),
  });
  expect(unrecorded.ok).toBe(false);
  expect(unrecorded.audio).toEqual({ driverHeardPassenger: true, passengerHeardDriver: true });
  expect(unrecorded.recording).toMatchObject({ channels: 0, seconds: 0 });
  expect(unrecorded.problems).toContain('the call was not recorded');
});
