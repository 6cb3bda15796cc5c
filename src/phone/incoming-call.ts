import type { TimerHandle } from '../kernel/clock.ts';
import { cseq, from, to, topVia } from '../sip/message/fields.ts';
import { formatNameAddr } from '../sip/message/name-addr.ts';
import type { NameAddr, SipRequest } from '../sip/message/types.ts';
import type { AnswerScript } from './behaviour.ts';
import { PhoneCall, SDP_TYPE, type Shown, shownBy } from './phone-call.ts';
import { contactOf, type PhoneContext } from './phone-context.ts';
import { type Field, PhoneDialog } from './phone-dialog.ts';
import type { Peer } from './wire.ts';

/** A call that comes in, and what its answer script makes of it. */
export class IncomingCall extends PhoneCall {
  readonly direction = 'incoming';
  readonly invite: SipRequest;
  /** Who calls, as the display shows it. */
  readonly shown: Shown;
  readonly #timers = new Set<TimerHandle>();
  #script: AnswerScript = {};
  #answerAtOnce = false;

  constructor(context: PhoneContext, invite: SipRequest, peer: Peer) {
    const dialog = new PhoneDialog({
      callId: invite.headers.get('Call-ID') ?? '',
      localTag: context.random.token(6),
      localParty: withoutTag(to(invite)),
      remoteParty: withoutTag(from(invite)),
      target: formatNameAddr(from(invite)),
      sequence: context.random.int(1_000),
    });
    dialog.learnAsCallee(invite);
    super(context, dialog, peer);
    this.invite = invite;
    this.shown = shownBy(invite);
  }

  /** Runs the script. */
  async start(script: AnswerScript): Promise<void> {
    this.#script = script;
    this.context.exchanges.remember(this.invite, this.peer);
    this.setState('trying');
    if (script.ignore === true) return;
    this.#provisional(100);
    if (!(await this.media.open())) return;
    this.#forkProvisionals();
    if (this.#answerAtOnce) this.answer();
    if (script.ringAfterMs !== false) this.#after(script.ringAfterMs ?? 0, () => this.ring());
    if (script.earlyMediaAfterMs !== undefined)
      this.#after(script.earlyMediaAfterMs, () => this.startEarlyMedia());
    const { decline, answerAfterMs } = script;
    if (decline !== undefined) {
      this.#after(decline.afterMs ?? 0, () => this.decline(decline.status, decline.reason));
    } else if (answerAfterMs !== undefined) {
      this.#after(answerAfterMs, () => this.answer());
    }
  }

  /** 180. */
  ring(): void {
    if (!this.#open) return;
    this.#provisional(180, [['Contact', contactOf(this.context)]]);
    this.setState('ringing');
  }

  /** 183 with SDP; the phone's sound begins. Without an offer there is nothing to answer yet, and it is 183 alone. */
  startEarlyMedia(): void {
    if (!this.#open) return;
    this.media.apply(this.invite.body);
    const offered = this.invite.body.length > 0;
    const fields: Field[] = [['Contact', contactOf(this.context)], ...(offered ? [SDP_TYPE] : [])];
    this.#provisional(183, fields, offered ? this.media.write() : undefined);
    this.setState('early-media');
    if (offered) this.media.start();
  }

  /** 200 with SDP: the answer, or our offer when the INVITE had none. */
  answer(): void {
    if (!this.#open) return;
    if (this.media.rtp === undefined) {
      // Answered faster than the sockets opened; `start` comes back to it.
      this.#answerAtOnce = true;
      return;
    }
    if (!this.media.apply(this.invite.body)) {
      this.decline(488);
      return;
    }
    this.#stopTimers();
    this.#accept();
    if (this.context.misbehaviour.secondAnswer === true) this.#accept(this.context.random.token(6));
    this.setState('answered');
    if (this.invite.body.length > 0) this.media.start();
  }

  /** A final 3xx–6xx. */
  decline(status: number, reason?: string): void {
    if (!this.#open) return;
    this.#stopTimers();
    this.respond(this.invite, this.peer, status, reason === undefined ? {} : { reason });
    this.finish({ by: 'local', status, reason: 'declined' });
  }

  override hangup(): void {
    this.#stopTimers();
    if (this.#open) this.decline(603);
    else this.sendBye({ by: 'local', status: undefined, reason: 'hung up' });
  }

  /** ACK to our 200. */
  handleAck(ack: SipRequest): void {
    if (this.state === 'connected' && ack.body.length > 0) this.media.apply(ack.body);
    if (cseq(ack).sequence !== cseq(this.invite).sequence || this.state !== 'answered') return;
    if (this.invite.body.length === 0) this.media.apply(ack.body);
    this.media.start();
    this.setState('connected');
    const { hangupAfterAnswerMs } = this.#script;
    if (hangupAfterAnswerMs !== undefined) this.#after(hangupAfterAnswerMs, () => this.hangup());
  }

  /** CANCEL: 200 to it, and 487 to the INVITE (§9.2), unless the phone misbehaves. */
  handleCancel(cancel: SipRequest, peer: Peer): void {
    this.respond(cancel, peer, 200);
    if (!this.#open) return;
    const wish = this.context.misbehaviour.onCancel ?? 'terminate';
    if (wish === 'answer') this.answer();
    if (wish !== 'terminate') return;
    this.respond(this.invite, this.peer, 487);
    this.finish({ by: 'remote', status: 487, reason: 'CANCEL' });
  }

  /** Whether a CANCEL is for this call's INVITE (§9.2: same branch). */
  matchesCancel(cancel: SipRequest): boolean {
    return topVia(cancel).params.get('branch') === topVia(this.invite).params.get('branch');
  }

  /** Drops what would still be sent; the phone is being closed. */
  abandon(): void {
    this.#stopTimers();
    this.finish({ by: 'local', status: undefined, reason: 'the phone was closed' });
  }

  protected override onNoAck(): void {
    this.#stopTimers();
    super.onNoAck();
  }

  protected override finish(end: Parameters<PhoneCall['finish']>[0]): void {
    this.#stopTimers();
    super.finish(end);
  }

  /** No final response was sent yet. */
  get #open(): boolean {
    return this.end === undefined && this.state !== 'answered' && this.state !== 'connected';
  }

  #accept(tag = this.dialog.localTag): void {
    const fields: Field[] = [['Contact', contactOf(this.context)], SDP_TYPE];
    this.respond(this.invite, this.peer, 200, { tag, fields, body: this.media.write() });
  }

  #provisional(status: number, fields: readonly Field[] = [], body?: Uint8Array, tag?: string): void {
    this.respond(this.invite, this.peer, status, {
      fields,
      ...(body === undefined ? {} : { body }),
      ...(tag === undefined ? {} : { tag }),
    });
  }

  #forkProvisionals(): void {
    const forks = this.context.misbehaviour.forkedProvisionals ?? 0;
    for (let fork = 0; fork < forks; fork++) {
      this.media.apply(this.invite.body);
      const fields: Field[] = [['Contact', contactOf(this.context)], SDP_TYPE];
      this.#provisional(183, fields, this.media.write(), this.context.random.token(6));
    }
  }

  #after(ms: number, what: () => void): void {
    if (ms === 0) {
      what();
      return;
    }
    const timer = this.context.clock.setTimeout(() => {
      this.#timers.delete(timer);
      what();
    }, ms);
    this.#timers.add(timer);
  }

  #stopTimers(): void {
    for (const timer of this.#timers) this.context.clock.clearTimeout(timer);
    this.#timers.clear();
  }
}

function withoutTag(party: NameAddr): string {
  const params = new Map([...party.params].filter(([name]) => name !== 'tag'));
  return formatNameAddr({ ...party, params });
}
