/** `ApplicationStorage`: one request after the other, so that a script which puts and gets sees what it has put. */
import type { StorageCommand, StorageEntry, StorageEvent } from '../parts/storage-protocol.ts';
import type { KeyValueStore, StoredValue } from '../ports.ts';
import type { HostPart } from './host-part.ts';
import { messageOf, type SessionContext } from './session-context.ts';

type Answer = StorageEvent['answer'];

export class SessionStorage implements HostPart {
  readonly #context: SessionContext;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** What was asked for before the script said `terminate` is still done. */
  run(command: StorageCommand): void {
    const { services, holdEnd, post } = this.#context;
    if (this.#waiting >= services.limits.storageWaiting) {
      post({
        type: 'storage-answer',
        requestId: command.requestId,
        answer: { kind: 'error', message: 'too many requests wait for an answer' },
      });
      return;
    }
    this.#waiting += 1;
    const asked = services.clock.monotonic();
    this.#last = this.#last.then(() => this.#answer(command, asked));
    holdEnd(this.#last);
  }

  close(): void {}

  async #answer(command: StorageCommand, asked: number): Promise<void> {
    const { signal, post } = this.#context;
    const answer = signal.aborted ? undefined : await this.#inTime(command, asked);
    this.#waiting -= 1;
    if (answer !== undefined && !signal.aborted)
      post({ type: 'storage-answer', requestId: command.requestId, answer });
  }

  /**
   * A database that is slow or away is an error for the script; what it does later is done for nobody. Waiting for the
   * requests before it counts: a script that asks for a hundred things at once does not wait a hundred times.
   */
  async #inTime(command: StorageCommand, asked: number): Promise<Answer> {
    const { clock, limits, storage } = this.#context.services;
    if (storage === undefined) return { kind: 'error', message: 'this server has no storage' };
    const late = Promise.withResolvers<Answer>();
    const message = `the storage did not answer within ${limits.storageSeconds} s`;
    const left = asked + limits.storageSeconds * 1000 - clock.monotonic();
    if (left <= 0) return { kind: 'error', message };
    const timer = clock.setTimeout(() => late.resolve({ kind: 'error', message }), left);
    const done = carryOut(storage, this.#context.request.route.applicationId, command).catch(
      (error: unknown): Answer => ({ kind: 'error', message: messageOf(error) }),
    );
    const answer = await Promise.race([done, late.promise]);
    clock.clearTimeout(timer);
    return answer;
  }
}

async function carryOut(
  store: KeyValueStore,
  applicationId: string,
  command: StorageCommand,
): Promise<Answer> {
  switch (command.type) {
    case 'storage-get': {
      const found = await store.get(applicationId, command.key);
      return { kind: 'entry', entry: found === undefined ? null : entryOf(found) };
    }
    case 'storage-put': {
      const { key, value, ttl } = command;
      return { kind: 'entry', entry: entryOf(await store.put(applicationId, key, value, ttl)) };
    }
    case 'storage-remove': {
      // A removed key has no time left (voximplant.com/docs/references/voxengine/applicationstorage).
      const found = await store.remove(applicationId, command.key);
      return { kind: 'entry', entry: { key: command.key, value: found?.value ?? '', expireAt: 0 } };
    }
    case 'storage-keys': {
      const { namespace, count: limit } = command;
      const page = { limit, offset: 0, ...(namespace === undefined ? {} : { namespace }) };
      const { items } = await store.list(applicationId, page);
      return { kind: 'keys', keys: items.map(({ key }) => key).sort() };
    }
  }
}

function entryOf({ key, value, expiresAt }: StoredValue): StorageEntry {
  return { key, value, expireAt: Math.floor(expiresAt / 1000) };
}
