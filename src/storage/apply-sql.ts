import { type RawBuilder, sql } from 'kysely';
import type { RowSets } from './record-rows.ts';

/**
 * One statement for a whole batch, so it is all or nothing without a transaction of its own, costs one round trip, and
 * its text never changes. Each set travels as one JSON parameter. `toRowSets` has collapsed the batch: no row is
 * touched by two parts of the statement, whose order PostgreSQL does not promise.
 *
 * Applied twice it changes nothing: events are kept as they are, the rest is set to the same values, and a record that
 * was closed is not opened again.
 */
export function applyStatement(rows: RowSets): RawBuilder<unknown> {
  const set = (items: readonly object[]) => sql`${JSON.stringify(items)}::jsonb`;
  return sql`
with opened as (
  insert into call_records (id, node, application_id, rule_name, scenario, status, started_at, ended_at, reason, error)
  select id, node, application_id, rule_name, scenario, status, started_at, ended_at, reason, error
    from jsonb_populate_recordset(null::call_records, ${set(rows.opened)})
  on conflict (id) do update set
    application_id = coalesce(call_records.application_id, excluded.application_id),
    rule_name = coalesce(call_records.rule_name, excluded.rule_name),
    scenario = coalesce(call_records.scenario, excluded.scenario),
    status = excluded.status, ended_at = excluded.ended_at, reason = excluded.reason, error = excluded.error
    where call_records.status = 'in-progress'
), closed as (
  update call_records set status = c.status, ended_at = c.ended_at, reason = c.reason, error = c.error
    from jsonb_populate_recordset(null::call_records, ${set(rows.closed)}) c
   where call_records.id = c.id and call_records.status = 'in-progress'
), legs as (
  insert into call_legs (call_id, session_id, incoming, callerid_sealed, callerid_index, number_sealed, number_index,
      started_at, ringing_at, answered_at, ended_at, duration_seconds, code, reason, ended_by, media)
  select call_id, session_id, incoming, callerid_sealed, callerid_index, number_sealed, number_index,
      started_at, ringing_at, answered_at, ended_at, duration_seconds, code, reason, ended_by, media
    from jsonb_populate_recordset(null::call_legs, ${set(rows.legs)})
  on conflict (call_id) do update set
    ringing_at = excluded.ringing_at, answered_at = excluded.answered_at, ended_at = excluded.ended_at,
    duration_seconds = excluded.duration_seconds, code = excluded.code, reason = excluded.reason,
    ended_by = excluded.ended_by, media = excluded.media
), events as (
  insert into call_events (session_id, position, at, call_id, name, detail)
  select session_id, position, at, call_id, name, detail
    from jsonb_populate_recordset(null::call_events, ${set(rows.events)})
  on conflict do nothing
)
insert into recordings (recording_id, session_id, call_id, path, channels, started_at, status, seconds, bytes, error,
    name, keep_until)
select recording_id, session_id, call_id, path, channels, started_at, status, seconds, bytes, error, name, keep_until
  from jsonb_populate_recordset(null::recordings, ${set(rows.recordings)})
on conflict (recording_id) do update set
  status = excluded.status, seconds = excluded.seconds, bytes = excluded.bytes, error = excluded.error`;
}
