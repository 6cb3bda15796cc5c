import { type Kysely, sql } from 'kysely';
import type { NewEvent } from '../events/types.ts';
import type { ClosedReason } from '../masking/types.ts';
import { appendEvents } from './append-events.ts';
import { StorageError } from './errors.ts';
import { lockNumbers } from './masking-slots.ts';
import { type MaskingTools, NEVER } from './masking-tools.ts';
import type { Schema } from './schema.ts';

interface Closed {
  readonly id: string;
  readonly application_id: string;
  readonly external_id: string | null;
  readonly closed_reason: ClosedReason;
  readonly closed_at: Date;
}

/**
 * Closes those of these sessions that are open, and has the cool-off of their numbers begin. One that has expired before
 * was closed by that, whatever the reason given.
 *
 * @returns what happened, to be appended by the caller, last in its transaction.
 */
export async function closeSessions(
  trx: Kysely<Schema>,
  ids: readonly string[],
  reason: ClosedReason,
  now: Date,
): Promise<readonly NewEvent[]> {
  if (ids.length === 0) return [];
  const cooled = sql`least(${NEVER}::timestamptz, ${now}::timestamptz + x.cool_off_seconds * interval '1 second')`;
  const { rows } = await sql<Closed>`
    with closed as (
      update masking_sessions set status = 'closed', closed_at = least(expires_at, ${now}),
             closed_reason = case when expires_at <= ${now} then 'expired' else ${reason} end
       where status = 'open' and id in (select jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb))
      returning id, application_id, external_id, closed_reason, closed_at),
    slots as (
      update masking_slots x set ends_at = ${now}, free_after = least(x.free_after, ${cooled})
        from closed where x.session_id = closed.id and x.ends_at > ${now}),
    digits as (
      update masking_extensions x set free_after = least(x.free_after, ${cooled})
        from closed where x.session_id = closed.id)
    select * from closed order by id`.execute(trx);
  return rows.map((row) => ({
    applicationId: row.application_id,
    subject: row.id,
    type: 'masking_session.closed',
    at: now.getTime(),
    data: {
      reason: row.closed_reason,
      externalId: row.external_id,
      closedAt: row.closed_at.toISOString(),
    },
  }));
}

/**
 * Closes, with its events, what was open on numbers that went away or to another application. In the transaction in which
 * they went.
 *
 * @returns how many sessions that were.
 */
export async function closeOnNumbers(
  trx: Kysely<Schema>,
  tools: Pick<MaskingTools, 'random' | 'clock'>,
  numberIds: readonly string[],
): Promise<number> {
  const ids = await openOnNumbers(trx, numberIds);
  const events = await closeSessions(trx, ids, 'number-removed', new Date(tools.clock.now()));
  await appendEvents(trx, tools.random, events);
  return events.length;
}

/** Open sessions that have one of these numbers, those included whose time is over. */
export async function openOnNumbers(
  trx: Kysely<Schema>,
  numberIds: readonly string[],
): Promise<readonly string[]> {
  if (numberIds.length === 0) return [];
  const given = JSON.stringify(numberIds);
  const { rows } = await sql<{ readonly id: string }>`
    with gone as (select value as id from jsonb_array_elements_text(${given}::jsonb)),
    users as (
      select session_id from masking_slots where number_id in (select id from gone)
      union select session_id from masking_extensions where number_id in (select id from gone))
    select m.id from masking_sessions m where m.status = 'open' and m.id in (select session_id from users)
     order by m.id for update`.execute(trx);
  return rows.map((row) => row.id);
}

/**
 * Before numbers are taken away by somebody who can be told no. No session begins on them until the transaction ends.
 *
 * @throws StorageError `entry/in-use` while a live session has one of them.
 */
export async function refuseUsedNumbers(
  trx: Kysely<Schema>,
  numberIds: readonly string[],
  now: Date,
): Promise<void> {
  if (numberIds.length === 0) return;
  await lockNumbers(trx, numberIds, 'alone');
  const open = await openOnNumbers(trx, numberIds);
  if (open.length === 0) return;
  const live = await trx
    .selectFrom('masking_sessions')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('id', 'in', open)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  if (live.count === 0) return;
  const sessions =
    live.count === 1 ? '1 open masking session has' : `${live.count} open masking sessions have`;
  throw new StorageError('entry/in-use', `${sessions} the number.`);
}
