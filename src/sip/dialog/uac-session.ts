/** The INVITE session of a call that goes out (RFC 3261 §13.2). */

import type { TimerHandle } from '../../kernel/clock.ts';
import { MasklineError } from '../../kernel/errors.ts';
import type { SipRequest, SipResponse } from '../message/types.ts';
import type { ClientTransaction, ServerTransaction, TransactionFailure } from '../transaction/types.ts';
import { sdpOf, xHeaders } from './bodies.ts';
import { inviteExtensions } from './capabilities.ts';
import type { DialogContext } from './context.ts';
import { type Dialog, FIRST_CSEQ_BELOW } from './dialog.ts';
import { DialogSet } from './dialog-set.ts';
import { EarlyDialogs } from './early-dialogs.ts';
import { acknowledge, credentialsFor, isChallenge, MAX_CHALLENGES } from './in-dialog-client.ts';
import { endOfFailure, endOfRejection } from './invite-endings.ts';
import { buildInvite } from './invite-request.ts';
import { LateAck } from './late-ack.ts';
import { type Ending, SessionCore } from './session-core.ts';
import type { ExtraHeaders, InviteParts, LateAnswer, UacSession } from './types.ts';

/** Bytes of our From tag: 64 bits, twice what §19.3 asks for. */
const TAG_BYTES = 8;

/** Each element on the way may have a Min-SE of its own (RFC 4028 §8.1); three in a row is more than anybody has. */
const MAX_BRIEFS = 3;

export class OutboundSession extends SessionCore implements UacSession {
  readonly role = 'uac';
  readonly #localTag: string;
  #sequence: number;
  #dialogs: DialogSet | undefined;
  #transaction: ClientTransaction | undefined;
  #offered: string | undefined;
  #challenges = 0;
  #briefs = 0;
  /** Whether a provisional (100 too) has come: the INVITE has reached somebody. */
  #reached = false;
  /** Whether the INVITE left on a connection that was open: when that breaks, nobody knows how far it came. */
  #left = false;
  /** Whether a 101–199 has come: a phone may be ringing. */
  #ringing = false;
  /** How the session is to end, once `end()` was called or it rang too long (PITFALLS row 1: a wish). */
  #wish: Ending | undefined;
  #patience: TimerHandle | undefined;
  #early: EarlyDialogs | undefined;
  #lateAck: LateAck | undefined;

  constructor(context: DialogContext, onEnded: () => void) {
    super(context, 'calling', onEnded);
    this.#localTag = context.random.token(TAG_BYTES);
    this.#sequence = 1 + context.random.int(FIRST_CSEQ_BELOW);
  }

  /** Our offer in the INVITE. */
  get offered(): string | undefined {
    return this.#offered;
  }

  /** Sends the INVITE. Nothing happens when the session has ended before. */
  start(parts: InviteParts): void {
    if (this.state === 'ended') return;
    this.onChallenge = parts.onChallenge;
    this.#offered = parts.sdp;
    this.#patience = this.context.clock.setTimeout(
      () => this.#cancel({ by: 'fault', status: 408, reason: 'it rang for too long' }),
      this.context.limits.ringingMs,
    );
    this.#send(parts, []);
  }

  /** There will be no INVITE. */
  startFailed(error: unknown): void {
    const known = error instanceof MasklineError ? error : undefined;
    if (known === undefined && this.state !== 'ended')
      this.context.log.error({ err: error, session: this.id }, 'an outbound call could not be prepared');
    this.finish({
      by: 'fault',
      status: known?.meaning.sip ?? 500,
      reason: known?.message ?? 'the call could not be prepared',
    });
  }

  end(options: { readonly headers?: ExtraHeaders } = {}): void {
    if (this.state === 'confirmed' || this.state === 'accepted') {
      // §15: the ACK that waits for an answer goes before the BYE.
      this.#lateAck?.send(undefined);
      this.hangUp({ by: 'local', status: 200, reason: 'we hung up' }, options.headers);
    } else if (this.state !== 'ended') this.#cancel({ by: 'local', status: 487, reason: 'we cancelled' });
  }

  override abandon(): void {
    this.end();
    this.finish(this.#wish ?? { by: 'local', status: 487, reason: 'we shut down' });
  }

  onAck(_dialog: Dialog, request: SipRequest): void {
    this.reOffers.ack(request);
  }

  override get peerHost(): string | undefined {
    return super.peerHost ?? this.#early?.current?.path.flow.remote.host;
  }

  protected unanswered(): boolean {
    return this.state === 'calling' || this.state === 'proceeding';
  }

  protected earlyOfferDialog(): Dialog | undefined {
    return this.#wish === undefined ? this.#early?.settledDialog : undefined;
  }

  /** §15: a callee must not send BYE before its final response. */
  protected byeBeforeAnswer(transaction: ServerTransaction): void {
    transaction.reply(481);
  }

  protected override finish(ending: Ending): void {
    this.context.clock.clearTimeout(this.#patience);
    this.#lateAck?.send(undefined);
    this.#dialogs?.dropEarly();
    this.#early?.clear();
    super.finish(ending);
  }

  #send(parts: InviteParts, credentials: ExtraHeaders): void {
    const invite = buildInvite(parts, this.#localTag, this.#sequence, credentials, [
      ...inviteExtensions({
        reliableProvisional: parts.reliableProvisional ?? 'supported',
        sessionTimer: this.context.sessionTimer !== undefined,
      }),
      ...this.timer.requestFields(),
    ]);
    this.#sequence += 1;
    this.#left = parts.flow.reliable && parts.flow.isOpen;
    this.#dialogs?.dropEarly();
    const dialogs = new DialogSet({
      invite,
      flow: parts.flow,
      contact: parts.contact,
      reach: parts.reach,
      table: this.context.table,
      usage: this,
      limit: this.context.limits.forks,
    });
    this.#dialogs = dialogs;
    this.#early = new EarlyDialogs(this.context, dialogs, invite, {
      onChallenge: parts.onChallenge,
      mayAnswer: () => this.#wish === undefined && this.unanswered(),
      tell: (response, sdp, answer) => this.#tell(response, sdp, answer),
      settled: () => this.outgoing.run(),
    });
    this.#transaction = this.context.transactions.send(invite, parts.flow, {
      onResponse: (response) => this.#onResponse(parts, dialogs, response),
      onFailure: (failure) => this.#onFailure(parts, dialogs, failure),
      onLate2xx: (response) => this.#onLate2xx(dialogs, response),
    });
  }

  #cancel(wish: Ending): void {
    if (this.#wish !== undefined) return;
    this.#wish = wish;
    if (this.#transaction === undefined) this.finish(wish);
    else this.#transaction.cancel();
  }

  #onResponse(parts: InviteParts, dialogs: DialogSet, response: SipResponse): void {
    if (response.status < 200) this.#onProvisional(response);
    else if (response.status < 300) this.#onSuccess(parts, dialogs, response);
    else if (this.#tooBrief(response)) this.#send(parts, []);
    else if (!this.#answerChallenge(parts, dialogs, response)) {
      parts.onRefused?.(response);
      this.#onRejected(response);
    }
  }

  #onProvisional(response: SipResponse): void {
    this.#reached = true;
    if (this.state === 'calling') this.enter('proceeding');
    if (response.status === 100 || this.state === 'ended') return;
    this.#ringing = true;
    this.#early?.receive(response);
  }

  #tell(response: SipResponse, sdp: string | undefined, answer: LateAnswer | undefined): void {
    if (this.#wish !== undefined) return;
    const told = { status: response.status, sdp, headers: xHeaders(response) };
    this.events.emit('provisional', answer === undefined ? told : { ...told, answer });
  }

  #onSuccess(parts: InviteParts, dialogs: DialogSet, response: SipResponse): void {
    const confirmed = dialogs.confirm(response);
    if (confirmed === undefined) {
      // More early dialogs than we keep, and then an answer from yet another one.
      this.finish(this.#wish ?? { by: 'fault', status: 500, reason: 'the peer forked without end' });
      return;
    }
    const { dialog } = confirmed;
    const sdp = sdpOf(response);
    // A peer that does not wait for the PRACK with our answer has taken its offer back.
    if (dialog.media.local === undefined && dialog.media.pending === 'theirs') dialog.media.rollback();
    const late = parts.sdp === undefined && sdp !== undefined && dialog.media.local === undefined;
    const answer =
      late && this.#wish === undefined ? this.#answerInAck(dialog, dialogs, response, sdp) : undefined;
    if (answer === undefined) acknowledge(this.context, dialog, dialogs.invite, response);
    dialogs.dropEarly();
    this.dialog = dialog;
    // A connection that breaks takes its transaction with it; other forks answer all the same, over another one.
    if (parts.flow.reliable) this.#expectLate2xx(dialogs);
    if (this.#wish !== undefined) {
      // PITFALLS row 1: the 2xx crossed our CANCEL.
      this.sendBye(dialog);
      this.finish({ ...this.#wish, answered: false });
      return;
    }
    this.context.clock.clearTimeout(this.#patience);
    this.timer.peerAccepts(response);
    const headers = xHeaders(response);
    if (answer !== undefined) {
      this.enter('accepted');
      this.events.emit('accepted', { sdp, headers, answer });
      return;
    }
    const early = this.#early?.mediaOf(dialog);
    const inForce = this.#early?.current === dialog ? undefined : early;
    this.#early?.clear();
    // Row 15: what the 2xx says of media, if anything, after whatever its own 18x have said.
    if (dialog.media.local === undefined) dialog.media.peerAnswers(sdp ?? early);
    else if (sdp !== undefined) dialog.media.peerInsists(sdp);
    this.enter('confirmed');
    this.events.emit('accepted', { sdp: sdp ?? inForce, headers });
    this.settled();
  }

  #answerInAck(dialog: Dialog, dialogs: DialogSet, response: SipResponse, offer: string): LateAnswer {
    const ack = new LateAck(this.context, dialog, dialogs.invite, response, offer, () => {
      ack.send(undefined);
      this.hangUp({ by: 'fault', status: 200, reason: 'the offer of the callee was not answered' });
    });
    this.#lateAck = ack;
    return (answer) => {
      if (this.state !== 'accepted' || !ack.send(answer)) return;
      this.enter('confirmed');
      this.settled();
    };
  }

  /** A 2xx after the first: our ACK was lost, or another fork has answered as well (PITFALLS rows 3 and 5). */
  #onLate2xx(dialogs: DialogSet, response: SipResponse): void {
    if (this.context.acks.resend(response)) return;
    const confirmed = dialogs.confirm(response);
    if (confirmed === undefined) return;
    acknowledge(this.context, confirmed.dialog, dialogs.invite, response);
    this.sendBye(confirmed.dialog);
  }

  /** RFC 4028 §7.3: the same INVITE with a longer interval; a second 422 that asks for no more ends the call. */
  #tooBrief(response: SipResponse): boolean {
    if (response.status !== 422 || this.#wish !== undefined || this.#briefs >= MAX_BRIEFS) return false;
    this.#briefs += 1;
    return this.timer.raise(response);
  }

  /** §22.2: a new INVITE with a higher CSeq, another branch, the same Call-ID and From tag. */
  #answerChallenge(parts: InviteParts, dialogs: DialogSet, response: SipResponse): boolean {
    if (!isChallenge(response) || this.#wish !== undefined || this.#challenges >= MAX_CHALLENGES)
      return false;
    this.#challenges += 1;
    const credentials = credentialsFor(this.context, parts.onChallenge, response, dialogs.invite);
    if (credentials === undefined) return false;
    try {
      this.#send(parts, credentials);
      return true;
    } catch (error) {
      // Credentials that no header field can hold (a line break in a name) are none: the session ends by the 401.
      this.context.log.error({ err: error }, 'a challenge could not be answered');
      return false;
    }
  }

  #onRejected(response: SipResponse): void {
    const end = endOfRejection(response.status, this.#ringing);
    // A 487 to our CANCEL: the attempt is closed, and nobody was disturbed by it unless it rang.
    const retryable = end.retryable === true || (response.status === 487 && !this.#ringing);
    this.finish({ ...(this.#wish ?? end), retryable, headers: xHeaders(response) });
  }

  /** The peer may still answer, where no transaction hears it: then it is told that nobody is there. */
  #expectLate2xx(dialogs: DialogSet): void {
    this.context.expectLate2xx(dialogs.invite, (response) => this.#onLate2xx(dialogs, response));
  }

  #onFailure(parts: InviteParts, dialogs: DialogSet, failure: TransactionFailure): void {
    this.#expectLate2xx(dialogs);
    if (failure === 'transport' && this.#reached) this.#cancelElsewhere(parts);
    this.finish(
      this.#wish ?? endOfFailure(failure, this.#reached || (failure === 'transport' && this.#left)),
    );
  }

  /** PITFALLS rows 1 and 25: whoever rings for an INVITE whose connection is gone would ring on until it tires. */
  #cancelElsewhere(parts: InviteParts): void {
    const { transactions, flowTo, log } = this.context;
    // With its Via: by the branch the CANCEL finds what it cancels.
    const invite = this.#transaction?.request;
    if (invite === undefined) return;
    flowTo(parts.routes?.[0]?.uri ?? parts.requestUri).then(
      (flow) => transactions.cancelOn(invite, flow),
      () => log.info({ callId: parts.callId }, 'no other way to cancel a call whose connection broke'),
    );
  }
}
