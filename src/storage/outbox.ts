import { type Kysely, sql } from 'kysely';
import type { ClaimedDelivery, FailedDelivery, Outbox } from '../events/ports.ts';
import type { Clock } from '../kernel/clock.ts';
import { type EventRow, readEventRow } from './event-rows.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';
import { openSecrets } from './webhook-secrets.ts';

/** Failures one after the other after which an endpoint is left alone for a while, and then tried with one at a time. */
const CIRCUIT_FAILURES = 5;
/** The first pause, doubled with each further failure up to the last. */
const FIRST_PAUSE_SECONDS = 5;
const LAST_PAUSE_SECONDS = 300;
/** The last attempt is made a little under 25 hours after the first; what an endpoint's pauses have kept longer is given up. */
const LONGEST_HOURS = 25;
/** Of what an endpoint that asks to be left alone keeps waiting. */
const LAST_CHANCE_HOURS = 24;
/** Rows of a webhook that one claim looks at. */
const LOOK_AT = sql.lit(200);
/** `size` counts no further: it is asked at each scrape of the metrics. */
const COUNTED = 100_000;

interface ClaimedRow extends Omit<EventRow, 'seq' | 'xid'> {
  readonly delivery_id: number;
  readonly claim: string;
  readonly webhook_id: string;
  readonly attempts: number;
  readonly age_ms: number;
  readonly url: string;
  readonly secrets_sealed: string;
}

/** The outbox: rows that were inserted with their events, claimed by `for update skip locked` and a lease. */
export class SqlOutbox implements Outbox {
  readonly #db: Kysely<Schema>;
  readonly #vault: Vault;
  readonly #clock: Clock;

  constructor(db: Kysely<Schema>, vault: Vault, clock: Clock) {
    this.#db = db;
    this.#vault = vault;
    this.#clock = clock;
  }

  /**
   * The head of each subject's queue only: what is behind a delivery that waits, or that another node has, stays. A row that
   * another node takes at the same moment is passed over, and a row that it has just taken no longer fits the condition.
   *
   * Of each webhook so many rows are looked at, the longest due first. Should they all be behind others, they would hide what
   * comes after them: then they are put off until the one that they are behind is due.
   *
   * Rows are looked up by `= any (array (…))` and by subqueries with a limit, which are index scans whatever the planner
   * believes: a table that has just grown has no statistics, and as joins this took half a second with 40 000 rows.
   */
  async claim(options: Parameters<Outbox['claim']>[0]): Promise<readonly ClaimedDelivery[]> {
    const { node, most, leaseMs, perWebhook, busy } = options;
    const { rows } = await sql<ClaimedRow>`
      with hooks as materialized (
        select id, case when failures >= ${sql.lit(CIRCUIT_FAILURES)} then 1 else ${perWebhook}::int end
                   - coalesce((${JSON.stringify(Object.fromEntries(busy))}::jsonb ->> id)::int, 0) as room
          from webhooks where enabled and (paused_until is null or paused_until <= now())),
      heads as materialized (
        select hooks.id as webhook_id, d.id, d.next_at, hooks.room,
               row_number() over (partition by hooks.id order by d.next_at, d.id) as place
          from hooks cross join lateral (
            select d.id, d.next_at from (${WINDOW}) d where (select p.id ${IN_FRONT}) is null
             order by d.next_at, d.id limit ${perWebhook}) d
         where hooks.room > 0),
      due as (
        select d.id from webhook_deliveries d
         where d.id = any (array(select id from heads where place <= room order by next_at, id limit ${most}))
           and d.state = 'waiting' and ${FREE} for update skip locked),
      hidden as materialized (
        select d.id, head.next_at, count(*) over (partition by hooks.id) as looked_at
          from hooks cross join lateral (${WINDOW}) d
          left join lateral (select p.id, p.next_at ${IN_FRONT}) head on true
         where hooks.room > (select count(*) from heads where heads.webhook_id = hooks.id)),
      put_off as (
        update webhook_deliveries d
           set next_at = greatest((select hidden.next_at from hidden where hidden.id = d.id), now() + interval '2 seconds')
         where d.id = any (array(
           select id from webhook_deliveries
            where id = any (array(select id from hidden where next_at is not null and looked_at >= ${LOOK_AT}))
              and state = 'waiting' for update skip locked)))
      update webhook_deliveries d
         set claim = ${`${node} `}::text || gen_random_uuid()::text, lease_until = now() + ${milliseconds(leaseMs)}
        from events e, webhooks w
       where d.id = any (array(select id from due)) and e.seq = d.event_seq and w.id = d.webhook_id
      returning d.id as delivery_id, d.claim, d.webhook_id, d.attempts, w.url,
                extract(epoch from now() - d.created_at)::float8 * 1000 as age_ms, w.secrets_sealed,
                e.id, e.application_id, e.subject, e.position, e.type, e.at, e.data`.execute(this.#db);
    const now = this.#clock.now();
    return rows.map((row) => ({
      id: String(row.delivery_id),
      claim: row.claim,
      webhookId: row.webhook_id,
      applicationId: row.application_id,
      url: row.url,
      secrets: openSecrets(row.secrets_sealed, this.#vault, now),
      attempts: row.attempts,
      ageMs: Math.max(0, row.age_ms),
      event: readEventRow(row),
    }));
  }

  /** A pause is kept: what was on its way when the endpoint asked for it says nothing of what it can take now. */
  async delivered(done: Parameters<Outbox['delivered']>[0]): Promise<void> {
    if (done.length === 0) return;
    await sql`
      with told as materialized (
        select * from jsonb_to_recordset(${JSON.stringify(done)}::jsonb) as t (id bigint, claim text, status int)),
      done as (
        update webhook_deliveries d
           set state = 'delivered', attempts = attempts + 1, last_attempt_at = now(), last_error = null, next_at = null,
               last_status = (select status from told where told.id = d.id), claim = null, lease_until = null
         where d.id = any (array(select id from told)) and d.state = 'waiting'
           and d.claim = (select claim from told where told.id = d.id)
        returning id, webhook_id, subject),
      ${nextIsDue(sql`true`)},
      well as (
        select id from webhooks
         where id in (select webhook_id from done) and (failures > 0 or paused_until <= now()) order by id for update)
      update webhooks set failures = 0, paused_until = case when paused_until > now() then paused_until end
       where id = any (array(select id from well))`.execute(this.#db);
  }

  async failed(id: string, claim: string, outcome: FailedDelivery): Promise<void> {
    const { status, error, againInMs, askedMs = 0, gone } = outcome;
    const again = againInMs === undefined ? sql`null::timestamptz` : sql`now() + ${milliseconds(againInMs)}`;
    await sql`
      with done as (
        update webhook_deliveries
           set state = ${againInMs === undefined ? 'failed' : 'waiting'}, attempts = attempts + 1, last_attempt_at = now(),
               last_status = ${status ?? null}, last_error = ${error.slice(0, 500)}, next_at = ${again},
               claim = null, lease_until = null
         where ${ours(id, claim)} returning id, webhook_id, subject, next_at),
      behind as (
        update webhook_deliveries d set next_at = done.next_at from done
         where d.webhook_id = done.webhook_id and d.subject = done.subject and d.state = 'waiting' and d.id > done.id
           and done.next_at is not null),
      ${nextIsDue(sql`done.next_at is null`)}
      update webhooks set enabled = enabled and not ${gone}::boolean, failures = failures + 1,
             paused_until = greatest(paused_until, case when failures + 1 >= ${sql.lit(CIRCUIT_FAILURES)} then now() + ${PAUSE} end,
                                     ${askedMs > 0 ? leftAlone(askedMs) : sql`null`})
       where id in (select webhook_id from done)`.execute(this.#db);
  }

  async release(node: string): Promise<number> {
    const { rows } = await sql`
      update webhook_deliveries set claim = null, lease_until = null
       where state = 'waiting' and lease_until is not null and starts_with(claim, ${`${node} `}) returning id`.execute(
      this.#db,
    );
    return rows.length;
  }

  async giveUpOld(most: number): Promise<number> {
    const { rows } = await sql`
      update webhook_deliveries
         set state = 'failed', next_at = null, last_error = coalesce(last_error, 'given up after a day') where id in (
           select id from webhook_deliveries
            where state = 'waiting' and created_at < now() - ${milliseconds(LONGEST_HOURS * 3_600_000)}
              and (lease_until is null or lease_until < now())
            limit ${most} for update skip locked) returning id`.execute(this.#db);
    return rows.length;
  }

  async size(): Promise<{ readonly waiting: number; readonly oldestSeconds: number }> {
    const { rows } = await sql<{ waiting: number; oldest: number | null }>`
      select (select count(*) from (
                select from webhook_deliveries where state = 'waiting' limit ${sql.lit(COUNTED)}) counted) as waiting,
             (select extract(epoch from now() - min(created_at))::float8
                from webhook_deliveries where state = 'waiting') as oldest`.execute(this.#db);
    return { waiting: rows[0]?.waiting ?? 0, oldestSeconds: Math.max(0, rows[0]?.oldest ?? 0) };
  }
}

/** No node has it. */
const FREE = sql`(d.lease_until is null or d.lease_until < now())`;

/** Of the webhook `hooks`, what is due and free, the longest due first. */
const WINDOW = sql`
            select d.id, d.next_at, d.subject, d.webhook_id from webhook_deliveries d
             where d.webhook_id = hooks.id and d.state = 'waiting' and d.next_at <= now() and ${FREE}
             order by d.next_at, d.id limit ${LOOK_AT}`;

/** Of the same subject, what waits before `d`. */
const IN_FRONT = sql`
              from webhook_deliveries p
             where p.webhook_id = d.webhook_id and p.subject = d.subject and p.state = 'waiting' and p.id < d.id
             order by p.id limit 1`;

/**
 * The next of each subject, when the one in front of it waits no longer; for CTEs, to which that one looks as it was before.
 * What somebody else holds at this moment is being claimed, or is put off for two seconds.
 */
const nextIsDue = (when: ReturnType<typeof sql>) => sql`
      next as materialized (
        select (select n.id from webhook_deliveries n
                 where n.webhook_id = done.webhook_id and n.subject = done.subject
                   and n.state = 'waiting' and n.id > done.id order by n.id limit 1) as id
          from done where ${when}),
      freed as (
        update webhook_deliveries set next_at = now() where id = any (array(
          select id from webhook_deliveries
           where id = any (array(select id from next)) and next_at > now() order by id for update skip locked)))`;

const ours = (id: string, claim: string) =>
  sql`id = ${id}::bigint and claim = ${claim} and state = 'waiting'`;

const PAUSE = sql`least(${sql.lit(LAST_PAUSE_SECONDS)}, ${sql.lit(FIRST_PAUSE_SECONDS)}
  * power(2, least(failures + 1 - ${sql.lit(CIRCUIT_FAILURES)}, 20))) * interval '1 second'`;

/** So long as the endpoint asks, but no longer than until what has waited longest has its last chance; for `webhooks`. */
const leftAlone = (
  ms: number,
) => sql`least(now() + ${milliseconds(ms)}, ${milliseconds(LAST_CHANCE_HOURS * 3_600_000)} + (
  select min(waiting.created_at) from webhook_deliveries waiting
   where waiting.webhook_id = webhooks.id and waiting.state = 'waiting'))`;

const milliseconds = (count: number) => sql`${sql.lit(`${Math.round(count)} milliseconds`)}::interval`;
