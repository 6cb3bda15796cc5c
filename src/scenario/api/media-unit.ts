/** What can send or receive sound: calls, players, recorders, and what else the parts of the API register. */
import type { MediaRef } from '../protocol.ts';
import { send, warn } from './host-link.ts';

/** Which streams of a unit carry the sound that parameters of `sendMediaTo` ask for; without `making`, those that do. */
type Streams = (parameters: unknown, making: boolean) => readonly string[];

interface Directions {
  readonly sends?: boolean;
  readonly receives?: boolean;
  /** Ids of streams, for a unit that has several: they stand in the place of the unit's own. */
  readonly sources?: Streams;
  readonly sinks?: Streams;
}
interface Unit extends Directions {
  readonly ref: MediaRef;
  readonly sends: boolean;
  readonly receives: boolean;
}
const units = new WeakMap<object, Unit>();
/** Those that are over: nobody hears them any more. */
const ended = new WeakSet<object>();
const isEnded = WeakSet.prototype.has;
const setEnded = WeakSet.prototype.add;
const unitOf = WeakMap.prototype.get;
const setUnit = WeakMap.prototype.set;

export function registerUnit(unit: object, ref: MediaRef, directions: Directions = {}): void {
  Reflect.apply(setUnit, units, [unit, { sends: true, receives: true, ...directions, ref }]);
}

/** An edge from a unit that is over would silence whoever is heard instead: from now on there is none. */
export function endUnit(unit: object): void {
  Reflect.apply(setEnded, ended, [unit]);
}

function known(unit: unknown, where: string): Unit {
  const found =
    typeof unit === 'object' && unit !== null
      ? (Reflect.apply(unitOf, units, [unit]) as Unit | undefined)
      : undefined;
  if (found === undefined) throw new TypeError(`${where} needs a Call, a Player or a Recorder`);
  return found;
}

export function connect(from: unknown, to: unknown, where: string, parameters?: unknown): void {
  const [source, sink] = [known(from, where), known(to, where)];
  if (!sink.receives) throw new TypeError(`${where}: a ${name(sink)} cannot receive sound`);
  if (!source.sends) throw new TypeError(`${where}: a ${name(source)} cannot send sound`);
  if (Reflect.apply(isEnded, ended, [from])) {
    warn(`${where}: the ${name(source)} is over; nothing is sent.`);
    return;
  }
  each('media-connect', source, sink, parameters);
}

export function disconnect(from: unknown, to: unknown, where: string, parameters?: unknown): void {
  each('media-disconnect', known(from, where), known(to, where), parameters);
}

function each(
  type: 'media-connect' | 'media-disconnect',
  source: Unit,
  sink: Unit,
  parameters: unknown,
): void {
  const making = type === 'media-connect';
  for (const from of refsOf(source.ref, source.sources?.(parameters, making)))
    for (const to of refsOf(sink.ref, sink.sinks?.(parameters, making))) send({ type, from, to });
}

function refsOf(unit: MediaRef, streams: readonly string[] | undefined): readonly MediaRef[] {
  return streams === undefined ? [unit] : streams.map((id) => ({ kind: unit.kind, id }));
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
