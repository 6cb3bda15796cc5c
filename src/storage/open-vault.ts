import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import type { Random } from '../kernel/random.ts';
import { StorageError } from './errors.ts';
import { createKeyFile, type KeyRing, parseKeyRing, readKeyFile } from './key-ring.ts';
import type { Schema } from './schema.ts';
import { Vault } from './vault.ts';

/** A row of `meta` per key holds `KNOWN`, sealed: a key that opens it is the key that the data was sealed with. */
export const CHECK = 'vault.check.';
/** The same for a key that no row needs any more. It may be absent; another key of that id is refused all the same. */
export const RETIRED = 'vault.retired.';
/** Names the key that seals, for all nodes. */
export const CURRENT = 'vault.current';
const KNOWN = 'maskline';
/** Held while keys are made, and while it changes which one seals. */
export const VAULT_LOCK = 7_210_428;

/** Where the key ring is: its text (MASKLINE_KEY), or a file. */
export interface KeySource {
  readonly dataFolder: string;
  readonly key: string | undefined;
  readonly keyFile: string | undefined;
}

interface KeyPlace extends KeySource {
  readonly db: Kysely<Schema>;
  readonly random: Random;
}

/**
 * Finds the key (`key`, else the file, else a fresh file for an empty database) and proves that it fits the data.
 * Throws `storage/key-missing` or `storage/key-wrong` before anything is written.
 */
export async function openVault(options: KeyPlace): Promise<Vault> {
  return await options.db.transaction().execute(async (trx) => {
    // Two nodes that start together on a new database must not both make a key.
    await sql`select pg_advisory_xact_lock(${sql.lit(VAULT_LOCK)})`.execute(trx);
    const { given } = await provenKey({ ...options, db: trx });
    const ring = given ?? createKeyFile(keyPath(options), options.random);
    const vault = new Vault(ring, options.random);
    await introduce(trx, vault, ring, options.random);
    return vault;
  });
}

/**
 * Lets the vault have a ring: keys that the database has not met get their proof, and the key seals that the database names,
 * in a new one the last of the ring. Within a transaction that holds `VAULT_LOCK`. Throws as `openVault`.
 */
export async function introduce(
  trx: Kysely<Schema>,
  vault: Vault,
  ring: KeyRing,
  random: Random,
): Promise<void> {
  const known = await proofs(trx);
  prove(new Vault(ring, random), known);
  const { current } = known;
  vault.use({ keys: ring.keys, currentId: current ?? ring.currentId });
  if (current === undefined)
    await trx.insertInto('meta').values({ name: CURRENT, value: ring.currentId }).execute();
  for (const id of ring.keys.keys()) {
    if (known.all.some(({ keyId }) => keyId === id)) continue;
    await trx
      .insertInto('meta')
      .values({ name: CHECK + id, value: vault.seal(KNOWN, CHECK + id, id) })
      .execute();
  }
}

/** Proves that the key fits the data, as `openVault` does, and changes nothing. Rejects as it does. */
export async function checkVault(place: KeyPlace): Promise<void> {
  await provenKey(place);
}

/** The ring as it stands in its source now; undefined when there is no such file. Throws `storage/key-invalid`. */
export function readRing(source: KeySource): KeyRing | undefined {
  return source.key === undefined ? readKeyFile(keyPath(source)) : parseKeyRing(source.key);
}

export function keyPath({ keyFile, dataFolder }: Pick<KeySource, 'keyFile' | 'dataFolder'>): string {
  return keyFile ?? join(dataFolder, 'maskline.key');
}

/** The key that was given, if any, proven. */
async function provenKey(place: KeyPlace): Promise<{ readonly given: KeyRing | undefined }> {
  const known = await proofs(place.db);
  const given = readRing(place);
  if (given !== undefined) prove(new Vault(given, place.random), known);
  else if (known.all.length > 0)
    throw new StorageError('storage/key-missing', `${keyPath(place)} is not there.`);
  return { given };
}

interface Proof {
  readonly keyId: string;
  readonly place: string;
  readonly sealed: string;
  readonly retired: boolean;
}

async function proofs(db: Kysely<Schema>) {
  const rows = await db.selectFrom('meta').selectAll().where('name', 'like', 'vault.%').execute();
  const all = rows.flatMap(({ name, value }): Proof[] => {
    const prefix = [CHECK, RETIRED].find((one) => name.startsWith(one));
    if (prefix === undefined) return [];
    const keyId = name.slice(prefix.length);
    return [{ keyId, place: CHECK + keyId, sealed: value, retired: prefix === RETIRED }];
  });
  return { all, current: rows.find(({ name }) => name === CURRENT)?.value };
}

function prove(vault: Vault, { all }: { readonly all: readonly Proof[] }): void {
  for (const { keyId, place, sealed, retired } of all) {
    if (retired && !vault.keyIds.includes(keyId)) continue;
    let opened: string | undefined;
    try {
      opened = vault.open(sealed, place);
    } catch (error) {
      if (error instanceof StorageError && error.code === 'storage/key-missing') throw error;
    }
    if (opened !== KNOWN) throw new StorageError('storage/key-wrong', `The key "${keyId}" is another one.`);
  }
}
