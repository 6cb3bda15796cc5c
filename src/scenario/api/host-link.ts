/**
 * The one door between the API and the host. This file is evaluated first: it takes the host's functions off the global
 * object, and keeps its own `JSON`, before any script can reach either.
 */
import type { AccessUrls } from '../parts/access-protocol.ts';
import type { HostCommand, ScriptLimits } from '../protocol.ts';

interface HostFunctions {
  /** Takes one `HostCommand` as JSON. Throws when the turn has issued too many. */
  readonly send: (json: string) => void;
  /** Minutes east of UTC of an IANA zone at an instant; NaN for an unknown zone. */
  readonly zoneOffset: (zone: string, at: number) => number;
  /** `PhoneNumber.Info` as JSON. */
  readonly phoneInfo: (number: string, country: string) => string;
}

const holder = globalThis as unknown as { __host?: HostFunctions };
const host = holder.__host as HostFunctions;
delete holder.__host;

const stringify = JSON.stringify;
export const parseJson: (text: string) => unknown = JSON.parse;
export const toJson: (value: unknown) => string = (value) => stringify(value);

export function send(command: HostCommand): void {
  if (world === untold) asked = true;
  host.send(stringify(command));
}

export function zoneOffset(zone: string, at: number): number {
  return host.zoneOffset(zone, at);
}

export function phoneInfo(number: string, country: string): string {
  return host.phoneInfo(number, country);
}

interface World {
  /** Milliseconds since the epoch: the time of the event that is being handled. */
  at: number;
  /** The state of the dice. */
  dice: number;
  sessionId: string;
  customData: string;
  access: AccessUrls | undefined;
  limits: ScriptLimits;
}

const NO_LIMITS = { timers: 0, players: 0, httpTotal: 0, queueRequests: 0, calls: 0, logLineChars: 0 };
let asked = false;

/** Stands in before the host has told anything, and notes whether a script wanted to know. */
const untold = new Proxy<World>(
  { at: 0, dice: 0, sessionId: '', customData: '', access: undefined, limits: NO_LIMITS },
  {
    get: (target, name) => {
      asked = true;
      return Reflect.get(target, name) as unknown;
    },
    set: () => {
      asked = true;
      return true;
    },
  },
);

/** What the host told at the start, and the time of the event that is being handled. */
export let world: World = untold;

export function tell(told: World): void {
  world = told;
}

/**
 * Whether anything looked at the session, or said something, before the host told of it. Scripts that did not have the same
 * effect in every session: the host may run them once and keep what memory looks like afterwards.
 */
export function wasAsked(): boolean {
  return asked;
}

export function log(level: 'info' | 'warn' | 'error', message: string): void {
  const max = world.limits.logLineChars;
  send({ type: 'log', level, message: message.length > max ? `${message.slice(0, max)}…` : message });
}

/** Says something that the author of the script should know. The same sentence only once. */
const warned = new Set<string>();
export function warn(message: string): void {
  if (warned.has(message) || warned.size > 200) return;
  warned.add(message);
  log('warn', message);
}
