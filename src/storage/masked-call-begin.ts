import { type Kysely, sql, type Transaction } from 'kysely';
import type { BeginRefusal, MaskedCallStore } from '../masking/ports.ts';
import { ATTEMPTS_MS } from '../masking/types.ts';
import { findOrMakePeople } from './masking-people.ts';
import { inTransaction } from './masking-retry.ts';
import { readRules } from './masking-session-rows.ts';
import type { MaskingTools } from './masking-tools.ts';
import type { Schema } from './schema.ts';

type Begin = Parameters<MaskedCallStore['begin']>;

interface BeginningCall extends Readonly<Begin[0]>, Readonly<Begin[1]> {
  readonly node: string;
}

interface Pair {
  readonly caller: string;
  readonly callee: string;
}

/** First half of the advisory locks of pairs of people; any number that nothing else uses. */
const LOCK = 7_210_434;

/**
 * A call that nobody has answered by then is none any more, though no node has said so: the one that had it may never come
 * back. Longer than any call may ring (`limits.ringSeconds`, 600 at most), hold times of trunks included.
 */
const RINGING_MS = 3_600_000;

/**
 * Judges and writes down a call that begins, in one transaction. Whoever is about to begin a call of the same session waits
 * for it, on whichever node: so a session has as many calls as its rules say, and a pair as many attempts as the policy.
 */
export async function beginCall(
  db: Kysely<Schema>,
  tools: MaskingTools,
  call: BeginningCall,
): Promise<BeginRefusal | undefined> {
  const { applicationId, caller: from, callee: to } = call;
  return await inTransaction(db, tools, async (trx) => {
    const now = new Date(tools.clock.now());
    const people = await findOrMakePeople(trx, tools, applicationId, [from, to], now);
    const pair = { caller: people[0]?.token ?? '', callee: people[1]?.token ?? '' };
    const session = call.sessionId === undefined ? undefined : await hold(trx, call.sessionId, now);
    const refusal = session === 'over' ? 'unknown-caller' : await judge(trx, call, pair, session, now);
    if (refusal === undefined) await write(trx, call, pair, now);
    else await takeBack(trx, call.id, now);
    return refusal;
  });
}

interface HeldSession {
  /** Answered so far. */
  readonly calls: number;
  readonly maxCalls: number | undefined;
  readonly oneWayFrom: string | undefined;
}

/** Nobody else begins a call of it, counts one or closes it before this transaction ends. */
async function hold(trx: Transaction<Schema>, id: string, now: Date): Promise<HeldSession | 'over'> {
  const row = await trx
    .selectFrom('masking_sessions')
    .select(['calls', 'rules', 'status', 'expires_at'])
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (row === undefined || row.status !== 'open' || row.expires_at <= now) return 'over';
  const { maxCalls, oneWayFrom } = readRules(row.rules);
  return { calls: row.calls, maxCalls, oneWayFrom };
}

interface Found {
  readonly blocked: boolean;
  /** Of the caller to the callee, in the last hour. */
  readonly attempts: number;
  /** Calls of the session that may still be answered. */
  readonly ringing: number;
  /** Both are still the parties that they were when the session was found. */
  readonly meant: boolean;
  /** The session's direction is the caller's. */
  readonly directed: boolean;
}

async function judge(
  trx: Transaction<Schema>,
  { id, sessionId, callerPartyId, calleePartyId, over, attemptsPerHour }: BeginningCall,
  { caller, callee }: Pair,
  session: HeldSession | undefined,
  now: Date,
): Promise<BeginRefusal | undefined> {
  if (attemptsPerHour !== undefined)
    await sql`select pg_advisory_xact_lock(hashtextextended(${`${caller} ${callee}`}, ${sql.lit(LOCK)}))`.execute(
      trx,
    );
  // In a statement of its own, after the locks: it sees what those who had them before have written.
  const notOver = over.length === 0 ? sql`` : sql`and c.id not in (${sql.join(over)})`;
  const ringing =
    session?.maxCalls === undefined
      ? sql`0`
      : sql`(select count(*)::int from masking_calls c where c.session_id = ${sessionId} and c.ended_at is null
              and c.answered_at is null and c.started_at > ${new Date(now.getTime() - RINGING_MS)} and c.id <> ${id} ${notOver})`;
  const attempts =
    attemptsPerHour === undefined
      ? sql`0`
      : sql`(select count(*)::int from masking_calls c where c.caller = ${caller} and c.callee = ${callee}
              and c.started_at >= ${new Date(now.getTime() - ATTEMPTS_MS)} and c.id <> ${id})`;
  const blocks = (person: string, counterpart: string, direction: 'from' | 'to') => sql`exists (
    select from masking_blocks b where b.person_id = ${person} and b.direction in (${direction}, 'both')
       and (b.expires_at is null or b.expires_at > ${now})
       and (b.counterpart_id is null or b.counterpart_id = ${counterpart}))`;
  const isParty = (party: string | undefined, person: string) =>
    party === undefined || session === undefined
      ? sql`true`
      : sql`exists (select from masking_parties p where p.id = ${party} and p.session_id = ${sessionId} and p.person_id = ${person})`;
  const oneWayFrom = session?.oneWayFrom;
  const directed =
    oneWayFrom === undefined
      ? sql`true`
      : sql`exists (select from masking_parties p where p.id = ${callerPartyId ?? ''} and p.role = ${oneWayFrom})`;
  const { rows } = await sql<Found>`
    select ${directed} as directed, ${isParty(callerPartyId, caller)} and ${isParty(calleePartyId, callee)} as meant,
           ${blocks(caller, callee, 'from')} or ${blocks(callee, caller, 'to')} as blocked,
           ${attempts} as attempts, ${ringing} as ringing`.execute(trx);
  const [found] = rows;
  if (found === undefined) throw new Error('the database has not answered');
  if (!found.meant) return 'unknown-caller';
  if (!found.directed) return 'one-way';
  if (session?.maxCalls !== undefined && session.calls + found.ringing >= session.maxCalls)
    return 'calls-used-up';
  if (found.blocked) return 'blocked';
  if (attemptsPerHour !== undefined && found.attempts >= attemptsPerHour) return 'too-many-attempts';
  return undefined;
}

async function write(
  trx: Transaction<Schema>,
  { id, applicationId, sessionId, scenarioSessionId, callerPartyId, node }: BeginningCall,
  { caller, callee }: Pair,
  now: Date,
): Promise<void> {
  const session = sessionId ?? null;
  await sql`
    with called as (update masking_sessions set last_call_at = ${now} where id = ${session})
    insert into masking_calls (id, application_id, session_id, scenario_session_id, node, caller, callee, caller_party_id,
        started_at)
    values (${id}, ${applicationId}, ${session}, ${scenarioSessionId}, ${node}, ${caller}, ${callee},
        ${callerPartyId ?? null}, ${now})
    on conflict (id) do nothing`.execute(trx);
}

/** What an earlier try may have written, of which nobody has heard. */
async function takeBack(trx: Transaction<Schema>, id: string, now: Date): Promise<void> {
  await trx
    .updateTable('masking_calls')
    .set({ ended_at: now })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .execute();
}
