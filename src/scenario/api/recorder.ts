/** `Recorder`: what is sent to it with `sendMediaTo` is recorded; the first source to the left, all others to the right. */
import type { HostEvent } from '../protocol.ts';
import { uuid } from './deterministic.ts';
import { recorderEventNames } from './enums.ts';
import { Listeners } from './events.ts';
import { send } from './host-link.ts';
import { connect, registerUnit } from './media-unit.ts';
import { recordWish } from './record-options.ts';
import { isObject } from './sounds.ts';

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
  /** Silence is recorded meanwhile, and who feeds the recorder stays connected. */
  mute(doMute: unknown): void {
    if (recorders.has(this.#id))
      send({
        type: 'recorder-mute',
        recorderId: this.#id,
        on: doMute === undefined ? true : Boolean(doMute),
      });
  }
  stop(): void {
    if (recorders.has(this.#id)) send({ type: 'recorder-stop', recorderId: this.#id });
  }
  static deliver(recorder: Recorder, name: string, payload: object): void {
    recorder.#listeners.emit(name, { recorder, name, ...payload });
  }
}

const deliver = Recorder.deliver;
Reflect.deleteProperty(Recorder, 'deliver');

/** What is asked for with `video` in the cloud; here the sound of the conference is recorded. */
export class ConferenceRecorder extends Recorder {
  setConference(conference: unknown): void {
    connect(conference, this, 'ConferenceRecorder.setConference');
  }
}

/** What is no object is the recorder's name, and `secure` the second argument, as the cloud's documentation has it. */
export function createRecorder(parameters?: unknown, secure?: unknown): Recorder {
  const options = isObject(parameters) ? parameters : { name: parameters, secure };
  const id = uuid();
  const recorder = options.video === true ? new ConferenceRecorder(id) : new Recorder(id);
  recorders.set(id, recorder);
  send({ type: 'recorder-create', recorderId: id, wish: recordWish(options, 'createRecorder') });
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
