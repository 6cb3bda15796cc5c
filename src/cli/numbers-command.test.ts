import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { traceOf } from '../../test/kit/day-of-calls.ts';
import { seededRandom } from '../kernel/seeded-random.ts';
import { madeUpOrders } from '../masking/made-up-orders.ts';
import { planNumbers } from '../masking/plan-numbers.ts';
import { numbersCommand, readTrace } from './numbers-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'maskline-plan-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(...args: string[]): Promise<{ status: number; out: string }> {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  const error = vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line));
  try {
    return { status: await numbersCommand(args), out: lines.join('\n') };
  } finally {
    log.mockRestore();
    error.mockRestore();
  }
}

test('plans a recorded day: header, both kinds of times, any delimiter', async () => {
  const file = join(folder, 'day.csv');
  writeFileSync(
    file,
    'driver;passenger;begin;end\r\n+447700900101;+447700900201;2026-03-01T08:00:00Z;2026-03-01T08:30:00Z\n' +
      '+447700900101;+447700900202;2026-03-01T08:40:00Z;2026-03-01T09:00:00Z\n\n',
  );
  expect(await run('plan', '--trace', file, '--json')).toEqual({
    status: 0,
    out: '{"orders":2,"numbers":2,"lowerBound":2,"atOnce":1}',
  });
  const { out } = await run('plan', '--trace', file, '--cool-off', '5');
  expect(out).toMatch(/numbers needed {6}1\n/);
  expect(out).not.toContain('7700900');
});

test('plans what was recorded as the planner plans what happened', async () => {
  const steps = madeUpOrders({ perHour: 20, minutes: 40, held: 3 }, seededRandom(1));
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  const file = join(folder, 'recorded.csv');
  writeFileSync(file, traceOf(step.value));
  const { out } = await run('plan', '--trace', file, '--json');
  expect(JSON.parse(out)).toEqual(planNumbers(step.value, { coolOffMs: 3_600_000 }));
});

test('plans a rate: a driver with two orders at once and an hour of cool-off', async () => {
  const { out } = await run('plan', '--per-hour', '60', '--minutes', '30', '--held', '2', '--json');
  const { orders, numbers, lowerBound } = JSON.parse(out) as Record<string, number>;
  expect(orders).toBe(1440);
  expect(numbers).toBe(lowerBound);
  expect(numbers).toBeGreaterThan(2);
});

test('says what is wrong, and no number', async () => {
  expect((await run('buy')).status).toBe(2);
  await expect(run('plan')).rejects.toThrow('--per-hour is no number');
  await expect(run('plan', '--per-hour', '1e9', '--minutes', '5')).rejects.toThrow('more than');
  for (const line of [
    '+447700900101,x,0',
    '+447700900101,+447700900101,0,1',
    'a,b,5,4',
    'a,b,0,1,2',
    ',b,0,1',
  ])
    expect(() => readTrace(`a,b,0,1\n${line}`)).toThrow('Line 2 of the trace is no order.');
});
