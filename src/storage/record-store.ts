import { type Kysely, sql } from 'kysely';
import type { Random } from '../kernel/random.ts';
import {
  type CallEventRecord,
  type CallRecord,
  InvalidCursor,
  type LegRecord,
  type Page,
  type RecordChange,
  type RecordingRecord,
  type RecordStore,
} from '../records/ports.ts';
import { applyStatement } from './apply-sql.ts';
import { appendNews, newsOf } from './call-news.ts';
import { readEvent, readLeg, readRecord, readRecording, toRowSets } from './record-rows.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';

/** Two for each leg that is up: 10 000 legs, some 2 MB. */
const MAX_TOLD = 20_000;

/** Call records in the database. Numbers are sealed on the way in and opened on the way out. */
export class SqlRecordStore implements RecordStore {
  readonly #db: Kysely<Schema>;
  readonly #vault: Vault;
  readonly #random: Random;
  readonly #alone: boolean;
  readonly #onEvents: () => void;
  /** Ids of events that this process has written lately: the next state of a leg implies them once more. */
  readonly #told = new Set<string>();

  /**
   * @param options.shared other processes write to the database, too.
   * @param options.onEvents events were appended.
   */
  constructor(
    db: Kysely<Schema>,
    vault: Vault,
    random: Random,
    options: { readonly shared: boolean; readonly onEvents: () => void },
  ) {
    this.#db = db;
    this.#vault = vault;
    this.#random = random;
    this.#alone = !options.shared;
    this.#onEvents = options.onEvents;
  }

  /** With what it tells outsiders of calls, in one transaction. Most batches tell nothing, and are one statement. */
  async apply(changes: readonly RecordChange[]): Promise<void> {
    if (changes.length === 0) return;
    const statement = applyStatement(toRowSets(changes, this.#vault));
    const news = newsOf(changes).filter(({ id }) => !this.#told.has(id));
    if (news.length === 0) {
      await statement.execute(this.#db);
      return;
    }
    const told = await this.#db.transaction().execute(async (trx) => {
      await statement.execute(trx);
      return await appendNews(trx, this.#random, news, { alone: this.#alone });
    });
    this.#remember(told);
    this.#onEvents();
  }

  #remember(told: readonly string[]): void {
    for (const id of told) this.#told.add(id);
    for (const id of this.#told) {
      if (this.#told.size <= MAX_TOLD) break;
      this.#told.delete(id);
    }
  }

  async get(id: string): Promise<CallRecord | undefined> {
    const rows = await this.#db.selectFrom('call_records').selectAll().where('id', '=', id).execute();
    return (await this.#complete(rows))[0];
  }

  /** In the order of the ids; those that are not there are left out. */
  async getMany(ids: readonly string[]): Promise<readonly CallRecord[]> {
    if (ids.length === 0) return [];
    const rows = await this.#db.selectFrom('call_records').selectAll().where('id', 'in', ids).execute();
    const found = new Map((await this.#complete(rows)).map((record) => [record.id, record]));
    return ids.flatMap((id) => found.get(id) ?? []);
  }

  async list(options: {
    readonly applicationId?: string;
    readonly limit: number;
    readonly cursor?: string;
  }): Promise<Page<CallRecord>> {
    let query = this.#db
      .selectFrom('call_records')
      .selectAll()
      .orderBy('started_at', 'desc')
      .orderBy('id', 'desc')
      .limit(options.limit + 1);
    if (options.applicationId !== undefined) {
      query = query.where('application_id', '=', options.applicationId);
    }
    if (options.cursor !== undefined) {
      const { at, id } = readCursor(options.cursor);
      query = query.where(sql<boolean>`(started_at, id) < (${at}::timestamptz, ${id})`);
    }
    const rows = await query.execute();
    const last = rows.length > options.limit ? rows[options.limit - 1] : undefined;
    return {
      items: await this.#complete(rows.slice(0, options.limit)),
      next: last === undefined ? undefined : writeCursor(last.started_at, last.id),
    };
  }

  async events(
    id: string,
    options: { readonly limit: number; readonly cursor?: string },
  ): Promise<Page<CallEventRecord>> {
    const after = options.cursor === undefined ? 0 : Number(options.cursor);
    if (!Number.isSafeInteger(after) || after < 0 || after > 2 ** 31 - 1) throw new InvalidCursor();
    const rows = await this.#db
      .selectFrom('call_events')
      .selectAll()
      .where('session_id', '=', id)
      .where('position', '>', after)
      .orderBy('position')
      .limit(options.limit + 1)
      .execute();
    const more = rows.length > options.limit;
    const items = rows.slice(0, options.limit).map(readEvent);
    return { items, next: more ? String(items.at(-1)?.position) : undefined };
  }

  async recording(recordingId: string): Promise<RecordingRecord | undefined> {
    const row = await this.#db
      .selectFrom('recordings')
      .selectAll()
      .where('recording_id', '=', recordingId)
      .executeTakeFirst();
    return row === undefined ? undefined : readRecording(row);
  }

  async openRecords(node: string): Promise<readonly CallRecord[]> {
    const rows = await this.#db
      .selectFrom('call_records')
      .selectAll()
      .where('node', '=', node)
      .where('status', '=', 'in-progress')
      .orderBy('started_at')
      .execute();
    return await this.#complete(rows);
  }

  /** Adds legs and recordings, with one query each for the whole page. */
  async #complete(rows: readonly Parameters<typeof readRecord>[0][]): Promise<CallRecord[]> {
    if (rows.length === 0) return [];
    const ids = rows.map((row) => row.id);
    const [legRows, recordingRows] = await Promise.all([
      this.#db.selectFrom('call_legs').selectAll().where('session_id', 'in', ids).orderBy('seq').execute(),
      this.#db
        .selectFrom('recordings')
        .selectAll()
        .where('session_id', 'in', ids)
        .orderBy('started_at')
        .orderBy('recording_id')
        .execute(),
    ]);
    const legs = groupBy(legRows, (row): LegRecord => readLeg(row, this.#vault));
    const recordings = groupBy(recordingRows, readRecording);
    return rows.map((row) => readRecord(row, legs.get(row.id) ?? [], recordings.get(row.id) ?? []));
  }
}

function groupBy<R extends { readonly session_id: string }, T>(
  rows: readonly R[],
  read: (row: R) => T,
): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(row.session_id);
    if (group === undefined) groups.set(row.session_id, [read(row)]);
    else group.push(read(row));
  }
  return groups;
}

function writeCursor(at: Date, id: string): string {
  return Buffer.from(`${at.getTime()} ${id}`).toString('base64url');
}

function readCursor(cursor: string): { at: string; id: string } {
  const match = /^(\d{1,13}) ([\w.-]{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match === null) throw new InvalidCursor();
  return { at: new Date(Number(match[1])).toISOString(), id: match[2] ?? '' };
}
