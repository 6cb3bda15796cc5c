/**
 * Every table in which a number may stand without an index of it, and what an erasure does with such a row.
 * `searched-tables.test.ts` compares this list with all columns of the database.
 */
import { sql } from 'kysely';
import type { Mentions } from '../kernel/number-spellings.ts';
import type { KeptKind } from '../retention/ports.ts';
import { DATA_PLACE, REPORT_PLACE, RESULT_PLACE } from './call-list-rows.ts';
import { endTasks, forgetAnswers } from './erase-searched.ts';
import {
  changed,
  type Found,
  givenKeys,
  gone,
  type SearchedColumn,
  type SearchedTable,
  sameKey,
} from './searched-rows.ts';
import { ERASED_TEXT, jsonWithout, textWithout } from './without-number.ts';

const id = [{ column: 'id', type: 'text' }] as const;
const plain = (...columns: readonly string[]): readonly SearchedColumn[] =>
  columns.map((column) => ({ column }));
const json = (column: string): SearchedColumn => ({ column, type: 'jsonb' });

const byColumn: SearchedTable['isOf'] = (application) => sql`t.application_id = ${application}`;
const bySession: SearchedTable['isOf'] = (application) => sql`exists (
  select from call_records c where c.id = t.session_id and c.application_id = ${application})`;
const never: SearchedTable['isOf'] = () => sql`false`;

/** What was written by scripts and customers: it goes, or loses the number. */
const WRITTEN: readonly SearchedTable[] = [
  {
    table: 'app_storage',
    key: [
      { column: 'application_id', type: 'text' },
      { column: 'key_index', type: 'text' },
    ],
    columns: [
      { column: 'key_sealed', place: 'app_storage.key' },
      { column: 'value_sealed', place: 'app_storage.value' },
    ],
    rows: 200,
    isOf: byColumn,
    erase: gone('storedValues'),
  },
  {
    table: 'call_list_tasks',
    key: [{ column: 'id', type: 'bigint' }],
    columns: [
      { column: 'custom_data_sealed', place: DATA_PLACE },
      { column: 'result_sealed', place: RESULT_PLACE },
      { column: 'report_sealed', place: REPORT_PLACE },
      { column: 'uuid' },
      { column: 'batch_id' },
    ],
    rows: 250,
    isOf: (application) =>
      sql`exists (select from call_lists l where l.id = t.list_id and l.application_id = ${application})`,
    before: async (trx, table, rows) => {
      await sql`
        select id from call_lists where id in (
          select t.list_id from call_list_tasks t join ${givenKeys(table, rows)} on ${sameKey(table)})
         order by id for update`.execute(trx);
    },
    erase: endTasks,
  },
  {
    table: 'call_lists',
    key: [{ column: 'id', type: 'bigint' }],
    columns: [...plain('name', 'custom_data'), json('columns')],
    rows: 200,
    isOf: byColumn,
    erase: changed('texts', (row, mentions) => ({
      name: textWithout(row.name, mentions, ERASED_TEXT),
      custom_data: textWithout(row.custom_data, mentions, ''),
      columns: jsonWithout(row.columns ?? '[]', mentions),
    })),
  },
  {
    table: 'idempotency_keys',
    key: [
      { column: 'api_key_id', type: 'text' },
      { column: 'key_hash', type: 'text' },
    ],
    columns: [{ column: 'body_sealed', place: 'idempotency_keys.body' }, { column: 'key_hash' }],
    rows: 50,
    // What a key for all applications was answered may be of any of them.
    isOf: (application) => sql`exists (
      select from api_keys k where k.id = t.api_key_id and coalesce(k.application_id, ${application}) = ${application})`,
    erase: forgetAnswers,
  },
  {
    table: 'pull_answers',
    key: [
      { column: 'application_id', type: 'text' },
      { column: 'question_index', type: 'text' },
    ],
    columns: [{ column: 'answer_sealed', place: 'pull_answers.answer' }],
    rows: 250,
    isOf: byColumn,
    erase: gone('backendAnswers'),
  },
  {
    table: 'registrations',
    key: [
      { column: 'user_id', type: 'text' },
      { column: 'contact_index', type: 'text' },
    ],
    columns: [{ column: 'contact_sealed', place: 'registrations.contact' }, ...plain('call_id', 'host')],
    rows: 250,
    isOf: (application) =>
      sql`exists (select from users u where u.id = t.user_id and u.application_id = ${application})`,
    erase: gone('registrations'),
  },
  {
    table: 'call_traces',
    key: id,
    columns: [{ column: 'sealed', place: 'call_traces.sealed', packed: true }],
    rows: 5,
    isOf: bySession,
    erase: gone('traces'),
  },
  {
    table: 'event_logs',
    key: [{ column: 'session_id', type: 'text' }],
    columns: [{ column: 'sealed', place: 'event_logs.sealed', packed: true }],
    rows: 5,
    isOf: bySession,
    erase: gone('eventLogs'),
  },
  {
    table: 'masking_sessions',
    key: id,
    columns: [
      { column: 'metadata_sealed', place: 'masking_sessions.metadata' },
      { column: 'external_id' },
      json('rules'),
    ],
    rows: 250,
    isOf: byColumn,
    erase: changed('texts', (row, mentions) => ({
      metadata_sealed: row.metadata_sealed == null ? null : jsonWithout(row.metadata_sealed, mentions),
      external_id: textWithout(row.external_id, mentions, null),
      rules: rulesWithout(row.rules ?? '{}', mentions),
    })),
  },
  {
    table: 'masking_parties',
    key: id,
    columns: [...plain('role', 'label'), json('announcement')],
    rows: 500,
    isOf: (application) =>
      sql`exists (select from masking_sessions s where s.id = t.session_id and s.application_id = ${application})`,
    erase: changed('texts', (row, mentions) => ({
      role: textWithout(row.role, mentions, ''),
      label: textWithout(row.label, mentions, ''),
      announcement: textWithout(row.announcement, mentions, null),
    })),
  },
  {
    table: 'masking_blocks',
    key: id,
    columns: plain('reason'),
    rows: 500,
    isOf: byColumn,
    erase: changed('texts', () => ({ reason: ERASED_TEXT })),
  },
  {
    table: 'events',
    key: [{ column: 'seq', type: 'bigint' }],
    columns: [json('data')],
    rows: 250,
    isOf: byColumn,
    erase: changed('texts', (row, mentions) => ({ data: jsonWithout(row.data ?? '{}', mentions) })),
  },
  {
    table: 'webhook_deliveries',
    key: [{ column: 'id', type: 'bigint' }],
    columns: plain('last_error'),
    rows: 500,
    isOf: (application) =>
      sql`exists (select from webhooks w where w.id = t.webhook_id and w.application_id = ${application})`,
    erase: changed('texts', () => ({ last_error: ERASED_TEXT })),
  },
  {
    table: 'call_records',
    key: id,
    columns: plain('rule_name', 'scenario', 'reason', 'error'),
    rows: 500,
    isOf: byColumn,
    erase: texts('rule_name', 'scenario', 'reason', 'error'),
  },
  {
    table: 'call_legs',
    key: [{ column: 'call_id', type: 'text' }],
    columns: plain('reason'),
    rows: 500,
    isOf: bySession,
    erase: texts('reason'),
  },
  {
    table: 'call_events',
    key: [
      { column: 'session_id', type: 'text' },
      { column: 'position', type: 'integer' },
    ],
    columns: [json('detail')],
    rows: 500,
    isOf: bySession,
    erase: changed('logLines', (row, mentions) => ({ detail: jsonWithout(row.detail ?? '{}', mentions) })),
  },
  {
    table: 'recordings',
    key: [{ column: 'recording_id', type: 'text' }],
    columns: plain('name', 'error'),
    rows: 500,
    isOf: bySession,
    erase: texts('name', 'error'),
  },
  {
    table: 'transcripts',
    key: [{ column: 'recording_id', type: 'text' }],
    columns: [json('phrases'), { column: 'error' }],
    rows: 500,
    isOf: (application) => sql`exists (
      select from recordings r join call_records c on c.id = r.session_id
       where r.recording_id = t.recording_id and c.application_id = ${application})`,
    erase: changed('texts', (row, mentions) => ({
      phrases: mentions(row.phrases ?? '') ? '[]' : (row.phrases ?? '[]'),
      error: textWithout(row.error, mentions, null),
    })),
  },
  {
    table: 'audit_log',
    key: [{ column: 'id', type: 'bigint' }],
    columns: [json('detail')],
    rows: 500,
    isOf: byColumn,
    erase: changed('texts', (row, mentions) => ({ detail: jsonWithout(row.detail ?? '{}', mentions) })),
  },
];

/** What the company has set up: whoever did must change it, for the next start would bring it back. */
const SET_UP: readonly SearchedTable[] = [
  {
    ...setting('users', 'accounts', [
      { column: 'number_sealed', place: 'users.number' },
      ...plain('username', 'display_name', 'custom_data'),
    ]),
    isOf: byColumn,
  },
  {
    ...setting('numbers', 'verifiedNumbers', [{ column: 'number_sealed', place: 'numbers.number' }]),
    isOf: byColumn,
  },
  {
    ...setting('numbers', 'otherSettings', plain('label', 'tags', 'region', 'quarantine_reason')),
    isOf: byColumn,
  },
  {
    ...setting('scenarios', 'scenarios', plain('name', 'source')),
    // Those without an application are every one's.
    isOf: (application) => sql`coalesce(t.application_id, ${application}) = ${application}`,
  },
  {
    ...setting('rules', 'rules', plain('name', 'pattern', 'pattern_exclude', 'custom_data')),
    isOf: byColumn,
  },
  {
    ...setting('masking_policies', 'policies', [json('policy')]),
    key: [{ column: 'application_id', type: 'text' }],
    isOf: byColumn,
  },
  {
    ...setting('applications', 'otherSettings', [...plain('name'), json('fence')]),
    isOf: (application) => sql`t.id = ${application}`,
  },
  { ...setting('number_pools', 'otherSettings', plain('name')), isOf: byColumn },
  { ...setting('webhooks', 'otherSettings', plain('url')), isOf: byColumn },
  { ...setting('api_keys', 'otherSettings', plain('name')), isOf: byColumn },
  { ...setting('trunks', 'otherSettings', [...plain('name'), json('settings')]), isOf: never },
];

export const SEARCHED_TABLES: readonly SearchedTable[] = [...WRITTEN, ...SET_UP];

function setting(
  table: SearchedTable['table'],
  kind: KeptKind,
  columns: readonly SearchedColumn[],
): Omit<SearchedTable, 'isOf'> {
  const erase = async ({ keep, rows }: Found): Promise<void> => keep(kind, rows.length);
  return { table, key: id, columns, rows: 200, once: true, erase };
}

function texts(...columns: readonly string[]): SearchedTable['erase'] {
  return changed('texts', (row, mentions) =>
    Object.fromEntries(
      columns.map((column) => [
        column,
        row[column] == null ? null : textWithout(row[column], mentions, ERASED_TEXT),
      ]),
    ),
  );
}

/** A greeting that has the number is not spoken; without its words there is nothing to say. */
function rulesWithout(rules: string, mentions: Mentions): string {
  if (!mentions(rules)) return rules;
  const { greeting, ...rest } = JSON.parse(rules) as Record<string, unknown>;
  const kept = mentions(JSON.stringify(greeting ?? null)) ? rest : { ...rest, greeting };
  return jsonWithout(JSON.stringify(kept), mentions);
}
