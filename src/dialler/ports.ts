/**
 * Call lists: what others ask of the dialler, and what the dialler needs. A call list is a table of people to call; each
 * row is a task, which starts one scenario session with the row as `VoxEngine.customData()`.
 *
 *   task   New ──claimed──▶ In progress ──reportResult, or no report──▶ Processed
 *           ▲                  └──reportError, node died──▶ Error (no attempt left)
 *           └── attempts left ─────┘                          New, In progress ──▶ Canceled
 *
 * Names and numbers of states are those of voximplant.com/docs/references/httpapi/calllistdetailtype.
 */
import type { Route } from '../call/types.ts';
import type { CallListReport } from '../scenario/ports.ts';

export type CallListStatus = 'In progress' | 'Completed' | 'Canceled';

/** By its number: `TASK_STATUSES[2]` is `Processed`. */
export const TASK_STATUSES = ['New', 'In progress', 'Processed', 'Error', 'Canceled'] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** What is called first: people who were not called yet, or those whose next attempt is due. */
export type TaskStrategy = 'first_attempts' | 'repeated_attempts';

/** Hours of a day in which people may be called; from later than to goes over midnight. */
export interface CallWindow {
  /** 0 is Sunday; all days when absent. The day is the one on which the window opens. */
  readonly days?: readonly number[];
  /** Seconds after midnight, in the time zone of the list. */
  readonly from: number;
  /** Seconds after midnight; the first second in which nobody is called any more. */
  readonly to: number;
}

export interface CallListSettings {
  /** At most 255 characters, no slashes. */
  readonly name: string;
  /** 0 comes first. */
  readonly priority: number;
  /** Tasks that run at once, on all nodes together; at least 1. */
  readonly maxSimultaneous: number;
  /** 1 to 5. */
  readonly numAttempts: number;
  /** Seconds from a failed attempt to the next one. */
  readonly intervalSeconds: number;
  /** Milliseconds since the epoch before which nothing starts. */
  readonly startAt: number | undefined;
  readonly strategy: TaskStrategy;
  /** IANA zone of all hours of the list; the cloud knows only UTC. */
  readonly timeZone: string;
  /** Hours for tasks that bring none of their own; empty: always. */
  readonly windows: readonly CallWindow[];
  /** The owner's own note. */
  readonly customData: string;
}

/** A table as it was uploaded. */
export interface TaskTable {
  /** CSV with a header line. Bytes are decoded by `encoding`. */
  readonly csv: string | Uint8Array;
  /** Default `;`. */
  readonly delimiter?: string;
  /** A label of the WHATWG Encoding Standard, such as `windows-1251`. Default UTF-8. */
  readonly encoding?: string;
  /** Default `"`. */
  readonly quote?: string;
  /** Besides a doubled quote; default none. */
  readonly escape?: string;
}

export interface NewCallList extends Partial<CallListSettings> {
  readonly applicationId: string;
  readonly ruleId: string;
  readonly name: string;
  readonly maxSimultaneous: number;
  readonly numAttempts: number;
  readonly table: TaskTable;
  /** Made without being started. */
  readonly canceled?: boolean;
}

export interface CallListInfo extends CallListSettings {
  readonly id: number;
  readonly applicationId: string;
  readonly ruleId: string;
  readonly status: CallListStatus;
  /** Milliseconds since the epoch. */
  readonly submittedAt: number;
  readonly completedAt: number | undefined;
  /** The header line, in order. */
  readonly columns: readonly string[];
}

export interface CallTaskInfo {
  readonly id: number;
  readonly uuid: string;
  readonly listId: number;
  readonly batchId: string;
  readonly status: TaskStatus;
  readonly attemptsLeft: number;
  /** The row as JSON: what `VoxEngine.customData()` gives. Holds numbers. */
  readonly customData: string;
  /** What the last attempt reported, as text; may hold numbers. */
  readonly resultData: string | undefined;
  /** Milliseconds since the epoch. */
  readonly lastAttemptAt: number | undefined;
  /** When the next attempt may begin, milliseconds since the epoch. */
  readonly notBefore: number;
  readonly priority: number;
  /** Hours of its own; empty: those of the list. */
  readonly windows: readonly CallWindow[];
  /** The session of the last attempt. */
  readonly sessionId: string | undefined;
}

/** What is changed; what is absent stays. */
export interface TaskChange {
  readonly attemptsLeft?: number;
  readonly customData?: string;
  /** Milliseconds since the epoch. */
  readonly notBefore?: number;
  readonly windows?: readonly CallWindow[];
  readonly priority?: number;
}

export type TaskRef = { readonly id: number } | { readonly uuid: string };

export interface Added {
  readonly listId: number;
  readonly batchId: string;
  readonly count: number;
}

/**
 * For the platform API; `call-lists.ts` implements it. Rejects with `call-list/invalid` (what is wrong is in the
 * message), `call-list/unknown` for a list or task that is not there. Whether the caller may see a list is the caller's
 * to check, by `CallListInfo.applicationId`.
 */
export interface CallLists {
  create(list: NewCallList): Promise<Added>;
  append(listId: number, table: TaskTable): Promise<Added>;
  get(listId: number): Promise<CallListInfo | undefined>;
  /** Newest first. `limit` at most 1000. */
  list(filter: CallListFilter): Promise<{ readonly items: readonly CallListInfo[]; readonly total: number }>;
  /** In the order of the table. */
  tasks(
    listId: number,
    page: { readonly limit: number; readonly offset: number; readonly batchId?: string },
  ): Promise<{ readonly items: readonly CallTaskInfo[]; readonly total: number }>;
  edit(listId: number, change: Partial<CallListSettings>): Promise<CallListInfo>;
  editTask(listId: number, task: TaskRef, change: TaskChange): Promise<void>;
  /** Nothing more is started, what runs goes on; tasks that were New become Canceled. */
  stop(listId: number): Promise<void>;
  /** Canceled tasks become New again; resolves with how many. */
  recover(listId: number): Promise<number>;
  /** Resolves with those that were canceled: New ones become Canceled, what runs goes on and is not repeated. */
  cancelTasks(listId: number, tasks: readonly TaskRef[]): Promise<readonly TaskRef[]>;
  cancelBatches(listId: number, batchIds: readonly string[]): Promise<number>;
  /** A list that is In progress cannot be deleted: `call-list/in-progress`. */
  delete(listId: number): Promise<void>;
}

export interface CallListFilter {
  readonly applicationIds?: readonly string[];
  readonly ids?: readonly number[];
  readonly ruleIds?: readonly string[];
  /** Part of the name. */
  readonly name?: string;
  readonly statuses?: readonly CallListStatus[];
  /** Milliseconds since the epoch, of `submittedAt`. */
  readonly from?: number;
  readonly to?: number;
  readonly limit: number;
  readonly offset: number;
}

/** Which scripts a rule starts; the directory knows. */
export interface RuleDirectory {
  routeOfRule(applicationId: string, ruleId: string): Route | undefined;
}

/** A task that this node has taken. Whoever holds the token of the claim, and nobody else, may write its outcome. */
export interface ClaimedTask {
  readonly id: number;
  readonly token: string;
  readonly applicationId: string;
  readonly ruleId: string;
  readonly customData: string;
  /** The task's own, else the list's. */
  readonly windows: readonly CallWindow[];
  readonly timeZone: string;
  readonly intervalSeconds: number;
  readonly attemptsLeft: number;
}

/** What becomes of a task whose attempt is over. */
export type TaskOutcome =
  | { readonly status: 'Processed'; readonly result: string | undefined }
  | { readonly status: 'Error'; readonly result: string | undefined }
  /** Once more. The attempt has counted when `attemptsLeft` is lower than it was. */
  | ({ readonly status: 'New'; readonly result: string | undefined } & NextAttempt);

export interface NextAttempt {
  readonly attemptsLeft: number;
  readonly notBefore: number;
  readonly customData?: string;
  readonly windows?: readonly CallWindow[];
}

/** A claim whose node is gone. */
export interface LostTask extends ClaimedTask {
  /** Whether its session may have begun, so that a phone may have rung. */
  readonly begun: boolean;
  /** What its script had said before. */
  readonly report: CallListReport | undefined;
}

/** One row of a table, read. */
export interface NewTask {
  readonly uuid: string;
  readonly customData: string;
  readonly notBefore: number;
  readonly priority: number;
  readonly windows: readonly CallWindow[];
}

/** storage implements it: the one truth that all nodes share. Leases end by the database's clock. */
export interface CallListStore {
  insert(
    list: Omit<CallListInfo, 'id' | 'completedAt'>,
    batchId: string,
    tasks: readonly NewTask[],
  ): Promise<number>;
  /** Also opens a Completed list again. */
  append(listId: number, batchId: string, tasks: readonly NewTask[]): Promise<void>;
  get(listId: number): Promise<CallListInfo | undefined>;
  list(filter: CallListFilter): Promise<{ readonly items: readonly CallListInfo[]; readonly total: number }>;
  tasks(
    listId: number,
    page: { readonly limit: number; readonly offset: number; readonly batchId?: string },
  ): Promise<{ readonly items: readonly CallTaskInfo[]; readonly total: number }>;
  task(listId: number, ref: TaskRef): Promise<CallTaskInfo | undefined>;
  update(listId: number, change: Partial<CallListSettings>): Promise<void>;
  updateTask(taskId: number, change: TaskChange): Promise<void>;
  stop(listId: number, now: number): Promise<void>;
  recover(listId: number): Promise<number>;
  cancel(
    listId: number,
    which: { readonly tasks?: readonly TaskRef[]; readonly batchIds?: readonly string[] },
    now: number,
  ): Promise<readonly { readonly id: number; readonly uuid: string }[]>;
  delete(listId: number): Promise<void>;

  /** Takes what is due, at most `limit`, and leases it for `leaseSeconds`. */
  claim(options: {
    readonly node: string;
    readonly instance: string;
    readonly limit: number;
    readonly leaseSeconds: number;
    readonly now: number;
  }): Promise<readonly ClaimedTask[]>;
  /** Before the session starts. False when the claim is no longer ours, or the task was canceled meanwhile. */
  begin(task: ClaimedTask): Promise<boolean>;
  /** Which session runs it. */
  started(task: ClaimedTask, sessionId: string): Promise<void>;
  /** Resolves with the ids whose lease could be made longer; the others are not ours any more. */
  renew(tasks: readonly ClaimedTask[], leaseSeconds: number): Promise<ReadonlySet<number>>;
  /** Keeps what a script has said, for the case that its node dies before the session is over. */
  report(task: ClaimedTask, report: CallListReport): Promise<void>;
  /** Writes the outcome and closes a list of which nothing is left to do. False when the claim is not ours. */
  finish(task: ClaimedTask, outcome: TaskOutcome, now: number): Promise<boolean>;
  /**
   * Takes claims whose lease is over, and those of `node` that another instance of it made (its process is gone), and
   * leases them to the caller.
   */
  takeLost(options: {
    readonly node: string;
    readonly instance: string;
    readonly leaseSeconds: number;
    readonly limit: number;
  }): Promise<readonly LostTask[]>;
}
