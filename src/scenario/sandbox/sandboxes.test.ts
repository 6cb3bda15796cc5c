/** One contract, two implementations (house rule 9): sandboxes in this thread and in worker threads. */
import { afterAll, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { systemClock } from '../../kernel/clock.ts';
import { silentLogger } from '../../kernel/logger.ts';
import type { HostEvent, Turn } from '../protocol.ts';
import { AT, alerting, logsOf, STARTED } from '../test-support/sandbox-kit.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { LocalSandboxes } from './local-sandboxes.ts';
import type { Sandbox, Sandboxes } from './sandboxes.ts';
import { WorkerSandboxes } from './worker-sandboxes.ts';

const limits = { ...DEFAULT_LIMITS, callbackCpuMs: 200 };

const IMPLEMENTATIONS: readonly [string, () => Sandboxes][] = [
  ['in this thread', () => new LocalSandboxes({ limits, warm: 2 })],
  [
    'in workers',
    () => new WorkerSandboxes({ workers: 2, limits, warm: 2, clock: systemClock, log: silentLogger }),
  ],
];

/** A sandbox whose turns can be waited for. */
class Driver {
  readonly turns: Turn[] = [];
  readonly #waiters: ((turn: Turn) => void)[] = [];
  #read = 0;
  readonly sandbox: Sandbox;

  constructor(sandboxes: Sandboxes, source: string) {
    this.sandbox = sandboxes.open({
      scripts: [{ name: 'taxi.js', source }],
      started: STARTED,
      onTurn: (turn) => {
        this.turns.push(turn);
        this.#waiters.shift()?.(turn);
      },
    });
  }

  next(): Promise<Turn> {
    const known = this.turns[this.#read++];
    return known !== undefined
      ? Promise.resolve(known)
      : new Promise((resolve) => this.#waiters.push(resolve));
  }
}

const COUNTER = 'let n = 0; VoxEngine.addEventListener(AppEvents.CallAlerting, () => Logger.write(++n));';
const tick = (ms: number): HostEvent => alerting(AT + ms);

describe.each(IMPLEMENTATIONS)('sandboxes %s', (_name, make) => {
  const sandboxes = make();
  afterAll(() => sandboxes.close());

  it('run each event as one turn, in order', async () => {
    await sandboxes.ready;
    const driver = new Driver(sandboxes, COUNTER);
    for (let i = 0; i < 20; i++) driver.sandbox.post(tick(i));
    expect((await driver.next()).error).toBeUndefined();
    for (let i = 1; i <= 20; i++) expect(logsOf(await driver.next())).toEqual([String(i)]);
    driver.sandbox.close();
    expect(sandboxes.count).toBe(0);
  });

  it('are opened at once, also more of them than are warm', async () => {
    const drivers = Array.from({ length: 12 }, () => new Driver(sandboxes, COUNTER));
    for (const { sandbox } of drivers) sandbox.post(tick(0));
    for (const driver of drivers) {
      await driver.next();
      expect(logsOf(await driver.next())).toEqual(['1']);
      driver.sandbox.close();
    }
    expect(sandboxes.count).toBe(0);
  });

  it('end with their error, alone', async () => {
    const good = new Driver(sandboxes, COUNTER);
    const bad = ['nonsense(', 'throw new Error("x")', 'for (;;) {}', 'const a = []; for (;;) a.push([])'].map(
      (source) => new Driver(sandboxes, source),
    );
    const kinds: (string | undefined)[] = [];
    for (const driver of bad) kinds.push((await driver.next()).error?.kind);
    expect(kinds).toEqual(['syntax', 'exception', 'cpu', 'memory']);
    await good.next();
    good.sandbox.post(tick(1));
    expect(logsOf(await good.next())).toEqual(['1']);
    good.sandbox.close();
    expect(sandboxes.count).toBe(0);
  });

  it('say nothing any more once they are closed', async () => {
    const driver = new Driver(sandboxes, COUNTER);
    await driver.next();
    driver.sandbox.post(tick(1));
    driver.sandbox.close();
    driver.sandbox.post(tick(2));
    const other = new Driver(sandboxes, COUNTER);
    await other.next();
    expect(driver.turns).toHaveLength(1);
    other.sandbox.close();
  });
});

describe('a worker that dies', () => {
  it('ends its sessions with an error, is started again, and takes sessions meanwhile', async () => {
    const entry = new URL('../test-support/dying-worker.ts', import.meta.url);
    const sandboxes = new WorkerSandboxes({
      workers: 1,
      limits,
      warm: 1,
      clock: systemClock,
      log: silentLogger,
      entry,
    });
    const drivers = [new Driver(sandboxes, COUNTER), new Driver(sandboxes, COUNTER)];
    for (const driver of drivers) expect((await driver.next()).error).toBeUndefined();
    drivers[0]?.sandbox.post(tick(1));
    for (const driver of drivers) expect((await driver.next()).error?.kind).toBe('worker');
    const later = new Driver(sandboxes, COUNTER);
    expect((await later.next()).error).toBeUndefined();
    expect(sandboxes.count).toBe(1);
    await sandboxes.close();
  });

  it('is replaced when it hangs where the interpreter cannot stop it', async () => {
    const clock = new VirtualClock();
    const entry = new URL('../test-support/hanging-worker.ts', import.meta.url);
    const sandboxes = new WorkerSandboxes({ workers: 1, limits, warm: 1, clock, log: silentLogger, entry });
    const driver = new Driver(sandboxes, COUNTER);
    expect((await driver.next()).error).toBeUndefined();
    driver.sandbox.post(tick(1));
    expect(sandboxes.lateMs).toBe(0);
    await clock.advance(5_000);
    expect(sandboxes.lateMs).toBe(5_000);
    await clock.advance(10_000);
    expect((await driver.next()).error?.kind).toBe('worker');
    expect(sandboxes.lateMs).toBe(0);
    await clock.advance(500);
    const later = new Driver(sandboxes, COUNTER);
    expect((await later.next()).error).toBeUndefined();
    await sandboxes.close();
    expect(clock.pending).toBe(0);
  });

  it('says so when no sandbox can be made at all', async () => {
    const none = { ...limits, heapBytes: 0 };
    const sandboxes = new WorkerSandboxes({
      workers: 1,
      limits: none,
      warm: 1,
      clock: systemClock,
      log: silentLogger,
    });
    await expect(sandboxes.ready).rejects.toThrow(/heapBytes/);
    await sandboxes.close();
  });
});
