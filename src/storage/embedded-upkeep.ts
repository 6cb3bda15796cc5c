/**
 * What a PostgreSQL server's background processes do, for the embedded database, which has none: without a checkpointer its
 * log grows by each write until the disk is full, and without autovacuum so do tables whose rows change, and the planner goes
 * by what they were when they were empty. The thresholds are autovacuum's defaults (PostgreSQL, "Automatic Vacuuming").
 */
import { type Kysely, sql } from 'kysely';
import type { Clock, TimerHandle } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Schema } from './schema.ts';

/** Between two looks, milliseconds. */
export const LOOK_MS = 60_000;
/** Bytes of log since the last checkpoint. After a kill so much is read again, which takes about a second. */
export const LOG_BYTES = 64 * 2 ** 20;

/** Looks now and then while the node runs; each statement takes its turn among the others. */
export class EmbeddedUpkeep {
  readonly #db: Kysely<Schema>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #mostLog: number;
  #timer: TimerHandle | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  /** @param mostLog bytes of log after which a checkpoint is due. */
  constructor(
    db: Kysely<Schema>,
    { clock, log }: { readonly clock: Clock; readonly log: Logger },
    mostLog = LOG_BYTES,
  ) {
    this.#db = db;
    this.#clock = clock;
    this.#log = log;
    this.#mostLog = mostLog;
    this.#arm();
  }

  /** Looks now, and does what is due. Rejects when the database does. */
  async look(): Promise<void> {
    for (const table of await this.#due()) {
      if (this.#closed) return;
      const begun = this.#clock.monotonic();
      await sql`vacuum (analyze) ${sql.table(table)}`.execute(this.#db);
      const ms = Math.round(this.#clock.monotonic() - begun);
      this.#log.debug({ table, ms }, 'a table was tidied up');
    }
    if (!this.#closed && (await this.#logBytes()) >= this.#mostLog) await sql`checkpoint`.execute(this.#db);
  }

  /** Waits for what is being done. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#clock.clearTimeout(this.#timer);
    await this.#running;
  }

  #arm(): void {
    if (this.#closed) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#running = this.look()
        .catch((error: unknown) => {
          // Whoever needs the database says so loudly; here it is tried again.
          this.#log.warn({ err: error }, 'the embedded database could not be tidied up');
        })
        .finally(() => this.#arm());
    }, LOOK_MS);
  }

  async #due(): Promise<readonly string[]> {
    // What a statement did is told to the statistics once a second at most; there is no later moment in this database.
    await sql`select pg_stat_force_next_flush()`.execute(this.#db);
    const { rows } = await sql<{ relname: string }>`
      select s.relname
        from pg_stat_user_tables s
        join pg_class c on c.oid = s.relid
       cross join lateral (select greatest(c.reltuples, 0) as kept) known
       where s.n_dead_tup > 50 + 0.2 * known.kept
          or s.n_ins_since_vacuum > 1000 + 0.2 * known.kept
          or s.n_mod_since_analyze > 50 + 0.1 * known.kept
       order by s.relname`.execute(this.#db);
    return rows.map(({ relname }) => relname);
  }

  async #logBytes(): Promise<number> {
    const { rows } = await sql<{ bytes: string }>`
      select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), redo_lsn)::text as bytes
        from pg_control_checkpoint()`.execute(this.#db);
    return Number(rows[0]?.bytes ?? 0);
  }
}
