/** Call lists as their owner sees them: makes, changes and shows them. What runs them is `dialler.ts`. */
import type { Clock } from '../kernel/clock.ts';
import { MasklineError } from '../kernel/errors.ts';
import type { Random } from '../kernel/random.ts';
import { invalid } from './csv.ts';
import type {
  Added,
  CallListFilter,
  CallListInfo,
  CallListSettings,
  CallListStore,
  CallLists,
  CallTaskInfo,
  NewCallList,
  RuleDirectory,
  TaskChange,
  TaskRef,
  TaskTable,
} from './ports.ts';
import { type ReadTable, readTable } from './task-table.ts';
import { checkWindows, nextOpening } from './windows.ts';

const DEFAULTS = {
  priority: 0,
  intervalSeconds: 0,
  startAt: undefined,
  strategy: 'first_attempts',
  timeZone: 'UTC',
  windows: [],
  customData: '',
} as const satisfies Partial<CallListSettings>;

const MAX_NAME = 255;
const MAX_ATTEMPTS = 5;
const MAX_SIMULTANEOUS = 10_000;
const MAX_PRIORITY = 2 ** 31;
/** A year. */
const MAX_INTERVAL_SECONDS = 366 * 86_400;
const MAX_DATA = 64 * 1024;
const MAX_PAGE = 1000;

export interface CallListBookOptions {
  readonly store: CallListStore;
  readonly rules: RuleDirectory;
  readonly clock: Clock;
  readonly random: Random;
  /** Something may have become due. */
  readonly onChanged: () => void;
}

export class CallListBook implements CallLists {
  readonly #options: CallListBookOptions;

  constructor(options: CallListBookOptions) {
    this.#options = options;
  }

  async create(list: NewCallList): Promise<Added> {
    const { store, rules, clock, random, onChanged } = this.#options;
    const { applicationId, ruleId, table, canceled = false, ...given } = list;
    const settings: CallListSettings = { ...DEFAULTS, ...given };
    checkSettings(settings);
    if (rules.routeOfRule(applicationId, ruleId) === undefined)
      throw invalid('rule: the application has no such rule');
    const { columns, tasks } = this.#read(table, settings);
    const batchId = random.uuid();
    const info = { applicationId, ruleId, columns, submittedAt: clock.now(), ...settings };
    const status = canceled ? 'Canceled' : 'In progress';
    const listId = await store.insert({ ...info, status }, batchId, tasks);
    onChanged();
    return { listId, batchId, count: tasks.length };
  }

  async append(listId: number, table: TaskTable): Promise<Added> {
    const { store, random, onChanged } = this.#options;
    const list = await this.#known(listId);
    const { tasks } = this.#read(table, list);
    const batchId = random.uuid();
    await store.append(listId, batchId, tasks);
    onChanged();
    return { listId, batchId, count: tasks.length };
  }

  get(listId: number): Promise<CallListInfo | undefined> {
    return this.#options.store.get(listId);
  }

  list(filter: CallListFilter): Promise<{ items: readonly CallListInfo[]; total: number }> {
    checkPage(filter);
    return this.#options.store.list(filter);
  }

  async tasks(
    listId: number,
    page: { readonly limit: number; readonly offset: number; readonly batchId?: string },
  ): Promise<{ items: readonly CallTaskInfo[]; total: number }> {
    checkPage(page);
    await this.#known(listId);
    return await this.#options.store.tasks(listId, page);
  }

  async edit(listId: number, change: Partial<CallListSettings>): Promise<CallListInfo> {
    checkSettings({ ...(await this.#known(listId)), ...change });
    await this.#options.store.update(listId, change);
    this.#options.onChanged();
    return await this.#known(listId);
  }

  async editTask(listId: number, ref: TaskRef, change: TaskChange): Promise<void> {
    const { store, clock, onChanged } = this.#options;
    const list = await this.#known(listId);
    const task = await store.task(listId, ref);
    if (task === undefined) throw new MasklineError('call-list/unknown');
    const { attemptsLeft, customData, notBefore, priority, windows } = change;
    checkInteger('attemptsLeft', attemptsLeft, 0, 100);
    checkInteger('priority', priority, 0, 0x7fffffff);
    if (customData !== undefined && customData.length > MAX_DATA) throw invalid('customData is too long');
    if (notBefore !== undefined && !Number.isFinite(notBefore)) throw invalid('notBefore is no time');
    if (windows !== undefined) checkWindows(windows, list.timeZone);
    const hours = [windows ?? task.windows, list.windows].find((one) => one.length > 0) ?? [];
    const from = notBefore ?? (windows === undefined ? undefined : clock.now());
    const moved =
      from === undefined ? {} : { notBefore: nextOpening(hours, list.timeZone, Math.max(from, clock.now())) };
    await store.updateTask(task.id, { ...change, ...moved });
    onChanged();
  }

  async stop(listId: number): Promise<void> {
    await this.#known(listId);
    await this.#options.store.stop(listId, this.#options.clock.now());
  }

  async recover(listId: number): Promise<number> {
    await this.#known(listId);
    const count = await this.#options.store.recover(listId);
    this.#options.onChanged();
    return count;
  }

  async cancelTasks(listId: number, tasks: readonly TaskRef[]): Promise<readonly TaskRef[]> {
    if (tasks.length > MAX_PAGE) throw invalid(`more than ${MAX_PAGE} tasks at once`);
    await this.#known(listId);
    const done = await this.#options.store.cancel(listId, { tasks }, this.#options.clock.now());
    const [ids, uuids] = [new Set(done.map(({ id }) => id)), new Set(done.map(({ uuid }) => uuid))];
    return tasks.filter((task) => ('id' in task ? ids.has(task.id) : uuids.has(task.uuid)));
  }

  async cancelBatches(listId: number, batchIds: readonly string[]): Promise<number> {
    await this.#known(listId);
    const done = await this.#options.store.cancel(listId, { batchIds }, this.#options.clock.now());
    return done.length;
  }

  async delete(listId: number): Promise<void> {
    if ((await this.#known(listId)).status === 'In progress')
      throw new MasklineError('call-list/in-progress');
    await this.#options.store.delete(listId);
  }

  async #known(listId: number): Promise<CallListInfo> {
    const list = Number.isSafeInteger(listId) ? await this.#options.store.get(listId) : undefined;
    if (list === undefined) throw new MasklineError('call-list/unknown');
    return list;
  }

  #read(table: TaskTable, { windows, timeZone }: CallListSettings): ReadTable {
    const { clock, random } = this.#options;
    return readTable(table, { windows, timeZone, now: clock.now(), uuid: () => random.uuid() });
  }
}

function checkSettings(list: CallListSettings): void {
  if (list.name === '' || list.name.length > MAX_NAME || /[/\\]/.test(list.name))
    throw invalid(`name: 1 to ${MAX_NAME} characters, and no slash`);
  checkInteger('priority', list.priority, 0, MAX_PRIORITY);
  checkInteger('maxSimultaneous', list.maxSimultaneous, 1, MAX_SIMULTANEOUS);
  checkInteger('numAttempts', list.numAttempts, 1, MAX_ATTEMPTS);
  checkInteger('intervalSeconds', list.intervalSeconds, 0, MAX_INTERVAL_SECONDS);
  if (list.startAt !== undefined && !(Math.abs(list.startAt) < 8.64e15)) throw invalid('startAt is no time');
  if (list.strategy !== 'first_attempts' && list.strategy !== 'repeated_attempts')
    throw invalid('strategy: first_attempts or repeated_attempts');
  if (list.customData.length > MAX_DATA) throw invalid(`customData: more than ${MAX_DATA} characters`);
  checkWindows(list.windows, list.timeZone);
}

function checkInteger(name: string, value: number | undefined, min: number, max: number): void {
  if (value === undefined) return;
  if (!Number.isInteger(value) || value < min || value > max)
    throw invalid(`${name}: a whole number from ${min} to ${max}`);
}

function checkPage({ limit, offset }: { readonly limit: number; readonly offset: number }): void {
  checkInteger('limit', limit, 1, MAX_PAGE);
  checkInteger('offset', offset, 0, Number.MAX_SAFE_INTEGER);
}
