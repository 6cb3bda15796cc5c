/** The INVITE session of a call that came in (RFC 3261 §13.3). */
import type { TimerHandle } from '../../kernel/clock.ts';
import { cseq } from '../message/fields.ts';
import { formatNameAddr } from '../message/name-addr.ts';
import { reasonPhrase } from '../message/reason.ts';
import type { SipRequest } from '../message/types.ts';
import type { InviteServerTransaction, ServerTransaction } from '../transaction/types.ts';
import { Accepted2xx, success2xx } from './accepted-2xx.ts';
import { sdpBody, sdpFields, sdpOf, xHeaders } from './bodies.ts';
import { ALLOW } from './capabilities.ts';
import type { DialogContext } from './context.ts';
import { Dialog } from './dialog.ts';
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
    if (this.state !== 'proceeding' || !this.#transaction.open) return;
    if (status <= 100 || status > 199) throw new RangeError('a provisional status is one of 101 to 199');
    this.context.table.add(this.#ownDialog, this);
    const send = (): void => {
      this.#transaction.reply(status, {
        fields: [this.#contact(), ...ALLOW, ...(options.headers ?? []), ...sdpFields(options.sdp)],
        ...sdpBody(options.sdp),
      });
      this.#stopRepeating();
      this.#repeat = this.context.clock.setTimeout(send, this.context.limits.repeatProvisionalMs);
    };
    send();
  }

  accept(options: { readonly sdp: string; readonly headers?: ExtraHeaders }): void {
    if (this.state !== 'proceeding' || !this.#transaction.open) return;
    const response = success2xx(this.#transaction, {
      fields: [this.#contact(), ...ALLOW, ...(options.headers ?? []), ...sdpFields(options.sdp)],
      ...sdpBody(options.sdp),
    });
    this.#stopRepeating();
    this.context.table.add(this.#ownDialog, this);
    this.enter('accepted');
    this.#handshake = new Accepted2xx({
      ...this.context,
      transaction: this.#transaction,
      response,
      onGiveUp: () => this.#ackNeverCame(),
    });
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
    this.events.emit('confirmed', { sdp: this.offer === undefined ? sdpOf(request) : undefined });
  }

  protected offerState(): 'stable' | 'ours-pending' | 'theirs-pending' {
    if (this.state === 'proceeding') return 'theirs-pending';
    return this.#handshake !== undefined && this.offer === undefined ? 'ours-pending' : 'stable';
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
    // Only a BYE of ours that has to wait for the ACK keeps the handshake going; the peer's BYE says that it has our 2xx.
    if (this.#byeWhenAllowed === undefined) this.#stopHandshake();
    super.finish(ending);
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

  #contact(): readonly [string, string] {
    return ['Contact', formatNameAddr(this.#ownDialog.contact)];
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
