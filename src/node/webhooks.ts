/** The event log and the webhooks of a node: what delivers, and what the API needs of it. */
import { Dispatcher, type DispatcherCounts } from '../events/dispatcher.ts';
import { send, type WebhookHttp } from '../events/send.ts';
import type { EventParts } from '../http/options.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Random } from '../kernel/random.ts';
import { FencedHttp } from '../scenario/http/http-client.ts';
import { NetFence } from '../scenario/http/net-fence.ts';
import type { Storage } from '../storage/storage.ts';
import { backendHttp } from './resolver.ts';

/** What a slow database gets to take back what was being sent when the node stops. */
const CLOSE_MS = 5_000;

export interface Webhooks {
  /** For the API. */
  readonly parts: EventParts;
  /** For metrics: attempts of this node, and what waits in the outbox of all nodes. */
  readonly counts: () => Promise<
    DispatcherCounts & { readonly waiting: number; readonly oldestSeconds: number }
  >;
  start(): void;
  close(): Promise<void>;
}

/** Like questions to backends: no redirects, and private addresses only where the settings name them. */
export function webhookHttp(httpAllow: readonly string[], clock: Clock): WebhookHttp & { close(): void } {
  const client = new FencedHttp({ fence: new NetFence(httpAllow), clock });
  return { ...backendHttp(client), close: () => client.close() };
}

export function createWebhooks(options: {
  readonly storage: Pick<Storage, 'events' | 'webhooks' | 'outbox' | 'bell'>;
  readonly node: string;
  readonly settings: { readonly parallel: number; readonly perWebhook: number };
  readonly httpAllow: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}): Webhooks {
  const { storage, node, settings, httpAllow, clock, random, log } = options;
  const http = webhookHttp(httpAllow, clock);
  const stopping = new AbortController();
  const dispatcher = new Dispatcher({
    ...{ outbox: storage.outbox, bell: storage.bell, http, node, clock, random, log },
    ...settings,
  });
  return {
    parts: {
      log: storage.events,
      webhooks: storage.webhooks,
      bell: storage.bell,
      send: (target, message) => send(http, target, message, stopping.signal),
    },
    counts: async () => ({ ...dispatcher.counts, ...(await storage.outbox.size()) }),
    start: () => dispatcher.start(),
    close: async () => {
      stopping.abort(new Error('the node is stopping'));
      await dispatcher.close(CLOSE_MS);
      http.close();
    },
  };
}
