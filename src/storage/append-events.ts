import { type Kysely, sql } from 'kysely';
import type { LoggedEvent, NewEvent } from '../events/types.ts';
import type { Random } from '../kernel/random.ts';
import { cleanJson } from './clean-json.ts';
import { QUEUE_DELIVERIES } from './queue-deliveries.ts';
import type { Schema } from './schema.ts';

interface Written {
  readonly id: string;
  readonly position: number;
}

/** First half of the advisory locks of subjects; any number that nothing else uses. */
const LOCK = 7_210_430;

/**
 * Writes events, and their deliveries to webhooks, in the transaction of what they tell. Events of one subject get their
 * positions in the order given; other transactions that append to the same subject wait for this one to end. An event
 * whose id is in the log already stays as it is, and the one in the log is returned.
 *
 * The locks are taken in the order of the subjects. A transaction that appends twice may wait for another one that does
 * the same in another order (PostgreSQL then ends one of them with 40P01), so append once, and last.
 *
 * @param trx a transaction (read committed, which is the default): the positions are read after the locks are held.
 * @param options.fresh nobody else can append to these subjects meanwhile, for instance since they are new in this transaction:
 *   saves the lock.
 */
export async function appendEvents(
  trx: Kysely<Schema>,
  random: Random,
  events: readonly NewEvent[],
  options: { readonly fresh?: boolean } = {},
): Promise<readonly LoggedEvent[]> {
  if (events.length === 0) return [];
  const rows = events.map((event) => ({ ...event, id: event.id ?? `evt_${random.uuid()}` }));
  if (options.fresh !== true) await lockSubjects(trx, rows);
  const positions = await insert(trx, rows);
  return rows.map((row) => ({ ...row, position: positions.get(row.id) as number }));
}

/** Nobody else appends to these subjects before this transaction ends. */
export async function lockSubjects(
  trx: Kysely<Schema>,
  of: readonly { readonly subject: string }[],
): Promise<void> {
  const subjects = JSON.stringify([...new Set(of.map(({ subject }) => subject))]);
  // The inner query is sorted before the outer one takes the locks, so that two that append to the same two subjects do
  // not wait for each other for ever.
  await sql`
    select pg_advisory_xact_lock(hashtextextended(subject, ${sql.lit(LOCK)}))
      from (select value as subject from jsonb_array_elements_text(${subjects}::jsonb) order by value) sorted`.execute(
    trx,
  );
}

/**
 * One statement for all: it numbers what is new, and puts it into the outbox of each webhook that wants it.
 *
 * The log is read by (xid, seq). A transaction that began before another one, and then waited for it to append to the same
 * subject, has the lesser number and comes later: its events take the other's. That is safe, for nobody reads events of a
 * number while a transaction with a lesser one runs.
 */
async function insert(
  trx: Kysely<Schema>,
  rows: readonly (NewEvent & { readonly id: string })[],
): Promise<ReadonlyMap<string, number>> {
  const given = rows.map((row, ord) => ({
    ...row,
    ord,
    at: new Date(row.at).toISOString(),
    data: cleanJson(row.data),
  }));
  const { rows: written } = await sql<Written>`
    with given as (
      select distinct on (t.id) t.* from jsonb_to_recordset(${JSON.stringify(given)}::jsonb)
        as t (ord int, id text, "applicationId" text, subject text, type text, at timestamptz, data jsonb)
      order by t.id, t.ord),
    known as (select e.id, e.position from events e join given on given.id = e.id),
    numbered as (
      select given.*, coalesce((select max(e.position) from events e where e.subject = given.subject), 0)
        + row_number() over (partition by subject order by ord) as position
      from given where not exists (select from known where known.id = given.id)),
    added as (
      insert into events (xid, id, application_id, subject, position, type, at, data)
      select greatest(pg_current_xact_id(), (
               select e.xid from events e where e.subject = numbered.subject order by e.position desc limit 1)),
             id, "applicationId", subject, position, type, at, data
        from numbered order by ord
      returning seq, id, application_id, subject, position, type),
    queued as (
      ${QUEUE_DELIVERIES})
    select id, position from added union all select id, position from known`.execute(trx);
  return new Map(written.map(({ id, position }) => [id, position]));
}
