/** What happened: the log, its live stream, and webhooks. */
import type { Caller, Items } from './caller.ts';
import { eventStream, type StreamOptions } from './event-stream.ts';
import type { Operations } from './schema.ts';
import { type RequestOptions, sleep } from './transport.ts';
import type { Delivery, MasklineEvent, Webhook } from './types.ts';

type Query<Name extends keyof Operations> = Operations[Name]['query'];
type Body<Name extends keyof Operations> = Operations[Name]['body'];
type Answer<Name extends keyof Operations> = Operations[Name]['answer'];

/** `maskline.events`. Each event has the `cursor` behind it: keep that with what you did of the event. */
export class Events {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** From the cursor, or from the oldest that is kept, to what there is now. Ask again with the last one's cursor. */
  async *list(filter: Query<'listEvents'> = {}, options?: RequestOptions): Items<MasklineEvent> {
    let cursor = filter.cursor;
    for (;;) {
      const query = { ...filter, ...(cursor === undefined ? {} : { cursor }) };
      const page = await this.#caller.request('listEvents', { query }, options);
      if (page.items.length === 0) return;
      yield* page.items;
      cursor = page.cursor;
    }
  }

  /** As they happen, until the signal says stop; goes on where it was when a connection breaks. */
  stream(
    filter: Omit<Query<'streamEvents'>, 'cursor'> = {},
    options: StreamOptions = {},
  ): Items<MasklineEvent> {
    return eventStream<MasklineEvent>(
      (cursor, signal) =>
        this.#caller.request(
          'streamEvents',
          { query: { ...filter, ...(cursor === undefined ? {} : { cursor }) } },
          { signal },
        ),
      sleep,
      options,
    );
  }
}

/** `maskline.webhooks`: events by POST to a URL of yours, signed; `verifySigned` checks them. */
export class Webhooks {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** The `secret` is shown here and never again. */
  create(webhook: Body<'createWebhook'>, options?: RequestOptions): Promise<Answer<'createWebhook'>> {
    return this.#caller.request('createWebhook', { body: webhook }, options);
  }

  list(whose: Query<'listWebhooks'> = {}, options?: RequestOptions): Items<Webhook> {
    return this.#caller.each('listWebhooks', { query: whose }, options);
  }

  get(id: string, options?: RequestOptions): Promise<Webhook> {
    return this.#caller.request('getWebhook', { path: { id } }, options);
  }

  change(id: string, change: Body<'changeWebhook'>, options?: RequestOptions): Promise<Webhook> {
    return this.#caller.request('changeWebhook', { path: { id }, body: change }, options);
  }

  remove(id: string, options?: RequestOptions): Promise<undefined> {
    return this.#caller.request('removeWebhook', { path: { id } }, options);
  }

  /** A new secret; both sign for a day. */
  async rotateSecret(id: string, options?: RequestOptions): Promise<string> {
    return (await this.#caller.request('rotateWebhookSecret', { path: { id } }, options)).secret;
  }

  /** What was sent, what waits, what was given up. Newest first. */
  deliveries(id: string, filter: Query<'listDeliveries'> = {}, options?: RequestOptions): Items<Delivery> {
    return this.#caller.each('listDeliveries', { path: { id }, query: filter }, options);
  }

  /** Sends all events behind a cursor once more, or one, under the same ids. Resolves with how many. */
  async replay(id: string, what: Body<'replayEvents'>, options?: RequestOptions): Promise<number> {
    return (await this.#caller.request('replayEvents', { path: { id }, body: what }, options)).queued;
  }

  /** Sends a message of the type `webhook.test` now, and says what came back. */
  test(id: string, options?: RequestOptions): Promise<Answer<'testWebhook'>> {
    return this.#caller.request('testWebhook', { path: { id } }, options);
  }
}
