import { LIFE } from './agent-transactions.ts';
import { coverage } from './coverage.ts';
import { drawPlan } from './draw-plan.ts';
import { forbidRealTime } from './forbid-real-time.ts';
import { afterTheCall, afterTheStop } from './invariants.ts';
import type { Kind, Plan } from './plan.ts';
import { warmUp } from './quickjs.ts';
import { type Sabotage, World } from './world.ts';

export interface Outcome {
  readonly seed: number;
  readonly kind: Kind;
  /** What was wrong; empty for a good run. */
  readonly violations: readonly string[];
  /** Of everything that was sent and noted. */
  readonly hash: string;
  /** What happened, and how often. */
  readonly counts: ReadonlyMap<string, number>;
}

const STEP_MS = 2_000;
/** So long people talk at most; then the test hangs up for everybody. */
const TALK_MS = 90_000;
/** What a hang-up may take on a peer's side: 64·T1 for an ACK that does not come, as long again for the BYE. */
const CALM_DOWN_MS = 2 * LIFE + 20_000;
/** After the last hang-up: every transaction's last timer, and that of what is remembered. */
const LINGER_MS = LIFE + 40_000;
const STOP_MS = 2 * LIFE + 60_000;

/** Plays one seed to its end and checks everything. The world is handed back for the ladder. */
export async function play(plan: Plan, sabotage?: Sabotage): Promise<{ outcome: Outcome; world: World }> {
  if (plan.script.style === 'quickjs') await warmUp();
  const allowRealTime = forbidRealTime();
  const world = new World(plan);
  try {
    sabotage?.afterBuild?.(world);
    await world.open();
    await runThrough(world);
  } catch (error) {
    world.fault(`an exception: ${error instanceof Error ? error.stack : String(error)}`);
  } finally {
    allowRealTime();
  }
  const { seed, kind } = plan;
  const counts = coverage(world);
  return { world, outcome: { seed, kind, violations: world.violations, hash: world.trace.hash(), counts } };
}

/** Plays the seed. */
export async function runSeed(seed: number, only?: Kind, sabotage?: Sabotage): Promise<Outcome> {
  return (await play(drawPlan(seed, only), sabotage)).outcome;
}

async function runThrough(world: World): Promise<void> {
  world.phone.dial();
  await advanceUntil(world, TALK_MS, () => world.quiet && !world.stopping);
  if (!world.quiet && world.serverIsDone) {
    // The server has no call any more: what its peers still have must end by what it has sent, not by our hand.
    await advanceUntil(world, CALM_DOWN_MS, () => world.quiet);
    if (!world.transportClosed)
      for (const agent of world.agents)
        for (const left of agent.leftovers()) world.fault(`abandoned: ${left}`);
  }
  if (!world.quiet) {
    world.count('ended by the test');
    world.note('everybody hangs up');
    for (const agent of world.agents) agent.hangUpAll();
    await advanceUntil(world, CALM_DOWN_MS, () => world.quiet);
  }
  if (world.calls.active.length > 0 && world.agents.some(({ excuse }) => excuse !== undefined)) {
    // Both phones of a call are gone: nobody is left to end it but the operator.
    world.count('ended by the operator');
    void world.calls.drain(0);
    await advanceUntil(world, CALM_DOWN_MS, () => world.quiet);
  }
  const { transactions, dialogs } = world.stack;
  await advanceUntil(world, LINGER_MS, () => transactions.counts.live === 0 && dialogs.counts.dialogs === 0);
  for (const wrong of await afterTheCall(world)) world.fault(wrong);
  const stopped = world.stop();
  for (const agent of world.agents) agent.close();
  await world.clock.advance(STOP_MS);
  await stopped;
  await world.clock.advance(1_000);
  for (const wrong of afterTheStop(world)) world.fault(wrong);
}

async function advanceUntil(world: World, most: number, done: () => boolean): Promise<void> {
  for (let passed = 0; passed < most && !done(); passed += STEP_MS) await world.clock.advance(STEP_MS);
}
