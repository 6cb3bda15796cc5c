import { type Kysely, sql, type Transaction } from 'kysely';
import type { NewEvent } from '../events/types.ts';
import { MaskingError } from '../masking/ports.ts';
import type { MaskingSession, NewSession, Party } from '../masking/types.ts';
import { appendEvents } from './append-events.ts';
import { appendFirstEvent } from './append-first-event.ts';
import { checkSession, refuseService } from './masking-checks.ts';
import { closeSessions } from './masking-close.ts';
import { takeExtensions } from './masking-extensions.ts';
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
import { numbersInRegion } from './masking-regions.ts';
import { brokenConstraint, inTransaction } from './masking-retry.ts';
import { noNumber } from './masking-shortage.ts';
import {
  expired,
  expiredOn,
  type FreeNumber,
  freeNumbers,
  isTaken,
  type NumberSearch,
  takeSlots,
  useOf,
} from './masking-slots.ts';
import { type MaskingTools, secondsAfter } from './masking-tools.ts';
import type { Schema } from './schema.ts';

/** Another writer was faster; nothing is kept, and it is tried again. */
class Lost extends Error {
  override readonly name = 'Lost';

  constructor() {
    super('another writer was faster each time');
  }
}
/** A guard against going round for ever; in the queue, one or two are what happens. */
const MOST_LOSSES = 100;

/**
 * A writer that has lost so often stands in a queue with others of the same people, so that fifty of them are done after
 * fifty turns, and not after fifty times fifty.
 */
const PATIENCE = 1;
/** First half of the advisory locks of people; any number that nothing else uses. */
const QUEUE = 7_210_433;

/**
 * Makes a session with its numbers, in one transaction (PITFALLS row 31). Rejects with a `MaskingError`; nothing is half
 * done.
 *
 * @param lost how often that was tried in vain before, with others or alone.
 */
export async function createSession(
  db: Kysely<Schema>,
  tools: MaskingTools,
  session: NewSession,
  lost = 0,
): Promise<MaskingSession> {
  checkSession(session);
  for (let losses = lost; ; losses++) {
    try {
      return await inTransaction(db, tools, (trx) => new Creation(trx, tools, session).run(losses));
    } catch (error) {
      if (losses >= MOST_LOSSES || !mayGoBetter(error, session, losses)) throw error;
    }
  }
}

/** Whether another attempt may end otherwise. The first one does not look who has the session's `externalId`. */
function mayGoBetter(error: unknown, { externalId }: NewSession, losses: number): boolean {
  if (error instanceof Lost) return true;
  if (error instanceof MaskingError)
    return losses === 0 && externalId !== undefined && NO_NUMBER.has(error.code);
  return brokenConstraint(error) === 'masking_sessions_external';
}

const NO_NUMBER: ReadonlySet<string> = new Set([
  'masking/no-number',
  'masking/number-taken',
  'masking/extension-taken',
]);

class Creation {
  readonly #trx: Transaction<Schema>;
  readonly #tools: MaskingTools;
  readonly #session: NewSession;
  readonly #draft: Draft;
  readonly #now: Date;
  readonly #events: NewEvent[] = [];

  constructor(trx: Transaction<Schema>, tools: MaskingTools, session: NewSession) {
    this.#trx = trx;
    this.#tools = tools;
    this.#session = session;
    this.#now = new Date(tools.clock.now());
    this.#draft = draftOf(session, tools, this.#now);
  }

  async run(losses: number): Promise<MaskingSession> {
    const { applicationId, numbers: wish, mode } = this.#session;
    const pool = await findPool(this.#trx, this.#tools.vault, applicationId, wish);
    const tokens = await this.#people();
    if (losses > PATIENCE) await this.#queue(tokens);
    if (losses > 0) await this.#makeRoom();
    const company = companyOf(mode, tokens);
    const search = this.#search(pool, tokens, company);
    const parties = await this.#assign(pool, search, tokens);
    await this.#insert(parties, search, pool);
    const created = madeOf(this.#draft, parties);
    const event = createdEvent(created);
    if (this.#events.length === 0) await appendFirstEvent(this.#trx, this.#tools.random, event);
    else await appendEvents(this.#trx, this.#tools.random, [...this.#events, event]);
    return created;
  }

  async #people(): Promise<readonly string[]> {
    const { applicationId, parties } = this.#session;
    const numbers = parties.map(({ number }) => number);
    const people = await findOrMakePeople(this.#trx, this.#tools, applicationId, numbers, this.#now);
    for (const [index, { isService }] of people.entries())
      refuseService(isService, `/parties/${index}/number`);
    return people.map(({ token }) => token);
  }

  async #queue(tokens: readonly string[]): Promise<void> {
    for (const token of [...tokens].sort())
      await sql`select pg_advisory_xact_lock(hashtextextended(${token}, ${sql.lit(QUEUE)}))`.execute(
        this.#trx,
      );
  }

  /**
   * One open session of an application has an `externalId`; one whose time is over gives it up. Looked at only when the unique
   * index has refused the session once: mostly, the id is new.
   */
  async #makeRoom(): Promise<void> {
    const { applicationId, externalId } = this.#session;
    if (externalId === undefined) return;
    const other = await this.#trx
      .selectFrom('masking_sessions')
      .select(['id', 'expires_at'])
      .where('application_id', '=', applicationId)
      .where('external_id', '=', externalId)
      .where('status', '=', 'open')
      .executeTakeFirst();
    if (other === undefined) return;
    if (other.expires_at > this.#now)
      throw new MaskingError(
        'masking/external-id-taken',
        `The open session ${other.id} has that externalId; close it first, or choose another one.`,
        '/externalId',
      );
    await this.#close([other.id]);
  }

  async #close(ids: readonly string[]): Promise<void> {
    this.#events.push(...(await closeSessions(this.#trx, ids, 'expired', this.#now)));
  }

  #search(pool: FoundPool, tokens: readonly string[], company: string): NumberSearch {
    const { applicationId, numbers: wish, mode, parties } = this.#session;
    return {
      applicationId,
      poolId: pool.id,
      sharing: pool.sharing,
      use: useOf(mode),
      people: tokens,
      company,
      wish,
      inRegion: numbersInRegion(
        this.#tools.serviceNumbers(applicationId),
        wish.region,
        parties[0]?.number,
        pool.regions,
      ),
      only: pool.explicitId,
      now: this.#now,
    };
  }

  /** Finds numbers and takes them. */
  async #assign(pool: FoundPool, search: NumberSearch, tokens: readonly string[]): Promise<readonly Party[]> {
    const choices =
      this.#session.mode === 'axyb'
        ? await this.#pairs(search, tokens)
        : await freeNumbers(this.#trx, search, 5);
    let refused = false;
    for (const choice of choices) {
      const numbers = Array.isArray(choice) ? choice : tokens.map(() => choice as FreeNumber);
      const parties = partiesOf(this.#draft, tokens, numbers, this.#tools);
      const extended = await this.#take(pool, search, parties);
      await this.#close(await this.#otherUses(search, numbers));
      if (extended !== undefined) return extended;
      refused = true;
    }
    if (refused && this.#session.parties.some(({ extension }) => extension !== undefined))
      throw new MaskingError(
        'masking/extension-taken',
        'The wished extension is somebody’s on every number that is free.',
        `/parties/${this.#session.parties.findIndex(({ extension }) => extension !== undefined)}/extension`,
      );
    throw await noNumber(this.#trx, search, this.#session.numbers, pool);
  }

  /** Each party has a number of its own: the first that is free for it, but not the other's. */
  async #pairs(search: NumberSearch, tokens: readonly string[]): Promise<readonly FreeNumber[][]> {
    const [a = '', b = ''] = tokens;
    const first = await freeNumbers(this.#trx, { ...search, people: [a] }, 2);
    const second = await freeNumbers(this.#trx, { ...search, people: [b], only: undefined }, 2);
    const pairs = first.flatMap((one) => second.map((other) => [one, other]));
    return pairs.filter(([one, other]) => one?.id !== other?.id).slice(0, 1);
  }

  /**
   * Sessions that used these numbers in another way, and whose time is over. They are closed, as those are whose slots are
   * taken over: a clock that is set back must not bring them to life beside this one.
   */
  async #otherUses(search: NumberSearch, numbers: readonly FreeNumber[]): Promise<readonly string[]> {
    if (search.use !== 'people') return await expiredOn(this.#trx, numbers[0]?.id ?? '', this.#now);
    const before = numbers.flatMap((number) => number.was_anyones ?? []);
    return await expired(this.#trx, [...new Set(before)], this.#now);
  }

  /** Undefined: no extension is to be had on that number, and nothing was written. */
  async #take(
    pool: FoundPool,
    search: NumberSearch,
    parties: readonly Party[],
  ): Promise<readonly Party[] | undefined> {
    const freeAfter = secondsAfter(this.#draft.endsAt, pool.coolOffSeconds);
    const terms = {
      sessionId: this.#draft.id,
      ...{ sharing: search.sharing, use: search.use, company: search.company, now: search.now },
      ...{ endsAt: this.#draft.endsAt, coolOffSeconds: pool.coolOffSeconds, freeAfter },
    };
    const wanted = slotsOf(this.#session.mode, parties);
    const taken = await takeSlots(this.#trx, terms, wanted, [
      ...new Set(parties.map((one) => one.serviceNumberId)),
    ]);
    if (!taken.all) throw new Lost();
    await this.#close(taken.before);
    if (search.use !== 'digits') return parties;
    const numberId = parties[0]?.serviceNumberId ?? '';
    const digits = await takeExtensions(
      this.#trx,
      this.#tools.random,
      { ...terms, numberId },
      parties.map(({ id, extension }) => ({ partyId: id, wished: extension })),
    );
    return digits && parties.map((party) => ({ ...party, extension: digits.get(party.id) }));
  }

  /** Writes the session, and looks once more at what the primary key of the slots cannot see. */
  async #insert(parties: readonly Party[], search: NumberSearch, pool: FoundPool): Promise<void> {
    const { session, rows } = rowsOf(this.#draft, parties, search.company, this.#tools);
    const numbers = [...new Set(parties.map((party) => party.serviceNumberId))];
    const checks = sql.join(
      numbers.map((id) => {
        const people = rows.filter((row) => row.number_id === id).map((row) => row.person_id);
        const there = sql`exists (select from numbers n where n.id = ${id} and n.status = 'active'
          and n.application_id = ${search.applicationId} and n.pool_id is not distinct from ${pool.id})`;
        const taken = isTaken({ ...search, people }, sql`${id}`, this.#draft.id);
        return search.sharing ? there : sql`${there} and not (${taken})`;
      }),
      sql` and `,
    );
    const { rows: found } = await sql<{ readonly good: boolean }>`
      with session as (
        insert into masking_sessions (id, application_id, external_id, mode, status, rules, metadata_sealed, company,
            created_at, expires_at)
        select id, application_id, external_id, mode, status, rules, metadata_sealed, company, created_at, expires_at
          from jsonb_populate_record(null::masking_sessions, ${JSON.stringify(session)}::jsonb)),
      parties as (
        insert into masking_parties
        select * from jsonb_populate_recordset(null::masking_parties, ${JSON.stringify(rows)}::jsonb))
      select ${checks} as good`.execute(this.#trx);
    if (found[0]?.good !== true) throw new Lost();
  }
}
