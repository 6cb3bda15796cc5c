/** `setTimeout` and its kin. The host owns the clock; the callbacks stay here. */
import { watch } from './events.ts';
import { send, world } from './host-link.ts';

interface Timer {
  readonly callback: (...args: unknown[]) => unknown;
  readonly args: readonly unknown[];
  readonly repeat: boolean;
}

let nextId = 1;
const timers = new Map<number, Timer>();

function start(callback: unknown, ms: unknown, repeat: boolean, args: readonly unknown[]): number {
  if (typeof callback !== 'function') throw new TypeError('A timer needs a function');
  if (timers.size >= world.limits.timers)
    throw new Error(`Exceeded the timer limit: a session has at most ${world.limits.timers} timers`);
  const timerId = nextId++;
  timers.set(timerId, { callback: callback as Timer['callback'], args, repeat });
  const wait = Number(ms) || 0;
  // An interval of nothing would be an endless loop in slow motion.
  const least = repeat ? 10 : 0;
  send({
    type: 'timer-set',
    timerId,
    ms: Math.min(Math.max(wait, least), 0x7fffffff),
    repeat,
  });
  return timerId;
}

export function setTimeout(callback: unknown, timeout?: unknown, ...args: unknown[]): number {
  return start(callback, timeout, false, args);
}
export function setInterval(callback: unknown, timeout?: unknown, ...args: unknown[]): number {
  return start(callback, timeout, true, args);
}
export function clearTimeout(timerId: unknown): void {
  if (typeof timerId === 'number' && timers.delete(timerId)) send({ type: 'timer-clear', timerId });
}
export const clearInterval = (intervalId: unknown): void => clearTimeout(intervalId);

export function deliverTimer(timerId: number): void {
  const timer = timers.get(timerId);
  if (timer === undefined) return;
  if (!timer.repeat) timers.delete(timerId);
  watch(timer.callback(...timer.args), 'a timer');
}
