import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts', 'scenarios/**/*.test.ts'],
    // Which members of the scenario API the scripts of tests use.
    globalSetup: ['src/scenario/test-support/coverage/run-coverage.ts'],
    pool: 'forks',
    // Most of the whole-server tests wait for sound, which runs in real time.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
