import { defineConfig } from 'vitest/config';

/** Tests with parts that not every machine can have; `script/interop` runs them. */
export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    include: ['test/interop/*.by-command.ts'],
    pool: 'forks',
    testTimeout: 40_000,
    hookTimeout: 60_000,
  },
});
