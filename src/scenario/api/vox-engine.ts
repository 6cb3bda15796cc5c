/** The namespace `VoxEngine`. All members are plain functions: scripts pass `VoxEngine.terminate` as a callback. */
import type { CallFacts, CommandTarget, HostEvent } from '../protocol.ts';
import { detectOn } from './amd-detector.ts';
import { Call } from './call.ts';
import { deliverToCall } from './call-deliver.ts';
import { uuid } from './deterministic.ts';
import { appEventNames } from './enums.ts';
import { type Handler, Listeners } from './events.ts';
import { headersOf, text } from './headers.ts';
import { send, world } from './host-link.ts';
import { ignored, OF_CALLS } from './ignored-options.ts';

const listeners = new Listeners(appEventNames);
const calls = new Map<string, Call>();
/** Calls that have ended, for what is still told of them afterwards, such as `RecordStopped`. The oldest are forgotten. */
const endedCalls = new Map<string, Call>();
const REMEMBERED = 50;

export function addEventListener(event: unknown, callback: unknown): void {
  listeners.add(event, callback);
}
export function removeEventListener(event: unknown, callback?: unknown): void {
  listeners.remove(event, callback);
}
export function onAppEvent(event: string, handler: Handler): void {
  listeners.add(event, handler);
}
/** Tells of an event of `AppEvents`; what the handlers returned. */
export function emitAppEvent(name: string, payload: object): unknown[] {
  return listeners.emit(name, { name, ...payload });
}
export function customData(customData?: unknown): string {
  if (customData !== undefined && typeof customData !== 'function') world.customData = text(customData);
  return world.customData;
}
export function callById(callId: string): Call | undefined {
  return calls.get(callId) ?? endedCalls.get(callId);
}
export function terminate(): void {
  send({ type: 'terminate' });
}

interface DialOptions {
  readonly callerid: string;
  readonly displayName: string;
  readonly headers: unknown;
}

type OutgoingFacts = Pick<CallFacts, 'number' | 'callerid' | 'displayName' | 'clientType'>;

/** A call that the caller of this function asks the host for. */
export function newOutgoingCall(known: OutgoingFacts): { readonly call: Call; readonly callId: string } {
  if (calls.size >= world.limits.calls)
    throw new Error(`Exceeded the call limit: a session has at most ${world.limits.calls} calls`);
  const callId = uuid();
  const call = new Call({ ...known, callId, fromUri: '', toUri: '', headers: {} }, false);
  calls.set(callId, call);
  return { call, callId };
}

function dial(target: CommandTarget, number: string, options: DialOptions): Call {
  const { callerid, displayName } = options;
  const { call, callId } = newOutgoingCall({ number, callerid, displayName, clientType: target.kind });
  send({
    type: 'dial',
    callId,
    target: bounded(target),
    callerid: callerid.slice(0, 128),
    displayName: displayName.slice(0, 256),
    headers: headersOf(options.headers),
  });
  return call;
}

/** What is longer than the host reads is nobody's number or address either way: so the call fails, and says so. */
function bounded(target: CommandTarget): CommandTarget {
  if (target.kind === 'pstn') return { kind: 'pstn', number: target.number.slice(0, 128) };
  if (target.kind === 'user') return { kind: 'user', username: target.username.slice(0, 128) };
  const { uri, auth } = target;
  if (auth === undefined) return { kind: 'sip', uri: uri.slice(0, 512) };
  const { username, password } = auth;
  return {
    kind: 'sip',
    uri: uri.slice(0, 512),
    auth: { username: username.slice(0, 128), password: password.slice(0, 256) },
  };
}

/** Also in the older form with five arguments, of which the last three say nothing about the call itself. */
export function callPSTN(number: unknown, callerid?: unknown, parameters?: unknown): Call {
  const options = (parameters ?? {}) as Record<string, unknown>;
  ignored('callPSTN', options, ['followDiversion', ...OF_CALLS]);
  const dialled = text(number);
  const call = dial({ kind: 'pstn', number: dialled }, dialled, {
    callerid: text(callerid),
    displayName: '',
    headers: undefined,
  });
  detectOn(options.amd, call, 'callPSTN');
  return call;
}

/** `callUser({ username, callerid, … })`, or the older `callUser(username, callerid, displayName, headers)`. */
export function callUser(first: unknown, callerid?: unknown, displayName?: unknown, headers?: unknown): Call {
  const o = first !== null && typeof first === 'object' ? (first as Record<string, unknown>) : undefined;
  ignored('callUser', o, OF_CALLS);
  const username = text(o === undefined ? first : o.username);
  const options = {
    callerid: text(o === undefined ? callerid : o.callerid),
    displayName: text(o === undefined ? displayName : o.displayName),
    headers: o === undefined ? headers : o.extraHeaders,
  };
  const call = dial({ kind: 'user', username }, username, options);
  detectOn(o?.amd, call, 'callUser');
  return call;
}

/** `callSIP(uri, { callerid, … })`, or the older `callSIP(uri, callerid, displayName, password, authUser, headers)`. */
export function callSIP(to: unknown, second?: unknown, ...older: readonly unknown[]): Call {
  const o: Record<string, unknown> =
    second !== null && typeof second === 'object'
      ? (second as Record<string, unknown>)
      : {
          callerid: second,
          displayName: older[0],
          password: older[1],
          authUser: older[2],
          headers: older[3],
        };
  ignored('callSIP', o, ['regId', 'outProxy', ...OF_CALLS]);
  const uri = text(to);
  const username = text(o.authUser);
  const auth = username === '' ? {} : { auth: { username, password: text(o.password) } };
  const options = { callerid: text(o.callerid), displayName: text(o.displayName), headers: o.headers };
  const call = dial({ kind: 'sip', uri, ...auth }, uri, options);
  detectOn(o.amd, call, 'callSIP');
  return call;
}

type AppEvent = Extract<HostEvent, { type: 'started' | 'call-alerting' | 'terminating' | 'terminated' }>;

export function deliverAppEvent(event: AppEvent): void {
  switch (event.type) {
    case 'started': {
      // logURL and the numeric account do not exist here and are left out rather than invented.
      const { sessionId, applicationId, access, conferenceName } = event;
      const conference = conferenceName === undefined ? {} : { conference_name: conferenceName };
      const urls = access === undefined ? {} : { accessURL: access.url, accessSecureURL: access.secureUrl };
      emitAppEvent('Application.Started', { ...urls, ...conference, sessionId, applicationId });
      return;
    }
    case 'call-alerting': {
      const { call: facts, customData } = event;
      const call = new Call(facts, true);
      calls.set(facts.callId, call);
      listeners.emit('Application.CallAlerting', {
        name: 'Application.CallAlerting',
        call,
        callerid: facts.callerid,
        destination: facts.number,
        toURI: facts.toUri,
        fromURI: facts.fromUri,
        displayName: facts.displayName,
        headers: facts.headers,
        customData,
        scheme: '',
      });
      return;
    }
    default: {
      const name = event.type === 'terminating' ? 'Application.Terminating' : 'Application.Terminated';
      listeners.emit(name, event.systemError ? { name, systemError: true } : { name });
    }
  }
}

export function deliverCallEvent(event: Extract<HostEvent, { callId: string }>): void {
  const call = calls.get(event.callId) ?? endedCalls.get(event.callId);
  if (call === undefined) return;
  if (event.type === 'call-failed' || event.type === 'call-disconnected') {
    calls.delete(event.callId);
    endedCalls.set(event.callId, call);
    const [oldest] = endedCalls.keys();
    if (endedCalls.size > REMEMBERED && oldest !== undefined) endedCalls.delete(oldest);
  }
  deliverToCall(call, event);
}
