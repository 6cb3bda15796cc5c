import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { IdempotencyStore, Replay } from '../http/ports.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';

const PLACE = 'idempotency_keys.body';
/** How long a key is remembered, milliseconds. */
const KEPT_MS = 24 * 60 * 60 * 1_000;

/**
 * Remembers requests by their Idempotency-Key (draft-ietf-httpapi-idempotency-key-header), per API key. A row without a
 * status is a request that has begun: if its process died there, nobody knows whether a phone has rung, and the row
 * keeps a second request from making it ring again (PITFALLS row 39).
 */
export class SqlIdempotencyStore implements IdempotencyStore {
  readonly #db: Kysely<Schema>;
  readonly #vault: Vault;
  readonly #clock: Clock;

  /** Answers are sealed: one to a key that may read numbers holds numbers. */
  constructor(db: Kysely<Schema>, vault: Vault, clock: Clock) {
    this.#db = db;
    this.#vault = vault;
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
        body_sealed: null,
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
    const body: unknown =
      row.body_sealed === null ? null : JSON.parse(this.#vault.open(row.body_sealed, PLACE));
    return { kind: 'answered', status: row.status, body };
  }

  async finish(
    apiKeyId: string,
    key: string,
    answer: { readonly status: number; readonly body: unknown },
  ): Promise<void> {
    await this.#db
      .updateTable('idempotency_keys')
      .set({
        status: answer.status,
        body_sealed: this.#vault.seal(JSON.stringify(answer.body ?? null), PLACE),
      })
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
