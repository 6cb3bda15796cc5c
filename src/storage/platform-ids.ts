import type { Kysely } from 'kysely';
import type { Numbered, PlatformIds } from '../platform-api/ports.ts';
import type { Schema } from './schema.ts';

/** Pairs that are remembered; a pair never changes. The one learnt first goes first. */
const MAX_KNOWN = 20_000;
/** Of one statement: a page of call history names some thousands of legs. */
const CHUNK = 1_000;

/** Numbers for our ids, given out when they are first asked for. */
export class SqlPlatformIds implements PlatformIds {
  readonly #db: Kysely<Schema>;
  readonly #known = new Map<string, number>();

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  async numbers(kind: Numbered, refs: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const out = new Map<string, number>();
    const unknown = new Set<string>();
    for (const ref of refs) {
      const number = this.#known.get(`${kind} ${ref}`);
      if (number === undefined) unknown.add(ref);
      else out.set(ref, number);
    }
    const wanted = [...unknown];
    for (let at = 0; at < wanted.length; at += CHUNK) {
      for (const row of await this.#give(kind, wanted.slice(at, at + CHUNK))) {
        out.set(row.ref, row.number);
        this.#learn(kind, row);
      }
    }
    return out;
  }

  async refs(kind: Numbered, numbers: readonly number[]): Promise<ReadonlyMap<number, string>> {
    const out = new Map<number, string>();
    for (let at = 0; at < numbers.length; at += CHUNK) {
      const rows = await this.#db
        .selectFrom('platform_ids')
        .select(['ref', 'number'])
        .where('kind', '=', kind)
        .where('number', 'in', numbers.slice(at, at + CHUNK))
        .execute();
      for (const row of rows) out.set(row.number, row.ref);
    }
    return out;
  }

  /** Two statements: what another node gives at the same moment is seen by the second. */
  async #give(kind: Numbered, refs: readonly string[]): Promise<{ ref: string; number: number }[]> {
    const find = async (wanted: readonly string[]) =>
      await this.#db
        .selectFrom('platform_ids')
        .select(['ref', 'number'])
        .where('kind', '=', kind)
        .where('ref', 'in', wanted)
        .execute();
    const found = await find(refs);
    const missing = new Set(refs);
    for (const { ref } of found) missing.delete(ref);
    if (missing.size === 0) return found;
    await this.#db
      .insertInto('platform_ids')
      .values([...missing].map((ref) => ({ kind, ref })))
      .onConflict((conflict) => conflict.columns(['kind', 'ref']).doNothing())
      .execute();
    return [...found, ...(await find([...missing]))];
  }

  #learn(kind: Numbered, { ref, number }: { readonly ref: string; readonly number: number }): void {
    this.#known.set(`${kind} ${ref}`, number);
    const oldest = this.#known.size > MAX_KNOWN ? this.#known.keys().next().value : undefined;
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}
