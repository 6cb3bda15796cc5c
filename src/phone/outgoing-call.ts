import type { TimerHandle } from '../kernel/clock.ts';
import { toTag } from '../sip/message/fields.ts';
import type { SipResponse } from '../sip/message/types.ts';
import type { Sent } from './exchanges.ts';
import { PhoneCall, SDP_TYPE } from './phone-call.ts';
import { contactOf, ownParty, type PhoneContext, sendAuthenticated } from './phone-context.ts';
import { type Field, PhoneDialog } from './phone-dialog.ts';
import type { Peer } from './wire.ts';

export interface OutgoingOptions {
  /** No SDP in the INVITE: the offer comes in the 200, our answer goes in the ACK (RFC 3261 §13.2.1). */
  readonly lateOffer?: boolean;
  /** Added to the INVITE as they stand. */
  readonly fields?: readonly Field[];
}

/** A call that the phone makes. */
export class OutgoingCall extends PhoneCall {
  readonly direction = 'outgoing';
  readonly #options: OutgoingOptions;
  #sent: Sent | undefined;
  #provisional = false;
  #wish: 'none' | 'hangup' | 'cancelled' = 'none';
  #acksToDrop: number;
  #lateAcks = new Set<TimerHandle>();

  constructor(context: PhoneContext, target: string, to: Peer, options: OutgoingOptions) {
    const dialog = new PhoneDialog({
      callId: `${context.random.token(12)}@${context.wire.local.host}`,
      localTag: context.random.token(6),
      localParty: ownParty(context),
      remoteParty: `<${target}>`,
      target,
      sequence: context.random.int(1_000),
    });
    super(context, dialog, to);
    this.#options = options;
    this.#acksToDrop = context.misbehaviour.dropAcks ?? 0;
  }

  /** Sends the INVITE. */
  async start(): Promise<void> {
    this.setState('trying');
    if (!(await this.media.open())) return;
    const late = this.#options.lateOffer === true;
    const fields: Field[] = [
      ['Contact', contactOf(this.context)],
      ['Allow', 'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE'],
      ...(this.#options.fields ?? []),
      ...(late ? [] : [SDP_TYPE]),
    ];
    const body = late ? undefined : this.media.write();
    sendAuthenticated(
      this.context,
      (credentials) => this.dialog.request('INVITE', [...fields, ...credentials], body),
      this.peer,
      {
        onProvisional: (response) => this.#onProvisional(response),
        onFinal: (response) => this.#onFinal(response),
        onTimeout: () => this.finish({ by: 'timeout', status: 408, reason: 'no response to INVITE' }),
      },
      (sent) => {
        this.#sent = sent;
        this.#provisional = false;
        if (this.#wish === 'cancelled') this.#wish = 'hangup';
      },
    );
  }

  /** BYE, or CANCEL; a CANCEL waits for the first provisional response (§9.1). */
  override hangup(): void {
    if (this.end !== undefined) return;
    if (this.state === 'connected') {
      this.sendBye({ by: 'local', status: undefined, reason: 'hung up' });
    } else if (this.#sent === undefined) {
      this.finish({ by: 'local', status: 487, reason: 'hung up before the INVITE left' });
    } else if (this.#wish === 'none') {
      this.#wish = 'hangup';
      if (this.#provisional) this.#cancel();
    }
  }

  #cancel(): void {
    this.#wish = 'cancelled';
    this.#sent?.cancel();
  }

  #onProvisional(response: SipResponse): void {
    this.#provisional = true;
    if (this.#wish === 'hangup') this.#cancel();
    if (response.status === 100) return;
    this.dialog.learnAsCaller(response);
    if (response.body.length > 0 && this.media.apply(response.body)) this.setState('early-media');
    else this.setState('ringing');
  }

  #onFinal(response: SipResponse): void {
    if (response.status >= 300) {
      const by = this.#wish === 'none' ? 'remote' : 'local';
      this.finish({ by, status: response.status, reason: response.reason });
      return;
    }
    const first = this.state !== 'connected' && this.end === undefined;
    // Another fork answered as well: its dialog is acknowledged and ended at once (§13.2.2.4).
    if (!first && toTag(response) !== this.dialog.remoteTag) {
      this.#refuseFork(response);
      return;
    }
    if (first) {
      this.dialog.learnAsCaller(response);
      this.media.apply(response.body);
    }
    this.#acknowledge();
    if (!first) return;
    this.setState('connected');
    if (this.#wish !== 'none') {
      this.sendBye({ by: 'local', status: undefined, reason: 'answered after the hang-up' });
    } else {
      this.media.start();
    }
  }

  #acknowledge(): void {
    if (this.#acksToDrop > 0) {
      this.#acksToDrop -= 1;
      return;
    }
    const answer = this.#options.lateOffer === true ? this.media.write() : undefined;
    const ack = this.dialog.request('ACK', answer === undefined ? [] : [SDP_TYPE], answer);
    const send = (): void => this.context.exchanges.sendAck(ack, this.nextHop());
    const delay = this.context.misbehaviour.ackDelayMs;
    if (delay === undefined) {
      send();
      return;
    }
    const timer = this.context.clock.setTimeout(() => {
      this.#lateAcks.delete(timer);
      send();
    }, delay);
    this.#lateAcks.add(timer);
  }

  #refuseFork(response: SipResponse): void {
    const fork = this.dialog.fork(response);
    const to = fork.nextHop(this.peer);
    this.context.exchanges.sendAck(fork.request('ACK'), to);
    this.context.exchanges.request(fork.request('BYE'), to, { onFinal: () => {}, onTimeout: () => {} });
  }

  /** Drops what would still be sent; the phone is being closed. */
  abandon(): void {
    for (const timer of this.#lateAcks) this.context.clock.clearTimeout(timer);
    this.finish({ by: 'local', status: undefined, reason: 'the phone was closed' });
  }
}
