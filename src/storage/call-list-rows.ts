import type { Selectable } from 'kysely';
import {
  type CallListInfo,
  type CallListSettings,
  type CallTaskInfo,
  type ClaimedTask,
  type LostTask,
  TASK_STATUSES,
  type TaskStatus,
} from '../dialler/ports.ts';
import type { CallListReport } from '../scenario/ports.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';

export const DATA_PLACE = 'call_list_tasks.custom_data';
export const RESULT_PLACE = 'call_list_tasks.result';
export const REPORT_PLACE = 'call_list_tasks.report';

export function statusNumber(status: TaskStatus): number {
  return TASK_STATUSES.indexOf(status);
}

export function readList(row: Selectable<Schema['call_lists']>): CallListInfo {
  return {
    id: row.id,
    applicationId: row.application_id,
    ruleId: row.rule_id,
    name: row.name,
    priority: row.priority,
    maxSimultaneous: row.max_simultaneous,
    numAttempts: row.num_attempts,
    intervalSeconds: row.interval_seconds,
    startAt: row.start_at?.getTime(),
    strategy: row.strategy,
    timeZone: row.time_zone,
    windows: row.windows,
    customData: row.custom_data,
    columns: row.columns,
    status: row.status,
    submittedAt: row.submitted_at.getTime(),
    completedAt: row.completed_at?.getTime(),
  };
}

/** Columns of the settings that are named; the others stay as they are. */
export function settingsColumns(list: Partial<CallListSettings>) {
  const { startAt, windows } = list;
  const all = {
    name: list.name,
    priority: list.priority,
    max_simultaneous: list.maxSimultaneous,
    num_attempts: list.numAttempts,
    interval_seconds: list.intervalSeconds,
    start_at: 'startAt' in list ? (startAt === undefined ? null : new Date(startAt)) : undefined,
    strategy: list.strategy,
    time_zone: list.timeZone,
    windows: windows === undefined ? undefined : JSON.stringify(windows),
    custom_data: list.customData,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as {
    [K in keyof typeof all]?: Exclude<(typeof all)[K], undefined>;
  };
}

export function readTask(row: Selectable<Schema['call_list_tasks']>, vault: Vault): CallTaskInfo {
  return {
    id: row.id,
    uuid: row.uuid,
    listId: row.list_id,
    batchId: row.batch_id,
    status: TASK_STATUSES[row.status] ?? 'Error',
    attemptsLeft: row.attempts_left,
    customData: vault.open(row.custom_data_sealed, DATA_PLACE),
    resultData: row.result_sealed === null ? undefined : vault.open(row.result_sealed, RESULT_PLACE),
    lastAttemptAt: row.last_attempt_at?.getTime(),
    notBefore: row.not_before.getTime(),
    priority: row.priority,
    windows: row.windows,
    sessionId: row.session_id ?? undefined,
  };
}

/** A task with what of its list an attempt needs. */
export type ClaimRow = Pick<
  Selectable<Schema['call_list_tasks']>,
  'id' | 'attempts_left' | 'custom_data_sealed' | 'windows' | 'begun' | 'report_sealed'
> &
  Pick<Selectable<Schema['call_lists']>, 'application_id' | 'rule_id' | 'time_zone' | 'interval_seconds'> & {
    readonly claim: string;
    readonly list_windows: Selectable<Schema['call_lists']>['windows'];
  };

export function readClaim(row: ClaimRow, vault: Vault): ClaimedTask {
  return {
    id: row.id,
    token: row.claim,
    applicationId: row.application_id,
    ruleId: row.rule_id,
    customData: vault.open(row.custom_data_sealed, DATA_PLACE),
    windows: row.windows.length > 0 ? row.windows : row.list_windows,
    timeZone: row.time_zone,
    intervalSeconds: row.interval_seconds,
    attemptsLeft: row.attempts_left,
  };
}

export function readLost(row: ClaimRow, vault: Vault): LostTask {
  const report =
    row.report_sealed === null
      ? undefined
      : (JSON.parse(vault.open(row.report_sealed, REPORT_PLACE)) as CallListReport);
  return { ...readClaim(row, vault), begun: row.begun, report };
}
