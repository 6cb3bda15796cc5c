import { type Kysely, sql } from 'kysely';
import type { EventStore } from '../events/ports.ts';
import type { LoggedEvent, NewEvent, ReadEvent } from '../events/types.ts';
import type { Random } from '../kernel/random.ts';
import { appendEvents } from './append-events.ts';
import { BEGINNING, readEventCursor, writeEventCursor } from './event-cursor.ts';
import { type EventRow, readEventRow } from './event-rows.ts';
import type { Schema } from './schema.ts';

type ReadOptions = Parameters<EventStore['read']>[0];

/** A row, or none, and in any case how far could be read. */
type Found = { readonly bound: string } & (EventRow | { readonly [key in keyof EventRow]: null });

/**
 * The event log in the database. The order is that of (transaction, number): `seq` alone is drawn when a row is inserted, and
 * becomes visible when its transaction commits, which may be after a later number was read. So only transactions below the
 * oldest one that still runs are read (`pg_snapshot_xmin`, PostgreSQL manual, table 9.84): of those nothing more can come.
 */
export class SqlEventStore implements EventStore {
  readonly #db: Kysely<Schema>;
  readonly #random: Random;

  constructor(db: Kysely<Schema>, random: Random) {
    this.#db = db;
    this.#random = random;
  }

  async append(events: readonly NewEvent[]): Promise<readonly LoggedEvent[]> {
    return await this.#db.transaction().execute((trx) => appendEvents(trx, this.#random, events));
  }

  async read(
    options: ReadOptions,
  ): Promise<{ readonly items: readonly ReadEvent[]; readonly cursor: string }> {
    const { applicationId, subject, types, cursor, limit } = options;
    const from = cursor === undefined ? BEGINNING : readEventCursor(cursor, applicationId);
    // After a restore into another server, transaction numbers begin anew, and those in old cursors lie in the future.
    // What was restored has the least number then (`settleRestored`), and its order is that of `seq`.
    const after = sql`case when ${from.xid}::xid8 > pg_snapshot_xmax(now.snapshot) then ${SETTLED}::xid8 else ${from.xid}::xid8 end`;
    const { rows } = await sql<Found>`
      with now as materialized (select pg_current_snapshot() as snapshot)
      select pg_snapshot_xmin(now.snapshot)::text as bound, e.*
        from now left join lateral (
          select seq, xid::text as xid, id, application_id, subject, position, type, at, data from events
           where (xid, seq) > (${after}, ${from.seq}) and events.xid < pg_snapshot_xmin(now.snapshot)
             ${applicationId === undefined ? sql`` : sql`and application_id = ${applicationId}`}
             ${subject === undefined ? sql`` : sql`and subject = ${subject}`}
             ${types === undefined || types.length === 0 ? sql`` : sql`and type in (${sql.join(types)})`}
           order by events.xid, seq limit ${limit}) e on true
       order by e.xid::xid8, e.seq`.execute(this.#db);
    const items = rows.flatMap((row) => (row.id === null ? [] : [readItem(row, applicationId)]));
    const bound = { xid: rows[0]?.bound ?? '0', seq: 0 };
    const last = items.at(-1);
    return {
      items,
      // A page that is not full has seen everything below the bound: what was passed over is not looked at again.
      cursor:
        items.length < limit || last === undefined ? writeEventCursor(bound, applicationId) : last.cursor,
    };
  }

  async end(applicationId: string | undefined): Promise<string> {
    const { rows } = await sql<{ bound: string }>`
      select pg_snapshot_xmin(pg_current_snapshot())::text as bound`.execute(this.#db);
    return writeEventCursor({ xid: rows[0]?.bound ?? '0', seq: 0 }, applicationId);
  }
}

function readItem(row: EventRow, applicationId: string | undefined): ReadEvent {
  return { ...readEventRow(row), cursor: writeEventCursor(row, applicationId) };
}

/** The least transaction number that a row can have (PostgreSQL: 0 to 2 are reserved). */
const SETTLED = '3';

/**
 * A dump that is restored into another server brings events whose transaction numbers that server has not reached: they
 * would be taken for running ones and hidden. They get the least number; among them `seq` keeps the order. At each start;
 * costs one look into an index.
 */
export async function settleRestored(db: Kysely<Schema>): Promise<number> {
  const { rows } = await sql`
    update events set xid = ${SETTLED}::xid8 where xid > pg_snapshot_xmax(pg_current_snapshot()) returning seq`.execute(
    db,
  );
  return rows.length;
}
