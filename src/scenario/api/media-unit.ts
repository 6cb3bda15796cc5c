/** What can send or receive sound: calls, players, recorders. */
import type { MediaRef } from '../protocol.ts';
import { send } from './host-link.ts';

const refs = new WeakMap<object, MediaRef>();
const refOf = WeakMap.prototype.get;
const setRef = WeakMap.prototype.set;

export function registerUnit(unit: object, ref: MediaRef): void {
  Reflect.apply(setRef, refs, [unit, ref]);
}

function ref(unit: unknown, where: string): MediaRef {
  const found =
    typeof unit === 'object' && unit !== null
      ? (Reflect.apply(refOf, refs, [unit]) as MediaRef | undefined)
      : undefined;
  if (found === undefined) throw new TypeError(`${where} needs a Call, a Player or a Recorder`);
  return found;
}

export function connect(from: unknown, to: unknown, where: string): void {
  const [source, sink] = [ref(from, where), ref(to, where)];
  if (sink.kind === 'player') throw new TypeError(`${where}: a Player cannot receive sound`);
  if (source.kind === 'recorder') throw new TypeError(`${where}: a Recorder cannot send sound`);
  send({ type: 'media-connect', from: source, to: sink });
}

export function disconnect(from: unknown, to: unknown, where: string): void {
  send({ type: 'media-disconnect', from: ref(from, where), to: ref(to, where) });
}

/** Calls send and receive; a player or a recorder in the pair has one direction only. */
export function connectBoth(one: unknown, other: unknown, where: string): void {
  const [a, b] = [ref(one, where), ref(other, where)];
  if (a.kind !== 'recorder' && b.kind !== 'player') connect(one, other, where);
  if (b.kind !== 'recorder' && a.kind !== 'player') connect(other, one, where);
}

export function disconnectBoth(one: unknown, other: unknown, where: string): void {
  disconnect(one, other, where);
  disconnect(other, one, where);
}
