import { type Static, type TSchema, Type } from 'typebox';
import Value from 'typebox/value';
import type { NewKey } from './keys.ts';

/** How long a node may take to answer, milliseconds. */
const TIMEOUT_MS = 10_000;

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
const Keys = Type.Object({ items: Type.Array(Key) });
const Problem = Type.Object({ detail: Type.String(), hint: Type.String() });

/** A key as the command shows it, from wherever it comes. */
export type KeyLine = Static<typeof Key>;

/** The keys of a running node, by its API; needs a key with the scope `keys:write`. */
export class KeysOverHttp {
  readonly #url: string;
  readonly #secret: string;

  constructor(url: string, secret: string) {
    this.#url = url.replace(/\/+$/, '');
    this.#secret = secret;
  }

  async create(key: NewKey): Promise<{ readonly key: KeyLine; readonly secret: string }> {
    const made = await this.#ask('POST', '/v1/keys', MadeKey, key);
    return { key: made, secret: made.secret };
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

  async #ask<T extends TSchema>(method: string, path: string, schema: T, body?: object): Promise<Static<T>> {
    const response = await fetch(this.#url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.#secret}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    const answer: unknown = text === '' ? null : parse(text);
    if (response.ok && Value.Check(schema, answer)) return answer;
    const hint = Value.Check(Problem, answer) ? answer.hint : 'Is that the address of a Maskline node?';
    const detail = Value.Check(Problem, answer) ? answer.detail : `${this.#url} answered ${response.status}.`;
    throw Object.assign(new Error(detail), { hint });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
