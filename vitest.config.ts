import { defineConfig } from 'vitest/config';
import { NODE_FLAGS } from './test/kit/node-flags.ts';

/** `vi.mock` does nothing to a module that another file has loaded before in the same process. */
const REPLACES_MODULES = ['src/sip/auth/guess-guard.test.ts'];

/** In each project. */
const common = {
  pool: 'forks' as const,
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
      // Beside the code: many small files, which keep nothing of their own in module state and replace no module.
      {
        test: {
          ...common,
          name: 'units',
          include: ['src/**/*.test.ts'],
          exclude: REPLACES_MODULES,
          isolate: false,
        },
      },
      {
        test: {
          ...common,
          name: 'whole',
          include: [
            ...REPLACES_MODULES,
            ...['test/**/*.test.ts', 'examples/**/*.test.ts', 'scenarios/**/*.test.ts'],
          ],
        },
      },
    ],
  },
});
