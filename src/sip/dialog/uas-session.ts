/** The INVITE session of a call that came in (RFC 3261 §13.3). */
import { cseq } from '../message/fields.ts';
import { formatNameAddr } from '../message/name-addr.ts';
import { reasonPhrase } from '../message/reason.ts';
import type { SipRequest } from '../message/types.ts';
import type { InviteServerTransaction, ServerTransaction } from '../transaction/types.ts';
import { Accepted2xx, success2xx } from './accepted-2xx.ts';
import { sdpBody, sdpFields, sdpOf, xHeaders } from './bodies.ts';
import { ALLOW, dialogExtensions } from './capabilities.ts';
import type { DialogContext } from './context.ts';
import { Dialog } from './dialog.ts';
import { Provisionals } from './provisionals.ts';
import { type Ending, SessionCore } from './session-core.ts';
import type { ExtraHeaders, UasParts, UasSession } from './types.ts';
import { UasDescriptions } from './uas-descriptions.ts';

const NO_ANSWER = { answers: false, sdp: undefined } as const;

export class InboundSession extends SessionCore implements UasSession {
  readonly role = 'uas';
  readonly offer: string | undefined;
  readonly #transaction: InviteServerTransaction;
  readonly #ownDialog: Dialog;
  #handshake: Accepted2xx | undefined;
  /** Set when `end()` came between our 2xx and its ACK: header fields of the BYE that has to wait (§15). */
  #byeWhenAllowed: ExtraHeaders | undefined;
  /** We sent a 101–199: the caller has a dialog without our 2xx, and a BYE in it says nothing of having that (§13.3.1.4). */
  #early = false;
  readonly #descriptions: UasDescriptions;
  readonly #provisionals: Provisionals;
  /** What `accept` was given, while a PRACK is missing (RFC 3262 §3: no 2xx before it). */
  #accepting: { readonly sdp: string; readonly headers?: ExtraHeaders } | undefined;

  constructor(
    context: DialogContext,
    transaction: InviteServerTransaction,
    options: UasParts,
    onEnded: () => void,
  ) {
    super(context, 'proceeding', onEnded);
    this.#transaction = transaction;
    this.offer = sdpOf(transaction.request);
    this.onChallenge = options.onChallenge;
    this.#ownDialog = Dialog.ofUas(transaction, options.contact, context.random, options.reach);
    this.dialog = this.#ownDialog;
    this.#descriptions = new UasDescriptions(this.#ownDialog.media, this.offer === undefined);
    this.#provisionals = new Provisionals(context, {
      transaction,
      policy: options.reliableProvisional ?? 'supported',
      descriptions: this.#descriptions,
      ownFields: () => this.#ownFields(),
      onGiveUp: () => this.#prackNeverCame(),
    });
    transaction.onCancelled = () => this.#over({ by: 'remote', status: 487, reason: 'the caller cancelled' });
    transaction.onFailure = (failure) =>
      this.#over({
        by: 'fault',
        status: failure === 'timeout' ? 408 : 503,
        reason: failure === 'timeout' ? 'nobody answered the call' : 'the connection to the caller broke',
      });
    // Cancelled or failed before the session was made; told once the listeners are there.
    if (!transaction.open) queueMicrotask(() => transaction.onCancelled?.());
  }

  provisional(
    status: number,
    options: { readonly sdp?: string; readonly headers?: ExtraHeaders } = {},
  ): void {
    if (this.state !== 'proceeding' || !this.#transaction.open || this.#accepting !== undefined) return;
    if (status <= 100 || status > 199) throw new RangeError('a provisional status is one of 101 to 199');
    this.context.table.add(this.#ownDialog, this);
    this.#early = true;
    this.#provisionals.send({ status, sdp: options.sdp, headers: options.headers ?? [] });
  }

  accept(options: { readonly sdp: string; readonly headers?: ExtraHeaders }): void {
    if (this.state !== 'proceeding' || !this.#transaction.open || this.#accepting !== undefined) return;
    this.#accepting = options;
    this.#provisionals.stopNew();
    this.#acceptIfMay();
  }

  reject(status: number, options: { readonly reason?: string; readonly headers?: ExtraHeaders } = {}): void {
    if (this.state !== 'proceeding') return;
    if (status < 300 || status > 699) throw new RangeError('a rejection is one of 300 to 699');
    const reason = options.reason ?? reasonPhrase(status);
    if (this.#transaction.open) this.#transaction.reply(status, { reason, fields: options.headers ?? [] });
    this.#over({ by: 'local', status, reason });
  }

  end(options: { readonly status?: number; readonly headers?: ExtraHeaders } = {}): void {
    const ending = { by: 'local', status: 200, reason: 'we hung up' } as const;
    if (this.state === 'proceeding')
      this.reject(options.status ?? 480, options.headers === undefined ? {} : { headers: options.headers });
    else if (this.state === 'confirmed') this.hangUp(ending, options.headers);
    else if (this.state === 'accepted') {
      // §15: no BYE before the ACK has come or can no longer come. The user need not wait for that.
      this.#byeWhenAllowed = options.headers ?? [];
      this.finish(ending);
    }
  }

  onAck(_dialog: Dialog, request: SipRequest): void {
    if (cseq(request).sequence !== cseq(this.#transaction.request).sequence) {
      this.reOffers.ack(request);
      return;
    }
    if (this.#handshake === undefined) return;
    this.#stopHandshake();
    if (this.#byeWhenAllowed !== undefined) this.sendBye(this.#ownDialog, this.#byeWhenAllowed);
    else if (this.state === 'ended') this.context.table.remove(this.#ownDialog);
    if (this.state !== 'accepted') return;
    this.enter('confirmed');
    this.events.emit('confirmed', { sdp: this.#descriptions.fromAck(request) });
    this.settled();
  }

  protected unanswered(): boolean {
    return this.state === 'proceeding';
  }

  /** RFC 3311 §5.1: not before the PRACK for the 18x that carries our description. */
  protected earlyOfferDialog(): Dialog | undefined {
    return this.#provisionals.outstanding || this.#accepting !== undefined ? undefined : this.#ownDialog;
  }

  protected override onPrack(dialog: Dialog, transaction: ServerTransaction): void {
    const { request } = transaction;
    const acknowledged = this.#provisionals.acknowledged(request);
    if (acknowledged === undefined) {
      transaction.reply(481);
      return;
    }
    const unanswered = this.state === 'proceeding' && acknowledged.sdp !== undefined;
    const { answers, sdp } = unanswered ? this.#descriptions.fromPrack(request) : NO_ANSWER;
    if (!answers && sdpOf(request) !== undefined) this.reOffers.prack(dialog, transaction);
    else transaction.reply(200);
    if (sdp !== undefined) this.events.emit('earlyAnswer', { sdp });
    this.#provisionals.resume();
    this.#acceptIfMay();
    this.outgoing.run();
  }

  /** §15.1.2: the BYE gets 200 and the INVITE 487. */
  protected byeBeforeAnswer(transaction: ServerTransaction): void {
    transaction.reply(200);
    if (this.#transaction.open) this.#transaction.reply(487);
    const headers = xHeaders(transaction.request);
    this.#over({ by: 'remote', status: 487, reason: 'the caller hung up before the answer', headers });
  }

  protected override byeAfterEnd(dialog: Dialog): void {
    if (this.#outlasts2xx()) {
      this.#byeWhenAllowed = undefined;
      return;
    }
    this.#stopHandshake();
    super.byeAfterEnd(dialog);
  }

  protected override finish(ending: Ending): void {
    this.#provisionals.finish();
    // What keeps the handshake going: a BYE of ours that has to wait for the ACK, and a caller who may lack the 2xx.
    const waits = this.#byeWhenAllowed !== undefined || (ending.by === 'remote' && this.#outlasts2xx());
    if (!waits) this.#stopHandshake();
    super.finish(ending);
  }

  /** At the caller's BYE: whether its INVITE may still lack the 2xx. Then that is repeated on, and the dialog hears its ACK. */
  #outlasts2xx(): boolean {
    if (this.#handshake === undefined || !this.#early) return false;
    // Its next BYE is one more than an early dialog needs: it has the 2xx.
    this.#early = false;
    this.context.table.add(this.#ownDialog, this);
    return true;
  }

  /** The 200, as soon as nothing that carries SDP waits for its PRACK (RFC 3262 §3; row 13). */
  #acceptIfMay(): void {
    const options = this.#accepting;
    if (options === undefined || this.state !== 'proceeding' || !this.#transaction.open) return;
    if (this.#provisionals.holdsAnswer) return;
    const sdp = this.#descriptions.in2xx(options.sdp);
    const response = success2xx(this.#transaction, {
      fields: [
        ...this.#ownFields(),
        ...this.timer.weAccept(this.#transaction.request),
        ...(options.headers ?? []),
        ...sdpFields(sdp),
      ],
      ...sdpBody(sdp),
    });
    this.#accepting = undefined;
    this.#provisionals.finish();
    this.context.table.add(this.#ownDialog, this);
    this.enter('accepted');
    this.#handshake = new Accepted2xx({
      ...this.context,
      transaction: this.#transaction,
      response,
      onGiveUp: () => this.#ackNeverCame(),
    });
  }

  /** RFC 3262 §3. */
  #prackNeverCame(): void {
    if (this.#transaction.open) this.#transaction.reply(504);
    this.#over({ by: 'fault', status: 504, reason: 'the caller does not acknowledge what we send' });
  }

  /** An end before the answer: the early dialog goes too. */
  #over(ending: Ending): void {
    if (this.state === 'proceeding') this.context.table.remove(this.#ownDialog);
    this.finish(ending);
  }

  /** §13.3.1.4: the dialog is confirmed all the same, but ended by BYE. */
  #ackNeverCame(): void {
    this.#handshake = undefined;
    if (this.state === 'ended' && this.#byeWhenAllowed === undefined) {
      // The caller has said BYE itself.
      this.context.table.remove(this.#ownDialog);
      return;
    }
    this.sendBye(this.#ownDialog, this.#byeWhenAllowed);
    this.finish({ by: 'fault', status: 200, reason: 'the ACK never came' });
  }

  #ownFields(): ExtraHeaders {
    return [
      ['Contact', formatNameAddr(this.#ownDialog.contact)],
      ...ALLOW,
      ...dialogExtensions(this.context.sessionTimer !== undefined),
    ];
  }

  #stopHandshake(): void {
    this.#handshake?.stop();
    this.#handshake = undefined;
  }
}
