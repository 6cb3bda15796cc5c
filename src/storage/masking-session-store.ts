import { type Kysely, sql } from 'kysely';
import type { PhoneNumber } from '../kernel/phone-number.ts';
import { MaskingError, type Page, type SessionFilter, type SessionStore } from '../masking/ports.ts';
import type { ClosedReason, MaskingSession, NewSession, SessionChange } from '../masking/types.ts';
import { InvalidCursor } from '../records/ports.ts';
import { appendEvents } from './append-events.ts';
import { batchKeyOf, createBatch } from './masking-batch.ts';
import { changeSession } from './masking-change.ts';
import { closeSessions } from './masking-close.ts';
import { createSession } from './masking-create.ts';
import { batchesOf, inOrder } from './masking-many.ts';
import { forgetPeople } from './masking-people.ts';
import { inTransaction } from './masking-retry.ts';
import { inCall, readSessions } from './masking-session-rows.ts';
import { textArray } from './masking-slots.ts';
import type { MaskingTools } from './masking-tools.ts';
import type { Schema } from './schema.ts';

/**
 * Made or closed by one transaction of a request for many: enough that statements are shared, and few enough that a call does
 * not wait long for its turn where the database is embedded.
 */
const AT_ONCE = 50;

/** Masking sessions in the database. Each method that writes is one transaction, with the events that it leads to. */
export class SqlMaskingSessions implements SessionStore {
  readonly #db: Kysely<Schema>;
  readonly #tools: MaskingTools;

  constructor(db: Kysely<Schema>, tools: MaskingTools) {
    this.#db = db;
    this.#tools = tools;
  }

  async create(session: NewSession): Promise<MaskingSession> {
    return await createSession(this.#db, this.#tools, session);
  }

  async createMany(sessions: readonly NewSession[]): Promise<readonly (MaskingSession | MaskingError)[]> {
    const names = sessions.map(({ externalId, parties }) => [
      ...parties.map(({ number }) => this.#tools.vault.sealNumber(number, 'people.number').index),
      ...(externalId === undefined ? [] : [`external ${externalId}`]),
    ]);
    const keys = sessions.map(batchKeyOf);
    const outcomes: (MaskingSession | MaskingError)[] = [];
    for (const batch of batchesOf(names, keys, AT_ONCE)) {
      const wanted = batch.map((at) => sessions[at] as NewSession);
      const together = batch.length > 1 && keys[batch[0] ?? 0] !== undefined;
      const made = together ? await createBatch(this.#db, this.#tools, wanted) : [];
      const alone = batch.filter((at, place) => {
        const one = made[place];
        if (one !== undefined) outcomes[at] = one;
        return one === undefined;
      });
      const ownNames = alone.map((at) => names[at] ?? []);
      await inOrder(alone, ownNames, async (at) => {
        const creating = createSession(this.#db, this.#tools, sessions[at] as NewSession, together ? 1 : 0);
        outcomes[at] = await outcomeOf(creating);
      });
    }
    return outcomes;
  }

  async get(id: string, applicationId: string | undefined): Promise<MaskingSession | undefined> {
    return await this.#read(this.#db, id, applicationId);
  }

  async list(
    filter: SessionFilter,
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<Page<MaskingSession>> {
    const now = this.#now();
    let query = this.#rows(this.#db)
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(page.limit + 1);
    if (filter.applicationId !== undefined) query = query.where('application_id', '=', filter.applicationId);
    if (filter.externalId !== undefined) query = query.where('external_id', '=', filter.externalId);
    if (filter.person !== undefined) query = query.where(withParty(sql`p.person_id = ${filter.person}`));
    if (filter.number !== undefined) query = query.where(this.#withNumber(filter.number));
    if (filter.status === 'closed')
      query = query.where((eb) => eb.or([eb('status', '=', 'closed'), eb('expires_at', '<=', now)]));
    else if (filter.status !== undefined) {
      query = query.where('status', '=', 'open').where('expires_at', '>', now);
      query = query.where(filter.status === 'in-progress' ? inCall : sql<boolean>`not ${inCall}`);
    }
    if (page.cursor !== undefined) {
      const { at, id } = readCursor(page.cursor);
      query = query.where(sql<boolean>`(created_at, id) < (${at}::timestamptz, ${id})`);
    }
    const rows = await query.execute();
    const last = rows.length > page.limit ? rows[page.limit - 1] : undefined;
    return {
      items: await readSessions(this.#db, this.#tools.vault, rows.slice(0, page.limit), now),
      next: last === undefined ? undefined : writeCursor(last.created_at, last.id),
    };
  }

  async change(
    id: string,
    applicationId: string | undefined,
    change: SessionChange,
  ): Promise<MaskingSession> {
    return await inTransaction(this.#db, this.#tools, async (trx) => {
      const before = await this.#hold(trx, id, applicationId);
      if (before.status === 'closed')
        throw new MaskingError('masking/session-closed', 'The session is closed.');
      await changeSession(trx, this.#tools, before, change, this.#now());
      return await this.#there(trx, id);
    });
  }

  async close(id: string, applicationId: string | undefined, reason: ClosedReason): Promise<MaskingSession> {
    return await inTransaction(this.#db, this.#tools, async (trx) => {
      const before = await this.#hold(trx, id, applicationId);
      const events = await closeSessions(trx, [id], reason, this.#now());
      if (events.length === 0) return before;
      await appendEvents(trx, this.#tools.random, events);
      return await this.#there(trx, id);
    });
  }

  async closeMany(
    ids: readonly string[],
    applicationId: string | undefined,
  ): Promise<readonly (MaskingSession | MaskingError)[]> {
    const closed = new Map<string, MaskingSession>();
    const all = [...new Set(ids)];
    for (let at = 0; at < all.length; at += AT_ONCE)
      for (const one of await this.#closeBatch(all.slice(at, at + AT_ONCE), applicationId))
        closed.set(one.id, one);
    return ids.map((id) => closed.get(id) ?? unknownSession());
  }

  async remove(id: string, applicationId: string | undefined): Promise<boolean> {
    return await inTransaction(this.#db, this.#tools, async (trx) => {
      const before = await this.#find(trx, id, applicationId, true);
      if (before === undefined) return false;
      const events = await closeSessions(trx, [id], 'asked', this.#now());
      await trx.deleteFrom('masking_sessions').where('id', '=', id).execute();
      await forgetPeople(
        trx,
        before.parties.map(({ token }) => token),
        this.#now(),
      );
      await appendEvents(trx, this.#tools.random, events);
      return true;
    });
  }

  async closeExpired(most: number): Promise<number> {
    return await inTransaction(this.#db, this.#tools, async (trx) => {
      const now = this.#now();
      const rows = await trx
        .selectFrom('masking_sessions')
        .select('id')
        .where('status', '=', 'open')
        .where('expires_at', '<=', now)
        .orderBy('expires_at')
        .limit(most)
        .forUpdate()
        .skipLocked()
        .execute();
      const ids = rows.map((row) => row.id);
      const events = await closeSessions(trx, ids, 'expired', now);
      await appendEvents(trx, this.#tools.random, events);
      return events.length;
    });
  }

  /** Those of them that there are, as they are afterwards. */
  async #closeBatch(
    ids: readonly string[],
    applicationId: string | undefined,
  ): Promise<readonly MaskingSession[]> {
    return await inTransaction(this.#db, this.#tools, async (trx) => {
      let query = this.#rows(trx).where(sql<boolean>`id = any (${textArray(ids)})`);
      if (applicationId !== undefined) query = query.where('application_id', '=', applicationId);
      // In one order, so that two who close the same ones do not wait for each other.
      const held = (await query.orderBy('id').forUpdate().execute()).map(({ id }) => id);
      const events = await closeSessions(trx, held, 'asked', this.#now());
      await appendEvents(trx, this.#tools.random, events);
      const there = await this.#rows(trx)
        .where(sql<boolean>`id = any (${textArray(held)})`)
        .execute();
      return await readSessions(trx, this.#tools.vault, there, this.#now());
    });
  }

  #now(): Date {
    return new Date(this.#tools.clock.now());
  }

  #rows(db: Kysely<Schema>) {
    return db.selectFrom('masking_sessions').selectAll().select(inCall.as('in_call'));
  }

  async #find(
    db: Kysely<Schema>,
    id: string,
    applicationId: string | undefined,
    hold: boolean,
  ): Promise<MaskingSession | undefined> {
    let query = this.#rows(db).where('id', '=', id);
    if (applicationId !== undefined) query = query.where('application_id', '=', applicationId);
    if (hold) query = query.forUpdate();
    return (await readSessions(db, this.#tools.vault, await query.execute(), this.#now()))[0];
  }

  async #read(
    db: Kysely<Schema>,
    id: string,
    applicationId: string | undefined,
  ): Promise<MaskingSession | undefined> {
    return await this.#find(db, id, applicationId, false);
  }

  /** Nobody else changes it before this transaction ends. */
  async #hold(trx: Kysely<Schema>, id: string, applicationId: string | undefined): Promise<MaskingSession> {
    const found = await this.#find(trx, id, applicationId, true);
    if (found === undefined) throw unknownSession();
    return found;
  }

  async #there(trx: Kysely<Schema>, id: string): Promise<MaskingSession> {
    return (await this.#read(trx, id, undefined)) as MaskingSession;
  }

  /** Of a party, or a service number that one has. */
  #withNumber(number: PhoneNumber) {
    const indexes = sql.join(this.#tools.vault.indexesOf(number));
    return withParty(sql`p.person_id in (select id from people where number_index in (${indexes}))
      or p.number_id in (select id from numbers where kind = 'service' and number_index in (${indexes}))`);
  }
}

function withParty(condition: ReturnType<typeof sql>) {
  return sql<boolean>`masking_sessions.id in (select p.session_id from masking_parties p where ${condition})`;
}

function unknownSession(): MaskingError {
  return new MaskingError('masking/unknown-session', 'There is no such session.');
}

async function outcomeOf(creating: Promise<MaskingSession>): Promise<MaskingSession | MaskingError> {
  try {
    return await creating;
  } catch (error) {
    if (error instanceof MaskingError) return error;
    throw error;
  }
}

function writeCursor(at: Date, id: string): string {
  return Buffer.from(`${at.getTime()} ${id}`).toString('base64url');
}

function readCursor(cursor: string): { readonly at: string; readonly id: string } {
  const match = /^(\d{1,13}) (ms_[\w-]{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match === null) throw new InvalidCursor();
  return { at: new Date(Number(match[1])).toISOString(), id: match[2] ?? '' };
}
