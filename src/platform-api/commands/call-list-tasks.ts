import { command } from '../command.ts';
import { PlatformError } from '../errors.ts';
import {
  forbidden,
  id,
  ids,
  ignored,
  integer,
  line,
  list,
  MAX_COUNT,
  paging,
  required,
  text,
  time,
} from '../params.ts';
import { readTime } from '../time.ts';
import { taskView, visibleList, windowOf } from './call-list-objects.ts';
import { callListFailure, clockTime } from './call-list-params.ts';

const page = 'calllists';
const listId = () => required(id(255));

export const callListTasks = [
  command({
    name: 'GetCallListDetails',
    summary: 'The tasks of a call list, in the order of the table.',
    scope: 'call-lists:read',
    page,
    missing: 'JSON only',
    params: {
      list_id: listId(),
      batch_id: line(),
      output: forbidden('the answer is JSON', ['json']),
      is_async: forbidden('reports are not made in the background', ['false', '0']),
      encoding: ignored('only with reports'),
      delimiter: ignored('only with reports'),
      new_csv_style: ignored('only with reports'),
      ...paging,
    },
    run: async (context, args) => {
      const { id: there } = await visibleList(context, args.list_id);
      const found = await context.callLists.tasks(there, {
        limit: Math.min(args.count, MAX_COUNT),
        offset: args.offset,
        ...(args.batch_id === undefined ? {} : { batchId: args.batch_id }),
      });
      return {
        result: found.items.map((one) => taskView(context, one)),
        total_count: found.total,
        count: found.items.length,
      };
    },
  }),

  command({
    name: 'EditCallListTask',
    summary: 'Changes a task: its hours, its data, how often it is tried.',
    scope: 'call-lists:write',
    page,
    missing: 'no schedule in JSON',
    params: {
      list_id: listId(),
      task_id: id(496),
      task_uuid: line({ max: 40 }),
      start_at: time(),
      next_attempt_time: time(),
      attempts_left: integer({ max: 5 }),
      custom_data: text({ max: 64 * 1024 }),
      min_execution_time: clockTime,
      max_execution_time: clockTime,
      call_schedule: forbidden('use min_execution_time and max_execution_time'),
      user_id: forbidden('no lists that operators call by hand'),
      skill_id: forbidden('no lists that operators call by hand'),
    },
    run: async (context, args) => {
      const { id: there } = await visibleList(context, args.list_id);
      const { task_id, task_uuid } = args;
      if (task_id === undefined && task_uuid === undefined) {
        throw new PlatformError(485, { parameter: 'task_id' });
      }
      const ref = task_id === undefined ? { uuid: task_uuid ?? '' } : { id: task_id };
      const start = args.start_at ?? args.next_attempt_time;
      const notBefore = start === undefined ? undefined : readTime(start);
      if (start !== undefined && notBefore === undefined) throw new PlatformError(111);
      const windows = windowOf(args.min_execution_time, args.max_execution_time);
      await callListFailure(() =>
        context.callLists.editTask(there, ref, {
          ...(args.attempts_left === undefined ? {} : { attemptsLeft: args.attempts_left }),
          ...(args.custom_data === undefined ? {} : { customData: args.custom_data }),
          ...(notBefore === undefined ? {} : { notBefore }),
          ...(windows === undefined ? {} : { windows }),
        }),
      );
      return { result: true };
    },
  }),

  command({
    name: 'CancelCallListTask',
    summary: 'Tasks that have not begun are not begun any more.',
    scope: 'call-lists:write',
    page,
    params: { list_id: listId(), tasks_ids: ids(496), tasks_uuids: list() },
    run: async (context, args) => {
      const { id: there } = await visibleList(context, args.list_id);
      const { tasks_ids, tasks_uuids } = args;
      if (tasks_ids === 'all' || (tasks_ids === undefined) === (tasks_uuids === undefined)) {
        throw new PlatformError(485, { parameter: 'tasks_ids' });
      }
      const refs = tasks_ids?.map((one) => ({ id: one })) ?? tasks_uuids?.map((uuid) => ({ uuid })) ?? [];
      const gone = await callListFailure(() => context.callLists.cancelTasks(there, refs));
      const done = new Set(gone.map((ref) => JSON.stringify(ref)));
      return {
        result: refs.map((ref) => {
          const canceled = done.has(JSON.stringify(ref));
          const name = 'id' in ref ? { task_id: ref.id } : { task_uuid: ref.uuid };
          return { ...name, result: canceled, ...(canceled ? {} : { error_msg: 'not there, or begun' }) };
        }),
      };
    },
  }),

  command({
    name: 'CancelCallListBatch',
    summary: 'The same for all rows that came with one table.',
    scope: 'call-lists:write',
    page,
    params: { list_id: listId(), batch_ids: required(list()) },
    run: async (context, args) => {
      const { id: there } = await visibleList(context, args.list_id);
      await callListFailure(() => context.callLists.cancelBatches(there, args.batch_ids));
      return { result: true };
    },
  }),

  command({
    name: 'StopCallListProcessing',
    summary: 'Nothing more is begun; what runs goes on.',
    scope: 'call-lists:write',
    page,
    params: { list_id: listId() },
    run: async (context, args) => {
      const { id: there } = await visibleList(context, args.list_id);
      await callListFailure(() => context.callLists.stop(there));
      return { result: true, msg: 'The list is stopped' };
    },
  }),

  command({
    name: 'RecoverCallList',
    summary: 'Goes on with a call list that was stopped.',
    scope: 'call-lists:write',
    page,
    params: { list_id: listId() },
    run: async (context, args) => {
      const { id: there } = await visibleList(context, args.list_id);
      const count = await callListFailure(() => context.callLists.recover(there));
      return { result: true, count_recovery: count };
    },
  }),

  command({
    name: 'DeleteCallList',
    summary: 'Removes a call list that is not in progress.',
    scope: 'call-lists:write',
    page,
    params: { list_id: listId(), account_id: ignored('there is one account') },
    run: async (context, args) => {
      const { id: there } = await visibleList(context, args.list_id);
      await callListFailure(() => context.callLists.delete(there));
      return { result: true };
    },
  }),
];
