/**
 * `Masking`, ours and not VoxEngine's: who is meant by a call, and calling them. A decision is plain data without numbers,
 * and the call to a callee has none either: `number()` and `callerid()` of it are empty.
 */
import type { HostEvent } from '../protocol.ts';
import { Call } from './call.ts';
import { text } from './headers.ts';
import { send } from './host-link.ts';
import type { ApiPart } from './part.ts';
import { Requests } from './requests.ts';
import { isObject } from './sounds.ts';
import { newOutgoingCall } from './vox-engine.ts';

/** Requests that may wait for their answer at once. */
const MAX_WAITING = 20;

const requests = new Requests('Masking', MAX_WAITING);

function idOf(call: unknown, where: string): string {
  if (!(call instanceof Call)) throw new TypeError(`Masking.${where} needs a Call`);
  return Call.prototype.id.call(call);
}

function resolve(call: unknown, parameters?: unknown): Promise<unknown> {
  return requests.ask((requestId) => {
    const { extension, chosen } = isObject(parameters) ? parameters : {};
    const digits = extension === undefined || extension === null ? undefined : text(extension);
    if (digits !== undefined && !/^\d{0,20}$/.test(digits))
      throw new TypeError('Masking.resolve: the extension is not up to 20 digits');
    return {
      type: 'masking-resolve',
      requestId,
      callId: idOf(call, 'resolve'),
      extension: digits,
      chosen: chosen === undefined || chosen === null ? undefined : text(chosen).slice(0, 64),
    };
  });
}

function call(decision: unknown, parameters?: unknown): Call {
  if (!isObject(decision) || decision.kind !== 'connect')
    throw new TypeError('Masking.call needs a decision of the kind connect, from Masking.resolve');
  const { callee } = isObject(parameters) ? parameters : {};
  const place = callee === undefined ? 0 : Math.trunc(Number(callee));
  if (!(place >= 0 && place <= 99)) throw new RangeError('Masking.call: there is no such callee');
  const decisionId = text(decision.id);
  if (!/^[A-Za-z0-9-]{1,64}$/.test(decisionId)) throw new TypeError('Masking.call: the decision has no id');
  const made = newOutgoingCall({ number: '', callerid: '', displayName: '', clientType: 'pstn' });
  send({ type: 'masking-call', callId: made.callId, decisionId, callee: place });
  return made.call;
}

function leaveAlone(call: unknown): Promise<unknown> {
  return requests.ask((requestId) => ({
    type: 'masking-leave-alone',
    requestId,
    callId: idOf(call, 'leaveAlone'),
  }));
}

function promise(call: unknown): Promise<unknown> {
  return requests.ask((requestId) => ({ type: 'masking-promise', requestId, callId: idOf(call, 'promise') }));
}

function settle(requestId: number, settled: (one: NonNullable<ReturnType<Requests['take']>>) => void): void {
  const one = requests.take(requestId);
  if (one !== undefined) settled(one);
}

type Delivered<T> = Extract<HostEvent, { type: T }>;

function onDecision({ requestId, answer }: Delivered<'masking-decision'>): void {
  settle(requestId, ({ resolve, reject }) => {
    if (answer.kind === 'error') reject(new Error(`Masking: ${answer.message}`));
    else resolve(answer.decision);
  });
}

function onAnswer({ requestId, answer }: Delivered<'masking-answer'>): void {
  settle(requestId, ({ resolve, reject }) => {
    if (answer.kind === 'error') reject(new Error(`Masking: ${answer.message}`));
    else resolve(answer.done);
  });
}

export const masking: ApiPart = {
  globals: { Masking: { resolve, call, leaveAlone, promise } },
  deliver: { 'masking-decision': onDecision, 'masking-answer': onAnswer },
  modules: ['masking'],
};
