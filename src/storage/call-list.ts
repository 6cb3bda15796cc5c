import { type Kysely, type SqlBool, sql, type Transaction } from 'kysely';
import type {
  CallListFilter,
  CallListInfo,
  CallListSettings,
  CallListStore,
  CallTaskInfo,
  NewTask,
  TaskChange,
  TaskRef,
} from '../dialler/ports.ts';
import { SqlCallListClaims } from './call-list-claims.ts';
import { DATA_PLACE, readList, readTask, settingsColumns, statusNumber } from './call-list-rows.ts';
import { StorageError, sqlState } from './errors.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';

const NEW = statusNumber('New');
const RUNNING = statusNumber('In progress');
const CANCELED = statusNumber('Canceled');
/** Rows of one statement. */
const CHUNK = 500;

/** Call lists in the database; claims and their outcomes are in `call-list-claims.ts`. */
export class SqlCallListStore extends SqlCallListClaims implements CallListStore {
  readonly #db: Kysely<Schema>;
  readonly #vault: Vault;

  constructor(db: Kysely<Schema>, vault: Vault) {
    super(db, vault);
    this.#db = db;
    this.#vault = vault;
  }

  async insert(
    list: Omit<CallListInfo, 'id' | 'completedAt'>,
    batchId: string,
    tasks: readonly NewTask[],
  ): Promise<number> {
    return await this.#db.transaction().execute(async (trx) => {
      const { applicationId, ruleId, columns, status, submittedAt, ...settings } = list;
      const { id } = await trx
        .insertInto('call_lists')
        .values({
          application_id: applicationId,
          rule_id: ruleId,
          columns: JSON.stringify(columns),
          status,
          submitted_at: new Date(submittedAt),
          name: settings.name,
          priority: settings.priority,
          max_simultaneous: settings.maxSimultaneous,
          num_attempts: settings.numAttempts,
          interval_seconds: settings.intervalSeconds,
          start_at: settings.startAt === undefined ? null : new Date(settings.startAt),
          strategy: settings.strategy,
          time_zone: settings.timeZone,
          windows: JSON.stringify(settings.windows),
          custom_data: settings.customData,
        })
        .returning('id')
        .executeTakeFirstOrThrow();
      await this.#addTasks(trx, { listId: id, batchId, attemptsLeft: settings.numAttempts }, tasks);
      return id;
    });
  }

  async append(listId: number, batchId: string, tasks: readonly NewTask[]): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      const list = await trx
        .selectFrom('call_lists')
        .select(['num_attempts', 'status'])
        .where('id', '=', listId)
        .forUpdate()
        .executeTakeFirst();
      if (list === undefined) throw new StorageError('entry/unknown');
      await this.#addTasks(trx, { listId, batchId, attemptsLeft: list.num_attempts }, tasks);
      if (list.status !== 'Completed') return;
      const open = { status: 'In progress', completed_at: null } as const;
      await trx.updateTable('call_lists').set(open).where('id', '=', listId).execute();
    });
  }

  async get(listId: number): Promise<CallListInfo | undefined> {
    const row = await this.#db
      .selectFrom('call_lists')
      .selectAll()
      .where('id', '=', listId)
      .executeTakeFirst();
    return row === undefined ? undefined : readList(row);
  }

  async list(filter: CallListFilter): Promise<{ items: readonly CallListInfo[]; total: number }> {
    const { applicationIds, ids, ruleIds, name, statuses, from, to } = filter;
    let query = this.#db.selectFrom('call_lists');
    if (applicationIds !== undefined) query = query.where('application_id', '=', anyOf(applicationIds));
    if (ids !== undefined) query = query.where('id', '=', anyOf(ids));
    if (ruleIds !== undefined) query = query.where('rule_id', '=', anyOf(ruleIds));
    if (name !== undefined) query = query.where(sql<SqlBool>`position(lower(${name}) in lower(name)) > 0`);
    if (statuses !== undefined) query = query.where('status', '=', anyOf(statuses));
    if (from !== undefined) query = query.where('submitted_at', '>=', new Date(from));
    if (to !== undefined) query = query.where('submitted_at', '<=', new Date(to));
    const rows = await query
      .selectAll()
      .orderBy('id', 'desc')
      .limit(filter.limit)
      .offset(filter.offset)
      .execute();
    const { total } = await query
      .select((eb) => eb.fn.countAll<number>().as('total'))
      .executeTakeFirstOrThrow();
    return { items: rows.map(readList), total };
  }

  async tasks(
    listId: number,
    page: { readonly limit: number; readonly offset: number; readonly batchId?: string },
  ): Promise<{ items: readonly CallTaskInfo[]; total: number }> {
    let query = this.#db.selectFrom('call_list_tasks').where('list_id', '=', listId);
    if (page.batchId !== undefined) query = query.where('batch_id', '=', page.batchId);
    const rows = await query.selectAll().orderBy('id').limit(page.limit).offset(page.offset).execute();
    const { total } = await query
      .select((eb) => eb.fn.countAll<number>().as('total'))
      .executeTakeFirstOrThrow();
    return { items: rows.map((row) => readTask(row, this.#vault)), total };
  }

  async task(listId: number, ref: TaskRef): Promise<CallTaskInfo | undefined> {
    const query = this.#db.selectFrom('call_list_tasks').selectAll().where('list_id', '=', listId);
    const row = await ('id' in ref
      ? query.where('id', '=', ref.id)
      : query.where('uuid', '=', ref.uuid)
    ).executeTakeFirst();
    return row === undefined ? undefined : readTask(row, this.#vault);
  }

  async update(listId: number, change: Partial<CallListSettings>): Promise<void> {
    const columns = settingsColumns(change);
    if (Object.keys(columns).length === 0) return;
    await this.#db.updateTable('call_lists').set(columns).where('id', '=', listId).execute();
  }

  async updateTask(taskId: number, change: TaskChange): Promise<void> {
    const { attemptsLeft, customData, notBefore, windows, priority } = change;
    const columns = {
      ...(attemptsLeft === undefined ? {} : { attempts_left: attemptsLeft }),
      ...(customData === undefined ? {} : { custom_data_sealed: this.#vault.seal(customData, DATA_PLACE) }),
      ...(notBefore === undefined ? {} : { not_before: new Date(notBefore) }),
      ...(windows === undefined ? {} : { windows: JSON.stringify(windows) }),
      ...(priority === undefined ? {} : { priority }),
    };
    if (Object.keys(columns).length === 0) return;
    await this.#db.updateTable('call_list_tasks').set(columns).where('id', '=', taskId).execute();
  }

  async stop(listId: number, now: number): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      await trx
        .updateTable('call_lists')
        .set({ status: 'Canceled', completed_at: new Date(now) })
        .where('id', '=', listId)
        .where('status', '<>', 'Completed')
        .execute();
      await cancelTasks(trx, listId);
    });
  }

  async recover(listId: number): Promise<number> {
    return await this.#db.transaction().execute(async (trx) => {
      await trx.selectFrom('call_lists').select('id').where('id', '=', listId).forUpdate().execute();
      const back = await trx
        .updateTable('call_list_tasks')
        .set({ status: NEW, canceled: false })
        .where('list_id', '=', listId)
        .where('status', '=', CANCELED)
        .returning('id')
        .execute();
      await trx
        .updateTable('call_list_tasks')
        .set({ canceled: false })
        .where('list_id', '=', listId)
        .where('status', '=', RUNNING)
        .execute();
      const status = sql<'In progress' | 'Completed'>`case when exists (
        select from call_list_tasks where list_id = ${listId} and status in (${sql.lit(NEW)}, ${sql.lit(RUNNING)}))
        then 'In progress' else 'Completed' end`;
      await trx
        .updateTable('call_lists')
        .set({ status, completed_at: sql`case when ${status} = 'Completed' then completed_at end` })
        .where('id', '=', listId)
        .execute();
      return back.length;
    });
  }

  async cancel(
    listId: number,
    which: { readonly tasks?: readonly TaskRef[]; readonly batchIds?: readonly string[] },
    now: number,
  ): Promise<readonly { id: number; uuid: string }[]> {
    return await this.#db.transaction().execute(async (trx) => {
      await trx.selectFrom('call_lists').select('id').where('id', '=', listId).forUpdate().execute();
      const done = await cancelTasks(trx, listId, which);
      await this.completeList(trx, listId, now);
      return done;
    });
  }

  async delete(listId: number): Promise<void> {
    await this.#db.deleteFrom('call_lists').where('id', '=', listId).execute();
  }

  async #addTasks(
    trx: Transaction<Schema>,
    to: { readonly listId: number; readonly batchId: string; readonly attemptsLeft: number },
    tasks: readonly NewTask[],
  ): Promise<void> {
    for (let from = 0; from < tasks.length; from += CHUNK) {
      const rows = tasks.slice(from, from + CHUNK).map((task, n) => ({
        n,
        uuid: task.uuid,
        priority: task.priority,
        not_before: new Date(task.notBefore).toISOString(),
        windows: task.windows,
        sealed: this.#vault.seal(task.customData, DATA_PLACE),
      }));
      try {
        await sql`
          insert into call_list_tasks
            (list_id, uuid, batch_id, status, attempts_left, priority, not_before, windows, custom_data_sealed)
          select ${to.listId}, uuid, ${to.batchId}, ${sql.lit(NEW)}, ${to.attemptsLeft}, priority, not_before, windows, sealed
            from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
              as r(n integer, uuid text, priority integer, not_before timestamptz, windows jsonb, sealed text)
           order by n`.execute(trx);
      } catch (error) {
        if (sqlState(error) === '23505')
          throw new StorageError('entry/conflict', 'A __task_uuid is in the list already.');
        throw error;
      }
    }
  }
}

/** What is New is Canceled now; what runs will not be repeated. Resolves with the former. */
async function cancelTasks(
  trx: Transaction<Schema>,
  listId: number,
  which: { readonly tasks?: readonly TaskRef[]; readonly batchIds?: readonly string[] } = {},
): Promise<{ id: number; uuid: string }[]> {
  const { tasks, batchIds } = which;
  const ids = tasks?.flatMap((task) => ('id' in task ? [task.id] : []));
  const uuids = tasks?.flatMap((task) => ('uuid' in task ? [task.uuid] : []));
  let query = trx
    .updateTable('call_list_tasks')
    .set({
      canceled: true,
      status: sql`case status when ${sql.lit(NEW)} then ${sql.lit(CANCELED)} else status end`,
    })
    .where('list_id', '=', listId)
    .where('status', 'in', [NEW, RUNNING]);
  if (ids !== undefined && uuids !== undefined)
    query = query.where((eb) => eb.or([eb('id', '=', anyOf(ids)), eb('uuid', '=', anyOf(uuids))]));
  if (batchIds !== undefined) query = query.where('batch_id', '=', anyOf(batchIds));
  const rows = await query.returning(['id', 'uuid', 'status']).execute();
  return rows.filter(({ status }) => status === CANCELED).map(({ id, uuid }) => ({ id, uuid }));
}

/** As one parameter, however many there are. */
function anyOf<T extends string | number>(values: readonly T[]) {
  const kind = sql.raw(typeof values[0] === 'number' ? 'bigint[]' : 'text[]');
  return sql<T>`any(${`{${values.map((value) => JSON.stringify(value)).join(',')}}`}::${kind})`;
}
