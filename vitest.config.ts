import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { NODE_FLAGS } from './test/kit/node-flags.ts';

/** `vi.mock` does nothing to a module that another file has loaded before in the same process. */
const REPLACES_MODULES = ['src/sip/auth/guess-guard.test.ts'];

/** These wait for sound and timers for half a minute each. Begun first, the others fill the time beside them. */
const LONGEST = [
  'test/interop/masked-call-sipp.test.ts',
  'test/lifecycle/story.test.ts',
  'test/masked-call/bad-input.test.ts',
  'examples/classifieds/classifieds.test.ts',
  'test/masked-call/masking.test.ts',
  'test/lifecycle/stop.test.ts',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number =>
      (LONGEST.findIndex((name) => moduleId.endsWith(name)) + LONGEST.length + 1) % (LONGEST.length + 1);
    return (await super.sort(files)).toSorted((one, other) => place(one) - place(other));
  }
}

/** In each project. */
const common = {
  pool: 'forks' as const,
  // A process of its own for each file, with all modules loaded anew, was a fifth of the CPU of the files in test/. They
  // keep nothing of their own in module state, and put back what they change of the process.
  isolate: false,
  execArgv: [...NODE_FLAGS],
  testTimeout: 20_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  test: {
    // Which members of the scenario API the scripts of tests use.
    globalSetup: ['src/scenario/test-support/coverage/run-coverage.ts'],
    // One more than CI has cores: most of the whole-server tests wait for sound, which runs in real time.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      // Beside the code: many small files.
      {
        test: {
          ...common,
          name: 'units',
          include: ['src/**/*.test.ts'],
          exclude: REPLACES_MODULES,
        },
      },
      {
        test: {
          ...common,
          name: 'whole',
          include: ['test/**/*.test.ts', 'examples/**/*.test.ts', 'scenarios/**/*.test.ts'],
        },
      },
      { test: { ...common, name: 'replacing', include: REPLACES_MODULES, isolate: true } },
    ],
  },
});
