import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { NewEvent } from '../events/types.ts';
import type { Clock } from '../kernel/clock.ts';
import { ERASED_NUMBER, type PhoneNumber } from '../kernel/phone-number.ts';
import type { Random } from '../kernel/random.ts';
import type { ErasedKind, Erasure, ErasureStore, KeptKind } from '../retention/ports.ts';
import { appendEvents } from './append-events.ts';
import { insertAudit } from './audit-log.ts';
import { StorageError, sqlState } from './errors.ts';
import { removeRecordings } from './file-removals.ts';
import { closeSessions } from './masking-close.ts';
import { type SearchState, searchStep } from './number-search.ts';
import type { Schema } from './schema.ts';
import { SEARCHED_TABLES } from './searched-tables.ts';
import type { Vault } from './vault.ts';
import { beginWordSearches, ERASURE_NUMBER_PLACE } from './word-searches.ts';

/** Two that begin with the same number at once are one erasure. */
const LOCK = 7_210_441;
/** Calls of one step. */
const CALLS = 50;
/** What belongs to a call is written behind it; after this time all of it is there. */
const SETTLED_MS = 60_000;
/** Stands in place of a token in the log of masked calls. */
const ERASED = 'erased';

type Trx = Transaction<Schema>;
type Counts = Partial<Record<ErasedKind, number>>;
type Kept = Partial<Record<KeptKind, number>>;

interface Job {
  readonly id: string;
  readonly applicationId: string | null;
  readonly at: Date;
  /** Of the number, under every key. */
  readonly indexes: RawBuilder<unknown>;
}

/** Erases people from the database. Each step is a transaction that holds the erasure's row, and adds to its receipt. */
export class SqlErasureStore implements ErasureStore {
  readonly #db: Kysely<Schema>;
  readonly #vault: Vault;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #onEvents: () => void;

  /** @param onEvents events were appended. */
  constructor(
    db: Kysely<Schema>,
    tools: { readonly vault: Vault; readonly random: Random; readonly clock: Clock },
    onEvents: () => void,
  ) {
    this.#db = db;
    this.#vault = tools.vault;
    this.#random = tools.random;
    this.#clock = tools.clock;
    this.#onEvents = onEvents;
  }

  async begin({ number, applicationId, actor }: Parameters<ErasureStore['begin']>[0]): Promise<Erasure> {
    return await this.#db.transaction().execute(async (trx) => {
      await sql`select pg_advisory_xact_lock(${sql.lit(LOCK)})`.execute(trx);
      await this.#refuseServiceNumber(trx, number);
      const same = await this.#sameRunning(trx, number, applicationId);
      if (same !== undefined) return same;
      const at = this.#clock.now();
      const row = {
        id: `er_${this.#random.uuid()}`,
        application_id: applicationId ?? null,
        at: new Date(at),
        actor,
        status: 'running' as const,
        finished_at: null,
        searched_until: null,
      };
      const { sealed } = this.#vault.sealNumber(number, ERASURE_NUMBER_PLACE);
      await trx
        .insertInto('erasures')
        .values({ ...row, number_sealed: sealed, removed: '{}' })
        .execute();
      await insertAudit(trx, [
        { at, actor, action: 'person.erased', applicationId, subject: row.id, detail: {} },
      ]);
      return readErasure({ ...row, removed: {}, kept: {} });
    });
  }

  async step(id: string): Promise<'more' | 'waits' | 'complete' | undefined> {
    try {
      return await this.#step(id);
    } catch (error) {
      // It met another change of the same people or sessions head on: nothing was written, and it is tried again.
      if (sqlState(error) === '40P01') return 'more';
      throw error;
    }
  }

  async #step(id: string): Promise<'more' | 'waits' | 'complete' | undefined> {
    let told = false;
    const outcome = await this.#db.transaction().execute(async (trx) => {
      const row = await trx
        .selectFrom('erasures')
        .selectAll()
        .where('id', '=', id)
        .forUpdate()
        .skipLocked()
        .executeTakeFirst();
      if (row === undefined) return undefined;
      if (row.number_sealed === null) return 'complete';
      const number = this.#vault.openNumber(row.number_sealed, ERASURE_NUMBER_PLACE);
      const indexes = sql.join(this.#vault.indexesOf(number));
      const job: Job = { id, applicationId: row.application_id, at: row.at, indexes };
      const counts: Counts = { backendAnswers: await forgetAnswers(trx, job) };
      const events = await this.#erasePeople(trx, job, counts);
      const allCalls = (await this.#eraseCalls(trx, job, counts)) < CALLS;
      const waits = allCalls && (await waitsForCalls(trx, job));
      const kept: Kept = { ...row.kept };
      const search = await searchStep(
        {
          ...{ trx, vault: this.#vault, tables: SEARCHED_TABLES, mentions: number.mentions() },
          applicationId: row.application_id ?? undefined,
          now: this.#clock.now(),
          count: (kind, rows) => add(counts, kind, rows),
          keep: (kind, rows) => add(kept, kind, rows),
        },
        row.search as SearchState,
        allCalls && !waits,
      );
      const { until } = search.state;
      if (until !== undefined && (row.search as SearchState).until === undefined)
        await beginWordSearches(trx, job, new Date(this.#clock.now()));
      const outcome = await outcomeOf(trx, job, allCalls, waits, search.outcome);
      const done = {
        status: 'complete',
        number_sealed: null,
        finished_at: new Date(this.#clock.now()),
      } as const;
      await trx
        .updateTable('erasures')
        .set({
          removed: JSON.stringify(sum(row.removed as Counts, counts)),
          kept: JSON.stringify(kept),
          search: JSON.stringify(search.state),
          searched_until: until === undefined ? null : new Date(until),
          ...(outcome === 'complete' ? done : {}),
        })
        .where('id', '=', id)
        .execute();
      await appendEvents(trx, this.#random, events);
      told = events.length > 0;
      return outcome;
    });
    if (told) this.#onEvents();
    return outcome;
  }

  async get(id: string, applicationId: string | undefined): Promise<Erasure | undefined> {
    const row = await this.#db.selectFrom('erasures').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined || (applicationId !== undefined && row.application_id !== applicationId))
      return undefined;
    return readErasure(row);
  }

  async running(): Promise<readonly string[]> {
    const rows = await this.#db
      .selectFrom('erasures')
      .select('id')
      .where('status', '=', 'running')
      .orderBy('at')
      .execute();
    return rows.map(({ id }) => id);
  }

  async #refuseServiceNumber(trx: Trx, number: PhoneNumber): Promise<void> {
    const own = await trx
      .selectFrom('numbers')
      .select('id')
      .where('kind', '=', 'service')
      .where('number_index', 'in', this.#vault.indexesOf(number))
      .executeTakeFirst();
    if (own !== undefined)
      throw new StorageError('entry/invalid', 'That is one of our own service numbers, and no person’s.');
  }

  async #sameRunning(trx: Trx, number: PhoneNumber, applicationId: string | undefined) {
    const rows = await trx.selectFrom('erasures').selectAll().where('status', '=', 'running').execute();
    const same = rows.find(
      ({ application_id, number_sealed }) =>
        application_id === (applicationId ?? null) &&
        number_sealed !== null &&
        this.#vault.openNumber(number_sealed, ERASURE_NUMBER_PLACE).equals(number),
    );
    return same === undefined ? undefined : readErasure(same);
  }

  /** A person's row with what names it; open sessions are closed, and what a customer wrote into them is gone. */
  async #erasePeople(trx: Trx, job: Job, counts: Counts): Promise<readonly NewEvent[]> {
    const people = await sql<{ id: string; application_id: string }>`
      select id, application_id from people
       where number_index in (${job.indexes}) and created_at <= ${job.at} ${ofApplication(job, 'application_id')}
       order by id for update`.execute(trx);
    const now = new Date(this.#clock.now());
    const events: NewEvent[] = [];
    for (const { id, application_id: applicationId } of people.rows) {
      const { rows: sessions } = await sql<{ id: string }>`
        select distinct session_id as id from masking_parties where person_id = ${id} order by 1`.execute(
        trx,
      );
      const ids = sessions.map((session) => session.id);
      const closed = await closeSessions(trx, ids, 'party-erased', now);
      events.push(...closed, {
        ...{ applicationId, subject: id, type: 'person.erased', at: now.getTime() },
        data: { person: id, erasure: job.id },
      });
      add(counts, 'sessionsClosed', closed.length);
      await erasePerson(trx, id, ids, counts);
    }
    return events;
  }

  /** Calls that are over, some at a time. Their other side stays; the sound was of both. */
  async #eraseCalls(trx: Trx, job: Job, counts: Counts): Promise<number> {
    const settled = new Date(this.#clock.now() - SETTLED_MS);
    const { rows } = await sql<{ id: string }>`
      select distinct l.session_id as id from call_legs l left join call_records c on c.id = l.session_id
       where ${ofPerson(job)} and c.status is distinct from 'in-progress'
         and coalesce(c.ended_at, l.started_at) < ${settled} limit ${sql.lit(CALLS)}`.execute(trx);
    if (rows.length === 0) return 0;
    const ids = sql`(select jsonb_array_elements_text(${JSON.stringify(rows.map(({ id }) => id))}::jsonb))`;
    const removed = await removeRecordings(
      trx,
      sql`select recording_id from recordings where session_id in ${ids}`,
      job.id,
      new Date(this.#clock.now()),
    );
    add(counts, 'recordings', removed.recordings);
    add(counts, 'transcripts', removed.transcripts);
    const tally = tallyOf(trx, counts);
    await tally('traces', sql`delete from call_traces where session_id in ${ids}`);
    await tally('eventLogs', sql`delete from event_logs where session_id in ${ids}`);
    const erased = JSON.stringify({ erased: true });
    await tally(
      'logLines',
      sql`update call_events set detail = ${erased} where session_id in ${ids} and name = 'session.log'`,
    );
    for (const column of ['number', 'callerid'] as const) {
      const { sealed, index } = this.#vault.sealNumber(ERASED_NUMBER, `call_legs.${column}`);
      const [sealedColumn, indexColumn] = [sql.ref(`${column}_sealed`), sql.ref(`${column}_index`)];
      await tally(
        'numbersInCalls',
        sql`update call_legs set ${sealedColumn} = ${sealed}, ${indexColumn} = ${index}
             where session_id in ${ids} and ${indexColumn} in (${job.indexes})`,
      );
    }
    return rows.length;
  }
}

/**
 * The row, and what names it. What a customer wrote into sessions of that person is gone for all parties: an order's label
 * stands with the one who is told it, and not with the one whom it names.
 */
async function erasePerson(trx: Trx, id: string, sessions: readonly string[], counts: Counts): Promise<void> {
  const tally = tallyOf(trx, counts);
  const ids = sql`(select jsonb_array_elements_text(${JSON.stringify(sessions)}::jsonb))`;
  await sql`update masking_sessions set metadata_sealed = null where id in ${ids}`.execute(trx);
  await tally(
    'parties',
    sql`update masking_parties set label = '', announcement = null where session_id in ${ids}`,
  );
  await tally('blocks', sql`delete from masking_blocks where person_id = ${id} or counterpart_id = ${id}`);
  await tally(
    'maskedCalls',
    sql`update masking_calls set caller = case caller when ${id} then ${ERASED} else caller end,
                                 callee = case callee when ${id} then ${ERASED} else callee end
         where caller = ${id} or callee = ${id}`,
  );
  await sql`delete from masking_slots where person_id = ${id}`.execute(trx);
  await tally('people', sql`delete from people where id = ${id}`);
}

async function forgetAnswers(trx: Trx, job: Job): Promise<number> {
  return await affected(
    trx,
    sql`
    delete from pull_answers where (caller_index in (${job.indexes}) or callee_index in (${job.indexes}))
       and fetched_at <= ${job.at} ${ofApplication(job, 'application_id')}`,
  );
}

/** Calls that have not ended or not settled. */
async function waitsForCalls(trx: Trx, job: Job): Promise<boolean> {
  const { rows } = await sql<{ waits: boolean }>`
    select exists (
      select from call_legs l left join call_records c on c.id = l.session_id
       where ${ofPerson(job)}) as waits`.execute(trx);
  return rows[0]?.waits === true;
}

/** What is next: nothing is complete while a node has still to read or delete files. */
async function outcomeOf(
  trx: Trx,
  job: Job,
  allCalls: boolean,
  waits: boolean,
  search: 'more' | 'waits' | 'done',
): Promise<'more' | 'waits' | 'complete'> {
  if (!allCalls || search === 'more') return 'more';
  if (waits || search === 'waits') return 'waits';
  const { rows } = await sql`select from file_removals where erasure_id = ${job.id} limit 1`.execute(trx);
  return rows.length > 0 ? 'waits' : 'complete';
}

/** Legs `l` of calls `c` that had begun, with the number. What a call begins later is a part of it. */
function ofPerson(job: Job) {
  return sql`(l.number_index in (${job.indexes}) or l.callerid_index in (${job.indexes}))
    and (l.started_at <= ${job.at} or c.started_at <= ${job.at}) ${ofApplication(job, 'c.application_id')}`;
}

function ofApplication({ applicationId }: Job, column: string) {
  return applicationId === null ? sql`` : sql`and ${sql.ref(column)} = ${applicationId}`;
}

async function affected(trx: Trx, statement: RawBuilder<unknown>): Promise<number> {
  return Number((await statement.execute(trx)).numAffectedRows ?? 0);
}

function tallyOf(trx: Trx, counts: Counts) {
  return async (kind: ErasedKind, statement: RawBuilder<unknown>): Promise<void> =>
    add(counts, kind, await affected(trx, statement));
}

function add<T extends string>(counts: Partial<Record<T, number>>, kind: T, count: number): void {
  if (count > 0) counts[kind] = (counts[kind] ?? 0) + count;
}

function sum(before: Counts, more: Counts): Counts {
  const all = { ...before };
  for (const [kind, count] of Object.entries(more)) add(all, kind as ErasedKind, count);
  return all;
}

function readErasure(row: {
  readonly id: string;
  readonly application_id: string | null;
  readonly at: Date;
  readonly actor: string;
  readonly status: Erasure['status'];
  readonly finished_at: Date | null;
  readonly removed: Readonly<Record<string, unknown>>;
  readonly kept: Readonly<Record<string, unknown>>;
  readonly searched_until: Date | null;
}): Erasure {
  return {
    id: row.id,
    applicationId: row.application_id ?? undefined,
    at: row.at.getTime(),
    actor: row.actor,
    status: row.status,
    finishedAt: row.finished_at?.getTime(),
    removed: row.removed as Counts,
    left: row.kept as Kept,
    searchedUntil: row.searched_until?.getTime(),
  };
}
