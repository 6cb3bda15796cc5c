import {
  type CallListInfo,
  type CallLists,
  type CallTaskInfo,
  type CallWindow,
  TASK_STATUSES,
} from '../../dialler/ports.ts';
import { sees } from '../../http/authorize.ts';
import { type Context, command } from '../command.ts';
import { PlatformError } from '../errors.ts';
import { needRule, numbersOf, several, visibleApplications, visibleRules } from '../objects.ts';
import {
  flag,
  forbidden,
  type IdList,
  id,
  ids,
  ignored,
  integer,
  line,
  list,
  MAX_COUNT,
  oneOf,
  otherwise,
  paging,
  required,
  text,
  time,
} from '../params.ts';
import { readTime, writeTime } from '../time.ts';
import {
  callListFailure,
  clockTime,
  csvOptions,
  file,
  listSettings,
  readClock,
  unused,
} from './call-list-params.ts';

const page = 'calllists';
const listId = () => required(id(255));
const missing = 'no predictive dialling, no lists that operators call by hand';

export const callLists = [
  command({
    name: 'CreateCallList',
    summary: 'Calls everybody of a table: each row starts the scenarios of the rule.',
    scope: 'call-lists:write',
    page,
    missing,
    params: {
      rule_id: required(id(147)),
      priority: required(integer({ code: 247, max: 2 ** 31 })),
      max_simultaneous: required(integer({ code: 248, min: 1, max: 10_000 })),
      num_attempts: required(integer({ code: 249, min: 1, max: 5 })),
      name: required(line({ code: 253, max: 255 })),
      file_content: file,
      ...csvOptions,
      ...listSettings,
      is_cancelled: otherwise(flag(), false),
      ...unused,
    },
    run: async (context, args) => {
      const rule = await needRule(context, { rule_id: args.rule_id });
      const made = await callListFailure(() =>
        dialler(context).create({
          applicationId: rule.applicationId,
          ruleId: rule.id,
          name: args.name,
          priority: args.priority,
          maxSimultaneous: args.max_simultaneous,
          numAttempts: args.num_attempts,
          ...settings(args),
          canceled: args.is_cancelled,
          table: { csv: args.file_content, ...csv(args) },
        }),
      );
      return { result: true, count: made.count, list_id: made.listId, batch_id: made.batchId };
    },
  }),

  command({
    name: 'AppendToCallList',
    summary: 'Adds rows to a call list.',
    scope: 'call-lists:write',
    page,
    params: { list_id: listId(), file_content: file, ...csvOptions },
    run: async (context, args) => {
      const { id: there } = await visibleList(context, args.list_id);
      const table = { csv: args.file_content, ...csv(args) };
      const made = await callListFailure(() => dialler(context).append(there, table));
      return { result: true, count: made.count, list_id: made.listId, batch_id: made.batchId };
    },
  }),

  command({
    name: 'EditCallList',
    summary: 'Changes the settings of a call list.',
    scope: 'call-lists:write',
    page,
    missing,
    params: {
      list_id: listId(),
      name: line({ code: 253, max: 255 }),
      priority: integer({ code: 247, max: 2 ** 31 }),
      max_simultaneous: integer({ code: 248, min: 1, max: 10_000 }),
      num_attempts: integer({ code: 249, min: 1, max: 5 }),
      ...listSettings,
      ...unused,
    },
    run: async (context, args) => {
      const { id: there } = await visibleList(context, args.list_id);
      await callListFailure(() =>
        dialler(context).edit(there, {
          ...(args.name === undefined ? {} : { name: args.name }),
          ...(args.priority === undefined ? {} : { priority: args.priority }),
          ...(args.max_simultaneous === undefined ? {} : { maxSimultaneous: args.max_simultaneous }),
          ...(args.num_attempts === undefined ? {} : { numAttempts: args.num_attempts }),
          ...settings(args),
        }),
      );
      return { result: true };
    },
  }),

  command({
    name: 'GetCallLists',
    summary: 'Call lists, newest first.',
    scope: 'call-lists:read',
    page,
    params: {
      list_id: ids(255),
      name: line({ code: 253, note: 'a part of the name' }),
      is_active: flag(),
      status: oneOf(['In progress', 'Completed', 'Canceled'], 428),
      from_date: time(),
      to_date: time(),
      application_id: ids(116),
      application_name: list(116),
      rule_id: ids(147),
      rule_name: list(156),
      type_list: forbidden('every list is called by the dialler', ['automatic']),
      ...paging,
    },
    run: async (context, args) => {
      const statuses = args.status ?? (args.is_active === true ? 'In progress' : undefined);
      const moment = (given: string | undefined) => {
        const read = given === undefined ? undefined : readTime(given);
        if (given !== undefined && read === undefined) throw new PlatformError(111);
        return read;
      };
      const [from, to] = [moment(args.from_date), moment(args.to_date)];
      const found = await dialler(context).list({
        ...(await within(context, args)),
        ...(args.list_id === undefined || args.list_id === 'all' ? {} : { ids: args.list_id }),
        ...(args.name === undefined ? {} : { name: args.name }),
        ...(statuses === undefined
          ? args.is_active === false
            ? { statuses: ['Completed', 'Canceled'] as const }
            : {}
          : { statuses: [statuses] }),
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to: to + 999 }),
        limit: Math.min(args.count, MAX_COUNT),
        offset: args.offset,
      });
      const rule = await numbersOf(
        context,
        'rule',
        found.items.map((one) => one.ruleId),
      );
      return {
        result: found.items.map((one) => listView(context, one, rule)),
        total_count: found.total,
        count: found.items.length,
      };
    },
  }),

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
      const found = await dialler(context).tasks(there, {
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
        dialler(context).editTask(there, ref, {
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
      const gone = await callListFailure(() => dialler(context).cancelTasks(there, refs));
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
      await callListFailure(() => dialler(context).cancelBatches(there, args.batch_ids));
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
      await callListFailure(() => dialler(context).stop(there));
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
      const count = await callListFailure(() => dialler(context).recover(there));
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
      await callListFailure(() => dialler(context).delete(there));
      return { result: true };
    },
  }),
];

function dialler({ callLists: lists }: Context): CallLists {
  if (lists === undefined) throw new PlatformError(103);
  return lists;
}

/** Another application's list answers as one that is not there. */
async function visibleList(context: Context, list_id: number): Promise<CallListInfo> {
  const found = await dialler(context).get(list_id);
  if (found === undefined || !sees(context.key, found.applicationId)) throw new PlatformError(255);
  return found;
}

/** What of the lists the request asks for, within what the key sees. */
async function within(
  context: Context,
  args: {
    readonly application_id: IdList | undefined;
    readonly application_name: readonly string[] | undefined;
    readonly rule_id: IdList | undefined;
    readonly rule_name: readonly string[] | undefined;
  },
) {
  const applications = { ids: args.application_id, names: args.application_name };
  const rules = { ids: args.rule_id, names: args.rule_name };
  const named = ({ ids: numbers, names }: typeof rules) => numbers !== undefined || names !== undefined;
  const own = context.key.applicationId;
  return {
    ...(named(applications)
      ? {
          applicationIds: (
            await several(context, 'application', await visibleApplications(context), applications, 116)
          ).map((one) => one.id),
        }
      : own === undefined
        ? {}
        : { applicationIds: [own] }),
    ...(named(rules)
      ? {
          ruleIds: (await several(context, 'rule', await visibleRules(context), rules, 147)).map(
            (one) => one.id,
          ),
        }
      : {}),
  };
}

function settings(args: {
  readonly interval_seconds: number | undefined;
  readonly start_at: number | undefined;
  readonly task_priority_strategy: 'first_attempts' | 'repeated_attempts' | undefined;
  readonly list_custom_data: string | undefined;
}) {
  return {
    ...(args.interval_seconds === undefined ? {} : { intervalSeconds: args.interval_seconds }),
    ...(args.start_at === undefined ? {} : { startAt: args.start_at * 1_000 }),
    ...(args.task_priority_strategy === undefined ? {} : { strategy: args.task_priority_strategy }),
    ...(args.list_custom_data === undefined ? {} : { customData: args.list_custom_data }),
  };
}

function csv(args: {
  readonly encoding: string | undefined;
  readonly delimiter: string | undefined;
  readonly escape: string | undefined;
  readonly quote: string | undefined;
}) {
  return {
    ...(args.encoding === undefined ? {} : { encoding: args.encoding }),
    ...(args.delimiter === undefined ? {} : { delimiter: args.delimiter }),
    ...(args.escape === undefined ? {} : { escape: args.escape }),
    ...(args.quote === undefined ? {} : { quote: args.quote }),
  };
}

function windowOf(from: string | undefined, to: string | undefined): readonly CallWindow[] | undefined {
  if (from === undefined && to === undefined) return undefined;
  return [{ from: from === undefined ? 0 : readClock(from), to: to === undefined ? 86_400 : readClock(to) }];
}

function listView(context: Context, one: CallListInfo, rule: (ref: string) => number) {
  return {
    list_id: one.id,
    list_name: context.views.text(one.name),
    priority: one.priority,
    rule_id: rule(one.ruleId),
    max_simultaneous: one.maxSimultaneous,
    num_attempts: one.numAttempts,
    dt_submit: writeTime(one.submittedAt),
    ...(one.completedAt === undefined ? {} : { dt_complete: writeTime(one.completedAt) }),
    interval_seconds: one.intervalSeconds,
    status: one.status,
    task_priority_strategy: one.strategy,
    ...(one.customData === '' ? {} : { list_custom_data: context.views.text(one.customData) }),
  };
}

function taskView(context: Context, one: CallTaskInfo) {
  const window = one.windows[0];
  return {
    list_id: one.listId,
    task_id: one.id,
    task_uuid: one.uuid,
    // Rows hold the numbers to call.
    custom_data: context.views.text(one.customData),
    ...(window === undefined
      ? {}
      : { start_execution_time: clock(window.from), finish_execution_time: clock(window.to) }),
    ...(one.resultData === undefined ? {} : { result_data: context.views.text(one.resultData) }),
    ...(one.lastAttemptAt === undefined ? {} : { last_attempt: writeTime(one.lastAttemptAt) }),
    attempts_left: one.attemptsLeft,
    status_id: TASK_STATUSES.indexOf(one.status),
    status: one.status,
  };
}

const clock = (seconds: number): string =>
  new Date(Math.min(seconds, 86_399) * 1_000).toISOString().slice(11, 19);
