import { describe, expect, it } from 'vitest';
import { runBatches } from './batches.ts';
import { drawPlan } from './draw-plan.ts';
import { ladder } from './ladder.ts';
import { KINDS } from './plan.ts';
import { play, runSeed } from './run.ts';
import { MUTATIONS } from './sabotage.ts';
import { shrink } from './shrink.ts';
import { mergeTallies } from './tally.ts';

/** Seeds of their own; the 20 000 of `script/simulate` begin at 1. */
const FIRST = 700_001;
const RUNS_PER_KIND = 20;
/** Every fault that is put in must be seen within so many runs. */
const NOTICED_WITHIN = 250;

const tally = async (jobs: number) =>
  mergeTallies(
    await runBatches({ seed: FIRST, runs: 80, jobs, batch: 20, only: undefined, onBatch: () => {} }),
  );

describe('whole calls on a virtual clock', { timeout: 60_000 }, () => {
  it.each(KINDS)('[row 1] [row 3] [row 39] [row 40] keep every rule: %s', async (kind) => {
    for (let seed = FIRST; seed < FIRST + RUNS_PER_KIND; seed++) {
      const { outcome, world } = await play(drawPlan(seed, kind));
      expect(outcome.violations, `script/simulate --seed ${seed} --only ${kind}\n${ladder(world)}`).toEqual(
        [],
      );
    }
  });

  it('the same seed gives the same bytes, in this thread and in others, and another seed gives others', async () => {
    const once = await runSeed(FIRST);
    expect(once.hash).toMatch(/^[0-9a-f]{64}$/);
    expect((await runSeed(FIRST)).hash).toBe(once.hash);
    expect((await runSeed(FIRST + 1)).hash).not.toBe(once.hash);
    const here = await tally(1);
    const elsewhere = await tally(2);
    expect(here.runs).toBe(80);
    expect(elsewhere).toEqual(here);
  });

  it('a run with the real interpreter is the same each time as well', async () => {
    const first = await runSeed(FIRST, 'quickjs');
    expect((await runSeed(FIRST, 'quickjs')).hash).toBe(first.hash);
  });

  it('a run that fails is cut down to what it needs', async () => {
    const plan = drawPlan(FIRST + 2, 'storm');
    const smaller = await shrink(plan);
    // Nothing is wrong with it, so nothing may be left out.
    expect(smaller).toEqual(plan);
  });
});

describe('a server that is broken on purpose is found out', { timeout: 60_000 }, () => {
  it.each(MUTATIONS)('one that $name', async ({ says, breaks, only }) => {
    const seen: string[] = [];
    for (let seed = FIRST; seed < FIRST + NOTICED_WITHIN; seed++) {
      const { violations } = await runSeed(seed, only, { afterBuild: breaks });
      seen.push(...violations);
      if (violations.some((violation) => says.test(violation))) return;
    }
    expect.fail(`nobody noticed in ${NOTICED_WITHIN} runs; what was said: ${[...new Set(seen)].join('; ')}`);
  });
});
