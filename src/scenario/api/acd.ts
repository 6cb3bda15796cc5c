/**
 * The first kind of queues, `enqueueACDRequest` (voximplant.com/docs/references/voxengine/acdevents). Every queue is
 * offline here: the request gets `ACDEvents.Offline`, is not queued, and scripts do what they do out of hours.
 */
import { uuid } from './deterministic.ts';
import { checkedEnum } from './enums.ts';
import { eventNames, Listeners } from './events.ts';
import { text } from './headers.ts';
import { warn } from './host-link.ts';
import type { ApiPart } from './part.ts';
import { deliverOffline, enqueue, withdraw } from './queue-requests.ts';

const EVENTS = {
  OperatorReached: 'ACD.OperatorReached',
  OperatorCallAttempt: 'ACD.OperatorCallAttempt',
  OperatorFailed: 'ACD.OperatorFailed',
  Error: 'ACD.Error',
  Waiting: 'ACD.Waiting',
  Queued: 'ACD.Queued',
  Offline: 'ACD.Offline',
  QueueFull: 'ACD.QueueFull',
};

/** The others come with the contact centre. A script names them all, so that nothing warns of them. */
const names = eventNames('ACDEvents', EVENTS);

class ACDRequest {
  readonly #id = uuid();
  readonly #listeners = new Listeners(names);

  constructor(queue: string) {
    enqueue(this.#id, queue, () =>
      this.#listeners.emit('ACD.Offline', { request: this, name: 'ACD.Offline' }),
    );
  }

  id(): string {
    return this.#id;
  }
  addEventListener(event: unknown, callback: unknown): void {
    this.#listeners.add(event, callback);
  }
  removeEventListener(event: unknown, callback?: unknown): void {
    this.#listeners.remove(event, callback);
  }
  /** Has something to tell of queued requests only (voximplant.com/docs/references/voxengine/acdrequest). */
  getStatus(): void {
    warn('ACDRequest.getStatus: the request is not queued, since its queue is offline.');
  }
  /** The request is forgotten; no event comes. */
  cancel(): void {
    withdraw(this.#id);
  }
}

function enqueueACDRequest(queueName: unknown, _callerid?: unknown, _parameters?: unknown): ACDRequest {
  return new ACDRequest(text(queueName));
}

export const acd: ApiPart = {
  globals: { ACDEvents: checkedEnum('ACDEvents', EVENTS) },
  members: { VoxEngine: { enqueueACDRequest } },
  deliver: { 'acd-offline': ({ requestId }) => deliverOffline(requestId) },
  modules: ['acd'],
};
