/**
 * An outbound call over several places to try. To the call layer it is one session; inside, one INVITE session after
 * the other. The next begins only when the one before has ended, nothing has rung, and its end is one that another place
 * may not share (PITFALLS rows 22 and 39).
 */
import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import { MasklineError } from '../../kernel/errors.ts';
import type { ExtraHeaders, SessionEnd, SessionState, UacSession } from '../dialog/types.ts';
import { CANCELLED, type Forwarded, RelayedSession } from './relayed-session.ts';

/** One INVITE session that was begun. */
export interface Tried {
  readonly session: UacSession;
  /** Whether another place may be tried after this end. Asked only when nothing has rung and nobody has hung up. */
  failsOver(end: SessionEnd): boolean;
  /** An attempt that has got nothing but 100 after this time is cancelled, ms; 0: never. */
  readonly progressMs: number;
}

/** Starts the next attempt; undefined once the call has ended meanwhile. A rejection says that there is none. */
export type NextAttempt = (signal: { readonly ended: boolean }) => Promise<Tried | undefined>;

export interface OutboundSessionOptions {
  readonly id: string;
  readonly next: NextAttempt;
  readonly clock: Clock;
  readonly onListenerError: (error: unknown) => void;
}

export class OutboundSession extends RelayedSession {
  readonly #next: NextAttempt;
  readonly #clock: Clock;
  #current: UacSession | undefined;
  #lastEnd: SessionEnd | undefined;
  /** `end()` was called. */
  #ending = false;
  /** A 101–199 or 2xx has come: whoever was to be disturbed has been (row 39). */
  #rang = false;
  /** The current attempt made no progress and is being cancelled. */
  #givenUp = false;
  #patience: TimerHandle | undefined;

  constructor(options: OutboundSessionOptions) {
    super(options);
    this.#next = options.next;
    this.#clock = options.clock;
  }

  /** To be called once; nothing is emitted before it returns. */
  start(): void {
    queueMicrotask(() => void this.#tryNext());
  }

  get state(): SessionState {
    if (this.ended) return 'ended';
    const state = this.#current?.state ?? 'calling';
    // Between two attempts.
    return state === 'ended' ? 'calling' : state;
  }

  end(options?: { readonly status?: number; readonly headers?: ExtraHeaders }): void {
    if (this.ended) return;
    this.#ending = true;
    if (this.#current !== undefined && this.#current.state !== 'ended') this.#current.end(options);
    else this.finish(CANCELLED);
  }

  protected get carrier(): UacSession | undefined {
    return this.#current;
  }

  async #tryNext(): Promise<void> {
    try {
      if (this.ended) return;
      const tried = await this.#next(this);
      if (tried === undefined) return;
      if (this.ended) tried.session.end();
      else this.#follow(tried);
    } catch (error) {
      // What a peer answered tells more than that nobody else is left to ask.
      this.finish(this.#lastEnd ?? endOf(error));
    }
  }

  #follow(tried: Tried): void {
    const { session, progressMs } = tried;
    this.#current = session;
    this.#givenUp = false;
    this.relay(session, (name) => this.#heard(name));
    session.events.on('ended', (end) => this.#over(tried, end));
    if (progressMs > 0) {
      this.#patience = this.#clock.setTimeout(() => {
        this.#givenUp = true;
        session.end();
      }, progressMs);
    }
  }

  #heard(name: Forwarded): boolean {
    if (name === 'provisional' || name === 'accepted') {
      this.#rang = true;
      this.#clock.clearTimeout(this.#patience);
    }
    return true;
  }

  #over(tried: Tried, reported: SessionEnd): void {
    this.#clock.clearTimeout(this.#patience);
    const end = this.#givenUp && !this.#ending ? noProgress(reported) : reported;
    this.#lastEnd = end;
    if (!this.#ending && !this.#rang && tried.failsOver(end)) void this.#tryNext();
    // Row 39: whoever hung up must not be told that the same call may simply be made again.
    else this.finish(this.#ending ? { ...end, retryable: false } : end);
  }
}

/** We cancelled it because nothing came. `retryable` says whether the CANCEL was in time (PITFALLS row 1). */
function noProgress({ retryable }: SessionEnd): SessionEnd {
  const reason = 'The peer took the call and made no progress.';
  return { by: 'fault', answered: false, status: 408, reason, headers: [], retryable };
}

/** How a call ends whose INVITE was never sent, or whose every attempt threw. */
function endOf(error: unknown): SessionEnd {
  const end = { by: 'fault', answered: false, headers: [] } as const;
  if (!(error instanceof MasklineError))
    return { ...end, status: 500, reason: 'The call could not be begun.', retryable: false };
  const { sip, title, retryable } = error.meaning;
  return { ...end, status: sip ?? 500, reason: title, retryable };
}
