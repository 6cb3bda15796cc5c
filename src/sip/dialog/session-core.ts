/** What UAS and UAC sessions have in common: state, the one end, and everything inside the dialog. */
import { Emitter } from '../../kernel/emitter.ts';
import type { SipRequest } from '../message/types.ts';
import type { InviteServerTransaction, ServerTransaction } from '../transaction/types.ts';
import { bodyOf, xHeaders } from './bodies.ts';
import { ALLOW, dialogExtensions, refuseUnknownExtensions } from './capabilities.ts';
import type { DialogContext } from './context.ts';
import type { Dialog } from './dialog.ts';
import type { DialogUsage } from './dialog-table.ts';
import { sendBody, sendBye } from './in-dialog-client.ts';
import { wayFor } from './offer-way.ts';
import { OutgoingOffers } from './outgoing-offers.ts';
import { ReOffers } from './re-offers.ts';
import { Refers } from './refer.ts';
import { SessionTimer } from './session-timer.ts';
import type {
  Body,
  ChallengeHook,
  ExtraHeaders,
  InviteSession,
  ReOfferOutcome,
  SessionEnd,
  SessionEvents,
  SessionState,
} from './types.ts';

/** What a session says about its end; the rest is known. */
export type Ending = Pick<SessionEnd, 'by' | 'status' | 'reason'> &
  Partial<Pick<SessionEnd, 'headers' | 'retryable' | 'answered'>>;

export abstract class SessionCore implements InviteSession, DialogUsage {
  readonly id: string;
  abstract readonly role: 'uas' | 'uac';
  readonly events: Emitter<SessionEvents>;
  protected readonly context: DialogContext;
  protected readonly reOffers: ReOffers;
  protected readonly outgoing: OutgoingOffers;
  protected readonly timer: SessionTimer;
  readonly #refers: Refers;
  /** The dialog that the session lives in; a UAC has none before a response makes one. */
  protected dialog: Dialog | undefined;
  protected onChallenge: ChallengeHook | undefined;
  #state: SessionState;
  readonly #onEnded: () => void;

  constructor(context: DialogContext, initial: SessionState, onEnded: () => void) {
    this.context = context;
    this.id = context.random.uuid();
    this.#state = initial;
    this.#onEnded = onEnded;
    this.events = new Emitter((error) =>
      context.log.error({ err: error, session: this.id }, 'a listener of a session failed'),
    );
    this.timer = new SessionTimer(context.clock, context.sessionTimer, {
      refresh: () =>
        this.outgoing.refresh(({ kind }) => (kind === 'refused' ? this.timer.refused() : undefined)),
      expired: () => this.hangUp({ by: 'fault', status: 200, reason: 'the session was not refreshed' }),
    });
    this.reOffers = this.#makeReOffers();
    this.outgoing = this.#makeOutgoing();
    this.#refers = new Refers(context, {
      onChallenge: (response, request) => this.onChallenge?.(response, request),
      refer: (request) => this.#told('refer', request),
    });
  }

  get state(): SessionState {
    return this.#state;
  }

  get peerHost(): string | undefined {
    return this.dialog?.path.flow.remote.host;
  }

  abstract end(options?: { readonly status?: number; readonly headers?: ExtraHeaders }): void;

  /** Shutting down: ends now, without waiting for the peer. */
  abandon(): void {
    this.end();
  }

  abstract onAck(dialog: Dialog, request: SipRequest): void;
  /** Whether the first INVITE, ours or the peer's, has no final response yet. */
  protected abstract unanswered(): boolean;
  /** The dialog in which an offer of ours may leave as UPDATE before the answer (RFC 3311 §5.1). */
  protected abstract earlyOfferDialog(): Dialog | undefined;
  /** BYE inside an early dialog (§15: a caller may, a callee must not). */
  protected abstract byeBeforeAnswer(transaction: ServerTransaction): void;

  info(body: Body, headers: ExtraHeaders = []): Promise<number> {
    return this.#tell('INFO', body, headers);
  }

  message(body: Body, headers: ExtraHeaders = []): Promise<number> {
    return this.#tell('MESSAGE', body, headers);
  }

  reoffer(sdp: string | (() => string)): Promise<ReOfferOutcome> {
    return this.outgoing.offer(sdp);
  }

  async #tell(method: 'INFO' | 'MESSAGE', body: Body, headers: ExtraHeaders): Promise<number> {
    const dialog = this.dialog;
    // "Call Does Not Exist": not yet, or no more.
    if (this.#state !== 'confirmed' || dialog === undefined) return 481;
    const status = await sendBody(this.context, dialog, {
      method,
      body,
      headers,
      onChallenge: this.onChallenge,
    });
    // §12.2.1.2: 481, 408 and silence mean that the peer has no such dialog any more.
    if (status === 481 || status === 408)
      this.hangUp({ by: 'fault', status: 200, reason: 'the peer no longer knows the call' });
    return status;
  }

  onInvite(dialog: Dialog, transaction: InviteServerTransaction): void {
    if (this.#admits(dialog, transaction)) this.reOffers.invite(dialog, transaction);
  }

  onRequest(dialog: Dialog, transaction: ServerTransaction): void {
    if (!this.#admits(dialog, transaction)) return;
    const { request } = transaction;
    switch (request.method) {
      case 'BYE':
        this.#onBye(transaction);
        return;
      case 'UPDATE':
        this.reOffers.update(dialog, transaction);
        return;
      case 'INFO':
        transaction.reply(200);
        this.events.emit('info', { body: bodyOf(request), headers: xHeaders(request) });
        return;
      case 'MESSAGE':
        transaction.reply(200);
        this.events.emit('message', { body: bodyOf(request), headers: xHeaders(request) });
        return;
      case 'OPTIONS':
        transaction.reply(200, {
          fields: [
            ...ALLOW,
            ...dialogExtensions(this.context.sessionTimer !== undefined),
            ['Accept', 'application/sdp'],
          ],
        });
        return;
      case 'REFER':
        this.#refers.receive(dialog, transaction);
        return;
      case 'PRACK':
        this.onPrack(dialog, transaction);
        return;
      case 'NOTIFY':
        // RFC 6665 §4.1.3: we have subscribed to nothing.
        transaction.reply(481);
        return;
      default:
        transaction.reply(405, { fields: ALLOW });
    }
  }

  /** RFC 3262 §3: a PRACK for nothing that we have sent. */
  protected onPrack(_dialog: Dialog, transaction: ServerTransaction): void {
    transaction.reply(481);
  }

  /** The peer's BYE came after the session had ended, or in a forked dialog: nothing keeps the dialog any more. */
  protected byeAfterEnd(dialog: Dialog): void {
    this.context.table.remove(dialog);
  }

  protected enter(state: Exclude<SessionState, 'ended'>): void {
    this.#state = state;
  }

  /** The session is confirmed, and its listeners know: what waited for that may leave. */
  protected settled(): void {
    this.outgoing.run();
  }

  /** The one place where a session ends; later ends are ignored. Closes what is open, then tells the user. */
  protected finish(ending: Ending): void {
    if (this.#state === 'ended') return;
    const answered = ending.answered ?? (this.#state === 'accepted' || this.#state === 'confirmed');
    this.#state = 'ended';
    this.timer.stop();
    this.reOffers.close();
    this.outgoing.close();
    this.#refers.close();
    this.#onEnded();
    this.events.emit('ended', { headers: [], retryable: false, ...ending, answered });
    // Transactions remember the session for 64·T1; whoever listened need not be remembered with it.
    this.events.removeAll();
  }

  /** BYE, and the end. */
  protected hangUp(ending: Ending, headers?: ExtraHeaders): void {
    if (this.#state === 'ended') return;
    if (this.dialog !== undefined) this.sendBye(this.dialog, headers);
    this.finish(ending);
  }

  protected sendBye(dialog: Dialog, headers?: ExtraHeaders): void {
    sendBye(this.context, dialog, { headers, onChallenge: this.onChallenge });
  }

  /** Tells the user; false when nobody listens. */
  #told<K extends 'reoffer' | 'refer'>(event: K, payload: SessionEvents[K]): boolean {
    if (this.events.listenerCount(event) === 0) return false;
    this.events.emit(event, payload);
    return true;
  }

  #makeReOffers(): ReOffers {
    return new ReOffers(this.context, {
      inviting: () => this.outgoing.inviting || (this.role === 'uac' && this.unanswered()),
      invited: () => this.role === 'uas' && this.unanswered(),
      timer: () => (this.unanswered() ? undefined : this.timer),
      capabilities: () => dialogExtensions(this.context.sessionTimer !== undefined),
      offer: (reOffer) => this.#told('reoffer', reOffer),
      answered: (sdp) => this.events.emit('confirmed', { sdp }),
      neverAcknowledged: () =>
        this.hangUp({ by: 'fault', status: 200, reason: 'the ACK to our answer never came' }),
      idle: () => this.outgoing.run(),
    });
  }

  #makeOutgoing(): OutgoingOffers {
    return new OutgoingOffers(this.context, {
      way: (kind) =>
        wayFor(kind, {
          state: this.#state,
          dialog: this.dialog,
          busy: this.reOffers.busy,
          earlyDialog: () => this.earlyOfferDialog(),
        }),
      confirmedIn: (dialog) => this.#state === 'confirmed' && this.dialog === dialog,
      ownsCallId: () => this.role === 'uac',
      onChallenge: (response, request) => this.onChallenge?.(response, request),
      requestFields: () => [
        ...dialogExtensions(this.context.sessionTimer !== undefined),
        ...(this.unanswered() ? [] : this.timer.requestFields()),
      ],
      refreshed: (response) => this.timer.peerAccepts(response),
      raise: (response) => this.timer.raise(response),
      lost: () => this.hangUp({ by: 'fault', status: 200, reason: 'the peer no longer knows the call' }),
      answerChanged: (sdp) => this.events.emit('answerChanged', { sdp }),
    });
  }

  /** What every request inside a dialog has to pass. False: it was answered. */
  #admits(dialog: Dialog, transaction: ServerTransaction): boolean {
    if (!dialog.acceptsSequence(transaction.request)) {
      transaction.reply(500);
      return false;
    }
    dialog.path.followPeer(transaction.flow);
    const over = this.#state === 'ended' || (this.dialog !== undefined && this.dialog !== dialog);
    if (over) {
      // The dialog only waits for the answer to its BYE; one that crosses ours is right all the same.
      const isBye = transaction.request.method === 'BYE';
      transaction.reply(isBye ? 200 : 481);
      if (isBye) this.byeAfterEnd(dialog);
      return false;
    }
    return !refuseUnknownExtensions(transaction);
  }

  #onBye(transaction: ServerTransaction): void {
    if (this.#state !== 'accepted' && this.#state !== 'confirmed') {
      this.byeBeforeAnswer(transaction);
      return;
    }
    transaction.reply(200);
    if (this.dialog !== undefined) this.context.table.remove(this.dialog);
    const headers = xHeaders(transaction.request);
    this.finish({ by: 'remote', status: 200, reason: 'the peer hung up', headers });
  }
}
