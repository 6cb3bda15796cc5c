import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { event } from '../../test/kit/call-records.ts';
import { MemoryRecords } from '../../test/kit/memory-records.ts';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import { type Logger, silentLogger } from '../kernel/logger.ts';
import type { RecordChange } from './ports.ts';
import { WRITE_LIMITS, WriteBehind } from './write-behind.ts';

const change = (n: number): RecordChange => ({ kind: 'event', event: event('s', n) });
const positions = (changes: readonly RecordChange[]): number[] =>
  changes.map((one) => (one.kind === 'event' ? one.event.position : 0));

describe('writing behind', () => {
  let clock: VirtualClock;
  let store: MemoryRecords;
  let writer: WriteBehind;
  let errors: string[];

  beforeEach(() => {
    clock = new VirtualClock();
    store = new MemoryRecords();
    errors = [];
    const log: Logger = { ...silentLogger, error: (_, message) => errors.push(message) };
    writer = new WriteBehind(store, clock, log, { ...WRITE_LIMITS, batch: 4, waiting: 10 });
  });
  afterEach(async () => {
    store.failures.length = 0;
    store.refuses = () => false;
    const closing = writer.close(1_000);
    await clock.advance(1_000);
    await closing;
    expect(clock.pending).toBe(0);
  });

  it('collects for 20 ms and writes one batch', async () => {
    for (const n of [1, 2, 3]) writer.add(change(n));
    await clock.advance(19);
    expect(store.batches).toEqual([]);
    await clock.advance(1);
    expect(store.batches.map(positions)).toEqual([[1, 2, 3]]);
    expect(writer.waiting).toBe(0);
  });

  it('does not wait when a batch is full, and keeps the order', async () => {
    for (let n = 1; n <= 9; n++) writer.add(change(n));
    await clock.advance(20);
    expect(store.batches.map(positions)).toEqual([[1, 2, 3, 4], [5, 6, 7, 8], [9]]);
  });

  it('keeps what could not be written and tries again, ever more slowly, in order', async () => {
    const down = Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
    store.failures.push(down, down, down);
    writer.add(change(1));
    await clock.advance(20);
    writer.add(change(2));
    await clock.advance(100);
    expect(store.failures).toHaveLength(1);
    await clock.advance(200);
    expect(store.failures).toHaveLength(0);
    expect(store.batches).toEqual([]);
    await clock.advance(400);
    expect(positions(store.changes)).toEqual([1, 2]);
    expect(writer.lost).toBe(0);
    expect(errors).toHaveLength(3);
  });

  it('leaves out the one change that the database never takes, and says so', async () => {
    store.refuses = (one) => positions([one])[0] === 3;
    for (let n = 1; n <= 6; n++) writer.add(change(n));
    await clock.advance(200);
    expect(positions(store.changes)).toEqual([1, 2, 4, 5, 6]);
    expect(writer.lost).toBe(1);
    expect(errors).toContain('the database refuses a change of a call record');
  });

  it('has a bound: events stop first, then everything, loudly', async () => {
    store.failures.push(...Array.from({ length: 50 }, () => new Error('down')));
    for (let n = 1; n <= 10; n++) writer.add(change(n));
    expect(writer.takesEvents).toBe(false);
    for (let n = 11; n <= 25; n++) writer.add(change(n));
    expect(writer.waiting).toBe(20);
    expect(writer.lost).toBe(5);
    expect(errors.filter((text) => text.includes('left out'))).toHaveLength(1);
  });

  it('writes everything when it is closed', async () => {
    for (let n = 1; n <= 6; n++) writer.add(change(n));
    expect(await writer.close(1_000)).toBe(0);
    expect(positions(store.changes)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('gives up closing in time when the database is down, and says how much is lost', async () => {
    store.failures.push(...Array.from({ length: 50 }, () => new Error('down')));
    writer.add(change(1));
    const closing = writer.close(2_000);
    await clock.advance(2_000);
    expect(await closing).toBe(1);
    expect(errors).toContain('call records are lost');
  });
});
