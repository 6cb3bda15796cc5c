/**
 * An outbound call over several places to try. To the call layer it is one session; inside, one INVITE session after
 * the other, and the next only when the one before ended `retryable`: it could not be reached, or answered 503 before
 * anything rang (PITFALLS rows 22 and 39).
 */
import { Emitter } from '../../kernel/emitter.ts';
import { MasklineError } from '../../kernel/errors.ts';
import type {
  Body,
  ExtraHeaders,
  ReOfferOutcome,
  SessionEnd,
  SessionEvents,
  SessionState,
  UacSession,
} from '../dialog/types.ts';

/** Starts the next attempt; undefined once the call has ended meanwhile. A rejection says that there is none. */
export type NextAttempt = (signal: { readonly ended: boolean }) => Promise<UacSession | undefined>;

const FORWARDED = ['provisional', 'accepted', 'confirmed', 'info', 'message', 'answerChanged'] as const;

export class OutboundSession implements UacSession {
  readonly id: string;
  readonly role = 'uac';
  readonly events: Emitter<SessionEvents>;
  readonly #next: NextAttempt;
  #current: UacSession | undefined;
  #lastEnd: SessionEnd | undefined;
  #ending = false;
  #ended = false;

  constructor(options: { id: string; next: NextAttempt; onListenerError: (error: unknown) => void }) {
    this.id = options.id;
    this.events = new Emitter(options.onListenerError);
    this.#next = options.next;
  }

  /** To be called once; nothing is emitted before it returns. */
  start(): void {
    queueMicrotask(() => void this.#tryNext());
  }

  get state(): SessionState {
    if (this.#ended) return 'ended';
    const state = this.#current?.state ?? 'calling';
    // Between two attempts.
    return state === 'ended' ? 'calling' : state;
  }

  get ended(): boolean {
    return this.#ended;
  }

  end(options?: { readonly status?: number; readonly headers?: ExtraHeaders }): void {
    if (this.#ended) return;
    this.#ending = true;
    if (this.#current !== undefined && this.#current.state !== 'ended') this.#current.end(options);
    else this.#finish({ ...CANCELLED, by: 'local' });
  }

  info(body: Body, headers?: ExtraHeaders): Promise<number> {
    // RFC 3261 §12.2.2: outside a dialog there is nobody to tell.
    return this.#current?.info(body, headers) ?? Promise.resolve(481);
  }

  message(body: Body, headers?: ExtraHeaders): Promise<number> {
    return this.#current?.message(body, headers) ?? Promise.resolve(481);
  }

  /** Before an attempt has been answered there is nothing that a new offer could change. */
  reoffer(sdp: string | (() => string)): Promise<ReOfferOutcome> {
    if (this.#ended) return Promise.resolve({ kind: 'ended' });
    return this.#current?.reoffer(sdp) ?? Promise.resolve({ kind: 'refused', status: 481 });
  }

  async #tryNext(): Promise<void> {
    try {
      if (this.#ended) return;
      const session = await this.#next(this);
      if (session === undefined) return;
      if (this.#ended) session.end();
      else this.#follow(session);
    } catch (error) {
      // What a peer answered tells more than that nobody else is left to ask.
      this.#finish(this.#lastEnd ?? endOf(error));
    }
  }

  #follow(session: UacSession): void {
    this.#current = session;
    for (const name of FORWARDED) this.#forward(session, name);
    session.events.on('reoffer', (reoffer) => {
      if (this.events.listenerCount('reoffer') === 0) reoffer.reject(488);
      else this.events.emit('reoffer', reoffer);
    });
    session.events.on('refer', (refer) => {
      if (this.events.listenerCount('refer') === 0) refer.reject(603);
      else this.events.emit('refer', refer);
    });
    session.events.on('ended', (end) => {
      this.#lastEnd = end;
      if (mayTryElsewhere(end) && !this.#ending) void this.#tryNext();
      else this.#finish(end);
    });
  }

  #forward<K extends (typeof FORWARDED)[number]>(session: UacSession, name: K): void {
    session.events.on(name, (payload) => this.events.emit(name, payload));
  }

  #finish(end: SessionEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.events.emit('ended', end);
  }
}

/**
 * RFC 3263 §4.3: a transport failure, no answer at all, or 503. `retryable` says that nothing has rung. Other refusals of
 * a peer may concern the callee, and the next target would ring the same phone once more.
 */
export function mayTryElsewhere(end: SessionEnd): boolean {
  return end.retryable && (end.by === 'fault' || end.status === 503);
}

const CANCELLED = {
  answered: false,
  status: 487,
  reason: 'The call was ended before it was answered.',
  headers: [],
  retryable: false,
} as const;

/** How a call ends whose INVITE was never sent, or whose every attempt threw. */
function endOf(error: unknown): SessionEnd {
  const end = { by: 'fault', answered: false, headers: [] } as const;
  if (!(error instanceof MasklineError))
    return { ...end, status: 500, reason: 'The call could not be begun.', retryable: false };
  const { sip, title, retryable } = error.meaning;
  return { ...end, status: sip ?? 500, reason: title, retryable };
}
