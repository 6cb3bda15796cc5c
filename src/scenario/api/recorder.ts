/** `Recorder`: what is sent to it with `sendMediaTo` is recorded; the first source to the left, the second to the right. */
import type { HostEvent } from '../protocol.ts';
import { uuid } from './deterministic.ts';
import { recorderEventNames } from './enums.ts';
import { Listeners } from './events.ts';
import { send } from './host-link.ts';
import { registerUnit } from './media-unit.ts';

const recorders = new Map<string, Recorder>();

export class Recorder {
  readonly #id: string;
  readonly #listeners = new Listeners(recorderEventNames);

  constructor(id: string) {
    this.#id = id;
    registerUnit(this, { kind: 'recorder', id }, { sends: false });
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
  stop(): void {
    send({ type: 'recorder-stop', recorderId: this.#id });
  }
  static deliver(recorder: Recorder, name: string, payload: object): void {
    recorder.#listeners.emit(name, { recorder, name, ...payload });
  }
}

const deliver = Recorder.deliver;
Reflect.deleteProperty(Recorder, 'deliver');

export function createRecorder(_parameters?: unknown): Recorder {
  const id = uuid();
  const recorder = new Recorder(id);
  recorders.set(id, recorder);
  send({ type: 'recorder-create', recorderId: id });
  return recorder;
}

type RecorderEvent = Extract<HostEvent, { recorderId: string }>;

export function deliverToRecorder(event: RecorderEvent): void {
  const recorder = recorders.get(event.recorderId);
  if (recorder === undefined) return;
  if (event.type === 'recorder-started') {
    deliver(recorder, 'Recorder.Started', { url: event.url });
    return;
  }
  recorders.delete(event.recorderId);
  if (event.type === 'recorder-error') deliver(recorder, 'Recorder.Error', { error: event.error });
  else deliver(recorder, 'Recorder.Stopped', { url: event.url, cost: '0', duration: event.durationSeconds });
}
