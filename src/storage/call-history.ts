import { type Expression, type ExpressionBuilder, type Kysely, type SqlBool, sql } from 'kysely';
import type { PhoneNumber } from '../kernel/phone-number.ts';
import type { CallHistory, HistoryFilter, TranscriptStatus } from '../platform-api/ports.ts';
import type { CallRecord } from '../records/ports.ts';
import type { SqlRecordStore } from './record-store.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';

/** Searches call records by what the platform API filters by. */
export class SqlCallHistory implements CallHistory {
  readonly #db: Kysely<Schema>;
  readonly #vault: Vault;
  readonly #records: SqlRecordStore;

  constructor(db: Kysely<Schema>, vault: Vault, records: SqlRecordStore) {
    this.#db = db;
    this.#vault = vault;
    this.#records = records;
  }

  async search(
    filter: HistoryFilter,
    withTotal: boolean,
  ): Promise<{ readonly items: readonly CallRecord[]; readonly total: number | undefined }> {
    // Nothing can match, and an empty list is no SQL.
    if (filter.sessionIds?.length === 0) return { items: [], total: 0 };
    const order = filter.newestFirst ? 'desc' : 'asc';
    const where = (eb: ExpressionBuilder<Schema, 'call_records'>) => this.#conditions(eb, filter);
    const rows = await this.#db
      .selectFrom('call_records')
      .select('id')
      .where(where)
      .orderBy('started_at', order)
      .orderBy('id', order)
      .limit(filter.limit)
      .offset(filter.offset)
      .execute();
    const total = withTotal
      ? (
          await this.#db
            .selectFrom('call_records')
            .select((eb) => eb.fn.countAll<number>().as('total'))
            .where(where)
            .executeTakeFirstOrThrow()
        ).total
      : undefined;
    const records = await this.#records.getMany(rows.map(({ id }) => id));
    return { items: records, total: total === undefined ? undefined : Number(total) };
  }

  async transcripts(recordingIds: readonly string[]): Promise<ReadonlyMap<string, TranscriptStatus>> {
    if (recordingIds.length === 0) return new Map();
    const rows = await this.#db
      .selectFrom('transcripts')
      .select(['recording_id', 'status'])
      .where('recording_id', 'in', recordingIds)
      .execute();
    return new Map(rows.map((row) => [row.recording_id, row.status as TranscriptStatus]));
  }

  #conditions(eb: ExpressionBuilder<Schema, 'call_records'>, filter: HistoryFilter): Expression<SqlBool> {
    const all: Expression<SqlBool>[] = [
      eb('started_at', '>=', new Date(filter.from)),
      eb('started_at', '<=', new Date(filter.to)),
      // A refused call started no scenario: it is no session.
      eb('status', '!=', 'refused'),
    ];
    if (filter.applicationId !== undefined) all.push(eb('application_id', '=', filter.applicationId));
    if (filter.sessionIds !== undefined) all.push(eb('id', 'in', filter.sessionIds));
    if (filter.ruleName !== undefined) all.push(eb('rule_name', '=', filter.ruleName));
    const seconds = sql<number>`extract(epoch from ended_at - started_at)`;
    if (filter.minDuration !== undefined) all.push(sql<SqlBool>`${seconds} >= ${filter.minDuration}`);
    if (filter.maxDuration !== undefined) all.push(sql<SqlBool>`${seconds} <= ${filter.maxDuration}`);
    if (filter.remoteNumbers !== undefined) all.push(this.#leg(filter.remoteNumbers, true));
    if (filter.localNumbers !== undefined) all.push(this.#leg(filter.localNumbers, false));
    return eb.and(all);
  }

  /** The far end of an inbound leg is who calls, of an outbound one who is called. */
  #leg(numbers: readonly PhoneNumber[], remote: boolean): Expression<SqlBool> {
    const indexes = numbers.flatMap((number) => this.#vault.indexesOf(number));
    const [inbound, outbound] = remote
      ? (['callerid_index', 'number_index'] as const)
      : (['number_index', 'callerid_index'] as const);
    if (indexes.length === 0) return sql<SqlBool>`false`;
    const list = sql.join(indexes);
    return sql<SqlBool>`exists (select 1 from call_legs where call_legs.session_id = call_records.id and (
      (call_legs.incoming and call_legs.${sql.ref(inbound)} in (${list})) or
      (not call_legs.incoming and call_legs.${sql.ref(outbound)} in (${list}))))`;
  }
}
