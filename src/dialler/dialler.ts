/**
 * Runs call lists: takes tasks that are due, starts a scenario session for each, and writes what became of it. Nodes that
 * share a database do this side by side. What keeps a task from running twice at once, and from being lost, is its lease:
 *
 *   claimed ──begin──▶ session runs, lease is renewed ──ended──▶ outcome written, lease gone
 *      └─ node dies ─▶ New again     └─ node dies ─▶ a failed attempt, or what the script had reported
 *
 * A node that cannot renew a lease in time (its database is away) ends the session before another node may take the task.
 */
import type { TimerHandle } from '../kernel/clock.ts';
import { describeError } from '../kernel/logger.ts';
import {
  type CallListReport,
  type CallListReports,
  type CallListTask,
  NODE_STOPS,
} from '../scenario/ports.ts';
import type { DiallerOptions } from './options.ts';
import { type Ending, outcomeOf } from './outcome.ts';
import type { LostTask } from './ports.ts';
import { type RunningTask, RunningTasks } from './running-tasks.ts';
import { nextOpening } from './windows.ts';

/** How soon a node sees what another node has added, milliseconds. One small query each time. */
const POLL_MS = 1_000;
/** How often it looks for tasks whose node is gone, milliseconds. */
const LOST_MS = 15_000;
/** Tasks that are taken at once; when there were as many, it looks again at once. */
const BATCH = 10;
/** A session that could not begin, on a node that is full or stops, is tried again after this time, milliseconds. */
const NOT_BEGUN_MS = 5_000;

export class Dialler implements CallListReports {
  readonly #options: DiallerOptions;
  readonly #leaseSeconds: number;
  readonly #instance: string;
  readonly #running: RunningTasks;
  #timer: TimerHandle | undefined;
  #polling: Promise<void> | undefined;
  #again = false;
  #closed = false;
  #failing = false;
  #lookedForLost = Number.NEGATIVE_INFINITY;

  constructor(options: DiallerOptions) {
    this.#options = options;
    this.#leaseSeconds = options.leaseSeconds ?? 180;
    this.#instance = options.random.uuid();
    this.#running = new RunningTasks(options, this.#leaseSeconds, () => this.wake());
    options.sessions.observers.on('ended', ({ sessionId, reason, error }) => {
      this.#running.sessionEnded(sessionId, endingOf(reason, error));
    });
  }

  /** Tasks that run here now. */
  get active(): number {
    return this.#running.size;
  }

  /** Begins to take tasks; what an earlier process of this node left comes first. */
  start(): void {
    this.wake();
  }

  /** Looks now whether something is due. */
  wake(): void {
    if (this.#closed) return;
    this.#again = true;
    this.#polling ??= this.#poll();
  }

  async report(task: CallListTask, report: CallListReport): Promise<boolean> {
    return await this.#running.report(task, report);
  }

  /**
   * Takes no more tasks, and writes what became of those whose sessions have ended; sessions are ended before this. A
   * task that still runs then keeps its lease, and is found by whoever comes next.
   *
   * @param ms how long a slow database is waited for
   */
  async close(ms: number): Promise<void> {
    this.#closed = true;
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    const late = Promise.withResolvers<void>();
    const timer = clock.setTimeout(late.resolve, ms);
    const done = Promise.resolve(this.#polling).then(() => this.#running.written());
    await Promise.race([done, late.promise]);
    clock.clearTimeout(timer);
    this.#running.close();
  }

  async #poll(): Promise<void> {
    const { clock, log } = this.#options;
    clock.clearTimeout(this.#timer);
    try {
      while (this.#again && !this.#closed) {
        this.#again = false;
        await this.#running.renew();
        await this.#takeLost();
        if ((await this.#takeDue()) === BATCH) this.#again = true;
      }
      this.#failing = false;
    } catch (error) {
      // Once: the next second tries again.
      if (!this.#failing) log.warn({ err: describeError(error) }, 'call lists could not be read');
      this.#failing = true;
    }
    this.#polling = undefined;
    if (!this.#closed) this.#timer = clock.setTimeout(() => this.wake(), POLL_MS);
  }

  async #takeLost(): Promise<void> {
    const { store, node, clock } = this.#options;
    if (clock.monotonic() - this.#lookedForLost < LOST_MS) return;
    for (;;) {
      const options = { node, instance: this.#instance, leaseSeconds: this.#leaseSeconds, limit: 100 };
      const lost = await store.takeLost(options);
      await Promise.all(lost.map((task) => this.#settleLost(task)));
      if (lost.length < options.limit) break;
    }
    this.#lookedForLost = clock.monotonic();
  }

  async #settleLost(task: LostTask): Promise<void> {
    const { store, clock, log } = this.#options;
    const now = clock.now();
    const ending: Ending = task.begun ? { kind: 'node-gone' } : { kind: 'not-begun', retryAt: now };
    const outcome = outcomeOf(task, task.report, ending, now);
    log.warn(
      { task: task.id, begun: task.begun, becomes: outcome.status },
      'a call-list task had lost its node',
    );
    await store.finish(task, outcome, now);
  }

  /** Resolves with how many were taken. */
  async #takeDue(): Promise<number> {
    const { store, accepts, node, simultaneous, clock } = this.#options;
    const limit = Math.min(BATCH, simultaneous - this.#running.size);
    if (limit <= 0 || !accepts()) return 0;
    const claimedAt = clock.monotonic();
    const options = { node, instance: this.#instance, limit, leaseSeconds: this.#leaseSeconds };
    const tasks = await store.claim({ ...options, now: clock.now() });
    await Promise.all(tasks.map((task) => this.#begin(this.#running.add(task, claimedAt))));
    return tasks.length;
  }

  /** Never rejects: whatever goes wrong is an outcome, or found as lost. */
  async #begin(running: RunningTask): Promise<void> {
    const { store, rules, sessions, clock } = this.#options;
    const { task } = running;
    const now = clock.now();
    const opens = nextOpening(task.windows, task.timeZone, now);
    if (opens > now) return this.#running.end(running, { kind: 'not-begun', retryAt: opens });
    const route = rules.routeOfRule(task.applicationId, task.ruleId);
    if (route === undefined)
      return this.#running.end(running, { kind: 'impossible', message: 'the rule of the list is gone' });
    if (this.#closed) return this.#running.end(running, { kind: 'not-begun', retryAt: now });
    try {
      // From here on a phone may ring: a second attempt of a task that has begun counts as one.
      if (!(await store.begin(task))) return this.#running.end(running, { kind: 'not-begun', retryAt: now });
    } catch {
      return this.#running.end(running, { kind: 'not-begun', retryAt: now + NOT_BEGUN_MS });
    }
    if (this.#closed) return this.#running.end(running, { kind: 'not-begun', retryAt: now });
    try {
      const callListTask = { taskId: task.id, token: task.token };
      const { sessionId } = await this.#running.starting(() =>
        sessions.start({ route, customData: task.customData, inbound: undefined, callListTask }),
      );
      this.#running.started(running, sessionId);
    } catch {
      return this.#running.end(running, { kind: 'not-begun', retryAt: now + NOT_BEGUN_MS });
    }
  }
}

function endingOf(reason: string, error: { readonly message: string } | undefined): Ending {
  if (error !== undefined) return { kind: 'failed', message: error.message };
  return { kind: reason === NODE_STOPS ? 'node-gone' : 'over' };
}
