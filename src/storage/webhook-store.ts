import { type Kysely, type Selectable, sql } from 'kysely';
import { newSecret, type WebhookStore, type WebhookTarget } from '../events/ports.ts';
import type { Delivery, DeliveryState, EventType, Webhook } from '../events/types.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import { InvalidCursor } from '../records/ports.ts';
import { readEventCursor } from './event-cursor.ts';
import { type EventRow, readEventRow } from './event-rows.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';
import { addSecret, openSecrets, sealSecret } from './webhook-secrets.ts';

interface DeliveryRow extends Omit<EventRow, 'seq' | 'xid'> {
  readonly delivery_id: number;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly next_at: Date | null;
  readonly last_attempt_at: Date | null;
  readonly last_status: number | null;
  readonly last_error: string | null;
}

/** Webhooks and what became of their deliveries. A webhook of another application is one that is not there. */
export class SqlWebhookStore implements WebhookStore {
  readonly #db: Kysely<Schema>;
  readonly #vault: Vault;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #onQueued: () => void;

  /** @param onQueued something was put into the outbox. */
  constructor(
    db: Kysely<Schema>,
    tools: { readonly vault: Vault; readonly random: Random; readonly clock: Clock },
    onQueued: () => void = () => {},
  ) {
    this.#db = db;
    this.#vault = tools.vault;
    this.#random = tools.random;
    this.#clock = tools.clock;
    this.#onQueued = onQueued;
  }

  async list(applicationId: string | undefined): Promise<readonly Webhook[]> {
    let query = this.#db.selectFrom('webhooks').selectAll().orderBy('created_at').orderBy('id');
    if (applicationId !== undefined) query = query.where('application_id', '=', applicationId);
    return (await query.execute()).map(readWebhook);
  }

  async create(options: Parameters<WebhookStore['create']>[0]): ReturnType<WebhookStore['create']> {
    const secret = newSecret(this.#random);
    const row = await this.#db
      .insertInto('webhooks')
      .values({
        id: `wh_${this.#random.uuid()}`,
        application_id: options.applicationId,
        url: options.url,
        secrets_sealed: sealSecret(secret, this.#vault),
        types: [...options.types],
        created_at: new Date(this.#clock.now()),
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return { webhook: readWebhook(row), secret };
  }

  /** A changed URL or being enabled again ends the pause of an endpoint that had failed. */
  async change(
    id: string,
    applicationId: string | undefined,
    { url, types, enabled }: Parameters<WebhookStore['change']>[2],
  ): Promise<Webhook | undefined> {
    const changed = {
      ...(url === undefined ? {} : { url }),
      ...(types === undefined ? {} : { types: [...types] }),
      ...(enabled === undefined ? {} : { enabled }),
      ...(url === undefined && enabled !== true ? {} : { failures: 0, paused_until: null }),
    };
    if (Object.keys(changed).length === 0) return await this.#find(id, applicationId);
    let query = this.#db.updateTable('webhooks').set(changed).where('id', '=', id);
    if (applicationId !== undefined) query = query.where('application_id', '=', applicationId);
    const row = await query.returningAll().executeTakeFirst();
    if (row !== undefined) this.#onQueued();
    return row === undefined ? undefined : readWebhook(row);
  }

  async rotateSecret(id: string, applicationId: string | undefined): Promise<string | undefined> {
    return await this.#db.transaction().execute(async (trx) => {
      let query = trx.selectFrom('webhooks').select('secrets_sealed').where('id', '=', id).forUpdate();
      if (applicationId !== undefined) query = query.where('application_id', '=', applicationId);
      const row = await query.executeTakeFirst();
      if (row === undefined) return undefined;
      const secret = newSecret(this.#random);
      const secrets_sealed = addSecret(row.secrets_sealed, secret, this.#vault, this.#clock.now());
      await trx.updateTable('webhooks').set({ secrets_sealed }).where('id', '=', id).execute();
      return secret;
    });
  }

  async remove(id: string, applicationId: string | undefined): Promise<boolean> {
    let query = this.#db.deleteFrom('webhooks').where('id', '=', id);
    if (applicationId !== undefined) query = query.where('application_id', '=', applicationId);
    return (await query.returning('id').execute()).length > 0;
  }

  async deliveries(
    webhookId: string,
    applicationId: string | undefined,
    options: Parameters<WebhookStore['deliveries']>[2],
  ): ReturnType<WebhookStore['deliveries']> {
    const before = options.cursor === undefined ? undefined : readDeliveryCursor(options.cursor, webhookId);
    if ((await this.#find(webhookId, applicationId)) === undefined) return undefined;
    const { rows } = await sql<DeliveryRow>`
      select d.id as delivery_id, d.state, d.attempts, d.next_at, d.last_attempt_at, d.last_status, d.last_error,
             e.id, e.application_id, e.subject, e.position, e.type, e.at, e.data
        from webhook_deliveries d join events e on e.seq = d.event_seq
       where d.webhook_id = ${webhookId}
         ${before === undefined ? sql`` : sql`and d.id < ${before}`}
         ${options.state === undefined ? sql`` : sql`and d.state = ${options.state}`}
       order by d.id desc limit ${options.limit + 1}`.execute(this.#db);
    const last = rows.length > options.limit ? rows[options.limit - 1] : undefined;
    return {
      items: rows.slice(0, options.limit).map((row) => readDelivery(row, webhookId)),
      next: last === undefined ? undefined : writeDeliveryCursor(last.delivery_id, webhookId),
    };
  }

  async replay(
    webhookId: string,
    applicationId: string | undefined,
    what: { readonly cursor: string } | { readonly eventId: string },
  ): Promise<number | undefined> {
    const webhook = await this.#find(webhookId, applicationId);
    if (webhook === undefined) return undefined;
    const { rows } = await sql`
      insert into webhook_deliveries (webhook_id, event_seq, subject, next_at, created_at)
      select w.id, e.seq, e.subject, now(), now()
        from webhooks w join events e on e.application_id = w.application_id
       where w.id = ${webhookId} and ${'eventId' in what ? sql`e.id = ${what.eventId}` : behind(what.cursor, webhook, applicationId)}
         and not exists (select from webhook_deliveries d
                          where d.event_seq = e.seq and d.webhook_id = w.id and d.state = 'waiting')
       order by e.xid, e.seq
      returning id`.execute(this.#db);
    if (rows.length > 0) this.#onQueued();
    return rows.length;
  }

  async target(id: string, applicationId: string | undefined): Promise<WebhookTarget | undefined> {
    let query = this.#db
      .selectFrom('webhooks')
      .select(['application_id', 'url', 'secrets_sealed'])
      .where('id', '=', id);
    if (applicationId !== undefined) query = query.where('application_id', '=', applicationId);
    const row = await query.executeTakeFirst();
    if (row === undefined) return undefined;
    const secrets = openSecrets(row.secrets_sealed, this.#vault, this.#clock.now());
    return { applicationId: row.application_id, url: row.url, secrets };
  }

  async #find(id: string, applicationId: string | undefined): Promise<Webhook | undefined> {
    let query = this.#db.selectFrom('webhooks').selectAll().where('id', '=', id);
    if (applicationId !== undefined) query = query.where('application_id', '=', applicationId);
    const row = await query.executeTakeFirst();
    return row === undefined ? undefined : readWebhook(row);
  }
}

/** What the webhook wants behind a cursor; what is not visible to readers yet is sent by itself. */
function behind(cursor: string, webhook: Webhook, applicationId: string | undefined) {
  const { xid, seq } = readOneOf(cursor, [applicationId, webhook.applicationId]);
  return sql`(e.xid, e.seq) > (${xid}::xid8, ${seq}) and e.xid < pg_snapshot_xmin(pg_current_snapshot())
         and (cardinality(w.types) = 0 or e.type = any (w.types))`;
}

/** A key that sees every application may have read the log of all of them, or that of one. */
function readOneOf(cursor: string, readers: readonly (string | undefined)[]) {
  for (const reader of readers) {
    try {
      return readEventCursor(cursor, reader);
    } catch (error) {
      if (!(error instanceof InvalidCursor)) throw error;
    }
  }
  throw new InvalidCursor();
}

function writeDeliveryCursor(id: number, webhookId: string): string {
  return Buffer.from(`d1 ${id} ${webhookId}`).toString('base64url');
}

function readDeliveryCursor(cursor: string, webhookId: string): number {
  const match = /^d1 (\d{1,15}) (\S+)$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match === null || match[2] !== webhookId) throw new InvalidCursor();
  return Number(match[1]);
}

function readWebhook(row: Selectable<Schema['webhooks']>): Webhook {
  return {
    id: row.id,
    applicationId: row.application_id,
    url: row.url,
    types: row.types as EventType[],
    enabled: row.enabled,
    createdAt: row.created_at.getTime(),
    failures: row.failures,
    pausedUntil: row.paused_until?.getTime(),
  };
}

function readDelivery(row: DeliveryRow, webhookId: string): Delivery {
  return {
    id: String(row.delivery_id),
    webhookId,
    event: readEventRow(row),
    state: row.state,
    attempts: row.attempts,
    nextAt: row.next_at?.getTime(),
    lastAttemptAt: row.last_attempt_at?.getTime(),
    lastStatus: row.last_status ?? undefined,
    lastError: row.last_error ?? undefined,
  };
}
