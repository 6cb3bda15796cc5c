/** The live stream of events, which goes on where it was when a connection breaks or falls silent. */
import { MasklineProblem, MasklineUnreachable } from './problem.ts';
import { serverSentEvents } from './server-sent-events.ts';

export interface StreamOptions {
  /** Of the last event that was taken care of; absent: from now on. */
  readonly cursor?: string;
  readonly signal?: AbortSignal;
  /** Milliseconds of silence, heart-beats included, after which a connection counts as dead. Default 45 000. */
  readonly idleMs?: number;
}

const IDLE_MS = 45_000;
/** Doubled while nothing comes, up to the second. */
const WAIT_MS = { first: 500, most: 30_000 };

/**
 * Events one after the other, each once and with the cursor behind it, until the signal says stop. Rejects when the node refuses for good, say for a key
 * without the scope.
 *
 * @param open asks for the stream behind that cursor.
 */
export async function* eventStream<Event>(
  open: (cursor: string | undefined, signal: AbortSignal) => Promise<Response>,
  sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>,
  options: StreamOptions = {},
): AsyncGenerator<Event & { readonly cursor: string }, undefined, undefined> {
  const { signal, idleMs = IDLE_MS } = options;
  let { cursor } = options;
  let waitMs = WAIT_MS.first;
  const stopped = (): boolean => signal?.aborted === true;
  while (!stopped()) {
    const silence = new AbortController();
    const both = signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]);
    const watch = new SilenceWatch(silence, idleMs);
    try {
      const response = await open(cursor, both);
      for await (const { id, data } of serverSentEvents(watch.through(response))) {
        waitMs = WAIT_MS.first;
        cursor = id;
        if (data === undefined) continue;
        yield { ...(JSON.parse(data) as Event), cursor: id };
        if (stopped()) return;
      }
    } catch (error) {
      if (!stopped() && !isBroken(error)) throw error;
    } finally {
      watch.stop();
    }
    if (stopped()) return;
    await sleep(waitMs, signal).catch(() => undefined);
    waitMs = Math.min(waitMs * 2, WAIT_MS.most);
  }
}

/** What may be tried again. A body that ends in its middle is a TypeError of `fetch`; our own limit is an AbortError. */
function isBroken(error: unknown): boolean {
  if (error instanceof MasklineProblem) return error.retryable;
  const isAbort = error instanceof DOMException && error.name === 'AbortError';
  return isAbort || error instanceof MasklineUnreachable || error instanceof TypeError;
}

/** Aborts a request when nothing comes for so long. */
class SilenceWatch {
  readonly #silence: AbortController;
  readonly #idleMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(silence: AbortController, idleMs: number) {
    this.#silence = silence;
    this.#idleMs = idleMs;
  }

  through({ body }: Response): ReadableStream<Uint8Array> {
    this.#restart();
    const transform = (piece: Uint8Array, controller: TransformStreamDefaultController<Uint8Array>): void => {
      this.#restart();
      controller.enqueue(piece);
    };
    return (body ?? new Blob([]).stream()).pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({ transform }),
    );
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #restart(): void {
    this.stop();
    this.#timer = setTimeout(() => this.#silence.abort(), this.#idleMs);
  }
}
