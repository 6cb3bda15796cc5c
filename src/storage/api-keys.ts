import { createHash, timingSafeEqual } from 'node:crypto';
import type { Insertable, Kysely, Selectable } from 'kysely';
import { type ApiKey, type ApiKeys, SCOPES, type Scope, type ServiceAccount } from '../http/ports.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import { StorageError, sqlState } from './errors.ts';
import type { Schema } from './schema.ts';

/** `mk_` and 256 random bits. With that much entropy a plain SHA-256 cannot be searched; a slow hash adds nothing. */
const FORM = /^mk_[A-Za-z0-9_-]{43}$/;
/** What stays visible of a key: the mark and six characters. */
const PREFIX_LENGTH = 9;

/** API keys. Only hashes are stored: a key is shown once, when it is made. */
export class ApiKeyStore implements ApiKeys {
  readonly #db: Kysely<Schema>;
  readonly #random: Random;
  readonly #clock: Clock;

  constructor(db: Kysely<Schema>, random: Random, clock: Clock) {
    this.#db = db;
    this.#random = random;
    this.#clock = clock;
  }

  async create(options: {
    readonly name: string;
    readonly scopes: readonly Scope[];
    readonly applicationId: string | undefined;
  }): Promise<{ readonly key: ApiKey; readonly secret: string }> {
    const secret = `mk_${Buffer.from(this.#random.bytes(32)).toString('base64url')}`;
    const row = {
      id: this.#random.uuid(),
      name: options.name,
      prefix: secret.slice(0, PREFIX_LENGTH),
      hash: hashOf(secret),
      scopes: [...new Set(options.scopes)],
      application_id: options.applicationId ?? null,
      created_at: new Date(this.#clock.now()),
      revoked_at: null,
    };
    await this.#insert(row);
    return { key: readKey(row), secret };
  }

  async createServiceAccount(options: {
    readonly name: string;
    readonly scopes: readonly Scope[];
    readonly applicationId: string | undefined;
    readonly publicKey: string;
  }): Promise<ApiKey> {
    const id = this.#random.uuid();
    const row = {
      id,
      name: options.name,
      prefix: id.slice(0, PREFIX_LENGTH - 1),
      // No secret has this hash: it has a colon.
      hash: `service-account:${id}`,
      scopes: [...new Set(options.scopes)],
      application_id: options.applicationId ?? null,
      created_at: new Date(this.#clock.now()),
      revoked_at: null,
      public_key: options.publicKey,
    };
    await this.#insert(row);
    return readKey(row);
  }

  async findServiceAccount(keyId: string): Promise<ServiceAccount | undefined> {
    const row = await this.#db
      .selectFrom('api_keys')
      .selectAll()
      .where('id', '=', keyId)
      .where('revoked_at', 'is', null)
      .where('public_key', 'is not', null)
      .executeTakeFirst();
    return row === undefined || row.public_key === null
      ? undefined
      : { key: readKey(row), publicKey: row.public_key };
  }

  async #insert(row: Insertable<Schema['api_keys']>): Promise<void> {
    try {
      await this.#db.insertInto('api_keys').values(row).execute();
    } catch (error) {
      if (sqlState(error) !== '23503') throw error;
      throw new StorageError('entry/unknown', 'The application is not there.', { cause: error });
    }
  }

  async find(secret: string): Promise<ApiKey | undefined> {
    if (!FORM.test(secret)) return undefined;
    const hash = hashOf(secret);
    const row = await this.#db
      .selectFrom('api_keys')
      .selectAll()
      .where('hash', '=', hash)
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    if (row === undefined || !timingSafeEqual(Buffer.from(row.hash), Buffer.from(hash))) return undefined;
    return readKey(row);
  }

  async list(): Promise<readonly ApiKey[]> {
    return (
      await this.#db.selectFrom('api_keys').selectAll().orderBy('created_at').orderBy('id').execute()
    ).map(readKey);
  }

  /** Takes the id or the visible prefix. Says whether there was such a live key. */
  async revoke(idOrPrefix: string): Promise<boolean> {
    const rows = await this.#db
      .updateTable('api_keys')
      .set({ revoked_at: new Date(this.#clock.now()) })
      .where((where) => where.or([where('id', '=', idOrPrefix), where('prefix', '=', idOrPrefix)]))
      .where('revoked_at', 'is', null)
      .returning('id')
      .execute();
    return rows.length > 0;
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

function readKey(row: Omit<Selectable<Schema['api_keys']>, 'hash' | 'public_key'>): ApiKey {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    scopes: SCOPES.filter((scope) => row.scopes.includes(scope)),
    applicationId: row.application_id ?? undefined,
    createdAt: row.created_at.getTime(),
    revokedAt: row.revoked_at?.getTime(),
  };
}
