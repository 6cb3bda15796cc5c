import type { Clock, TimerHandle } from '../kernel/clock.ts';
import { describeError, type Logger } from '../kernel/logger.ts';
import { eraseNow } from './erasures.ts';
import { type ErasureStore, RETENTION_KINDS, type RetentionKind, type RetentionStore } from './ports.ts';

export interface RetentionOptions {
  readonly store: RetentionStore;
  readonly erasures: Pick<ErasureStore, 'running' | 'step'>;
  /** Of this node. */
  readonly deleteFiles: () => Promise<number>;
  /** Days by kind; 0: for ever. */
  readonly days: Readonly<Record<RetentionKind, number>>;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface RetentionCounts {
  /** Older than the settings allow. */
  readonly backlog: Readonly<Partial<Record<RetentionKind, number>>>;
  /** That are not complete, on all nodes. */
  readonly erasures: number;
  /** Of this node, that could not be deleted. */
  readonly files: number;
}

/** After the start, when what matters more is done; then every so often. Calls end within minutes, files are few. */
const FIRST_MS = 20_000;
const EVERY_MS = 60_000;
/** Steps of one kind in a row, so that one kind that is far behind does not keep the others waiting. */
const STEPS = 20;
const DAY_MS = 86_400_000;

/** Takes away what is too old, and finishes erasures, in small steps for as long as the node runs. */
export class Retention {
  readonly #options: RetentionOptions;
  #timer: TimerHandle | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;
  #counts: RetentionCounts = { backlog: {}, erasures: 0, files: 0 };

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  start(): void {
    this.#arm(FIRST_MS);
  }

  /** As of the end of the last round. */
  get counts(): RetentionCounts {
    return this.#counts;
  }

  /** The step that runs is waited for. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#options.clock.clearTimeout(this.#timer);
    await this.#running;
  }

  /** One round, as the timer has it. */
  async run(): Promise<void> {
    const { erasures, deleteFiles, log } = this.#options;
    await this.#attempt('erasures', async () => {
      for (const id of await erasures.running()) await eraseNow(erasures, id, () => this.#closed);
    });
    for (const kind of RETENTION_KINDS) await this.#attempt(kind, () => this.#take(kind));
    let files = 0;
    await this.#attempt('files', async () => {
      files = await deleteFiles();
    });
    // With the last file of an erasure its receipt is complete.
    await this.#attempt('erasures', async () => {
      for (const id of await erasures.running()) await erasures.step(id);
    });
    await this.#attempt('counts', async () => {
      this.#counts = { backlog: await this.backlog(), erasures: (await erasures.running()).length, files };
    });
    log.debug({}, 'what is too old was taken away');
  }

  /** Things that should be gone, by kind. */
  async backlog(): Promise<Readonly<Record<RetentionKind, number>>> {
    const { store, clock } = this.#options;
    const counts = RETENTION_KINDS.map(
      async (kind) => [kind, await store.backlog(kind, this.#before(kind), clock.now())] as const,
    );
    return Object.fromEntries(await Promise.all(counts)) as Record<RetentionKind, number>;
  }

  async #take(kind: RetentionKind): Promise<void> {
    const { store, clock, log } = this.#options;
    let taken = 0;
    for (let step = 0; step < STEPS && !this.#closed; step++) {
      const count = await store.remove(kind, this.#before(kind), clock.now());
      taken += count ?? 0;
      if (count === undefined || count === 0) break;
    }
    if (taken > 0) log.info({ kind, count: taken }, 'what was kept for long enough was removed');
  }

  #before(kind: RetentionKind): number | undefined {
    const { days, clock } = this.#options;
    return days[kind] === 0 ? undefined : clock.now() - days[kind] * DAY_MS;
  }

  /** A kind that fails does not keep the others. */
  async #attempt(what: string, work: () => Promise<void>): Promise<void> {
    if (this.#closed) return;
    try {
      await work();
    } catch (error) {
      this.#options.log.warn(
        { err: describeError(error), what },
        'what is too old could not be removed; it is tried again',
      );
    }
  }

  #arm(ms: number): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#running = this.run().then(() => {
        if (!this.#closed) this.#arm(EVERY_MS);
      });
    }, ms);
  }
}
