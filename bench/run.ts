/**
 * Runs benchmarks, all or the named ones, and writes what they found: `bench/results/<date>-<host class>.json` with
 * everything, `bench/results/latest.md` to read. `--profile FOLDER` takes CPU profiles of the server and writes no results,
 * because profiling costs; `--print` only prints, for trying on a machine that is busy.
 */
import { parseArgs } from 'node:util';
import { benchCompare } from './compare.ts';
import { benchConference } from './conference.ts';
import { benchEvents } from './events.ts';
import { type Bench, type BenchOptions, BenchSkipped } from './figures.ts';
import { benchFlood } from './flood.ts';
import { describeMachine, watchSurroundings } from './machine.ts';
import { benchMaskingCreate } from './masking-create.ts';
import { benchMaskingDay } from './masking-day.ts';
import { benchMaskingReplay } from './masking-replay.ts';
import { benchMaskingResolve } from './masking-resolve.ts';
import { benchMemory } from './memory.ts';
import { benchParser } from './parser.ts';
import { benchPlan } from './plan.ts';
import { benchRegister } from './register.ts';
import { benchRelayFigures } from './relay-figures.ts';
import { type BenchRun, printRun, saveRun, writeLatest } from './results.ts';
import { benchSession } from './session.ts';
import { benchSetup } from './setup.ts';
import { benchSoak } from './soak.ts';

const BENCHES: Readonly<Record<string, Bench>> = {
  parser: benchParser,
  relay: benchRelayFigures,
  conference: benchConference,
  session: benchSession,
  plan: benchPlan,
  'masking-create': benchMaskingCreate,
  'masking-day': benchMaskingDay,
  'masking-replay': benchMaskingReplay,
  'masking-resolve': benchMaskingResolve,
  events: benchEvents,
  setup: benchSetup,
  memory: benchMemory,
  register: benchRegister,
  flood: benchFlood,
  soak: benchSoak,
  compare: benchCompare,
};

/** Minutes each, or what needs programs that not every machine has: only when asked for by name. */
const ONLY_BY_NAME: ReadonlySet<string> = new Set(['soak', 'compare', 'masking-day']);

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { profile: { type: 'string' }, print: { type: 'boolean', default: false } },
  });
  const unknown = positionals.find((name) => !Object.hasOwn(BENCHES, name));
  if (unknown !== undefined) {
    console.error(`There is no benchmark "${unknown}". There are: ${Object.keys(BENCHES).join(', ')}.`);
    process.exitCode = 2;
    return;
  }
  const options: BenchOptions = values.profile === undefined ? {} : { profiles: values.profile };
  const keeps = values.profile === undefined && !values.print;
  let isSaved = false;
  const machine = describeMachine();
  const command = ['script/bench', ...positionals].join(' ');
  for (const name of positionals.length > 0
    ? positionals
    : Object.keys(BENCHES).filter((one) => !ONLY_BY_NAME.has(one))) {
    console.error(`bench: ${name} …`);
    const surroundings = watchSurroundings();
    const at = new Date().toISOString();
    try {
      const result = await BENCHES[name]!(options);
      const run: BenchRun = { at, command, surroundings: surroundings(), result };
      printRun(run);
      if (keeps) {
        saveRun(machine, run);
        isSaved = true;
      }
    } catch (error) {
      if (error instanceof BenchSkipped) {
        console.log(`bench: ${name} skipped: ${error.message}`);
        continue;
      }
      // The others still tell something; what was measured of this one before is left as it is.
      console.error(`bench: ${name} failed:`, error);
      process.exitCode = 1;
    }
  }
  if (isSaved) console.error(`bench: written to ${writeLatest(machine)}`);
}

await main();
