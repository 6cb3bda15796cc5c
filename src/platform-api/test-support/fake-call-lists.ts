import type {
  Added,
  CallListInfo,
  CallLists,
  CallTaskInfo,
  NewCallList,
  TaskTable,
} from '../../dialler/ports.ts';

const failure = (code: string): Error => Object.assign(new Error(code), { code });

/** Call lists in memory, without a dialler behind them. A table of one line is a broken one. */
export function fakeCallLists(): CallLists {
  const lists = new Map<number, CallListInfo>();
  const tasks = new Map<number, CallTaskInfo[]>();
  let last = 0;
  const need = (id: number): CallListInfo => {
    const found = lists.get(id);
    if (found === undefined) throw failure('call-list/unknown');
    return found;
  };
  const status = (id: number, value: CallListInfo['status']) => lists.set(id, { ...need(id), status: value });
  const add = (listId: number, table: TaskTable): Added => {
    const rows = String(table.csv).trim().split('\n').slice(1);
    if (rows.length === 0) throw failure('call-list/invalid');
    const batchId = `batch-${++last}`;
    const there = tasks.get(listId) ?? [];
    tasks.set(listId, there);
    for (const row of rows) {
      const id = ++last;
      there.push({
        ...{ id, uuid: `task-${id}`, listId, batchId, status: 'New', priority: 0, notBefore: 0 },
        attemptsLeft: need(listId).numAttempts,
        customData: JSON.stringify({ row }),
        ...{ resultData: undefined, lastAttemptAt: undefined, windows: [], sessionId: undefined },
      });
    }
    return { listId, batchId, count: rows.length };
  };
  return {
    create: async ({ table, canceled, ...list }: NewCallList) => {
      const id = ++last;
      lists.set(id, {
        ...{ priority: 0, intervalSeconds: 0, startAt: undefined, strategy: 'first_attempts' },
        ...{ timeZone: 'UTC', windows: [], customData: '', completedAt: undefined, columns: [] },
        ...list,
        id,
        status: canceled === true ? 'Canceled' : 'In progress',
        submittedAt: Date.UTC(2026, 0, 1),
      });
      return add(id, table);
    },
    append: async (id, table) => add(need(id).id, table),
    get: async (id) => lists.get(id),
    list: async ({ applicationIds, ids, ruleIds, statuses, limit, offset }) => {
      const found = [...lists.values()].filter(
        (one) =>
          (applicationIds === undefined || applicationIds.includes(one.applicationId)) &&
          (ids === undefined || ids.includes(one.id)) &&
          (ruleIds === undefined || ruleIds.includes(one.ruleId)) &&
          (statuses === undefined || statuses.includes(one.status)),
      );
      return { items: found.slice(offset, offset + limit), total: found.length };
    },
    tasks: async (id, { limit, offset }) => {
      const found = tasks.get(need(id).id) ?? [];
      return { items: found.slice(offset, offset + limit), total: found.length };
    },
    edit: async (id, change) => {
      lists.set(id, { ...need(id), ...change });
      return need(id);
    },
    editTask: async (id) => void need(id),
    stop: async (id) => void status(id, 'Canceled'),
    recover: async (id) => {
      status(id, 'In progress');
      return tasks.get(id)?.length ?? 0;
    },
    cancelTasks: async (id, refs) =>
      refs.filter((ref) =>
        tasks.get(id)?.some((one) => ('id' in ref ? one.id === ref.id : one.uuid === ref.uuid)),
      ),
    cancelBatches: async (id) => need(id).id,
    delete: async (id) => {
      if (need(id).status === 'In progress') throw failure('call-list/in-progress');
      lists.delete(id);
    },
  };
}
