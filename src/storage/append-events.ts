import { type Kysely, sql } from 'kysely';
import type { LoggedEvent, NewEvent } from '../events/types.ts';
import type { Random } from '../kernel/random.ts';
import type { Schema } from './schema.ts';

interface Written {
  readonly id: string;
  readonly position: number;
}

/**
 * Writes events, and their deliveries to webhooks, in the transaction of what they tell. Events of one subject get their
 * positions in the order given; other transactions that append to the same subject wait for this one to end.
 *
 * @param options.fresh the subjects are new in this transaction, so that nobody else can append to them: saves the lock.
 */
export async function appendEvents(
  trx: Kysely<Schema>,
  random: Random,
  events: readonly NewEvent[],
  options: { readonly fresh?: boolean } = {},
): Promise<readonly LoggedEvent[]> {
  if (events.length === 0) return [];
  const rows = events.map((event, ord) => ({
    ...event,
    ord,
    id: `evt_${random.uuid()}`,
    at: new Date(event.at).toISOString(),
  }));
  if (options.fresh !== true) {
    // In one order, so that two that append to the same two subjects do not wait for each other for ever.
    for (const subject of [...new Set(events.map((event) => event.subject))].sort())
      await sql`select pg_advisory_xact_lock(hashtextextended(${subject}, 7210430))`.execute(trx);
  }
  const { rows: written } = await sql<Written>`
    with given as (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
        as t (ord int, id text, "applicationId" text, subject text, type text, at timestamptz, data jsonb)),
    numbered as (
      select given.*, coalesce((select max(e.position) from events e where e.subject = given.subject), 0)
        + row_number() over (partition by subject order by ord) as position
      from given),
    added as (
      insert into events (id, application_id, subject, position, type, at, data)
      select id, "applicationId", subject, position, type, at, data from numbered order by ord
      returning seq, id, application_id, subject, position, type),
    queued as (
      insert into webhook_deliveries (webhook_id, event_seq, subject, next_at, created_at)
      select w.id, added.seq, added.subject, now(), now()
      from added join webhooks w on w.application_id = added.application_id and w.enabled
        and (cardinality(w.types) = 0 or added.type = any (w.types))
      order by added.seq)
    select id, position from added order by seq`.execute(trx);
  const positions = new Map(written.map(({ id, position }) => [id, position]));
  return rows.map(({ id }, index) => ({
    ...(events[index] as NewEvent),
    id,
    position: positions.get(id) as number,
  }));
}
