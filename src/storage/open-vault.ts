import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import type { Random } from '../kernel/random.ts';
import { StorageError } from './errors.ts';
import { createKeyFile, type KeyRing, parseKeyRing, readKeyFile } from './key-ring.ts';
import type { Schema } from './schema.ts';
import { Vault } from './vault.ts';

const CHECK = 'vault.check.';
/** A row of `meta` per key holds this, sealed: a key that opens it is the key that the data was sealed with. */
const KNOWN = 'maskline';

/**
 * Finds the key (`key`, else the file, else a fresh file for an empty database) and proves that it fits the data.
 * Throws `storage/key-missing` or `storage/key-wrong` before anything is written.
 */
export async function openVault(options: {
  readonly db: Kysely<Schema>;
  readonly dataFolder: string;
  readonly key: string | undefined;
  readonly keyFile: string | undefined;
  readonly random: Random;
}): Promise<Vault> {
  const path = options.keyFile ?? join(options.dataFolder, 'maskline.key');
  return await options.db.transaction().execute(async (trx) => {
    // Two nodes that start together on a new database must not both make a key.
    await sql`select pg_advisory_xact_lock(7210428)`.execute(trx);
    const checks = await trx.selectFrom('meta').selectAll().where('name', 'like', `${CHECK}%`).execute();
    const given = options.key === undefined ? readKeyFile(path) : parseKeyRing(options.key);
    if (given === undefined && checks.length > 0) {
      throw new StorageError('storage/key-missing', `${path} is not there.`);
    }
    const ring: KeyRing = given ?? createKeyFile(path, options.random);
    const vault = new Vault(ring, options.random);
    for (const check of checks) prove(vault, check.name.slice(CHECK.length), check.value);
    for (const id of vault.keyIds) {
      if (checks.some((check) => check.name === CHECK + id)) continue;
      const value = vault.seal(KNOWN, CHECK + id, id);
      await trx
        .insertInto('meta')
        .values({ name: CHECK + id, value })
        .execute();
    }
    return vault;
  });
}

function prove(vault: Vault, keyId: string, value: string): void {
  try {
    if (vault.open(value, CHECK + keyId) === KNOWN) return;
  } catch (error) {
    if (error instanceof StorageError && error.code === 'storage/key-missing') throw error;
  }
  throw new StorageError('storage/key-wrong', `The key "${keyId}" is another one.`);
}
