/** The masking service of a node: what decides calls, what the API shows of it, and what looks after it. */
import type { MaskingParts } from '../http/options.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Random } from '../kernel/random.ts';
import { MaskingService } from '../masking/masking-service.ts';
import { ExpirySweeper } from '../masking/sweeper.ts';
import { eventIdOf } from '../storage/event-id.ts';
import type { Storage } from '../storage/storage.ts';
import { maskingApi } from './masking-api.ts';
import type { MaskingMetricsParts } from './masking-metrics.ts';
import { createResolver } from './resolver.ts';

/** What a slow database gets to take the last writes about calls when the node stops. */
const CLOSE_MS = 5_000;

export interface Masking {
  /** For scenario sessions. */
  readonly service: MaskingService;
  readonly metrics: Pick<MaskingMetricsParts, 'observers' | 'waiting' | 'countOpen'>;
  /** For the API. */
  readonly parts: MaskingParts;
  close(): Promise<void>;
}

/** Closes what calls a dead process of this node has left open, then starts. */
export async function startMasking(options: {
  readonly storage: Storage;
  readonly node: string;
  readonly expirySeconds: number;
  /** Private hosts that backends may be at. */
  readonly httpAllow: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}): Promise<Masking> {
  const { storage, node, httpAllow, expirySeconds, clock, random, log } = options;
  const { masking, directory, events, bell } = storage;
  const { sessions, blocks, calls, resolution, answers, secrets, counterparts } = masking;
  const left = await calls.recover(node);
  if (left > 0)
    log.warn({ calls: left }, 'masked calls that had not ended when the node stopped were closed');
  const resolver = createResolver({
    ...{ store: resolution, answers, secrets, numbers: directory },
    ...{ httpAllow, clock, random },
  });
  const service = new MaskingService({
    resolve: (question) => resolver.resolve(question),
    people: resolution,
    ...{ calls, blocks, counterparts, clock, log },
    events: {
      append: async (written) => {
        await events.append(written.map(once));
        bell.ring();
      },
    },
  });
  const sweeper = new ExpirySweeper({ sessions, everySeconds: expirySeconds, clock, log });
  sweeper.start();
  return {
    service,
    metrics: {
      observers: service.observers,
      waiting: () => service.waiting,
      countOpen: () => masking.countOpen(),
    },
    parts: maskingApi(storage, resolver),
    close: async () => {
      resolver.close();
      await sweeper.close();
      const lost = await service.close(CLOSE_MS);
      if (lost > 0)
        log.error({ lost }, 'changes of masked calls could not be written; the next start closes them');
    },
  };
}

/** A script that asks again tells nothing new: one event of a kind for each call. */
function once<E extends { readonly type: string; readonly data: Readonly<Record<string, unknown>> }>(
  event: E,
) {
  const { callId } = event.data;
  return typeof callId === 'string' ? { ...event, id: eventIdOf(event.type, callId) } : event;
}
