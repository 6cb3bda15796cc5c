/** The INVITE session of a call that came in (RFC 3261 §13.3). */
import type { TimerHandle } from '../../kernel/clock.ts';
import { cseq, optionTags } from '../message/fields.ts';
import { formatNameAddr } from '../message/name-addr.ts';
import { reasonPhrase } from '../message/reason.ts';
import type { SipRequest } from '../message/types.ts';
import type { InviteServerTransaction, ServerTransaction } from '../transaction/types.ts';
import { Accepted2xx, success2xx } from './accepted-2xx.ts';
import { sdpBody, sdpFields, sdpOf, xHeaders } from './bodies.ts';
import { ALLOW, dialogExtensions } from './capabilities.ts';
import type { DialogContext } from './context.ts';
import { Dialog } from './dialog.ts';
import { type Provisional, ReliableProvisionals } from './reliable-provisionals.ts';
import { type Ending, SessionCore } from './session-core.ts';
import type { ExtraHeaders, UasParts, UasSession } from './types.ts';

export class InboundSession extends SessionCore implements UasSession {
  readonly role = 'uas';
  readonly offer: string | undefined;
  readonly #transaction: InviteServerTransaction;
  readonly #ownDialog: Dialog;
  #handshake: Accepted2xx | undefined;
  /** Set when `end()` came between our 2xx and its ACK: header fields of the BYE that has to wait (§15). */
  #byeWhenAllowed: ExtraHeaders | undefined;
  #repeat: TimerHandle | undefined;
  readonly #reliably: 'always' | 'late offer' | 'never';
  readonly #reliable: ReliableProvisionals;
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
    this.#reliably = reliability(transaction.request, options);
    this.#reliable = new ReliableProvisionals({
      ...context,
      invite: transaction.request,
      prepare: (provisional) => this.#prepare(provisional),
      send: (provisional, fields) => this.#send(provisional, fields),
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
    const provisional: Provisional = { status, sdp: options.sdp, headers: options.headers ?? [] };
    const reliably =
      this.#reliably === 'always' || (this.#reliably === 'late offer' && options.sdp !== undefined);
    if (reliably) this.#reliable.send(provisional);
    else this.#sendUnreliably(provisional);
  }

  accept(options: { readonly sdp: string; readonly headers?: ExtraHeaders }): void {
    if (this.state !== 'proceeding' || !this.#transaction.open || this.#accepting !== undefined) return;
    this.#accepting = options;
    this.#stopRepeating();
    this.#reliable.dropWaiting();
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
    if (this.state !== 'accepted') return;
    this.enter('confirmed');
    // PITFALLS row 14: SDP in an ACK counts only as the answer to an offer of ours.
    this.events.emit('confirmed', { sdp: this.offer === undefined ? this.#lateAnswer(request) : undefined });
    this.settled();
  }

  protected unanswered(): boolean {
    return this.state === 'proceeding';
  }

  /** RFC 3311 §5.1: not before the PRACK for the 18x that carries our description. */
  protected earlyOfferDialog(): Dialog | undefined {
    return this.#reliable.outstanding || this.#accepting !== undefined ? undefined : this.#ownDialog;
  }

  protected override onPrack(dialog: Dialog, transaction: ServerTransaction): void {
    const { request } = transaction;
    const acknowledged = this.#reliable.acknowledged(request);
    if (acknowledged === undefined) {
      transaction.reply(481);
      return;
    }
    const sdp = sdpOf(request);
    const { media } = dialog;
    const answered =
      this.state === 'proceeding' && media.pending === 'ours' && acknowledged.sdp !== undefined;
    if (!answered && sdp !== undefined) this.reOffers.prack(dialog, transaction);
    else transaction.reply(200);
    if (answered) {
      // RFC 3262 §5: the answer to the offer of our 18x. Without one, the 200 offers again.
      if (sdp === undefined) media.rollback();
      else {
        media.peerAnswers(sdp);
        this.events.emit('earlyAnswer', { sdp });
      }
    }
    this.#reliable.resume();
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
    this.#stopHandshake();
    super.byeAfterEnd(dialog);
  }

  protected override finish(ending: Ending): void {
    this.#stopRepeating();
    this.#reliable.finish();
    // Only a BYE of ours that has to wait for the ACK keeps the handshake going; the peer's BYE says that it has our 2xx.
    if (this.#byeWhenAllowed === undefined) this.#stopHandshake();
    super.finish(ending);
  }

  /** The 200, as soon as nothing that carries SDP waits for its PRACK (RFC 3262 §3; row 13). */
  #acceptIfMay(): void {
    const options = this.#accepting;
    if (options === undefined || this.state !== 'proceeding' || !this.#transaction.open) return;
    if (this.#reliable.holdsAnswer) return;
    const { media } = this.#ownDialog;
    // RFC 3261 §13.2.1: once a reliable 18x has said it, no response says it again.
    const sdp = media.local === undefined ? options.sdp : undefined;
    if (sdp !== undefined && media.pending === 'theirs') media.weAnswer(sdp);
    else if (sdp !== undefined && media.pending === 'none') media.weOffer(sdp);
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
    this.#reliable.finish();
    this.context.table.add(this.#ownDialog, this);
    this.enter('accepted');
    this.#handshake = new Accepted2xx({
      ...this.context,
      transaction: this.#transaction,
      response,
      onGiveUp: () => this.#ackNeverCame(),
    });
  }

  /** The peer's answer to our first offer: from this ACK, or from a PRACK before it. */
  #lateAnswer(ack: SipRequest): string | undefined {
    const { media } = this.#ownDialog;
    if (media.pending === 'ours') {
      const sdp = sdpOf(ack);
      if (sdp === undefined) media.rollback();
      else media.peerAnswers(sdp);
      return sdp;
    }
    return media.remote;
  }

  /** RFC 3261 §13.2.1, RFC 3262 §5: a description is said once; an offer of ours only where its answer can come back. */
  #prepare(provisional: Provisional): Provisional {
    const { media } = this.#ownDialog;
    const { sdp } = provisional;
    if (sdp === undefined) return provisional;
    if (media.pending === 'theirs' && media.local === undefined) media.weAnswer(sdp);
    else if (media.pending === 'none' && media.local === undefined) media.weOffer(sdp);
    else return { ...provisional, sdp: undefined };
    return provisional;
  }

  #sendUnreliably(provisional: Provisional): void {
    const { media } = this.#ownDialog;
    const maySay = this.offer !== undefined && media.local === undefined;
    this.#send(maySay ? provisional : { ...provisional, sdp: undefined }, []);
  }

  #send({ status, sdp, headers }: Provisional, fields: ExtraHeaders): void {
    if (!this.#transaction.open) return;
    this.#transaction.reply(status, {
      fields: [...this.#ownFields(), ...fields, ...headers, ...sdpFields(sdp)],
      ...sdpBody(sdp),
    });
    this.#stopRepeating();
    const { repeatProvisionalMs, repeatReliableMs } = this.context.limits;
    this.#repeat = this.context.clock.setTimeout(
      () => this.provisional(status, { headers, ...(sdp === undefined ? {} : { sdp }) }),
      fields.length > 0 ? repeatReliableMs : repeatProvisionalMs,
    );
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

  #stopRepeating(): void {
    this.context.clock.clearTimeout(this.#repeat);
    this.#repeat = undefined;
  }
}

/** RFC 3262 §3: what a caller requires it gets; where it makes no offer, a reliable 18x is the only way to early media. */
function reliability(invite: SipRequest, options: UasParts): 'always' | 'late offer' | 'never' {
  const policy = options.reliableProvisional ?? 'supported';
  if (optionTags(invite, 'Require').includes('100rel')) return 'always';
  if (policy === 'off' || !optionTags(invite, 'Supported').includes('100rel')) return 'never';
  return policy === 'required' ? 'always' : 'late offer';
}
