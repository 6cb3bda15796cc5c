/** What an erasure does with rows for which to go, or to lose a text, is not all. */
import { sql, type Transaction } from 'kysely';
import { statusNumber } from './call-list-rows.ts';
import type { Schema } from './schema.ts';
import { changed, type Found, givenKeys, type OpenedRow, sameKey } from './searched-rows.ts';
import { textWithout } from './without-number.ts';

const NEW = sql.lit(statusNumber('New'));
const RUNNING = sql.lit(statusNumber('In progress'));
const ERROR = sql.lit(statusNumber('Error'));
const CANCELED = sql.lit(statusNumber('Canceled'));

/**
 * Rows of call lists end, and lose their data; as Error, from which a list that is recovered does not bring them back. One that is being called has begun with it already: its session may report it
 * once more, so that it is looked at again.
 */
export async function endTasks(found: Found): Promise<void> {
  const { trx, table, rows, mentions, now } = found;
  const empty = (row: OpenedRow): OpenedRow => ({
    custom_data_sealed: '{}',
    result_sealed: null,
    report_sealed: null,
    uuid: textWithout(row.uuid, mentions, `erased-${row.key_id}`),
    batch_id: textWithout(row.batch_id, mentions, 'erased'),
  });
  await changed('callListRows', empty)(found);
  const given = givenKeys(table, rows);
  const ended = await sql<{ id: number; list_id: number; status: number }>`
    update call_list_tasks t
       set canceled = canceled or status = ${RUNNING}, attempts_left = 0,
           status = case when status in (${NEW}, ${CANCELED}) then ${ERROR} else status end
      from ${given} where ${sameKey(table)} returning t.id, t.list_id, t.status`.execute(trx);
  found.waitFor(
    ended.rows.filter(({ status }) => status === statusNumber('In progress')).map((row) => row.id),
  );
  const lists = JSON.stringify([...new Set(ended.rows.map(({ list_id }) => list_id))]);
  await sql`
    update call_lists l set status = 'Completed', completed_at = ${now}
     where l.status = 'In progress' and l.id in (select value::bigint from jsonb_array_elements_text(${lists}::jsonb))
       and not exists (select from call_list_tasks t where t.list_id = l.id and t.status in (${NEW}, ${RUNNING}))`.execute(
    trx,
  );
}

/** Whether one of these rows is still being called. */
export async function isCalled(trx: Transaction<Schema>, taskIds: readonly number[]): Promise<boolean> {
  if (taskIds.length === 0) return false;
  const { rows } = await sql`
    select from call_list_tasks where status = ${RUNNING}
       and id in (select value::bigint from jsonb_array_elements_text(${JSON.stringify(taskIds)}::jsonb)) limit 1`.execute(
    trx,
  );
  return rows.length > 0;
}

/**
 * The answer goes, and the key stays for its day, as one of a request of which nobody knows how it ended: who sends it again must
 * not make a phone ring twice (PITFALLS row 39). A key that is the number itself goes with it.
 */
export async function forgetAnswers({ trx, table, rows, mentions, count }: Found): Promise<void> {
  const [keys, answers] = [true, false].map((ofKey) =>
    rows.filter((row) => mentions(row.key_hash ?? '') === ofKey),
  );
  if (keys !== undefined && keys.length > 0)
    await sql`
      delete from idempotency_keys t using ${givenKeys(table, keys)} where ${sameKey(table)}`.execute(trx);
  if (answers !== undefined && answers.length > 0)
    await sql`
      update idempotency_keys t set status = null, body_sealed = null
        from ${givenKeys(table, answers)} where ${sameKey(table)}`.execute(trx);
  count('keptAnswers', rows.length);
}
