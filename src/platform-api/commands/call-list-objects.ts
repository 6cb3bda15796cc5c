/** How call lists are found, read from parameters, and shown. */
import { type CallListInfo, type CallTaskInfo, type CallWindow, TASK_STATUSES } from '../../dialler/ports.ts';
import { sees } from '../../http/authorize.ts';
import type { Context } from '../command.ts';
import { PlatformError } from '../errors.ts';
import { several, visibleApplications, visibleRules } from '../objects.ts';
import type { IdList } from '../params.ts';
import { writeTime } from '../time.ts';
import { readClock } from './call-list-params.ts';

/** Another application's list answers as one that is not there. */
export async function visibleList(context: Context, list_id: number): Promise<CallListInfo> {
  const found = await context.callLists.get(list_id);
  if (found === undefined || !sees(context.key, found.applicationId)) throw new PlatformError(255);
  return found;
}

/** What of the lists the request asks for, within what the key sees. */
export async function within(
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

export function settings(args: {
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

export function csv(args: {
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

export function windowOf(
  from: string | undefined,
  to: string | undefined,
): readonly CallWindow[] | undefined {
  if (from === undefined && to === undefined) return undefined;
  return [{ from: from === undefined ? 0 : readClock(from), to: to === undefined ? 86_400 : readClock(to) }];
}

export function listView(context: Context, one: CallListInfo, rule: (ref: string) => number) {
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

export function taskView(context: Context, one: CallTaskInfo) {
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
