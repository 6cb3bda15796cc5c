/**
 * Statements of the embedded database. PGlite parses and plans a statement each time it is given one, in six steps of the
 * protocol; for what a call asks that is most of what it costs. Here a statement that comes a second time is prepared under a
 * name and is one step from then on: Bind, Execute and Sync in one message (PostgreSQL, "Message Flow", Extended Query).
 *
 * A plan is made for tables as they are, and the embedded database has nobody that says when they have grown. So a statement
 * is prepared anew after a while, and all of them after a change of the schema.
 */
import { type messages, type PGlite, parse, protocol } from '@electric-sql/pglite';

const { serialize } = protocol;

/** Prepared statements at once. Each holds some ten kilobytes in the database. */
const MOST = 256;
/** Texts that came once. */
const MOST_SEEN = 1_024;
/** A longer statement is one of many rows, which hardly comes again as it is. */
const LONGEST = 8_192;
/** Milliseconds after which a statement is planned anew. */
const PLAN_MS = 60_000;

/** Statements that are worth preparing. */
const PREPARED = /^\s*(?:select|insert|update|delete|with|begin|commit|rollback)\b/i;
/** Others that leave tables as they are. Whatever is neither may change them. */
const HARMLESS = /^\s*(?:explain|vacuum|analyze|checkpoint)\b/i;

export interface StatementResult {
  readonly rows: unknown[];
  readonly affected: number | undefined;
}

interface Prepared {
  readonly name: string;
  readonly preparedAt: number;
  /** Types of the parameters, as numbers of `pg_type`. */
  readonly types: readonly number[];
  /** Undefined: it has no rows. */
  readonly columns: messages.RowDescriptionMessage | undefined;
}

export class Statements {
  readonly #database: PGlite;
  readonly #now: () => number;
  /** By text, the one used last at the end. */
  readonly #prepared = new Map<string, Prepared>();
  readonly #seen = new Set<string>();
  #named = 0;

  /** @param now milliseconds of a clock that does not jump. */
  constructor(database: PGlite, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  /** How many are prepared now. */
  get size(): number {
    return this.#prepared.size;
  }

  /** One at a time, each awaited before the next. Rejects with PostgreSQL's error, which has `code` and `constraint`. */
  async run(sql: string, parameters: readonly unknown[]): Promise<StatementResult> {
    if (HARMLESS.test(sql)) return await this.#once(sql, parameters);
    if (!PREPARED.test(sql)) return await this.#change(sql, parameters);
    if (sql.length > LONGEST) return await this.#once(sql, parameters);
    const prepared = await this.#find(sql);
    return prepared === undefined
      ? await this.#once(sql, parameters)
      : await this.#execute(prepared, parameters);
  }

  async #once(sql: string, parameters: readonly unknown[]): Promise<StatementResult> {
    const { rows, affectedRows } = await this.#database.query(sql, [...parameters]);
    return { rows, affected: affectedRows };
  }

  async #change(sql: string, parameters: readonly unknown[]): Promise<StatementResult> {
    try {
      return await this.#once(sql, parameters);
    } finally {
      for (const text of [...this.#prepared.keys()]) await this.#forget(text);
    }
  }

  async #find(sql: string): Promise<Prepared | undefined> {
    const known = this.#prepared.get(sql);
    if (known === undefined) return this.#isNew(sql) ? undefined : await this.#prepare(sql);
    if (this.#now() - known.preparedAt >= PLAN_MS) {
      await this.#forget(sql);
      return await this.#prepare(sql);
    }
    this.#prepared.delete(sql);
    this.#prepared.set(sql, known);
    return known;
  }

  #isNew(sql: string): boolean {
    if (this.#seen.delete(sql)) return false;
    this.#seen.add(sql);
    const [oldest] = this.#seen;
    if (this.#seen.size > MOST_SEEN && oldest !== undefined) this.#seen.delete(oldest);
    return true;
  }

  async #prepare(sql: string): Promise<Prepared> {
    const name = `s${++this.#named}`;
    const answer = await this.#say(
      serialize.parse({ name, text: sql }),
      serialize.describe({ type: 'S', name }),
      serialize.sync(),
    );
    const columns = answer.find(({ name }) => name === 'rowDescription');
    const prepared = {
      name,
      preparedAt: this.#now(),
      types: parse.parseDescribeStatementResults(answer),
      columns: columns as messages.RowDescriptionMessage | undefined,
    };
    this.#prepared.set(sql, prepared);
    const [oldest] = this.#prepared.keys();
    if (this.#prepared.size > MOST && oldest !== undefined) await this.#forget(oldest);
    return prepared;
  }

  async #execute(prepared: Prepared, parameters: readonly unknown[]): Promise<StatementResult> {
    const { name, types, columns } = prepared;
    const values = parameters.map((value, index) => this.#written(value, types[index]));
    const answer = await this.#say(
      serialize.bind({ statement: name, values }),
      serialize.execute({}),
      serialize.sync(),
    );
    const [result] = parse.parseResults(
      columns === undefined ? answer : [columns, ...answer],
      this.#database.parsers,
    );
    return { rows: result?.rows ?? [], affected: result?.affectedRows };
  }

  #written(value: unknown, type: number | undefined): string | null {
    if (value === null || value === undefined) return null;
    const serializer = type === undefined ? undefined : this.#database.serializers[type];
    return serializer === undefined ? String(value) : serializer(value);
  }

  async #forget(sql: string): Promise<void> {
    const prepared = this.#prepared.get(sql);
    if (prepared === undefined) return;
    this.#prepared.delete(sql);
    await this.#say(serialize.close({ type: 'S', name: prepared.name }), serialize.sync());
  }

  #say(...parts: readonly Uint8Array[]): Promise<messages.BackendMessage[]> {
    const message = Buffer.concat(parts);
    return this.#database.execProtocolStream(message);
  }
}
