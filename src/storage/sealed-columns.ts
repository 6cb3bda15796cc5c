/**
 * Every column that holds something sealed, or a blind index of it, with what a change of keys has to know: under which place
 * a value was sealed, and of which text an index is. `sealed-columns.test.ts` compares this list with the tables.
 */
import type { Schema } from './schema.ts';

export interface SealedColumn {
  readonly column: string;
  /** What seals it besides the key; `vault.ts` says why. */
  readonly place: string;
}

export interface IndexColumn {
  readonly column: string;
  /** Of which text, by the row's opened and plain columns; undefined: there is none. */
  readonly textOf: (row: Readonly<Record<string, string | null>>) => string | null;
}

export interface SealedTable {
  readonly table: keyof Schema & string;
  /** The primary key. */
  readonly key: readonly { readonly column: string; readonly type: 'text' | 'bigint' }[];
  readonly sealed: readonly SealedColumn[];
  readonly indexes: readonly IndexColumn[];
  /** Rows of one step: rows that are long go by fewer. */
  readonly rows: number;
  /**
   * What happens to a row whose new index another row has already. It takes two nodes that write the same thing in the second
   * in which the key changes. `merge`: they are one person. `drop`: the other one is newer. `keep`: it is left, and told.
   * `forget`: a cache, whose rows under an older key are deleted in any case.
   */
  readonly twin: 'merge' | 'drop' | 'keep' | 'forget';
}

const id = [{ column: 'id', type: 'text' }] as const;
const ROWS = 200;
/** A trace or an event log may have a third of a megabyte. */
const LONG_ROWS = 10;

const number = (place: string, prefix = 'number'): Pick<SealedTable, 'sealed' | 'indexes'> => ({
  sealed: [{ column: `${prefix}_sealed`, place }],
  indexes: [{ column: `${prefix}_index`, textOf: (row) => row[`${prefix}_sealed`] ?? null }],
});

const plain = (table: string, ...columns: readonly string[]): Pick<SealedTable, 'sealed' | 'indexes'> => ({
  sealed: columns.map((column) => ({ column, place: `${table}.${column.replace(/_sealed$/, '')}` })),
  indexes: [],
});

export const SEALED_TABLES: readonly SealedTable[] = [
  // Whom calls look up first.
  { table: 'numbers', key: id, ...number('numbers.number'), rows: ROWS, twin: 'keep' },
  // Numbers move between the two tables as they are, so that their place is the same.
  { table: 'platform_phones', key: id, ...number('numbers.number'), rows: ROWS, twin: 'keep' },
  {
    table: 'users',
    key: id,
    sealed: [
      { column: 'ha1_sealed', place: 'users.ha1' },
      { column: 'number_sealed', place: 'users.number' },
    ],
    indexes: number('users.number').indexes,
    rows: ROWS,
    twin: 'keep',
  },
  { table: 'trunks', key: id, ...plain('trunks', 'secrets_sealed'), rows: ROWS, twin: 'keep' },
  {
    table: 'registrations',
    key: [
      { column: 'user_id', type: 'text' },
      { column: 'contact_index', type: 'text' },
    ],
    sealed: [{ column: 'contact_sealed', place: 'registrations.contact' }],
    indexes: [{ column: 'contact_index', textOf: (row) => row.contact_sealed ?? null }],
    rows: ROWS,
    twin: 'drop',
  },
  { table: 'people', key: id, ...number('people.number'), rows: ROWS, twin: 'merge' },
  {
    table: 'masking_sessions',
    key: id,
    ...plain('masking_sessions', 'metadata_sealed'),
    rows: ROWS,
    twin: 'keep',
  },
  {
    table: 'pull_answers',
    key: [
      { column: 'application_id', type: 'text' },
      { column: 'question_index', type: 'text' },
    ],
    sealed: [{ column: 'answer_sealed', place: 'pull_answers.answer' }],
    indexes: ['question_index', 'caller_index', 'callee_index'].map((column) => ({
      column,
      textOf: () => null,
    })),
    rows: ROWS,
    // A question cannot be read back from its index.
    twin: 'forget',
  },
  {
    table: 'backend_secrets',
    key: [{ column: 'application_id', type: 'text' }],
    ...plain('backend_secrets', 'secrets_sealed'),
    rows: ROWS,
    twin: 'keep',
  },
  { table: 'webhooks', key: id, ...plain('webhooks', 'secrets_sealed'), rows: ROWS, twin: 'keep' },
  {
    table: 'app_storage',
    key: [
      { column: 'application_id', type: 'text' },
      { column: 'key_index', type: 'text' },
    ],
    sealed: [
      { column: 'key_sealed', place: 'app_storage.key' },
      { column: 'value_sealed', place: 'app_storage.value' },
    ],
    indexes: [
      { column: 'key_index', textOf: (row) => keyText(row.application_id, row.key_sealed) },
      {
        column: 'namespace_index',
        textOf: (row) => keyText(row.application_id, row.key_sealed?.replace(/:[\s\S]*$/, '')),
      },
    ],
    rows: 50,
    twin: 'drop',
  },
  {
    table: 'call_list_tasks',
    key: [{ column: 'id', type: 'bigint' }],
    ...plain('call_list_tasks', 'custom_data_sealed', 'result_sealed', 'report_sealed'),
    rows: ROWS,
    twin: 'keep',
  },
  {
    table: 'idempotency_keys',
    key: [
      { column: 'api_key_id', type: 'text' },
      { column: 'key_hash', type: 'text' },
    ],
    ...plain('idempotency_keys', 'body_sealed'),
    rows: 20,
    twin: 'keep',
  },
  { table: 'erasures', key: id, ...plain('erasures', 'number_sealed'), rows: ROWS, twin: 'keep' },
  {
    table: 'call_legs',
    key: [{ column: 'call_id', type: 'text' }],
    sealed: [...number('call_legs.callerid', 'callerid').sealed, ...number('call_legs.number').sealed],
    indexes: [...number('', 'callerid').indexes, ...number('').indexes],
    rows: ROWS,
    twin: 'keep',
  },
  { table: 'call_traces', key: id, ...plain('call_traces', 'sealed'), rows: LONG_ROWS, twin: 'keep' },
  {
    table: 'event_logs',
    key: [{ column: 'session_id', type: 'text' }],
    ...plain('event_logs', 'sealed'),
    rows: LONG_ROWS,
    twin: 'keep',
  },
];

/** As `app-storage.ts` makes it. */
function keyText(applicationId: string | null | undefined, key: string | null | undefined): string | null {
  return applicationId == null || key == null ? null : `app_storage ${applicationId} ${key}`;
}
