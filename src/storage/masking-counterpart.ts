import { type Kysely, sql } from 'kysely';
import type { CounterpartStore } from '../masking/masking-service.ts';
import type { Schema } from './schema.ts';

/** With whom somebody has talked last, or tried to, on any node. */
export class SqlCounterparts implements CounterpartStore {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  async lastCounterpart(applicationId: string, person: string): Promise<string | undefined> {
    // Tokens belong to one application, so that both halves go along an index that begins with the person.
    const { rows } = await sql<{ readonly other: string }>`
      select other from (
        (select callee as other, started_at from masking_calls
          where caller = ${person} and application_id = ${applicationId} order by started_at desc limit 1)
        union all
        (select caller as other, started_at from masking_calls
          where callee = ${person} and application_id = ${applicationId} order by started_at desc limit 1)) as last
      order by started_at desc limit 1`.execute(this.#db);
    return rows[0]?.other;
  }
}
