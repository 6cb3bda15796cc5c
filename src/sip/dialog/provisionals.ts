/**
 * The provisional responses of ours to one INVITE (RFC 3261 §13.3.1.1, RFC 3262 §3): which leave reliably, what of SDP each
 * may carry, and the repetition that keeps proxies on the way patient while a phone rings for long.
 */
import type { TimerHandle } from '../../kernel/clock.ts';
import { optionTags } from '../message/fields.ts';
import type { SipRequest } from '../message/types.ts';
import type { InviteServerTransaction } from '../transaction/types.ts';
import { sdpBody, sdpFields } from './bodies.ts';
import type { DialogContext } from './context.ts';
import { type Provisional, ReliableProvisionals } from './reliable-provisionals.ts';
import type { ExtraHeaders, ReliableProvisional } from './types.ts';
import type { UasDescriptions } from './uas-descriptions.ts';

export interface ProvisionalsOptions {
  readonly transaction: InviteServerTransaction;
  readonly policy: ReliableProvisional;
  readonly descriptions: UasDescriptions;
  /** Contact, Allow, Supported. */
  ownFields(): ExtraHeaders;
  /** A reliable one was never acknowledged. */
  onGiveUp(): void;
}

export class Provisionals {
  readonly #context: DialogContext;
  readonly #options: ProvisionalsOptions;
  readonly #reliable: ReliableProvisionals;
  readonly #reliably: 'always' | 'late offer' | 'never';
  #repeat: TimerHandle | undefined;

  constructor(context: DialogContext, options: ProvisionalsOptions) {
    const { transaction, policy, descriptions } = options;
    this.#context = context;
    this.#options = options;
    this.#reliably = reliability(transaction.request, policy);
    this.#reliable = new ReliableProvisionals({
      ...context,
      invite: transaction.request,
      prepare: (provisional) => descriptions.inReliable(provisional),
      send: (provisional, fields) => this.#transmit(provisional, fields),
      onGiveUp: options.onGiveUp,
    });
  }

  /** Whether one waits for its PRACK. */
  get outstanding(): boolean {
    return this.#reliable.outstanding;
  }

  /** Whether one with SDP waits for its PRACK: no 2xx before it. */
  get holdsAnswer(): boolean {
    return this.#reliable.holdsAnswer;
  }

  send(provisional: Provisional): void {
    const reliably =
      this.#reliably === 'always' || (this.#reliably === 'late offer' && provisional.sdp !== undefined);
    if (reliably) this.#reliable.send(provisional);
    else this.#transmit(this.#options.descriptions.inUnreliable(provisional), []);
  }

  /** See `ReliableProvisionals`. */
  acknowledged(prack: SipRequest): Provisional | undefined {
    return this.#reliable.acknowledged(prack);
  }

  resume(): void {
    this.#reliable.resume();
  }

  /** A 2xx is about to follow: nothing new leaves. */
  stopNew(): void {
    this.#reliable.dropWaiting();
    this.#stopRepeating();
  }

  /** A final response was sent, or the session ended. */
  finish(): void {
    this.#reliable.finish();
    this.#stopRepeating();
  }

  #transmit(provisional: Provisional, fields: ExtraHeaders): void {
    const { transaction } = this.#options;
    if (!transaction.open) return;
    const { status, sdp, headers } = provisional;
    transaction.reply(status, {
      fields: [...this.#options.ownFields(), ...fields, ...headers, ...sdpFields(sdp)],
      ...sdpBody(sdp),
    });
    this.#stopRepeating();
    const { repeatProvisionalMs, repeatReliableMs } = this.#context.limits;
    this.#repeat = this.#context.clock.setTimeout(
      () => this.send(provisional),
      fields.length > 0 ? repeatReliableMs : repeatProvisionalMs,
    );
  }

  #stopRepeating(): void {
    this.#context.clock.clearTimeout(this.#repeat);
    this.#repeat = undefined;
  }
}

/** RFC 3262 §3: what a caller requires it gets; where it makes no offer, a reliable 18x is the only way to early media. */
function reliability(invite: SipRequest, policy: ReliableProvisional): 'always' | 'late offer' | 'never' {
  if (optionTags(invite, 'Require').includes('100rel')) return 'always';
  if (policy === 'off' || !optionTags(invite, 'Supported').includes('100rel')) return 'never';
  return policy === 'required' ? 'always' : 'late offer';
}
