import { type Static, type TSchema, Type } from 'typebox';
import { askNodeFor, type RunningNode } from './ask-node.ts';
import type { NewKey } from './keys.ts';
import type { Account } from './keys-credentials.ts';

const Key = Type.Object({
  id: Type.String(),
  name: Type.String(),
  prefix: Type.String(),
  scopes: Type.Array(Type.String()),
  application: Type.Optional(Type.String()),
  createdAt: Type.String(),
  revokedAt: Type.Optional(Type.String()),
});
const MadeKey = Type.Object({ ...Key.properties, secret: Type.String() });
const MadeAccount = Type.Object({
  ...Key.properties,
  account: Type.Object({ id: Type.Integer(), email: Type.String() }),
});
const Keys = Type.Object({ items: Type.Array(Key) });

/** A key as the command shows it, from wherever it comes. */
export type KeyLine = Static<typeof Key>;

/** The keys of a running node, by its API; needs a key with the scope `keys:write`. */
export class KeysOverHttp {
  readonly #node: RunningNode;

  constructor(url: string, secret: string) {
    this.#node = { url, secret };
  }

  async create(key: NewKey): Promise<{ readonly key: KeyLine; readonly secret: string }> {
    const made = await this.#ask('POST', '/v1/keys', MadeKey, key);
    return { key: made, secret: made.secret };
  }

  async createServiceAccount(
    key: NewKey,
    publicKey: string,
  ): Promise<{ readonly key: KeyLine; readonly account: Account }> {
    const made = await this.#ask('POST', '/v1/keys', MadeAccount, { ...key, publicKey });
    return { key: made, account: made.account };
  }

  async list(): Promise<readonly KeyLine[]> {
    return (await this.#ask('GET', '/v1/keys', Keys)).items;
  }

  async revoke(id: string): Promise<boolean> {
    // The API takes ids; a person may have typed the visible beginning.
    const found = (await this.list()).find(
      (key) => (key.id === id || key.prefix === id) && key.revokedAt === undefined,
    );
    if (found === undefined) return false;
    await this.#ask('DELETE', `/v1/keys/${encodeURIComponent(found.id)}`, Type.Null());
    return true;
  }

  #ask<T extends TSchema>(method: string, path: string, schema: T, body?: object): Promise<Static<T>> {
    return askNodeFor(schema, this.#node, method, path, body);
  }
}
