/**
 * Sessions that are made together, by a dozen statements for all of them instead of a dozen for each. What is not plain is left
 * to `createSession`, which has the last word on everything: a number that is wanted twice, an id that is taken, a refusal.
 */
import { type Kysely, sql, type Transaction } from 'kysely';
import type { NewEvent } from '../events/types.ts';
import { MaskingError } from '../masking/ports.ts';
import type { MaskingSession, NewSession, Party } from '../masking/types.ts';
import { appendEvents } from './append-events.ts';
import { chooseNumbers, type Seeker } from './masking-batch-numbers.ts';
import { checkSession } from './masking-checks.ts';
import { closeSessions } from './masking-close.ts';
import {
  companyOf,
  createdEvent,
  type Draft,
  draftOf,
  madeOf,
  partiesOf,
  rowsOf,
  slotsOf,
} from './masking-new-session.ts';
import { findOrMakePeople } from './masking-people.ts';
import { type FoundPool, findPool } from './masking-pool-rows.ts';
import { brokenConstraint, inTransaction } from './masking-retry.ts';
import {
  expired,
  type FreeNumber,
  isTakenBy,
  lockNumbers,
  textArray,
  useOf,
  writeSlots,
} from './masking-slots.ts';
import { ANYONE, type MaskingTools, secondsAfter } from './masking-tools.ts';
import type { Schema } from './schema.ts';

/** Something of the batch is not plain after all; nothing of it is kept. */
class NotPlain extends Error {
  override readonly name = 'NotPlain';
  /** Without these it may be; empty: nobody knows which ones it is. */
  readonly sessions: ReadonlySet<NewSession>;

  constructor(sessions: readonly NewSession[] = []) {
    super('the sessions are not made together');
    this.sessions = new Set(sessions);
  }
}

/**
 * Sessions of the same key may be made together; undefined: this one is made alone. Groups and pairs that have one number are
 * plain: nothing but its people decides whether a number is free for them.
 */
export function batchKeyOf({ applicationId, mode, numbers }: NewSession): string | undefined {
  if (useOf(mode) !== 'people' || mode === 'axyb') return undefined;
  if (numbers.explicit !== undefined || numbers.region === 'same') return undefined;
  return JSON.stringify([applicationId, numbers]);
}

/**
 * Makes sessions of one key, of which no two have a person or an `externalId` in common, in one transaction.
 *
 * @returns in their order; undefined: not made, and nothing of it is there. Whoever wants to know why makes it alone.
 */
export async function createBatch(
  db: Kysely<Schema>,
  tools: MaskingTools,
  sessions: readonly NewSession[],
): Promise<readonly (MaskingSession | undefined)[]> {
  let rest = sessions.filter(isValid);
  while (rest.length > 0) {
    try {
      const made = await inTransaction(db, tools, (trx) => new Batch(trx, tools).run(rest));
      return sessions.map((one) => made.get(one));
    } catch (error) {
      if (
        !(error instanceof NotPlain || error instanceof MaskingError || brokenConstraint(error) !== undefined)
      )
        throw error;
      const odd = error instanceof NotPlain ? error.sessions : new Set();
      rest = odd.size === 0 ? [] : rest.filter((one) => !odd.has(one));
    }
  }
  return sessions.map(() => undefined);
}

/** One of the batch, with its people. */
interface Member extends Seeker {
  readonly draft: Draft;
}

interface Placed extends Member {
  readonly number: FreeNumber;
  readonly parties: readonly Party[];
}

class Batch {
  readonly #trx: Transaction<Schema>;
  readonly #tools: MaskingTools;
  readonly #now: Date;

  constructor(trx: Transaction<Schema>, tools: MaskingTools) {
    this.#trx = trx;
    this.#tools = tools;
    this.#now = new Date(tools.clock.now());
  }

  async run(sessions: readonly NewSession[]): Promise<ReadonlyMap<NewSession, MaskingSession>> {
    const like = sessions[0] as NewSession;
    await this.#refuseTakenIds(sessions);
    const pool = await this.#pool(like);
    const members = await this.#members(sessions);
    const placed = await this.#place(members, pool, like);
    const before = await this.#takeSlots(placed, pool);
    await this.#insert(placed, pool, like.applicationId);
    const made = new Map(placed.map(({ draft, parties }) => [draft.session, madeOf(draft, parties)]));
    const events = [...before, ...[...made.values()].map(createdEvent)];
    await appendEvents(this.#trx, this.#tools.random, events, { fresh: before.length === 0 });
    return made;
  }

  /** Whoever makes one of these alone is told which session has the id, or takes it over. */
  async #refuseTakenIds(sessions: readonly NewSession[]): Promise<void> {
    const ids = sessions.flatMap(({ externalId }) => externalId ?? []);
    if (ids.length === 0) return;
    const rows = await this.#trx
      .selectFrom('masking_sessions')
      .select('external_id')
      .where('application_id', '=', sessions[0]?.applicationId ?? '')
      .where(sql<boolean>`external_id = any (${textArray(ids)})`)
      .where('status', '=', 'open')
      .execute();
    const taken = new Set(rows.map(({ external_id }) => external_id ?? undefined));
    const odd = sessions.filter(({ externalId }) => taken.has(externalId));
    if (odd.length > 0) throw new NotPlain(odd);
  }

  async #pool({ applicationId, numbers }: NewSession): Promise<FoundPool> {
    const pool = await findPool(this.#trx, this.#tools.vault, applicationId, numbers);
    // There nobody's number is theirs alone, and the emptiest one is looked for.
    if (pool.sharing) throw new NotPlain();
    return pool;
  }

  /** All people by one look. */
  async #members(sessions: readonly NewSession[]): Promise<readonly Member[]> {
    const numbers = sessions.flatMap(({ parties }) => parties.map(({ number }) => number));
    const applicationId = sessions[0]?.applicationId ?? '';
    const people = await findOrMakePeople(this.#trx, this.#tools, applicationId, numbers, this.#now);
    let next = 0;
    const odd: NewSession[] = [];
    const members = sessions.map((session) => {
      const own = people.slice(next, next + session.parties.length);
      next += own.length;
      if (own.some(({ isService }) => isService)) odd.push(session);
      const tokens = own.map(({ token }) => token);
      const draft = draftOf(session, this.#tools, this.#now);
      return { draft, tokens, company: companyOf(session.mode, tokens) };
    });
    if (odd.length > 0) throw new NotPlain(odd);
    return members;
  }

  /** Nobody is left who had none: their people would be kept, and nobody told of them. */
  async #place(members: readonly Member[], pool: FoundPool, like: NewSession): Promise<readonly Placed[]> {
    const numbers = await chooseNumbers(this.#trx, this.#tools, pool, like, members, this.#now);
    const odd: NewSession[] = [];
    const placed = members.flatMap((member, at): Placed[] => {
      const { draft, tokens } = member;
      const number = numbers[at];
      if (number === undefined) odd.push(draft.session);
      if (number === undefined) return [];
      const all = tokens.map(() => number);
      return [{ ...member, number, parties: partiesOf(draft, tokens, all, this.#tools) }];
    });
    if (odd.length > 0) throw new NotPlain(odd);
    return placed;
  }

  /** Returns the events of sessions that had these numbers before and are closed by that. */
  async #takeSlots(placed: readonly Placed[], pool: FoundPool): Promise<readonly NewEvent[]> {
    const trx = this.#trx;
    const numbers = [...new Set(placed.map(({ number }) => number))];
    if (numbers.length > 0)
      await lockNumbers(
        trx,
        numbers.map(({ id }) => id),
        'shared',
      );
    const wanted = placed.flatMap(({ draft, company, parties }) => {
      const { coolOffSeconds, sharing } = pool;
      const freeAfter = secondsAfter(draft.endsAt, coolOffSeconds);
      const terms = {
        sessionId: draft.id,
        sharing,
        company,
        endsAt: draft.endsAt,
        coolOffSeconds,
        freeAfter,
      };
      return slotsOf(draft.session.mode, parties).map((slot) => ({ ...slot, terms }));
    });
    const { all, before } = await writeSlots(trx, wanted, this.#now);
    if (!all) throw new NotPlain();
    const anyones = await expired(
      trx,
      numbers.flatMap(({ was_anyones }) => was_anyones ?? []),
      this.#now,
    );
    return await closeSessions(trx, [...new Set([...before, ...anyones])], 'expired', this.#now);
  }

  /** Writes them, and looks once more at what the primary key of the slots cannot see. */
  async #insert(placed: readonly Placed[], pool: FoundPool, applicationId: string): Promise<void> {
    const all = placed.map(({ draft, parties, company }) => rowsOf(draft, parties, company, this.#tools));
    const wanted = placed.map(({ draft, number, tokens, company }) => ({
      ...{ session_id: draft.id, number_id: number.id, people: tokens, anyone: [...tokens, ANYONE], company },
    }));
    const takers = {
      use: 'people',
      people: sql`w.people`,
      anyone: sql`w.anyone`,
      company: sql`w.company`,
    } as const;
    const { rows: wrong } = await sql`
      with session as (
        insert into masking_sessions (id, application_id, external_id, mode, status, rules, metadata_sealed, company,
            created_at, expires_at)
        select id, application_id, external_id, mode, status, rules, metadata_sealed, company, created_at, expires_at
          from jsonb_populate_recordset(null::masking_sessions, ${JSON.stringify(all.map(({ session }) => session))}::jsonb)),
      parties as (
        insert into masking_parties
        select * from jsonb_populate_recordset(null::masking_parties, ${JSON.stringify(all.flatMap(({ rows }) => rows))}::jsonb))
      select w.session_id from jsonb_to_recordset(${JSON.stringify(wanted)}::jsonb)
          as w (session_id text, number_id text, people text[], anyone text[], company text)
       where not exists (
               select from numbers n where n.id = w.number_id and n.status = 'active'
                  and n.application_id = ${applicationId} and n.pool_id is not distinct from ${pool.id})
          or ${isTakenBy({ ...takers, now: this.#now }, sql`w.number_id`, sql`w.session_id`)}`.execute(
      this.#trx,
    );
    if (wrong.length > 0) throw new NotPlain();
  }
}

function isValid(session: NewSession): boolean {
  try {
    checkSession(session);
    return true;
  } catch {
    return false;
  }
}
