/** What the company must not forget: who is at work, and whom it has promised a call. SQLite, which Node brings. */
import { DatabaseSync } from 'node:sqlite';

/** `calling`: the scenario that keeps it was started, and has not told yet what became of it. */
export type PromiseStatus = 'waiting' | 'calling' | 'kept';

export interface CallPromise {
  readonly id: number;
  readonly order: string;
  /** The service number that the passenger had dialled, and will see. */
  readonly service: string;
  readonly status: PromiseStatus;
  /** How often it was tried. */
  readonly attempt: number;
}

/** Longer than the driver is asked and the passenger's phone rings: what is not kept by then has no scenario any more. */
const SILENT_MS = 10 * 60_000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS promise (
    id INTEGER PRIMARY KEY, "order" TEXT NOT NULL, service TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'waiting', attempt INTEGER NOT NULL DEFAULT 0, tried_at INTEGER NOT NULL DEFAULT 0);
  CREATE UNIQUE INDEX IF NOT EXISTS one_open_promise ON promise ("order") WHERE status <> 'kept';
  CREATE TABLE IF NOT EXISTS off_shift (driver TEXT PRIMARY KEY);
`;

export class Promises {
  readonly #database: DatabaseSync;

  constructor(file: string) {
    this.#database = new DatabaseSync(file);
    this.#database.exec(SCHEMA);
  }

  /** One open promise per order: who asks twice is called once. */
  make(order: string, service: string): number {
    this.#database
      .prepare(`INSERT INTO promise ("order", service) VALUES (?, ?) ON CONFLICT DO NOTHING`)
      .run(order, service);
    const row = this.#database
      .prepare(`SELECT id FROM promise WHERE "order" = ? AND status <> 'kept'`)
      .get(order);
    return Number(row?.id);
  }

  settle(id: number, status: PromiseStatus): void {
    const [more, triedAt] = status === 'calling' ? [1, Date.now()] : [0, 0];
    this.#database
      .prepare(
        `UPDATE promise SET status = ?, attempt = attempt + ?, tried_at = ? WHERE id = ? AND status <> 'kept'`,
      )
      .run(status, more, triedAt, id);
  }

  all(): CallPromise[] {
    return this.#database
      .prepare(`SELECT id, "order", service, status, attempt FROM promise ORDER BY id`)
      .all()
      .map(({ id, order, service, status, attempt }) => ({
        id: Number(id),
        order: String(order),
        service: String(service),
        status: String(status) as PromiseStatus,
        attempt: Number(attempt),
      }));
  }

  /** Those of the orders that nobody keeps at the moment: a node that died under its call has told nothing of it. */
  waiting(orders: ReadonlySet<string>, now = Date.now()): CallPromise[] {
    const stale = new Set(
      this.#database
        .prepare(`SELECT id FROM promise WHERE status = 'calling' AND tried_at < ?`)
        .all(now - SILENT_MS)
        .map(({ id }) => Number(id)),
    );
    return this.all().filter(
      ({ id, status, order }) => orders.has(order) && (status === 'waiting' || stale.has(id)),
    );
  }

  setShift(driver: string, on: boolean): void {
    const sql = on
      ? 'DELETE FROM off_shift WHERE driver = ?'
      : 'INSERT OR IGNORE INTO off_shift (driver) VALUES (?)';
    this.#database.prepare(sql).run(driver);
  }

  isOnShift(driver: string): boolean {
    return (
      this.#database.prepare('SELECT 1 AS off FROM off_shift WHERE driver = ?').get(driver) === undefined
    );
  }

  close(): void {
    this.#database.close();
  }
}
