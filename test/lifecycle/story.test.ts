import { expect, test } from 'vitest';
import type { StoryResult } from '../../src/cli/demo/story/story.ts';
import { startProgram } from './program.ts';

test('script/server demo --story --json: every step holds, in one JSON object at the end', async () => {
  const begun = performance.now();
  const program = startProgram(['script/server', 'demo', '--story', '--json']);
  const status = await program.exited;
  const last = program.stdout().trimEnd().split('\n').at(-1) ?? '';
  const { ok, steps } = JSON.parse(last) as StoryResult;
  expect(steps.filter((step) => !step.ok)).toEqual([]);
  expect(steps).toHaveLength(8);
  expect([ok, status]).toEqual([true, 0]);
  expect(program.anythingLeft()).toBe(false);
  // On a machine that does nothing else it takes well under a minute; this only says that nothing waits for ever.
  expect(performance.now() - begun).toBeLessThan(110_000);
}, 120_000);
