/**
 * Server-sent events (WHATWG HTML §9.2). Each client has its own place in the log and reads on from there when this node has
 * written something, and once a second in any case, for other nodes write, too. A slow client is
 * read no more for than a few pages ahead; one that takes nothing at all is cut: it would hold a place that others may want,
 * and comes back with the id of what it has read last.
 */
import { Readable } from 'node:stream';
import type { EventStore } from '../events/ports.ts';
import { type EventType, eventView, type ReadEvent } from '../events/types.ts';
import type { Clock } from '../kernel/clock.ts';

/** Another node's events are seen after so long at most. */
const LOOK_MS = 1_000;
/** Bells of a busy node ring many times a second; a stream looks no more often than this. */
const LEAST_MS = 200;
/** Proxies cut connections on which nothing moves, often after 30 or 60 s. */
const HEARTBEAT_MS = 15_000;
const PAGE = 100;
/** What waits for the client, bytes; the page that makes it more is the last one that is read. */
const AHEAD = 64 * 1024;
/** How long a client may take none of it. */
const STALLED_MS = 60_000;

/** Its client reads nothing. */
export class Stalled extends Error {
  constructor() {
    super(`its client has read nothing for ${STALLED_MS / 1000} s`);
  }
}

export interface StreamOptions {
  readonly log: EventStore;
  readonly bell: { onRing(listener: () => void): () => void };
  readonly clock: Clock;
  readonly filter: {
    readonly applicationId: string | undefined;
    readonly subject?: string;
    readonly types: readonly EventType[];
  };
  /** Reading begins behind it. */
  readonly cursor: string;
  /** Asked every fifteen seconds: false ends the stream, as its key is no longer good. */
  readonly mayGoOn: () => Promise<boolean>;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * The stream as the body of an answer. It ends with the signal; it fails when the database cannot be asked, and with `Stalled`
 * when its client reads nothing.
 */
export function eventStreamBody(options: StreamOptions): Readable {
  const text = eventStream(options, (error) => body.destroy(error));
  const body = Readable.from(text, { objectMode: false, highWaterMark: AHEAD });
  return body;
}

/** Its text. */
async function* eventStream(
  options: StreamOptions,
  onStalled: (error: Stalled) => void,
): AsyncGenerator<string, void, undefined> {
  const { log, clock, filter, signal } = options;
  const bell = new Waiting(options);
  let { cursor } = options;
  let quietSince = clock.monotonic();
  let checkedAt = quietSince;
  try {
    // After a broken connection, clients come back within two seconds.
    yield `retry: 2000\nid: ${cursor}\n\n`;
    while (!signal.aborted) {
      const page = await log.read({ ...filter, cursor, limit: PAGE });
      cursor = page.cursor;
      if (clock.monotonic() - checkedAt >= HEARTBEAT_MS) {
        if (!(await options.mayGoOn())) return;
        checkedAt = clock.monotonic();
      }
      if (page.items.length > 0) {
        // A generator is told to go on when there is room for more.
        const alarm = clock.setTimeout(() => onStalled(new Stalled()), STALLED_MS);
        try {
          yield page.items.map(textOf).join('');
        } finally {
          clock.clearTimeout(alarm);
        }
        quietSince = clock.monotonic();
      } else if (clock.monotonic() - quietSince >= HEARTBEAT_MS) {
        // An id without data is no event, and moves the place from which the client will go on (§9.2.6).
        yield `id: ${cursor}\n\n`;
        quietSince = clock.monotonic();
      }
      if (page.items.length < PAGE) await bell.wait();
    }
  } finally {
    bell.close();
  }
}

function textOf(event: ReadEvent): string {
  return `id: ${event.cursor}\ndata: ${JSON.stringify(eventView(event))}\n\n`;
}

/** Until the bell rings, a second has passed, or the stream ends. */
class Waiting {
  readonly #options: Pick<StreamOptions, 'clock' | 'signal'>;
  readonly #unlisten: () => void;
  #rung = false;
  #end: (() => void) | undefined;

  constructor(options: Pick<StreamOptions, 'bell' | 'clock' | 'signal'>) {
    this.#options = options;
    const unlisten = options.bell.onRing(() => {
      this.#rung = true;
      this.#end?.();
    });
    const abort = (): void => this.#end?.();
    options.signal.addEventListener('abort', abort, { once: true });
    this.#unlisten = () => {
      unlisten();
      options.signal.removeEventListener('abort', abort);
    };
  }

  async wait(): Promise<void> {
    await this.#pause(LEAST_MS, false);
    await this.#pause(LOOK_MS - LEAST_MS, true);
    this.#rung = false;
  }

  close(): void {
    this.#unlisten();
  }

  async #pause(ms: number, endsWithRing: boolean): Promise<void> {
    const { clock, signal } = this.#options;
    if (signal.aborted || (endsWithRing && this.#rung)) return;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(resolve, ms);
      this.#end = () => {
        if (!endsWithRing && !signal.aborted) return;
        clock.clearTimeout(timer);
        resolve();
      };
    });
    this.#end = undefined;
  }
}
