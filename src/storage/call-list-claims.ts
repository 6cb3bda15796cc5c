import { type Kysely, sql, type Transaction } from 'kysely';
import type { ClaimedTask, LostTask, TaskOutcome } from '../dialler/ports.ts';
import type { CallListReport } from '../scenario/ports.ts';
import {
  type ClaimRow,
  DATA_PLACE,
  REPORT_PLACE,
  RESULT_PLACE,
  readClaim,
  readLost,
  statusNumber,
} from './call-list-rows.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';

const NEW = sql.lit(statusNumber('New'));
const RUNNING = sql.lit(statusNumber('In progress'));
const CANCELED = sql.lit(statusNumber('Canceled'));
/** Lists that one claim looks at. */
const LISTS = 20;

interface Claimant {
  readonly node: string;
  readonly instance: string;
  readonly leaseSeconds: number;
  readonly limit: number;
}

/**
 * Claims of tasks. A list is locked while tasks of it are claimed or finished, so that no more run at once than it allows
 * and the last one closes it; nodes pass over a list that another one has locked. Every write names the claim it belongs
 * to: what another node has taken over stays as it is.
 */
export class SqlCallListClaims {
  readonly #db: Kysely<Schema>;
  readonly #vault: Vault;

  constructor(db: Kysely<Schema>, vault: Vault) {
    this.#db = db;
    this.#vault = vault;
  }

  async claim(options: Claimant & { readonly now: number }): Promise<readonly ClaimedTask[]> {
    const now = new Date(options.now);
    return await this.#db.transaction().execute(async (trx) => {
      // A statement sees what was committed when it began: the lock has to come in one of its own.
      const { rows: lists } = await sql<{ id: number; max_simultaneous: number; strategy: string }>`
        select l.id, l.max_simultaneous, l.strategy from call_lists l
         where l.status = 'In progress' and (l.start_at is null or l.start_at <= ${now})
           and exists (select from call_list_tasks t where t.list_id = l.id and t.status = ${NEW} and t.not_before <= ${now})
           and l.max_simultaneous > (select count(*) from call_list_tasks t where t.list_id = l.id and t.status = ${RUNNING})
         order by l.priority, l.id limit ${sql.lit(LISTS)} for update of l skip locked`.execute(trx);
      const claimed: ClaimedTask[] = [];
      for (const list of lists) {
        const left = options.limit - claimed.length;
        if (left <= 0) break;
        const rows = await claimOf(trx, list, { ...options, limit: left }, now);
        claimed.push(...rows.map((row) => readClaim(row, this.#vault)));
      }
      return claimed;
    });
  }

  async begin(task: ClaimedTask): Promise<boolean> {
    const { rows } = await sql`
      update call_list_tasks set begun = true
       where ${ours(task)} and lease_until > clock_timestamp() and not canceled returning id`.execute(
      this.#db,
    );
    return rows.length > 0;
  }

  async started(task: ClaimedTask, sessionId: string): Promise<void> {
    await sql`update call_list_tasks set session_id = ${sessionId} where ${ours(task)}`.execute(this.#db);
  }

  async renew(tasks: readonly ClaimedTask[], leaseSeconds: number): Promise<ReadonlySet<number>> {
    const claims = tasks.map(({ id, token }) => ({ id, token }));
    const { rows } = await sql<{ id: number }>`
      update call_list_tasks t set lease_until = clock_timestamp() + ${seconds(leaseSeconds)}
        from jsonb_to_recordset(${JSON.stringify(claims)}::jsonb) as c(id bigint, token text)
       where t.id = c.id and t.claim = c.token and t.status = ${RUNNING} returning t.id`.execute(this.#db);
    return new Set(rows.map(({ id }) => id));
  }

  async report(task: ClaimedTask, report: CallListReport): Promise<void> {
    const result = this.#vault.seal(report.data, RESULT_PLACE);
    const kept =
      report.kind === 'progress'
        ? sql``
        : sql`, report_sealed = ${this.#vault.seal(JSON.stringify(report), REPORT_PLACE)}`;
    const { rows } = await sql`
      update call_list_tasks set result_sealed = ${result} ${kept} where ${ours(task)} returning id`.execute(
      this.#db,
    );
    if (rows.length === 0) throw new Error('the task is no longer run by this session');
  }

  async finish(task: ClaimedTask, outcome: TaskOutcome, now: number): Promise<boolean> {
    return await this.#db.transaction().execute(async (trx) => {
      const { rows: lists } = await sql<{ id: number; status: string }>`
        select l.id, l.status from call_lists l join call_list_tasks t on t.list_id = l.id
         where t.id = ${task.id} for update of l`.execute(trx);
      const list = lists[0];
      if (list === undefined) return false;
      const { rows } = await sql`
        update call_list_tasks set ${this.#ended(outcome, list.status === 'Canceled')},
               attempts = attempts + case when begun then 1 else 0 end,
               claim = null, node = null, instance = null, lease_until = null, begun = false, report_sealed = null
         where ${ours(task)} returning id`.execute(trx);
      await this.completeList(trx, list.id, now);
      return rows.length > 0;
    });
  }

  async takeLost(options: Claimant): Promise<readonly LostTask[]> {
    const { node, instance, limit } = options;
    const { rows } = await sql<ClaimRow>`
      update call_list_tasks t set ${lease(options)}
        from call_lists l
       where l.id = t.list_id and t.id in (
         select id from call_list_tasks
          where status = ${RUNNING}
            and (lease_until < clock_timestamp() or (node = ${node} and instance <> ${instance}))
          limit ${limit} for update skip locked)
      returning ${claimColumns}`.execute(this.#db);
    return rows.map((row) => readLost(row, this.#vault));
  }

  /** Of a list on which nothing is left to do. The list is locked. */
  protected async completeList(trx: Transaction<Schema>, listId: number, now: number): Promise<void> {
    await sql`
      update call_lists set status = 'Completed', completed_at = ${new Date(now)}
       where id = ${listId} and status = 'In progress' and not exists (
         select from call_list_tasks where list_id = ${listId} and status in (${NEW}, ${RUNNING}))`.execute(
      trx,
    );
  }

  #ended(outcome: TaskOutcome, listCanceled: boolean) {
    const { result } = outcome;
    // An attempt that said nothing leaves what was said before.
    const said = result === undefined ? sql`result_sealed` : sql`${this.#vault.seal(result, RESULT_PLACE)}`;
    if (outcome.status !== 'New')
      return sql`status = ${sql.lit(statusNumber(outcome.status))}, result_sealed = ${said},
                 attempts_left = ${outcome.status === 'Error' ? sql`0` : sql`greatest(0, attempts_left - 1)`}`;
    const { attemptsLeft, notBefore, customData, windows } = outcome;
    const data = customData === undefined ? undefined : this.#vault.seal(customData, DATA_PLACE);
    return sql`
      status = case when canceled or ${listCanceled}::boolean then ${CANCELED} else ${NEW} end, result_sealed = ${said},
      attempts_left = ${attemptsLeft}, not_before = ${new Date(notBefore)},
      custom_data_sealed = ${data === undefined ? sql`custom_data_sealed` : sql`${data}`},
      windows = ${windows === undefined ? sql`windows` : sql`${JSON.stringify(windows)}::jsonb`}`;
  }
}

const claimColumns =
  sql.raw(`t.id, t.claim, t.attempts_left, t.custom_data_sealed, t.windows, t.begun, t.report_sealed,
  l.application_id, l.rule_id, l.time_zone, l.interval_seconds, l.windows as list_windows`);

/** Tasks with the highest priority first, then as the list says, then in the order of the table. */
async function claimOf(
  trx: Transaction<Schema>,
  list: { readonly id: number; readonly max_simultaneous: number; readonly strategy: string },
  options: Claimant,
  now: Date,
): Promise<readonly ClaimRow[]> {
  const order = sql.raw(list.strategy === 'repeated_attempts' ? 'attempts > 0 desc' : 'attempts > 0');
  const { rows } = await sql<ClaimRow>`
    update call_list_tasks t
       set ${lease(options)}, status = ${RUNNING}, last_attempt_at = ${now}, session_id = null, begun = false
      from call_lists l
     where l.id = t.list_id and t.id in (
       select id from call_list_tasks
        where list_id = ${list.id} and status = ${NEW} and not_before <= ${now}
        order by priority, ${order}, id
        limit greatest(0, least(${options.limit}::bigint, ${list.max_simultaneous}::bigint - (
          select count(*) from call_list_tasks where list_id = ${list.id} and status = ${RUNNING})))
        for update skip locked)
    returning ${claimColumns}`.execute(trx);
  return [...rows].sort((a, b) => a.id - b.id);
}

function lease({ node, instance, leaseSeconds }: Claimant) {
  return sql`claim = gen_random_uuid()::text, node = ${node}, instance = ${instance},
             lease_until = clock_timestamp() + ${seconds(leaseSeconds)}`;
}

function ours({ id, token }: ClaimedTask) {
  return sql`id = ${id} and claim = ${token} and status = ${RUNNING}`;
}

const seconds = (count: number) => sql`${sql.lit(`${count} seconds`)}::interval`;
