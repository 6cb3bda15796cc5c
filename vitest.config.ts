import { defineConfig } from 'vitest/config';
import { NODE_FLAGS } from './test/kit/node-flags.ts';

/** `vi.mock` does nothing to a module that another file has loaded before in the same process. */
const REPLACES_MODULES = ['src/sip/auth/guess-guard.test.ts'];

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
