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

interface KeyPlace {
  readonly db: Kysely<Schema>;
  readonly dataFolder: string;
  readonly key: string | undefined;
  readonly keyFile: string | undefined;
  readonly random: Random;
}

/**
 * Finds the key (`key`, else the file, else a fresh file for an empty database) and proves that it fits the data.
 * Throws `storage/key-missing` or `storage/key-wrong` before anything is written.
 */
export async function openVault(options: KeyPlace): Promise<Vault> {
  const { random } = options;
  return await options.db.transaction().execute(async (trx) => {
    // Two nodes that start together on a new database must not both make a key.
    await sql`select pg_advisory_xact_lock(7210428)`.execute(trx);
    const { checks, given } = await provenKey({ ...options, db: trx });
    const vault = new Vault(given ?? createKeyFile(pathOf(options), random), random);
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

/** Proves that the key fits the data, as `openVault` does, and changes nothing. Rejects as it does. */
export async function checkVault(place: KeyPlace): Promise<void> {
  await provenKey(place);
}

/** The key that was given, if any, proven; and what the database holds to prove keys by. */
async function provenKey(place: KeyPlace) {
  const checks = await place.db.selectFrom('meta').selectAll().where('name', 'like', `${CHECK}%`).execute();
  const path = pathOf(place);
  const given: KeyRing | undefined = place.key === undefined ? readKeyFile(path) : parseKeyRing(place.key);
  if (given === undefined) {
    if (checks.length > 0) throw new StorageError('storage/key-missing', `${path} is not there.`);
    return { checks, given };
  }
  const vault = new Vault(given, place.random);
  for (const check of checks) prove(vault, check.name.slice(CHECK.length), check.value);
  return { checks, given };
}

function pathOf({ keyFile, dataFolder }: Pick<KeyPlace, 'keyFile' | 'dataFolder'>): string {
  return keyFile ?? join(dataFolder, 'maskline.key');
}

function prove(vault: Vault, keyId: string, value: string): void {
  try {
    if (vault.open(value, CHECK + keyId) === KNOWN) return;
  } catch (error) {
    if (error instanceof StorageError && error.code === 'storage/key-missing') throw error;
  }
  throw new StorageError('storage/key-wrong', `The key "${keyId}" is another one.`);
}
