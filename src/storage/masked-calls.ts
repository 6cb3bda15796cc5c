import { type Kysely, sql } from 'kysely';
import type { BeginRefusal, MaskedCallStore } from '../masking/ports.ts';
import type { ClosedReason } from '../masking/types.ts';
import { appendEvents } from './append-events.ts';
import { beginCall } from './masked-call-begin.ts';
import { setExpiry } from './masking-change.ts';
import { closeSessions } from './masking-close.ts';
import { inTransaction } from './masking-retry.ts';
import { readRules } from './masking-session-rows.ts';
import { type MaskingTools, secondsAfter } from './masking-tools.ts';
import type { Schema } from './schema.ts';

const USED_UP: ClosedReason = 'calls-used-up';

/** Calls of masking sessions, as far as sessions and fences need them: how many, since when, between whom. */
export class SqlMaskedCalls implements MaskedCallStore {
  readonly #db: Kysely<Schema>;
  readonly #tools: MaskingTools;
  readonly #node: string;

  /** @param node the name under which this node's calls are found again after it died. */
  constructor(db: Kysely<Schema>, tools: MaskingTools, node: string) {
    this.#db = db;
    this.#tools = tools;
    this.#node = node;
  }

  async begin(...[call, terms]: Parameters<MaskedCallStore['begin']>): Promise<BeginRefusal | undefined> {
    return await beginCall(this.#db, this.#tools, { ...call, ...terms, node: this.#node });
  }

  async answered(id: string): Promise<void> {
    const now = this.#now();
    await inTransaction(this.#db, this.#tools, async (trx) => {
      const call = await trx
        .updateTable('masking_calls')
        .set({ answered_at: now })
        .where('id', '=', id)
        .where('answered_at', 'is', null)
        .where('ended_at', 'is', null)
        .returning('session_id')
        .executeTakeFirst();
      if (call !== undefined && call.session_id !== null) await this.#count(trx, call.session_id, now);
    });
  }

  async ended(
    id: string,
    outcome: { readonly answered: boolean; readonly seconds: number; readonly status: number },
  ): Promise<void> {
    const now = this.#now();
    await inTransaction(this.#db, this.#tools, async (trx) => {
      const call = await trx
        .selectFrom('masking_calls')
        .select(['session_id', 'answered_at'])
        .where('id', '=', id)
        .where('ended_at', 'is', null)
        .forUpdate()
        .executeTakeFirst();
      if (call === undefined) return;
      // That it was answered may have been told too late, or not at all.
      const untold = outcome.answered && call.answered_at === null;
      const answeredAt = new Date(now.getTime() - outcome.seconds * 1000);
      await trx
        .updateTable('masking_calls')
        .set({ ended_at: now, seconds: Math.round(outcome.seconds), status: outcome.status })
        .$if(untold, (query) => query.set({ answered_at: answeredAt }))
        .where('id', '=', id)
        .execute();
      if (call.session_id === null) return;
      if (untold) await this.#count(trx, call.session_id, now);
      await this.#closeUsedUp(trx, [call.session_id], now);
    });
  }

  async recover(node: string): Promise<number> {
    const now = this.#now();
    return await inTransaction(this.#db, this.#tools, async (trx) => {
      const rows = await trx
        .updateTable('masking_calls')
        .set({ ended_at: now })
        .where('node', '=', node)
        .where('ended_at', 'is', null)
        .returning('session_id')
        .execute();
      const sessions = rows.flatMap(({ session_id }) => session_id ?? []);
      await this.#closeUsedUp(trx, [...new Set(sessions)], now);
      return rows.length;
    });
  }

  #now(): Date {
    return new Date(this.#tools.clock.now());
  }

  /** One more answered call; a sliding expiry begins anew, unless it is past, or later already: who has extended it meant so. */
  async #count(trx: Kysely<Schema>, sessionId: string, now: Date): Promise<void> {
    const row = await trx
      .updateTable('masking_sessions')
      .set((eb) => ({ calls: eb('calls', '+', 1) }))
      .where('id', '=', sessionId)
      .returning(['rules', 'status', 'expires_at'])
      .executeTakeFirst();
    if (row === undefined || row.status !== 'open' || row.expires_at <= now) return;
    const { sliding, ttlSeconds } = readRules(row.rules);
    if (!sliding || ttlSeconds === undefined) return;
    const expiresAt = secondsAfter(now, ttlSeconds);
    if (expiresAt > row.expires_at) await setExpiry(trx, sessionId, expiresAt, now);
  }

  /** Those of which no call is up any more. Held in one order, so that no two transactions wait for each other. */
  async #closeUsedUp(trx: Kysely<Schema>, sessionIds: readonly string[], now: Date): Promise<void> {
    if (sessionIds.length === 0) return;
    await trx
      .selectFrom('masking_sessions')
      .select('id')
      .where('id', 'in', sessionIds)
      .orderBy('id')
      .forUpdate()
      .execute();
    const { rows } = await sql<{ readonly id: string }>`
      select s.id from masking_sessions s
       where s.id in (${sql.join(sessionIds)}) and s.status = 'open' and s.calls >= (s.rules->>'maxCalls')::int
         and not exists (select from masking_calls c where c.session_id = s.id and c.ended_at is null)`.execute(
      trx,
    );
    const events = await closeSessions(
      trx,
      rows.map((row) => row.id),
      USED_UP,
      now,
    );
    await appendEvents(trx, this.#tools.random, events);
  }
}
