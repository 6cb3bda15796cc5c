import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Random } from '../kernel/random.ts';
import { StorageError } from './errors.ts';

/** Keys by id. The last one seals; all of them open, so that a new key can be added and old rows still be read. */
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
  const key = Buffer.from(random.bytes(KEY_BYTES)).toString('base64');
  const text = `# Maskline seals telephone numbers and secrets with this key. Keep a copy in a safe place:\n# without it they cannot be read again.\nk1:${key}\n`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, text, { flag: 'wx', mode: 0o600, flush: true });
  return parseKeyRing(text);
}
