/**
 * The second kind of queues, `enqueueTask` (voximplant.com/docs/references/voxengine/smartqueueevents). Nobody is at work
 * here: a task gets `SmartQueueEvents.Error` with `TerminationStatus.OPERATOR_NOT_AVAILABLE`.
 */
import { Call } from './call.ts';
import { uuid } from './deterministic.ts';
import { checkedEnum } from './enums.ts';
import { eventNames, Listeners } from './events.ts';
import { text } from './headers.ts';
import type { ApiPart } from './part.ts';
import { enqueue, withdraw } from './queue-requests.ts';

const EVENTS = {
  Waiting: 'SmartQueue.Waiting',
  OperatorReached: 'SmartQueue.OperatorReached',
  EnqueueSuccess: 'SmartQueue.EnqueueSuccess',
  TaskDistributed: 'SmartQueue.DistributeTask',
  ClientDisconnected: 'SmartQueue.ClientDisconnected',
  TaskCanceled: 'SmartQueue.TaskCanceled',
  Error: 'SmartQueue.Error',
};
const names = eventNames('SmartQueueEvents', EVENTS);

const TERMINATION = {
  NONE: 0,
  INTERNAL_ERROR: 500,
  NORMAL: 1000,
  TIMEOUT_REACHED: 1001,
  MS_NOT_ANSWERED: 1002,
  QUEUE_EMPTY: 1003,
  MAX_WAITING_TIME_REACHED: 1004,
  MAX_QUEUE_SIZE_REACHED: 1005,
  OPERATOR_NOT_AVAILABLE: 1006,
  CLIENT_TERMINATE: 1100,
  FINISHED_BY_CLIENT: 1201,
  FINISHED_BY_OPERATOR: 1202,
  FAILED: 1203,
  CANCELED: 1204,
  TRANSFERRED: 1205,
};
const WAITING_CODE = { NONE: 500, SUCCESS: 200, CANNOT_BE_ESTIMATED: 501, OVERFLOWED: 503 };
const MODE = { STRICT: 'STRICT', SMART: 'SMART' };

const OFFLINE = 'No operator is at work: there is no contact centre on this server.';

class SmartQueueTask {
  readonly id = uuid();
  /** `DISTRIBUTING`, then `FAILED` or `ENDED`. */
  status = 'DISTRIBUTING';
  terminationStatus: number | null = null;
  readonly clientCall: Call | null;
  readonly agentCall: Call | null = null;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Its name in newer scripts. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly #listeners = new Listeners(names);

  constructor(parameters: Readonly<Record<string, unknown>>) {
    this.settings = parameters;
    this.parameters = parameters;
    this.clientCall = parameters.call instanceof Call ? parameters.call : null;
    const queue = parameters.queue as { name?: unknown } | null | undefined;
    enqueue(this.id, text(queue?.name), () => this.#offline());
  }

  addEventListener(event: unknown, callback: unknown): void {
    this.#listeners.add(event, callback);
  }
  removeEventListener(event: unknown, callback?: unknown): void {
    this.#listeners.remove(event, callback);
  }

  /** `CLIENT_TERMINATE` unless told otherwise (voximplant.com/docs/references/voxengine/smartqueuetask). */
  end(description?: unknown, terminationStatus?: unknown): void {
    if (!withdraw(this.id)) return;
    const status = typeof terminationStatus === 'number' ? terminationStatus : TERMINATION.CLIENT_TERMINATE;
    this.#over('ENDED', status);
    this.#tell('SmartQueue.TaskCanceled', { status, description: text(description) });
  }

  #offline(): void {
    const type = TERMINATION.OPERATOR_NOT_AVAILABLE;
    this.#over('FAILED', type);
    this.#tell('SmartQueue.Error', { type, description: OFFLINE });
  }

  #over(status: string, terminationStatus: number): void {
    this.status = status;
    this.terminationStatus = terminationStatus;
  }

  #tell(name: string, payload: object): void {
    this.#listeners.emit(name, { task: this, name, ...payload });
  }
}

function enqueueTask(parameters?: unknown): SmartQueueTask {
  const given = parameters !== null && typeof parameters === 'object' ? parameters : {};
  return new SmartQueueTask(given as Readonly<Record<string, unknown>>);
}

export const smartQueue: ApiPart = {
  globals: {
    SmartQueueEvents: checkedEnum('SmartQueueEvents', EVENTS),
    SmartQueueOperatorSettingsMode: checkedEnum('SmartQueueOperatorSettingsMode', MODE),
    TerminationStatus: checkedEnum('TerminationStatus', TERMINATION),
    TaskWaitingCode: checkedEnum('TaskWaitingCode', WAITING_CODE),
  },
  members: { VoxEngine: { enqueueTask } },
  modules: ['smartqueue'],
};
