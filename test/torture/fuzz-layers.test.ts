import { expect, test } from 'vitest';
import { BATCH, runBatch } from './fuzz/run.ts';

/** Millions run by `script/fuzz`; these few show that it still works, and find what is broken at once. */
test('[row 20] hostile messages through parser, transport, transactions and dialogs: no fault, and nothing stays', async () => {
  const results = [await runBatch(1, 0), await runBatch(2, 0)];
  expect(results.flatMap(({ failures }) => failures)).toEqual([]);
  for (const { parsed, valid, kinds } of results) {
    // Fuzz that nobody reads, or that is never valid, would show nothing.
    expect(parsed).toBeGreaterThan(BATCH / 2);
    expect(valid).toBeGreaterThan(BATCH / 20);
    for (const count of Object.values(kinds)) expect(count).toBeGreaterThan(BATCH / 50);
  }
});

test('a batch is the same every time', async () => {
  const [one, again] = [await runBatch(7, 3), await runBatch(7, 3)];
  expect({ ...one, slowestMs: 0 }).toEqual({ ...again, slowestMs: 0 });
});
