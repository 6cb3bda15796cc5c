import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Random } from '../kernel/random.ts';
import { StorageError } from './errors.ts';

/**
 * Keys by id. All of them open, so that a new key can be added and old rows still be read. The last one seals in a new
 * database; after that the database says which one does (`open-vault.ts`), for all nodes at once.
 */
export interface KeyRing {
  readonly currentId: string;
  readonly keys: ReadonlyMap<string, Uint8Array>;
}

/** Bytes of a key: AES-256 and HMAC-SHA-256 keys are derived from it. */
const KEY_BYTES = 32;

/** Reads `id:base64` lines. A single line without an id is the key `k1`. Throws `storage/key-invalid`. */
export function parseKeyRing(text: string): KeyRing {
  const keys = new Map<string, Uint8Array>();
  let currentId = '';
  for (const line of text.split(/[\r\n,]+/)) {
    const entry = line.trim();
    if (entry === '' || entry.startsWith('#')) continue;
    const match = /^(?:([A-Za-z0-9_-]{1,16}):)?([A-Za-z0-9+/_-]+={0,2})$/.exec(entry);
    const bytes = Buffer.from(match?.[2] ?? '', 'base64');
    if (match === null || bytes.length !== KEY_BYTES) {
      throw new StorageError('storage/key-invalid', `Line ${keys.size + 1} is not a key.`);
    }
    currentId = match[1] ?? 'k1';
    if (keys.has(currentId))
      throw new StorageError('storage/key-invalid', `The id ${currentId} is there twice.`);
    keys.set(currentId, bytes);
  }
  if (keys.size === 0) throw new StorageError('storage/key-invalid', 'It is empty.');
  return { currentId, keys };
}

/** The key ring of an existing file; undefined when there is no such file. */
export function readKeyFile(path: string): KeyRing | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return parseKeyRing(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof StorageError) throw error;
    throw new StorageError('storage/key-invalid', `${path} cannot be read.`, { cause: error });
  }
}

/** Makes a key file with one fresh key, readable by its owner alone. Fails when the file is there already. */
export function createKeyFile(path: string, random: Random): KeyRing {
  const text = `# Maskline seals telephone numbers and secrets with this key. Keep a copy in a safe place:\n# without it they cannot be read again.\n${freshKeyLine([], random)}\n`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, text, { flag: 'wx', mode: 0o600, flush: true });
  return parseKeyRing(text);
}

/** `id:base64` of a fresh key, under the first of k1, k2, … above all that are taken. */
export function freshKeyLine(taken: Iterable<string>, random: Random): string {
  const numbers = [...taken].map((id) => Number(/^k(\d{1,9})$/.exec(id)?.[1] ?? 0));
  const id = `k${Math.max(0, ...numbers) + 1}`;
  return `${id}:${Buffer.from(random.bytes(KEY_BYTES)).toString('base64')}`;
}

/**
 * Adds a line to a key file, whole or not at all: a file of which half is written would keep every node from starting. Throws
 * `storage/key-invalid` when the file cannot be written.
 */
export function appendToKeyFile(path: string, line: string): void {
  try {
    const before = readFileSync(path, 'utf8');
    const unfinished = `${path}.new`;
    const text = `${before}${before.endsWith('\n') ? '' : '\n'}${line}\n`;
    writeFileSync(unfinished, text, { mode: statSync(path).mode & 0o777, flush: true });
    renameSync(unfinished, path);
  } catch (error) {
    throw new StorageError('storage/key-invalid', `${path} cannot be written.`, { cause: error });
  }
}
