/**
 * `CallList`, also as `VoxEngine.CallList`: what a script says of the attempt that it makes for a task. As in the cloud,
 * where each report is an HTTP request, the answer is an `HttpRequestResult`; it comes in any case, so that
 * `CallList.reportResult(result, VoxEngine.terminate)` ends the session.
 */
import type { HostCommand, HostEvent } from '../protocol.ts';
import { watch } from './events.ts';
import { text } from './headers.ts';
import { send, toJson, warn, world } from './host-link.ts';
import type { ApiPart } from './part.ts';

type Report = Extract<HostCommand, { type: 'calllist-report' }>['report'];
type Done = (result: Record<string, unknown>) => unknown;

const MAX_WAITING = 20;
const MAX_DATA = 64 * 1024;
/** voximplant.com/docs/guides/solutions/editable-call-lists: an attempt is planned at most nine months ahead. */
const MAX_AHEAD_MS = 275 * 86_400_000;

let nextId = 1;
const waiting = new Map<number, Done>();

function tell(report: Report, done: Done): void {
  if (waiting.size >= MAX_WAITING)
    throw new Error(`CallList: more than ${MAX_WAITING} reports wait for an answer`);
  const requestId = nextId++;
  waiting.set(requestId, done);
  send({ type: 'calllist-report', requestId, report });
}

/** A text as it is, anything else as JSON. */
function dataOf(value: unknown): string {
  const data = value !== null && typeof value === 'object' ? toJson(value) : text(value);
  if (data.length > MAX_DATA) throw new RangeError(`CallList: a report has at most ${MAX_DATA} characters`);
  return data;
}

type Reader = (value: unknown) => Report;
const plain =
  (kind: 'result' | 'error' | 'progress'): Reader =>
  (value) => ({ kind, data: dataOf(value) });

function nextAttempt(value: unknown): Report {
  if (value === null || typeof value !== 'object')
    throw new TypeError('CallList.requestNextAttempt needs an object');
  const wish = value as Record<string, unknown>;
  if (wish.error === undefined)
    warn('CallList.requestNextAttempt: `error` says why the attempt failed; it is missing.');
  const notBefore = instantOf(wish.next_attempt_time) ?? secondsOf(wish.start_at);
  const window = windowOf(wish.start_execution_time, wish.end_execution_time);
  const { attempts_left: left, custom_data: data } = wish;
  const attempts = Math.floor(Number(left));
  if (left !== undefined && !(attempts >= 0))
    throw new TypeError('CallList.requestNextAttempt: attempts_left is no number');
  return {
    kind: 'next',
    data: dataOf(wish.error),
    ...(left === undefined ? {} : { attemptsLeft: Math.min(attempts, 100) }),
    ...(data === undefined ? {} : { customData: dataOf(data) }),
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(window === undefined ? {} : { window }),
  };
}

function secondsOf(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const seconds = Number(value);
  if (!(seconds >= 0 && seconds <= 8.64e12))
    throw new TypeError('CallList.requestNextAttempt: start_at is no Unix time in seconds');
  return seconds * 1000;
}

/** A date that is past or more than nine months ahead counts for nothing. */
function instantOf(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const at = Date.parse(text(value));
  if (Number.isNaN(at))
    throw new TypeError('CallList.requestNextAttempt: next_attempt_time is no ISO 8601 date');
  return at < world.at || at > world.at + MAX_AHEAD_MS ? undefined : at;
}

function windowOf(from: unknown, to: unknown): { from: number; to: number } | undefined {
  if (from === undefined && to === undefined) return undefined;
  return { from: timeOf(from ?? '00:00:00'), to: timeOf(to ?? '24:00:00') };
}

function timeOf(value: unknown): number {
  const parts = /^(\d{1,2}):(\d{2}):(\d{2})$/.exec(text(value));
  const [hours, minutes, seconds] = [Number(parts?.[1]), Number(parts?.[2]), Number(parts?.[3])];
  const total = hours * 3600 + minutes * 60 + seconds;
  if (parts === null || minutes > 59 || seconds > 59 || total > 86_400)
    throw new TypeError('CallList.requestNextAttempt: an execution time is written HH:mm:ss');
  return total;
}

function later(read: Reader, name: string): (value: unknown, callback?: unknown) => void {
  return (value, callback) => {
    tell(read(value), (result) => {
      if (typeof callback === 'function')
        watch((callback as Done)(result), `the callback of CallList.${name}`);
    });
  };
}

function promised(read: Reader): (value: unknown) => Promise<unknown> {
  return (value) => new Promise((resolve) => tell(read(value), resolve));
}

function deliver({ requestId, code, error }: Extract<HostEvent, { type: 'calllist-answer' }>): void {
  const done = waiting.get(requestId);
  waiting.delete(requestId);
  const result = { code, headers: [], raw_headers: '', text: '', data: [] };
  done?.(error === undefined ? result : { ...result, error });
}

const CallList = {
  reportResult: later(plain('result'), 'reportResult'),
  reportResultAsync: promised(plain('result')),
  reportError: later(plain('error'), 'reportError'),
  reportErrorAsync: promised(plain('error')),
  reportProgress: later(plain('progress'), 'reportProgress'),
  reportProgressAsync: promised(plain('progress')),
  requestNextAttempt: later(nextAttempt, 'requestNextAttempt'),
  requestNextAttemptAsync: promised(nextAttempt),
};

/** `Modules.CallList` of older scripts; the module is part of the core now. */
export const callList: ApiPart = {
  globals: { CallList },
  members: { VoxEngine: { CallList } },
  deliver: { 'calllist-answer': deliver },
  modules: ['calllist'],
};
