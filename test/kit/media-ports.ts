import { systemRandom } from '../../src/kernel/random.ts';

/**
 * Where the tests' servers have their media ports. Above are the ports of the kit's phones and of the programs that call it
 * (`test/interop/child.ts`): they believe whoever sends to them, and are not what is attacked.
 */
const FIRST = 10_000;
/** Test files that run side by side have a part each: the stranger of one must not send to the server of another. */
const PARTS = 4;
const SIZE = 1_500;

const part = Number(process.env.VITEST_POOL_ID ?? process.pid) % PARTS;
let next = 2 * systemRandom.int(SIZE / 2);

/** A range of its own for each server, below the ephemeral ports; the next call gets another one. */
export function mediaPorts(count = 400): { readonly min: number; readonly max: number } {
  if (next + count > SIZE) next = 0;
  const min = FIRST + part * SIZE + next;
  next += count + (count % 2);
  return { min, max: min + count - 1 };
}
