import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { IdempotencyStore, Replay } from '../http/ports.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Schema } from './schema.ts';

/** How long a key is remembered, milliseconds. */
const KEPT_MS = 24 * 60 * 60 * 1_000;

/**
 * Remembers requests by their Idempotency-Key (draft-ietf-httpapi-idempotency-key-header), per API key. A row without a
 * status is a request that has begun: if its process died there, nobody knows whether a phone has rung, and the row
 * keeps a second request from making it ring again (PITFALLS row 39).
 */
export class SqlIdempotencyStore implements IdempotencyStore {
  readonly #db: Kysely<Schema>;
  readonly #clock: Clock;

  constructor(db: Kysely<Schema>, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async begin(apiKeyId: string, key: string, requestHash: string): Promise<Replay> {
    const now = this.#clock.now();
    await this.#db
      .deleteFrom('idempotency_keys')
      .where('created_at', '<', new Date(now - KEPT_MS))
      .execute();
    const inserted = await this.#db
      .insertInto('idempotency_keys')
      .values({
        api_key_id: apiKeyId,
        key_hash: hashOf(key),
        request_hash: requestHash,
        status: null,
        body: null,
        created_at: new Date(now),
      })
      .onConflict((conflict) => conflict.doNothing())
      .returning('key_hash')
      .executeTakeFirst();
    if (inserted !== undefined) return { kind: 'first' };
    const row = await this.#db
      .selectFrom('idempotency_keys')
      .selectAll()
      .where('api_key_id', '=', apiKeyId)
      .where('key_hash', '=', hashOf(key))
      .executeTakeFirst();
    // It was released between the two statements: the other request did nothing, and may be sent again later.
    if (row === undefined) return { kind: 'unfinished' };
    if (row.request_hash !== requestHash) return { kind: 'other-request' };
    if (row.status === null) return { kind: 'unfinished' };
    return { kind: 'answered', status: row.status, body: row.body };
  }

  async finish(
    apiKeyId: string,
    key: string,
    answer: { readonly status: number; readonly body: unknown },
  ): Promise<void> {
    await this.#db
      .updateTable('idempotency_keys')
      .set({ status: answer.status, body: JSON.stringify(answer.body) })
      .where('api_key_id', '=', apiKeyId)
      .where('key_hash', '=', hashOf(key))
      .execute();
  }

  async release(apiKeyId: string, key: string): Promise<void> {
    await this.#db
      .deleteFrom('idempotency_keys')
      .where('api_key_id', '=', apiKeyId)
      .where('key_hash', '=', hashOf(key))
      .where('status', 'is', null)
      .execute();
  }
}

/** A client may put anything into its key, a number too. */
function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url');
}
