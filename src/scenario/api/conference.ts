/**
 * `Conference` and `Endpoint`: rooms for sound. Video (mode FORWARD) does not exist here; an endpoint of that mode is told
 * so by `ConferenceError` 102, which is the cloud's own code for a conference without video
 * (voximplant.com/docs/references/voxengine/conference#add). Unlike there, `add` takes calls into a room of sound (MIX).
 */
import type { HostEvent } from '../protocol.ts';
import { Call } from './call.ts';
import { uuid } from './deterministic.ts';
import {
  directionOf,
  Endpoint,
  type EndpointState,
  endpointStates,
  hearsNothing,
  objectOf,
} from './endpoint.ts';
import { checkedEnum } from './enums.ts';
import { eventNames, Listeners } from './events.ts';
import { headersOf, text } from './headers.ts';
import { send, warn } from './host-link.ts';
import { connect, disconnect, endUnit, registerUnit } from './media-unit.ts';
import type { ApiPart } from './part.ts';
import { newOutgoingCall } from './vox-engine.ts';

const EVENTS = {
  ConferenceError: 'Conference.Error',
  Started: 'Conference.Started',
  Stopped: 'Conference.Stopped',
  EndpointAdded: 'Conference.EndpointAdded',
  EndpointUpdated: 'Conference.EndpointUpdated',
  EndpointRemoved: 'Conference.EndpointRemoved',
  EndpointManaged: 'Conference.EndpointManaged',
};
const names = eventNames('ConferenceEvents', EVENTS);

/** For video, which is not here. */
const NO_VIDEO = 102;

interface ConferenceState {
  readonly conference: Conference;
  readonly listeners: Listeners;
  readonly endpoints: Map<string, Endpoint>;
  stopped: boolean;
}

const states = new Map<string, ConferenceState>();

export class Conference {
  readonly #id: string;

  constructor(id: string) {
    this.#id = id;
    registerUnit(this, { kind: 'conference', id });
  }
  id(): string {
    return this.#id;
  }
  addEventListener(event: unknown, callback: unknown): void {
    states.get(this.#id)?.listeners.add(event, callback);
  }
  removeEventListener(event: unknown, callback?: unknown): void {
    states.get(this.#id)?.listeners.remove(event, callback);
  }
  stop(): void {
    send({ type: 'conference-stop', conferenceId: this.#id });
  }
  getList(): Endpoint[] {
    return [...(states.get(this.#id)?.endpoints.values() ?? [])];
  }
  get(id: unknown): Endpoint | undefined {
    return states.get(this.#id)?.endpoints.get(text(id));
  }
  add(parameters: unknown): Endpoint {
    return addEndpoint(this.#id, objectOf(parameters));
  }
  sendMediaTo(mediaUnit: unknown, parameters?: unknown): void {
    connect(this, mediaUnit, 'Conference.sendMediaTo', parameters);
  }
  stopMediaTo(mediaUnit: unknown): void {
    disconnect(this, mediaUnit, 'Conference.stopMediaTo');
  }
}

function addEndpoint(conferenceId: string, parameters: Record<string, unknown>): Endpoint {
  const { call, mode = 'MIX', direction, displayName, receiveParameters, maxVideoBitrate } = parameters;
  if (!(call instanceof Call)) throw new TypeError('Conference.add needs a Call');
  if (maxVideoBitrate !== undefined)
    warn('Conference.add: maxVideoBitrate means nothing here; there is no video.');
  const state: EndpointState = {
    id: uuid(),
    conferenceId,
    call,
    mode: text(mode),
    direction: directionOf(direction, 'BOTH'),
    displayName: text(displayName),
    waiting: [],
  };
  const endpoint = new Endpoint(state);
  const conference = states.get(conferenceId);
  if (conference?.stopped !== false) {
    warn('Conference.add: the conference has stopped; nobody was added.');
    return endpoint;
  }
  if (state.mode !== 'MIX') {
    const error = `Conference.add: the mode ${state.mode} is not available in Maskline, which has no video; only MIX is.`;
    // Told as everything else is: after the script has had its turn.
    void Promise.resolve().then(() =>
      emit(conference, EVENTS.ConferenceError, { error, code: NO_VIDEO, endpointId: state.id }),
    );
    return endpoint;
  }
  endpointStates.set(state.id, state);
  conference.endpoints.set(state.id, endpoint);
  const callId = Call.prototype.id.call(call);
  send({
    type: 'conference-add',
    conferenceId,
    endpointId: state.id,
    callId,
    direction: state.direction,
  });
  if (hearsNothing(objectOf(receiveParameters))) void endpoint.manageEndpoint(receiveParameters);
  return endpoint;
}

function createConference(parameters?: unknown): Conference {
  if (objectOf(parameters).hd_audio === true)
    warn('createConference: hd_audio is not available in Maskline; a conference is mixed at 8 kHz.');
  const id = uuid();
  const conference = new Conference(id);
  states.set(id, { conference, listeners: new Listeners(names), endpoints: new Map(), stopped: false });
  send({ type: 'conference-create', conferenceId: id });
  return conference;
}

function destroyConference(conference: unknown): void {
  if (!(conference instanceof Conference))
    throw new TypeError('VoxEngine.destroyConference needs a Conference');
  Conference.prototype.stop.call(conference);
}

/** A call to the conference whose rule has that name as its pattern; it fails with 404 when there is none. */
function callConference(
  conferenceId: unknown,
  callerid?: unknown,
  displayName?: unknown,
  headers?: unknown,
  _scheme?: unknown,
): Call {
  const name = text(conferenceId).slice(0, 64);
  const [shown, title] = [text(callerid).slice(0, 128), text(displayName).slice(0, 256)];
  const { call, callId } = newOutgoingCall({
    number: name,
    callerid: shown,
    displayName: title,
    clientType: 'sip',
  });
  send({
    type: 'conference-call',
    callId,
    name,
    callerid: shown,
    displayName: title,
    headers: headersOf(headers),
  });
  return call;
}

function emit({ conference, listeners }: ConferenceState, name: string, payload: object): void {
  listeners.emit(name, { conference, name, ...payload });
}

type Delivered = Extract<HostEvent, { conferenceId: string }>;

function deliver(event: Delivered): void {
  const state = states.get(event.conferenceId);
  if (state === undefined) return;
  switch (event.type) {
    case 'conference-started':
      emit(state, EVENTS.Started, {});
      return;
    case 'conference-stopped':
      state.stopped = true;
      endUnit(state.conference);
      emit(state, EVENTS.Stopped, { cost: '0', duration: String(event.durationSeconds) });
      return;
    case 'conference-error': {
      const { error, code, endpointId } = event;
      if (endpointId === undefined) state.stopped = true;
      else lose(state, endpointId, (one) => one.reject(new Error(`Endpoint.manageEndpoint: ${error}`)));
      emit(state, EVENTS.ConferenceError, {
        error,
        code,
        ...(endpointId === undefined ? {} : { endpointId }),
      });
      return;
    }
    case 'conference-endpoint':
      deliverToEndpoint(state, event.what, event.endpointId);
  }
}

function deliverToEndpoint(
  state: ConferenceState,
  what: 'added' | 'updated' | 'removed' | 'managed',
  endpointId: string,
): void {
  const endpoint = state.endpoints.get(endpointId);
  const own = endpointStates.get(endpointId);
  if (endpoint === undefined || own === undefined) return;
  if (what === 'removed') lose(state, endpointId, ({ resolve }) => resolve());
  else if (what === 'managed') own.waiting.shift()?.resolve();
  const { mode, direction } = own;
  emit(state, OF_ENDPOINT[what], { mode, direction, endpointId, endpoint });
}

/** It is in the conference no more; who waits for something of it is told. */
function lose(
  { endpoints }: ConferenceState,
  endpointId: string,
  settle: (waiting: EndpointState['waiting'][number]) => void,
): void {
  const state = endpointStates.get(endpointId);
  endpoints.delete(endpointId);
  endpointStates.delete(endpointId);
  for (const one of state?.waiting.splice(0) ?? []) settle(one);
}

const OF_ENDPOINT = {
  added: EVENTS.EndpointAdded,
  updated: EVENTS.EndpointUpdated,
  removed: EVENTS.EndpointRemoved,
  managed: EVENTS.EndpointManaged,
};

export const conference: ApiPart = {
  globals: {
    ConferenceEvents: checkedEnum('ConferenceEvents', EVENTS),
    ConferenceMode: checkedEnum('ConferenceMode', { MIX: 'MIX', FORWARD: 'FORWARD' }),
    ConferenceDirection: checkedEnum('ConferenceDirection', {
      SEND: 'SEND',
      RECEIVE: 'RECEIVE',
      BOTH: 'BOTH',
    }),
  },
  members: { VoxEngine: { createConference, destroyConference, callConference } },
  deliver: {
    'conference-started': deliver,
    'conference-stopped': deliver,
    'conference-endpoint': deliver,
    'conference-error': deliver,
  },
  modules: ['conference'],
};
