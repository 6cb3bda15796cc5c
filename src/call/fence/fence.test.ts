import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { Emitter } from '../../kernel/emitter.ts';
import { createLogger, silentLogger } from '../../kernel/logger.ts';
import { PhoneNumber } from '../../kernel/phone-number.ts';
import type { CallEnd, CallEvents } from '../types.ts';
import { type Applicant, Fence } from './fence.ts';
import { MemoryFenceStore } from './test-support/memory-fence-store.ts';
import { FENCE_DEFAULTS, type FenceRefusal, type FenceRules, LEASE_WAIT_MS, SYNC_MS } from './types.ts';

const GOOD = PhoneNumber.parse('+447400123456');
const BAD = PhoneNumber.parse('+881612345678');

let clock: VirtualClock;
let store: MemoryFenceStore;
let rules: FenceRules;
let fences: Fence[];
let opened = 0;

beforeEach(() => {
  clock = new VirtualClock();
  store = new MemoryFenceStore(clock);
  rules = FENCE_DEFAULTS;
  fences = [];
});

afterEach(async () => {
  store.failing = false;
  store.delayMs = 0;
  await closeAll();
  expect(clock.pending).toBe(0);
});

/** On a virtual clock a slow database answers only while time passes. */
async function closeAll(): Promise<void> {
  const closing = Promise.all(fences.splice(0).map((fence) => fence.close()));
  await clock.advance(10_000);
  await closing;
}

async function open(node: string, log = silentLogger): Promise<Fence> {
  const numbers = [PhoneNumber.parse('+442079460123')];
  const directory = {
    fencedApplications: () => ['taxi'],
    fenceOf: (id: string) => (id === 'taxi' ? { rules, numbers } : undefined),
    ringsAccount: () => false,
  };
  const random = seededRandom(++opened);
  const fence = await Fence.open({ store, directory, domain: 'maskline.local', node, clock, random, log });
  fences.push(fence);
  return fence;
}

interface TestCall extends Applicant {
  readonly cut: boolean;
  answer(): void;
  end(): Promise<void>;
}

function testCall(number = GOOD): TestCall {
  const ended = Promise.withResolvers<CallEnd>();
  const events = new Emitter<CallEvents>();
  const call = {
    call: { id: 'leg', events, ended: ended.promise },
    applicationId: 'taxi',
    target: { kind: 'trunk' as const, number },
    cut: false,
    cutOff: () => {
      call.cut = true;
    },
    answer: () => events.emit('connected', { headers: {} }),
    end: async () => {
      ended.resolve({} as CallEnd);
      await clock.advance(0);
    },
  };
  return call;
}

/** Dials at once; how many were let in, and what the others were told. */
async function dial(
  fence: Fence,
  count: number,
): Promise<{ readonly calls: TestCall[]; readonly refused: Set<FenceRefusal> }> {
  const tries = Array.from({ length: count }, () => testCall());
  const answers = tries.map((call) => Promise.resolve(fence.admit(call)));
  await clock.advance(LEASE_WAIT_MS);
  const told = await Promise.all(answers);
  return {
    calls: tries.filter((_, index) => told[index] === undefined),
    refused: new Set(told.filter((one) => one !== undefined)),
  };
}

describe('calls at once', () => {
  it('are as many as the limit says, and one more when one has ended', async () => {
    rules = { ...rules, concurrentCalls: 5 };
    const fence = await open('one');
    const { calls, refused } = await dial(fence, 8);
    expect(calls).toHaveLength(5);
    expect([...refused]).toEqual(['fence/concurrent-calls']);
    await calls[0]?.end();
    expect((await dial(fence, 2)).calls).toHaveLength(1);
    for (const call of calls.slice(1)) await call.end();
    expect(fence.refused.get('fence/concurrent-calls')).toBe(4);
  });

  it('are decided without the database as long as leased units are there', async () => {
    const fence = await open('one');
    await clock.advance(SYNC_MS);
    store.delayMs = 1_000_000;
    const answers = Array.from({ length: 30 }, () => fence.admit(testCall()));
    expect(answers.every((answer) => answer === undefined)).toBe(true);
    store.delayMs = 0;
    await clock.advance(2_000_000);
  });

  it('are shared by nodes: what one has, the other has not', async () => {
    rules = { ...rules, concurrentCalls: 20 };
    const [one, two] = [await open('one'), await open('two')];
    const [a, b] = await Promise.all([dial(one, 25), dial(two, 25)]);
    expect(a.calls.length + b.calls.length).toBe(20);
  });

  it('that one node holds spare go to another that wants them, after a renewal', async () => {
    rules = { ...rules, concurrentCalls: 10 };
    const [one, two] = [await open('one'), await open('two')];
    await clock.advance(2 * SYNC_MS);
    const first = await dial(one, 10);
    expect(first.calls.length).toBeLessThan(10);
    await clock.advance(2 * SYNC_MS);
    const second = await dial(one, 10);
    expect(first.calls.length + second.calls.length).toBe(10);
    expect((await dial(two, 1)).calls).toHaveLength(0);
  });

  it('of a node that was killed are free again when its lease has run out', async () => {
    rules = { ...rules, concurrentCalls: 4 };
    const killed = await open('one');
    expect((await dial(killed, 4)).calls).toHaveLength(4);
    // Its renewals stop; nothing of it is given back.
    fences.pop();
    const stopped = killed as unknown as { close(): Promise<void> };
    store.failing = true;
    const closing = stopped.close();
    await clock.advance(2_000);
    await closing;
    store.failing = false;
    const other = await open('two');
    expect((await dial(other, 1)).calls).toHaveLength(0);
    await clock.advance(25_000);
    expect((await dial(other, 4)).calls).toHaveLength(4);
  });

  it('of a dead process under the same name are forgotten at its next start', async () => {
    rules = { ...rules, concurrentCalls: 4 };
    const killed = await open('one');
    expect((await dial(killed, 4)).calls).toHaveLength(4);
    const again = await open('one');
    expect((await dial(again, 4)).calls).toHaveLength(4);
  });
});

describe('a database that fails', () => {
  it('freezes the node: leased units go on, more are refused in time', async () => {
    rules = { ...rules, concurrentCalls: 40 };
    const [one, two] = [await open('one'), await open('two')];
    await clock.advance(2 * SYNC_MS);
    store.failing = true;
    await clock.advance(60_000);
    const { calls, refused } = await dial(one, 40);
    expect(calls.length).toBeGreaterThanOrEqual(13);
    expect(calls.length).toBeLessThan(40);
    expect([...refused]).toEqual(['fence/unavailable']);
    const others = await dial(two, 40);
    expect(calls.length + others.calls.length).toBeLessThanOrEqual(40);
  });

  it('keeps a dial waiting for a moment only', async () => {
    rules = { ...rules, concurrentCalls: 40 };
    const fence = await open('one');
    store.delayMs = 60_000;
    const { refused } = await dial(fence, 40);
    expect([...refused]).toEqual(['fence/unavailable']);
    store.delayMs = 0;
    await clock.advance(120_000);
  });
});

it('lets in as many calls in any 60 seconds as the limit says, whichever second they begin in', async () => {
  rules = { ...rules, callsPerMinute: 6 };
  const [one, two] = [await open('one'), await open('two')];
  const began: number[] = [];
  for (let second = 0; second < 200; second += 5) {
    for (const fence of [one, two]) {
      const { calls, refused } = await dial(fence, 2);
      for (const call of calls) {
        began.push(clock.monotonic());
        await call.end();
      }
      for (const one of refused) expect(one).toBe('fence/calls-per-minute');
    }
    await clock.advance(5_000 - 2 * LEASE_WAIT_MS);
  }
  for (const at of began) {
    const within = began.filter((other) => other >= at && other < at + 60_000 - LEASE_WAIT_MS);
    expect(within.length).toBeLessThanOrEqual(6);
  }
  expect(began.length).toBeGreaterThanOrEqual(12);
});

describe('time', () => {
  it('ends a call that has lasted as long as one may, from its answer on', async () => {
    rules = { ...rules, longestCallSeconds: 100 };
    const fence = await open('one');
    const { calls } = await dial(fence, 2);
    calls[0]?.answer();
    await clock.advance(99_000);
    expect(calls[0]?.cut).toBe(false);
    await clock.advance(2_000);
    expect(calls.map(({ cut }) => cut)).toEqual([true, false]);
    for (const call of calls) await call.end();
  });

  it('counts the minutes of a day over all nodes, and begins anew at midnight UTC', async () => {
    rules = { ...rules, dailyMinutes: 10 };
    const [one, two] = [await open('one'), await open('two')];
    const { calls } = await dial(one, 2);
    for (const call of calls) call.answer();
    await clock.advance(4 * 60_000);
    expect((await dial(two, 1)).calls).toHaveLength(1);
    await clock.advance(60_000 + 2 * SYNC_MS);
    expect([...(await dial(two, 1)).refused]).toEqual(['fence/daily-minutes']);
    expect([...(await dial(one, 1)).refused]).toEqual(['fence/daily-minutes']);
    for (const call of calls) await call.end();
    await clock.advance(24 * 3_600_000);
    expect((await dial(two, 1)).calls).toHaveLength(1);
  });

  it('loses no second of a call while the database is away', async () => {
    const fence = await open('one');
    const { calls } = await dial(fence, 1);
    calls[0]?.answer();
    store.failing = true;
    await clock.advance(60_000);
    store.failing = false;
    await clock.advance(30_000);
    await calls[0]?.end();
    await clock.advance(SYNC_MS);
    const written = [...store.days.values()].reduce((sum, seconds) => sum + seconds, 0);
    expect(written).toBeCloseTo(90, 3);
  });
});

it('[row 43] warns of refusals without a number, and without filling the log', async () => {
  const lines: string[] = [];
  const fence = await open('one', createLogger('info', { write: (line: string) => void lines.push(line) }));
  for (let i = 0; i < 100; i++) expect(fence.admit(testCall(BAD))).toBe('fence/premium');
  await clock.advance(10_000);
  expect(fence.admit(testCall(BAD))).toBe('fence/premium');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toContain('fence.premium');
  expect(lines[1]).toContain('"unsaid":99');
  expect(lines.join('')).not.toContain('61234567');
  expect(fence.refused.get('fence/premium')).toBe(101);
});

it('refuses an application that it does not know', async () => {
  const fence = await open('one');
  expect(fence.admit({ ...testCall(), applicationId: 'other' })).toBe('fence/destination');
});

it('never lets the nodes together exceed a limit, however dials, ends and failures fall', {
  timeout: 200_000,
}, async () => {
  rules = { ...rules, concurrentCalls: 7, callsPerMinute: 1_000 };
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const nodes = [await open(`a${seed}`), await open(`b${seed}`), await open(`c${seed}`)];
    const live: TestCall[] = [];
    let failed = 0;
    for (let step = 0; step < 60; step++) {
      store.delayMs = random.int(3) * 40;
      // Not as long as a lease: a longer partition is the one case in which a limit may be exceeded.
      store.failing = clock.monotonic() > failed + 10_000 && random.int(6) === 0;
      if (store.failing) failed = clock.monotonic();
      const what = random.int(3);
      const node = nodes[random.int(nodes.length)];
      if (what === 0 && node !== undefined) {
        const tries = Array.from({ length: 1 + random.int(4) }, () => testCall());
        for (const call of tries) {
          void Promise.resolve(node.admit(call)).then((refusal) => {
            if (refusal === undefined) live.push(call);
          });
        }
      } else if (what === 1) await live.splice(random.int(live.length + 1), 1)[0]?.end();
      await clock.advance(random.int(4) * 700);
      expect(live.length).toBeLessThanOrEqual(7);
    }
    store.failing = false;
    store.delayMs = 0;
    for (const call of live) await call.end();
    await closeAll();
    await clock.advance(100_000);
  }
});
