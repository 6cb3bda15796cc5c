import type { CallService } from '../call/call-service.ts';
import type { Settings } from '../config/schema.ts';
import { systemClock as clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import { systemRandom as random } from '../kernel/random.ts';
import type { Storage } from '../storage/storage.ts';
import { TraceRecorder } from '../trace/recorder.ts';
import type { SipStack } from './sip-stack.ts';

/** Messages on the wire and the calls that they belong to are noted, unless the settings say that nothing is kept. */
export async function startTracing(
  settings: Settings,
  storage: Storage,
  stack: SipStack,
  calls: CallService,
  log: Logger,
): Promise<TraceRecorder | undefined> {
  if (settings.trace.hours === 0) {
    // What an earlier setting kept goes, too.
    await storage.traces.purge(clock.now(), 0);
    return undefined;
  }
  const recorder = new TraceRecorder({
    store: storage.traces,
    settings: settings.trace,
    clock,
    random,
    log,
  });
  stack.transport.observer = recorder;
  stack.userAgent.events.on('signalling', (told) => recorder.signalling(told));
  recorder.watchCalls(calls.observers);
  return recorder;
}
