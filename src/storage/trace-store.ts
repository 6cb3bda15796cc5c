import { type Kysely, sql } from 'kysely';
import type { CallTrace, TraceBatch, TracedMessage, TraceStore } from '../trace/ports.ts';
import { pack, rowsInTurns, unpack } from './packed.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';

const PLACE = 'call_traces.sealed';

/** SIP traces in the database: one row per leg and flush, packed and sealed as a whole, since anything in it may be a number. */
export class SqlTraceStore implements TraceStore {
  readonly #db: Kysely<Schema>;
  readonly #vault: Vault;

  constructor(db: Kysely<Schema>, vault: Vault) {
    this.#db = db;
    this.#vault = vault;
  }

  async append(batches: readonly TraceBatch[]): Promise<void> {
    if (batches.length === 0) return;
    const rows = await rowsInTurns(batches, async ({ id, sessionId, legId, messages, omitted }) => {
      const kept = JSON.stringify({ messages: messages.map(({ legId: _, ...rest }) => rest), omitted });
      const sealed = this.#vault.seal(await pack(kept), PLACE);
      const at = new Date(messages[0]?.at ?? 0);
      return { id, session_id: sessionId, leg_id: legId, at, bytes: sealed.length, sealed };
    });
    const dated = rows.map((row) => (row.at.getTime() === 0 ? { ...row, at: sql<Date>`now()` } : row));
    await this.#db
      .insertInto('call_traces')
      .values(dated)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  async read(sessionId: string): Promise<CallTrace> {
    const rows = await this.#db
      .selectFrom('call_traces')
      .select(['leg_id', 'sealed'])
      .where('session_id', '=', sessionId)
      .orderBy('at')
      .execute();
    const messages: TracedMessage[] = [];
    let omitted = 0;
    for (const { leg_id: legId, sealed } of rows) {
      // Written by `append`, and opened by the vault only if it is still so.
      const kept = JSON.parse(await unpack(this.#vault.open(sealed, PLACE))) as CallTrace;
      messages.push(...kept.messages.map((message) => ({ ...message, legId })));
      omitted += kept.omitted;
    }
    return { messages: messages.sort((a, b) => a.at - b.at), omitted };
  }

  async purge(before: number, totalBytes: number): Promise<number> {
    const old = await this.#db
      .deleteFrom('call_traces')
      .where('at', '<', new Date(before))
      .executeTakeFirst();
    const beyond = await sql`
      delete from call_traces where id in (
        select id from (
          select id, sum(bytes) over (order by at desc, id) as running from call_traces
        ) newest where running > ${totalBytes})`.execute(this.#db);
    return Number(old.numDeletedRows) + Number(beyond.numAffectedRows ?? 0);
  }
}
