/** What can send or receive sound: calls, players, recorders, and what else the parts of the API register. */
import type { MediaRef } from '../protocol.ts';
import { send } from './host-link.ts';

interface Unit {
  readonly ref: MediaRef;
  readonly sends: boolean;
  readonly receives: boolean;
}
const units = new WeakMap<object, Unit>();
const unitOf = WeakMap.prototype.get;
const setUnit = WeakMap.prototype.set;

export function registerUnit(
  unit: object,
  ref: MediaRef,
  { sends = true, receives = true }: { readonly sends?: boolean; readonly receives?: boolean } = {},
): void {
  Reflect.apply(setUnit, units, [unit, { ref, sends, receives }]);
}

function known(unit: unknown, where: string): Unit {
  const found =
    typeof unit === 'object' && unit !== null
      ? (Reflect.apply(unitOf, units, [unit]) as Unit | undefined)
      : undefined;
  if (found === undefined) throw new TypeError(`${where} needs a Call, a Player or a Recorder`);
  return found;
}

export function connect(from: unknown, to: unknown, where: string): void {
  const [source, sink] = [known(from, where), known(to, where)];
  if (!sink.receives) throw new TypeError(`${where}: a ${name(sink)} cannot receive sound`);
  if (!source.sends) throw new TypeError(`${where}: a ${name(source)} cannot send sound`);
  send({ type: 'media-connect', from: source.ref, to: sink.ref });
}

export function disconnect(from: unknown, to: unknown, where: string): void {
  send({ type: 'media-disconnect', from: known(from, where).ref, to: known(to, where).ref });
}

/** Calls send and receive; a player or a recorder in the pair has one direction only. */
export function connectBoth(one: unknown, other: unknown, where: string): void {
  const [a, b] = [known(one, where), known(other, where)];
  if (a.sends && b.receives) connect(one, other, where);
  if (b.sends && a.receives) connect(other, one, where);
}

export function disconnectBoth(one: unknown, other: unknown, where: string): void {
  disconnect(one, other, where);
  disconnect(other, one, where);
}

/** `player` → `Player`. */
function name({ ref: { kind } }: Unit): string {
  return `${kind[0]?.toUpperCase()}${kind.slice(1)}`;
}
