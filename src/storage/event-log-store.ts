import { type Kysely, sql } from 'kysely';
import type { EventLog, EventLogStore } from '../scenario/event-log.ts';
import { pack, rowsInTurns, unpack } from './packed.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';

const PLACE = 'event_logs.sealed';

/** Event logs of scenario sessions: one row each, packed and sealed as a whole, since anything in it may be a number. */
export class SqlEventLogStore implements EventLogStore {
  readonly #db: Kysely<Schema>;
  readonly #vault: Vault;

  constructor(db: Kysely<Schema>, vault: Vault) {
    this.#db = db;
    this.#vault = vault;
  }

  async append(logs: readonly EventLog[]): Promise<void> {
    if (logs.length === 0) return;
    const rows = await rowsInTurns(logs, async (log) => {
      const sealed = this.#vault.seal(await pack(JSON.stringify(log)), PLACE);
      return { session_id: log.sessionId, at: new Date(log.at), bytes: sealed.length, sealed };
    });
    await this.#db
      .insertInto('event_logs')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  async read(sessionId: string): Promise<EventLog | undefined> {
    const row = await this.#db
      .selectFrom('event_logs')
      .select('sealed')
      .where('session_id', '=', sessionId)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    // Written by `append`, and opened by the vault only if it is still so.
    return JSON.parse(await unpack(this.#vault.open(row.sealed, PLACE))) as EventLog;
  }

  async purge(before: number, totalBytes: number): Promise<number> {
    const old = await this.#db.deleteFrom('event_logs').where('at', '<', new Date(before)).executeTakeFirst();
    const beyond = await sql`
      delete from event_logs where session_id in (
        select session_id from (
          select session_id, sum(bytes) over (order by at desc, session_id) as running from event_logs
        ) newest where running > ${totalBytes})`.execute(this.#db);
    return Number(old.numDeletedRows) + Number(beyond.numAffectedRows ?? 0);
  }
}
