/** The tasks that this node holds: their leases, what their scripts reported, and the writing of their outcomes. */
import { describeError } from '../kernel/logger.ts';
import type { CallListReport, CallListTask } from '../scenario/ports.ts';
import type { DiallerOptions } from './options.ts';
import { type Ending, outcomeOf } from './outcome.ts';
import type { ClaimedTask } from './ports.ts';

/** Leases are renewed when a third of their time is over. */
const RENEW_PART = 1 / 3;
/** A session whose lease was not renewed is ended when so little of it is left: longer than one query may hang. */
const MARGIN_PART = 1 / 4;
/** An outcome that could not be written is written again after this time, milliseconds. */
const REWRITE_MS = 2_000;

export interface RunningTask {
  readonly task: ClaimedTask;
  sessionId: string | undefined;
  /** By the monotonic clock: from when on others may take the task. */
  leaseEnds: number;
  renewedAt: number;
  /** The first result, error or wish for another attempt. */
  report: CallListReport | undefined;
  reportKept: boolean;
  ended: boolean;
  /** Its session stands in its row. */
  noted: Promise<void>;
}

export class RunningTasks {
  readonly #options: DiallerOptions;
  readonly #leaseMs: number;
  readonly #onFree: () => void;
  readonly #byId = new Map<number, RunningTask>();
  readonly #bySession = new Map<string, RunningTask>();
  readonly #writing = new Set<Promise<void>>();
  /** Sessions that ended before their start was told. */
  readonly #early = new Map<string, Ending>();
  #starting = 0;
  #closed = false;

  constructor(options: DiallerOptions, leaseSeconds: number, onFree: () => void) {
    this.#options = options;
    this.#leaseMs = leaseSeconds * 1000;
    this.#onFree = onFree;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** @param claimedAt before the query was sent, so that our idea of the lease ends before the database's does. */
  add(task: ClaimedTask, claimedAt: number): RunningTask {
    const running: RunningTask = {
      task,
      sessionId: undefined,
      leaseEnds: claimedAt + this.#leaseMs,
      renewedAt: claimedAt,
      report: undefined,
      reportKept: false,
      ended: false,
      noted: Promise.resolve(),
    };
    this.#byId.set(task.id, running);
    return running;
  }

  /** A session that ends at once is noticed, too. */
  async starting<T>(start: () => Promise<T>): Promise<T> {
    this.#starting += 1;
    try {
      return await start();
    } finally {
      this.#starting -= 1;
    }
  }

  started(running: RunningTask, sessionId: string): void {
    running.sessionId = sessionId;
    this.#bySession.set(sessionId, running);
    const { store, log } = this.#options;
    running.noted = store.started(running.task, sessionId).catch((error: unknown) => {
      log.warn({ err: describeError(error) }, 'the session of a call-list task could not be noted');
    });
    const early = this.#early.get(sessionId);
    if (this.#starting === 0) this.#early.clear();
    if (early !== undefined) this.sessionEnded(sessionId, early);
  }

  sessionEnded(sessionId: string, ending: Ending): void {
    const running = this.#bySession.get(sessionId);
    if (running !== undefined) this.end(running, ending);
    else if (this.#starting > 0) this.#early.set(sessionId, ending);
  }

  /** The attempt is over, in whatever way. */
  end(running: RunningTask, ending: Ending): void {
    if (running.ended) return;
    running.ended = true;
    const work = this.#write(running, ending).finally(() => this.#writing.delete(work));
    this.#writing.add(work);
  }

  /** The task is no longer ours. */
  forget(running: RunningTask): void {
    running.ended = true;
    this.#byId.delete(running.task.id);
    if (running.sessionId !== undefined) this.#bySession.delete(running.sessionId);
    this.#onFree();
  }

  async report({ taskId, token }: CallListTask, report: CallListReport): Promise<boolean> {
    const running = this.#byId.get(taskId);
    if (running === undefined || running.task.token !== token || running.ended)
      throw new Error('the task is no longer run by this session');
    if (report.kind !== 'progress') {
      // A report that could not be kept may be repeated by the script; it counts either way.
      if (running.report !== undefined && running.reportKept) return false;
      running.report = report;
    }
    await this.#options.store.report(running.task, report);
    if (report.kind !== 'progress') running.reportKept = true;
    return true;
  }

  /** Makes leases longer that need it; ends sessions whose lease could not be made longer in time. */
  async renew(): Promise<void> {
    const { store, clock, log } = this.#options;
    const now = clock.monotonic();
    const due = [...this.#byId.values()].filter(
      ({ renewedAt }) => now - renewedAt >= this.#leaseMs * RENEW_PART,
    );
    if (due.length === 0) return;
    let kept: ReadonlySet<number> | undefined;
    try {
      kept = await store.renew(
        due.map(({ task }) => task),
        this.#leaseMs / 1000,
      );
    } catch (error) {
      log.warn({ err: describeError(error) }, 'leases of call-list tasks could not be renewed');
    }
    for (const running of due) {
      if (kept?.has(running.task.id)) {
        running.renewedAt = now;
        running.leaseEnds = now + this.#leaseMs;
      } else if (
        !running.ended &&
        (kept !== undefined || clock.monotonic() > running.leaseEnds - this.#leaseMs * MARGIN_PART)
      )
        this.#lose(running);
    }
  }

  /** Resolves when every outcome so far is written. */
  async written(): Promise<void> {
    await Promise.all(this.#writing);
  }

  close(): void {
    this.#closed = true;
  }

  /** Another node may begin it any moment. */
  #lose(running: RunningTask): void {
    const { sessions, log } = this.#options;
    const { sessionId, task } = running;
    log.error({ task: task.id }, 'a call-list task is lost to this node; its session is ended');
    this.forget(running);
    if (sessionId !== undefined) sessions.end(sessionId, 'the node has lost its call-list task');
  }

  async #write(running: RunningTask, ending: Ending): Promise<void> {
    const { store, clock, log } = this.#options;
    const { task } = running;
    const outcome = outcomeOf(task, running.report, ending, clock.now());
    await running.noted;
    for (;;) {
      try {
        if (!(await store.finish(task, outcome, clock.now())))
          log.warn({ task: task.id }, 'a call-list task was no longer ours when its attempt was over');
        break;
      } catch (error) {
        log.warn({ err: describeError(error) }, 'the outcome of a call-list task could not be written');
        if (this.#closed || clock.monotonic() > running.leaseEnds) break;
        await new Promise<void>((resolve) => clock.setTimeout(resolve, REWRITE_MS));
      }
    }
    this.forget(running);
  }
}
