/** Event logs for people who may not read numbers: digits that look like one are hidden, and so are keys that were pressed. */
import { maskNumbersIn } from '../kernel/phone-number.ts';
import type { EventLog } from './event-log.ts';
import type { HostEvent } from './protocol.ts';

/** Ids tie events and commands together; some consist of digits. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function maskEventLog(log: EventLog): EventLog {
  return {
    ...log,
    started: masked(log.started) as EventLog['started'],
    turns: log.turns.map(({ event, commands, ...rest }) => ({
      ...(masked(rest) as typeof rest),
      event: maskEvent(event),
      commands: commands.map(maskCommand),
    })),
  };
}

/** A command as it stands in a log without numbers. */
export function maskCommand(command: string): string {
  try {
    return JSON.stringify(masked(JSON.parse(command)));
  } catch {
    return maskNumbersIn(command);
  }
}

function maskEvent(event: HostEvent): HostEvent {
  const plain = masked(event) as HostEvent;
  return plain.type === 'call-tone' ? { ...plain, tone: '•' } : plain;
}

function masked(value: unknown): unknown {
  if (typeof value === 'string') return UUID.test(value) ? value : maskNumbersIn(value);
  if (Array.isArray(value)) return value.map(masked);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, masked(one)])) as unknown;
}
