import { type ApiKey, SCOPES, type Scope } from '../http/ports.ts';
import type { Storage } from '../storage/storage.ts';

/** What these functions need of a storage. */
type KeyStorage = Pick<Storage, 'apiKeys' | 'admin'>;

export interface NewKey {
  /** For people. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Name or id of the only application that the key sees; without one it sees all. */
  readonly application?: string;
}

/** Makes a key. The secret is in the answer and nowhere else. Rejects when there is no such application. */
export async function createKey(
  storage: KeyStorage,
  { name, scopes, application }: NewKey,
): Promise<{ readonly key: ApiKey; readonly secret: string }> {
  const applicationId = application === undefined ? undefined : applicationNamed(storage, application);
  return await storage.apiKeys.create({ name, scopes, applicationId });
}

/** Makes a service account: a key that signs tokens. Its private half stays with whoever made the pair. */
export async function createServiceAccount(
  storage: KeyStorage,
  { name, scopes, application }: NewKey,
  publicKey: string,
): Promise<ApiKey> {
  const applicationId = application === undefined ? undefined : applicationNamed(storage, application);
  return await storage.apiKeys.createServiceAccount({ name, scopes, applicationId, publicKey });
}

/** All keys, revoked ones too, oldest first. */
export async function listKeys(storage: KeyStorage): Promise<readonly ApiKey[]> {
  return await storage.apiKeys.list();
}

/** Takes the id or the visible beginning of a key. Says whether there was such a live key. */
export async function revokeKey(storage: KeyStorage, idOrPrefix: string): Promise<boolean> {
  return await storage.apiKeys.revoke(idOrPrefix);
}

/** Reads `calls:read,numbers:read`, or `all`. Throws with the list of scopes. */
export function readScopes(text: string): readonly Scope[] {
  if (text.trim() === 'all') return SCOPES;
  const asked = text.split(',').map((one) => one.trim());
  const known = SCOPES.filter((scope) => asked.includes(scope));
  const unknown = asked.filter((one) => !known.some((scope) => scope === one));
  if (unknown.length === 0) return known;
  throw withHint(`There is no scope "${unknown.join(', ')}".`, `There are: ${SCOPES.join(', ')}; or all.`);
}

function applicationNamed({ admin }: KeyStorage, named: string): string {
  const applications = admin.applications();
  const found = applications.find(({ id, name }) => id === named || name === named);
  if (found !== undefined) return found.id;
  const names = applications.map(({ name }) => name).join(', ');
  throw withHint(`There is no application "${named}".`, `There are: ${names || 'none'}.`);
}

/** An error that `maskline.ts` prints with what to do. */
function withHint(message: string, hint: string): Error {
  return Object.assign(new Error(message), { hint });
}
