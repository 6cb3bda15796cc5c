import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { RetentionKind, RetentionStore } from '../retention/ports.ts';
import { removeRecordings } from './file-removals.ts';
import { forgetPeople } from './masking-people.ts';
import type { Schema } from './schema.ts';

/** First half of the advisory locks of the kinds: one node is enough for each. */
const LOCK = 7_210_440;
/** Rows of one step: some milliseconds of the database. */
const ROWS = 500;
/** Calls and sessions have rows of their own behind them. */
const FEW = 100;
/** People that a step looks at; most of them are not idle. */
const CANDIDATES = 500;
/** A transcript whose recording has no row: its state was written after the recording was removed. */
const ORPHAN_MS = 86_400_000;
/** More are not counted: what is far behind is far behind. */
const COUNTED = 10_000;

type Trx = Transaction<Schema>;
type Query = RawBuilder<unknown>;

/** Takes away what is older than the settings allow. Rows that somebody is at are passed over, and found by a later step. */
export class SqlRetentionStore implements RetentionStore {
  readonly #db: Kysely<Schema>;
  /** Where the look for idle people goes on; from the beginning after a restart. */
  #lastPerson = { at: new Date(0), id: '' };

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  async remove(kind: RetentionKind, before: number | undefined, now: number): Promise<number | undefined> {
    const old = kind === 'recordings' ? tooOldRecordings(before, now) : tooOld(kind, before, now);
    if (old === undefined) return 0;
    return await this.#db.transaction().execute(async (trx) => {
      const { rows } = await sql<{ mine: boolean }>`
        select pg_try_advisory_xact_lock(${sql.lit(LOCK)}, hashtext(${kind})) as mine`.execute(trx);
      if (rows[0]?.mine !== true) return undefined;
      return await this.#remove(trx, kind, old, new Date(before ?? now), new Date(now));
    });
  }

  async backlog(kind: RetentionKind, before: number | undefined, now: number): Promise<number> {
    // Whoever is idle is found by looking at each; there is no count that is cheap.
    if (kind === 'people') return 0;
    const old = kind === 'recordings' ? tooOldRecordings(before, now) : tooOld(kind, before, now);
    if (old === undefined) return 0;
    const { rows } = await sql<{ count: number }>`
      select count(*)::int as count from (${old} limit ${sql.lit(COUNTED)}) old`.execute(this.#db);
    return rows[0]?.count ?? 0;
  }

  async #remove(trx: Trx, kind: RetentionKind, old: Query, before: Date, now: Date): Promise<number> {
    switch (kind) {
      case 'recordings': {
        const some = sql`${old} limit ${sql.lit(FEW)} for update skip locked`;
        return (await removeRecordings(trx, some, undefined, now)).recordings;
      }
      case 'transcripts':
        return await removeTranscripts(trx, old, now);
      case 'calls':
        return await removeCalls(trx, old, before);
      case 'sessions':
        return await removeSessions(trx, old, now);
      case 'people':
        return await this.#removePeople(trx, before, now);
      case 'events':
        return await count(
          trx,
          sql`delete from events where seq in (${old} limit ${sql.lit(ROWS)} for update skip locked)`,
        );
      case 'audit':
        await sql`delete from erasures where status = 'complete' and at < ${before}`.execute(trx);
        return await count(
          trx,
          sql`delete from audit_log where id in (${old} limit ${sql.lit(ROWS)} for update skip locked)`,
        );
    }
  }

  /** Goes through all people in the order of their beginnings, some in each step, and begins anew at the end. */
  async #removePeople(trx: Trx, before: Date, now: Date): Promise<number> {
    const { at, id } = this.#lastPerson;
    const { rows } = await sql<{ id: string; created_at: Date; idle: boolean }>`
      select p.id, p.created_at, not exists (
          select from masking_calls c where (c.caller = p.id or c.callee = p.id) and c.started_at >= ${before}) as idle
        from people p where (p.created_at, p.id) > (${at}, ${id}) and p.created_at < ${before}
       order by p.created_at, p.id limit ${sql.lit(CANDIDATES)}`.execute(trx);
    const last = rows.at(-1);
    this.#lastPerson =
      last === undefined ? { at: new Date(0), id: '' } : { at: last.created_at, id: last.id };
    const idle = rows.filter((row) => row.idle).map((row) => row.id);
    return await forgetPeople(trx, idle, now);
  }
}

/** Undefined: nothing is too old. */
function tooOld(
  kind: Exclude<RetentionKind, 'recordings'>,
  before: number | undefined,
  now: number,
): Query | undefined {
  if (before === undefined) return undefined;
  const limit = new Date(before);
  switch (kind) {
    case 'transcripts':
      return sql`
        select t.recording_id from transcripts t
         where (t.status <> 'waiting' and t.updated_at < ${limit}) or (t.updated_at < ${new Date(now - ORPHAN_MS)}
           and not exists (select from recordings r where r.recording_id = t.recording_id))`;
    case 'calls':
      // A recording belongs to who may see its call.
      return sql`
        select c.id from call_records c
         where c.started_at < ${limit} and c.status <> 'in-progress'
           and not exists (select from recordings r where r.session_id = c.id)`;
    case 'sessions':
      return sql`
        select s.id from masking_sessions s where s.status = 'closed' and s.closed_at < ${limit}
           and not exists (select from masking_calls c where c.session_id = s.id and c.ended_at is null)`;
    case 'people':
      return sql`select p.id from people p where p.created_at < ${limit}`;
    case 'events':
      return tooOldEvents(limit);
    case 'audit':
      return sql`select a.id from audit_log a where a.at < ${limit}`;
  }
}

/** What a script has wished goes before the setting, in both directions. What is being recorded stays. */
function tooOldRecordings(before: number | undefined, now: number): Query {
  const byAge =
    before === undefined ? sql`` : sql`or (r.keep_until is null and r.started_at < ${new Date(before)})`;
  return sql`
    select r.recording_id from recordings r
     where r.status <> 'recording' and (r.keep_until < ${new Date(now)} ${byAge})`;
}

/**
 * The newest event of a subject says at which position the next one stands: it goes only when none can come, since the masking
 * session, person, block or number is gone, or the call is over. What is still to be delivered stays, too.
 */
function tooOldEvents(limit: Date): Query {
  return sql`
    select e.seq from events e
     where e.at < ${limit}
       and not exists (select from webhook_deliveries d where d.event_seq = e.seq and d.state = 'waiting')
       and (exists (select from events n where n.subject = e.subject and n.position > e.position)
         or (not exists (select from masking_sessions m where m.id = e.subject)
           and not exists (select from people p where p.id = e.subject)
           and not exists (select from masking_blocks b where b.id = e.subject)
           and not exists (select from numbers n where n.id = e.subject)
           and not exists (select from call_records c where c.id = e.subject and c.status = 'in-progress')))`;
}

async function removeTranscripts(trx: Trx, old: Query, now: Date): Promise<number> {
  return await count(
    trx,
    sql`
      with gone as (
        delete from transcripts where recording_id in (${old} limit ${sql.lit(ROWS)} for update of t skip locked)
        returning recording_id, node),
      files as (
        insert into file_removals (node, path, what, at)
        select gone.node, r.path, 'transcript', ${now}
          from gone join recordings r on r.recording_id = gone.recording_id)
      select from gone`,
  );
}

async function removeCalls(trx: Trx, old: Query, before: Date): Promise<number> {
  const { rows } = await sql<{ id: string }>`
    delete from call_records where id in (${old} limit ${sql.lit(FEW)} for update of c skip locked) returning id`.execute(
    trx,
  );
  // Calls of masking sessions are counted by themselves; those that nobody counts any more go along.
  const masked = await count(
    trx,
    sql`delete from masking_calls where id in (
          select id from masking_calls where started_at < ${before} and ended_at is not null
           limit ${sql.lit(ROWS)} for update skip locked)`,
  );
  if (rows.length === 0) return masked;
  const ids = sql`(select jsonb_array_elements_text(${JSON.stringify(rows.map(({ id }) => id))}::jsonb))`;
  for (const table of ['call_legs', 'call_events', 'call_traces', 'event_logs'])
    await sql`delete from ${sql.table(table)} where session_id in ${ids}`.execute(trx);
  return rows.length + masked;
}

/** With their parties; slots and extensions whose time is over, and people whom nothing needs any more. */
async function removeSessions(trx: Trx, old: Query, now: Date): Promise<number> {
  const { rows } = await sql<{ id: string; people: readonly string[] }>`
    with gone as (
      select id from masking_sessions where id in (${old} limit ${sql.lit(FEW)}) for update skip locked)
    select gone.id, array(select p.person_id from masking_parties p where p.session_id = gone.id) as people
      from gone`.execute(trx);
  if (rows.length === 0) return 0;
  const ids = sql`(select jsonb_array_elements_text(${JSON.stringify(rows.map(({ id }) => id))}::jsonb))`;
  await sql`delete from masking_slots where session_id in ${ids} and free_after < ${now}`.execute(trx);
  await sql`delete from masking_extensions where session_id in ${ids} and free_after < ${now}`.execute(trx);
  await sql`delete from masking_sessions where id in ${ids}`.execute(trx);
  await forgetPeople(trx, [...new Set(rows.flatMap(({ people }) => people))], now);
  return rows.length;
}

async function count(trx: Trx, statement: Query): Promise<number> {
  const { numAffectedRows, rows } = await statement.execute(trx);
  return Number(numAffectedRows ?? rows.length);
}
