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
  host.send(stringify(command));
}

export function zoneOffset(zone: string, at: number): number {
  return host.zoneOffset(zone, at);
}

export function phoneInfo(number: string, country: string): string {
  return host.phoneInfo(number, country);
}

/** What the host told at the start, and the time of the event that is being handled. */
export const world: {
  at: number;
  sessionId: string;
  customData: string;
  access: AccessUrls | undefined;
  limits: ScriptLimits;
} = {
  at: 0,
  sessionId: '',
  customData: '',
  access: undefined,
  limits: { timers: 0, players: 0, httpTotal: 0, queueRequests: 0, calls: 0, logLineChars: 0 },
};

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
