import { type Kysely, sql } from 'kysely';
import type { AuditAction, AuditEntry, AuditLog } from '../http/ports.ts';
import { InvalidCursor } from '../records/ports.ts';
import { cleanJson } from './clean-json.ts';
import type { Schema } from './schema.ts';

/** Rows of one statement. */
const MAX_ROWS = 500;

interface Waiting {
  readonly entry: AuditEntry;
  readonly written: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * The audit log. Requests wait for their rows, so rows that come while others are being written are written together: a busy
 * node pays one round trip for many answers, and none of them leaves before its row is there.
 */
export class SqlAuditLog implements AuditLog {
  readonly #db: Kysely<Schema>;
  readonly #waiting: Waiting[] = [];
  #writing = false;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  async write(entry: AuditEntry): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ entry, written: resolve, failed: reject });
    if (!this.#writing) void this.#writeAll();
    await promise;
  }

  async list(
    filter: Parameters<AuditLog['list']>[0],
    { limit, cursor }: Parameters<AuditLog['list']>[1],
  ): ReturnType<AuditLog['list']> {
    const before = cursor === undefined ? undefined : Number(cursor);
    if (before !== undefined && !Number.isSafeInteger(before)) throw new InvalidCursor();
    let query = this.#db
      .selectFrom('audit_log')
      .selectAll()
      .orderBy('id', 'desc')
      .limit(limit + 1);
    if (before !== undefined) query = query.where('id', '<', before);
    if (filter.applicationId !== undefined) query = query.where('application_id', '=', filter.applicationId);
    if (filter.action !== undefined) query = query.where('action', '=', filter.action);
    if (filter.actor !== undefined) query = query.where('actor', '=', filter.actor);
    if (filter.from !== undefined) query = query.where('at', '>=', new Date(filter.from));
    if (filter.to !== undefined) query = query.where('at', '<=', new Date(filter.to));
    const rows = await query.execute();
    const items = rows.slice(0, limit).map((row) => ({
      id: String(row.id),
      at: row.at.getTime(),
      actor: row.actor,
      action: row.action as AuditAction,
      applicationId: row.application_id ?? undefined,
      subject: row.subject,
      detail: row.detail,
    }));
    return { items, next: rows.length > limit ? items.at(-1)?.id : undefined };
  }

  async #writeAll(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const some = this.#waiting.splice(0, MAX_ROWS);
      try {
        await insertAudit(
          this.#db,
          some.map(({ entry }) => entry),
        );
        for (const { written } of some) written();
      } catch (error) {
        for (const { failed } of some) failed(error);
      }
    }
    this.#writing = false;
  }
}

/** In the transaction of what they tell, where there is one. */
export async function insertAudit(db: Kysely<Schema>, entries: readonly AuditEntry[]): Promise<void> {
  const rows = entries.map(({ at, actor, action, applicationId, subject, detail }) => ({
    at: new Date(at).toISOString(),
    ...{ actor, action, subject, application_id: applicationId ?? null, detail: cleanJson(detail) },
  }));
  await sql`
    insert into audit_log (at, actor, action, application_id, subject, detail)
    select at, actor, action, application_id, subject, detail
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
        as r (at timestamptz, actor text, action text, application_id text, subject text, detail jsonb)`.execute(
    db,
  );
}
