import { command } from '../command.ts';
import { PlatformError } from '../errors.ts';
import { needRule, numbersOf } from '../objects.ts';
import {
  flag,
  forbidden,
  id,
  ids,
  integer,
  line,
  list,
  MAX_COUNT,
  oneOf,
  otherwise,
  paging,
  required,
  time,
} from '../params.ts';
import { readTime } from '../time.ts';
import { csv, listView, settings, visibleList, within } from './call-list-objects.ts';
import { callListFailure, csvOptions, file, listSettings, unused } from './call-list-params.ts';

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
        context.callLists.create({
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
      const made = await callListFailure(() => context.callLists.append(there, table));
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
        context.callLists.edit(there, {
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
      const found = await context.callLists.list({
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
];
