import type { Settings } from '../config/schema.ts';
import type { EventLogs } from '../http/options.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import { type EventLogStore, LoggedSandboxes } from '../scenario/event-log.ts';
import { maskEventLog } from '../scenario/event-log-mask.ts';
import { EventLogWriter } from '../scenario/event-log-writer.ts';
import type { Sandboxes } from '../scenario/sandbox/sandboxes.ts';

export interface EventLogging {
  /** What sessions run in. */
  readonly sandboxes: Sandboxes;
  /** What the API serves. */
  readonly logs: EventLogs;
  /** Writes what waits. */
  close(): Promise<void>;
}

/** What scripts are told and do is noted, unless the settings say that nothing is kept. */
export async function startEventLogs(
  { hours, sessionKilobytes, totalMegabytes }: Settings['replay'],
  sandboxes: Sandboxes,
  { store, clock, log }: { readonly store: EventLogStore; readonly clock: Clock; readonly log: Logger },
): Promise<EventLogging> {
  const logs = eventLogsOf(store);
  if (hours === 0) {
    // What an earlier setting kept goes, too.
    await store.purge(clock.now(), 0);
    return { sandboxes, logs, close: async () => {} };
  }
  const writer = new EventLogWriter({ store, settings: { hours, totalMegabytes }, clock, log });
  return {
    sandboxes: new LoggedSandboxes(sandboxes, sessionKilobytes * 1024, (ended) => writer.add(ended)),
    logs,
    close: () => writer.close(),
  };
}

/** Numbers are hidden from who may not read them. */
export function eventLogsOf(store: Pick<EventLogStore, 'read'>): EventLogs {
  return {
    read: async (sessionId, clear) => {
      const found = await store.read(sessionId);
      return found === undefined || clear ? found : maskEventLog(found);
    },
  };
}
