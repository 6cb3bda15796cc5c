/**
 * A session to the call layer with INVITE sessions inside: several places one after the other (`OutboundSession`), or
 * several phones at once (`ForkedSession`). What the inner ones say is passed on; the end is decided by the subclass.
 */
import { Emitter } from '../../kernel/emitter.ts';
import type {
  Body,
  ExtraHeaders,
  ReOfferOutcome,
  SessionEnd,
  SessionEvents,
  SessionState,
  UacSession,
} from '../dialog/types.ts';

const FORWARDED = ['provisional', 'accepted', 'confirmed', 'info', 'message', 'answerChanged'] as const;
export type Forwarded = (typeof FORWARDED)[number];

export interface RelayedOptions {
  readonly id: string;
  readonly onListenerError: (error: unknown) => void;
}

export abstract class RelayedSession implements UacSession {
  readonly id: string;
  readonly role = 'uac';
  readonly events: Emitter<SessionEvents>;
  #ended = false;
  /** Who spoke last; of several phones that ring, while it is being listened to. */
  #speaker: UacSession | undefined;

  constructor(options: RelayedOptions) {
    this.id = options.id;
    this.events = new Emitter(options.onListenerError);
  }

  abstract get state(): SessionState;
  abstract end(options?: { readonly status?: number; readonly headers?: ExtraHeaders }): void;
  /** The session that requests inside the call go to; undefined while there is none. */
  protected abstract get carrier(): UacSession | undefined;

  get ended(): boolean {
    return this.#ended;
  }

  get peerHost(): string | undefined {
    return (this.carrier ?? this.#speaker)?.peerHost;
  }

  /** The offer that is answered by what is being said. */
  get offered(): string | undefined {
    return this.#speaker?.offered;
  }

  info(body: Body, headers?: ExtraHeaders): Promise<number> {
    // RFC 3261 §12.2.2: outside a dialog there is nobody to tell.
    return this.carrier?.info(body, headers) ?? Promise.resolve(481);
  }

  message(body: Body, headers?: ExtraHeaders): Promise<number> {
    return this.carrier?.message(body, headers) ?? Promise.resolve(481);
  }

  /** Before an attempt has been answered there is nothing that a new offer could change. */
  reoffer(sdp: string | (() => string)): Promise<ReOfferOutcome> {
    if (this.#ended) return Promise.resolve({ kind: 'ended' });
    return this.carrier?.reoffer(sdp) ?? Promise.resolve({ kind: 'refused', status: 481 });
  }

  /** Passes on what `session` says, as long as `before` does not say no. Its end is left to the subclass. */
  protected relay(session: UacSession, before: (name: Forwarded) => boolean): void {
    for (const name of FORWARDED) this.#forward(session, name, before);
    session.events.on('reoffer', (reoffer) => {
      if (this.events.listenerCount('reoffer') === 0) reoffer.reject(488);
      else this.events.emit('reoffer', reoffer);
    });
    session.events.on('refer', (refer) => {
      if (this.events.listenerCount('refer') === 0) refer.reject(603);
      else this.events.emit('refer', refer);
    });
  }

  protected finish(end: SessionEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.events.emit('ended', end);
  }

  #forward<K extends Forwarded>(session: UacSession, name: K, before: (name: Forwarded) => boolean): void {
    session.events.on(name, (payload) => {
      if (!before(name)) return;
      this.#speaker = session;
      this.events.emit(name, payload);
    });
  }
}

/** How a call ends that nobody has answered when we give it up. */
export const CANCELLED: SessionEnd = {
  by: 'local',
  answered: false,
  status: 487,
  reason: 'The call was ended before it was answered.',
  headers: [],
  retryable: false,
};
