import { describeError } from '../kernel/logger.ts';
import { PhoneNumber } from '../kernel/phone-number.ts';
import { readSdp } from '../sdp/read.ts';
import { SdpError } from '../sdp/sdp-error.ts';
import type { UasSession } from '../sip/dialog/types.ts';
import type { IncomingCall, MediaPolicy } from '../sip/user-agent/types.ts';
import { CallBase, type CallContext, type CallFacts } from './call-base.ts';
import { causeOfError, causeOfFailure } from './hangup-cause.ts';
import { toHeaderMap } from './header-allow-list.ts';
import { InboundAnswer } from './inbound-answer.ts';
import { applyAnswer } from './re-offers.ts';
import type { CallOwner, HeaderMap } from './types.ts';

/** The leg towards a caller. It exists before anything is awaited, so that a quick CANCEL finds it (row 40). */
export class InboundCall extends CallBase {
  override readonly incoming = true;
  readonly #session: UasSession;
  readonly #towards: InboundAnswer;
  readonly #policy: MediaPolicy;
  #description: Promise<string> | undefined;
  #answering = false;
  #accepted = false;

  constructor(incoming: IncomingCall, context: CallContext) {
    super('ALERTING', factsOf(incoming), context);
    this.#session = incoming.session;
    this.#policy = incoming.media;
    this.#towards = new InboundAnswer(incoming.session);
    this.useSession(incoming.session);
    this.listenTo(incoming.session, 'earlyAnswer', ({ sdp }) => this.#onEarlyAnswer(sdp));
    this.listenTo(incoming.session, 'confirmed', ({ sdp }) => this.#onConfirmed(sdp));
  }

  /** Gives the call its place for media. False when it has ended, or has one already. */
  adopt(owner: CallOwner): boolean {
    if (this.state === 'TERMINATED' || this.media !== undefined) return false;
    this.useMedia(owner.media);
    return true;
  }

  override ring(headers: HeaderMap = {}): void {
    if (this.#open && !this.#answering) this.warn(this.#towards.ringing(headers));
  }

  override startEarlyMedia(headers: HeaderMap = {}): void {
    if (!this.#mayDescribe('startEarlyMedia') || this.#answering) return;
    this.#describe((sdp) => {
      // Where it would be our offer (late offer), the dialog leaves it out unless the 183 is reliable (RFC 3262 §5).
      if (!this.#answering) this.warn(this.#towards.progress(headers, sdp));
    });
  }

  override answer(headers: HeaderMap = {}): void {
    if (!this.#mayDescribe('answer') || this.#answering) return;
    this.#answering = true;
    this.#describe((sdp) => {
      this.#accepted = true;
      this.warn(this.#towards.accept(headers, sdp));
    });
  }

  override reject(code: number, headers: HeaderMap = {}): void {
    if (!this.#open) return;
    if (this.#accepted) {
      this.hangup(headers);
      return;
    }
    this.ending = true;
    this.warn(this.#towards.reject(code, headers));
  }

  get #open(): boolean {
    return this.state === 'ALERTING' && !this.ending;
  }

  #mayDescribe(what: string): boolean {
    if (!this.#open) return false;
    if (this.media !== undefined) return true;
    this.warn([`${what} ignored: the call has no session yet`]);
    return false;
  }

  /** One description for early media and answer: the caller gets one answer from us and keeps it (row 15). */
  #describe(use: (sdp: string) => void): void {
    this.#description ??= this.#makeDescription();
    this.#description.then(
      (sdp) => {
        if (this.#open) use(sdp);
      },
      (error: unknown) => this.#refuse(error),
    );
  }

  async #makeDescription(): Promise<string> {
    const media = this.media;
    if (media === undefined) throw new TypeError('the call has no session');
    const text = this.#session.offer;
    const offer = text === undefined ? undefined : readSdp(text);
    // Late offer: where its signalling comes from tells the IP version.
    await media.open(offer?.host ?? this.#session.peerHost, this.#policy);
    if (!this.#open) throw new Error('the call has ended');
    return offer === undefined ? media.offer() : media.answer(offer);
  }

  #refuse(error: unknown): void {
    if (!this.#open) return;
    const cause = causeOfFailure(error);
    this.context.log.warn({ callId: this.id, error: describeError(error) }, 'a call could not be answered');
    this.noteCause(cause);
    this.#session.reject(cause.code, { reason: cause.reason });
  }

  /** The PRACK answers the offer of our 183; what cannot be used now is looked at again when the ACK has come. */
  #onEarlyAnswer(sdp: string): void {
    if (this.#open && this.media?.offering === true) applyAnswer(sdp, this.media, this.context.log);
  }

  #onConfirmed(sdp: string | undefined): void {
    if (!this.#open || !this.#accepted) return;
    if (this.media?.offering === true && !this.#applyAnswer(sdp)) return;
    this.connected({});
  }

  /** Late offer: the answer stands in the ACK, and without it there is no call (row 14). */
  #applyAnswer(sdp: string | undefined): boolean {
    try {
      if (sdp === undefined) throw new SdpError('no-audio', 'The ACK has no answer.');
      this.media?.answered(readSdp(sdp));
      return true;
    } catch (error) {
      this.context.log.warn(
        { callId: this.id, error: describeError(error) },
        'the answer in the ACK is unusable',
      );
      this.endBecause(causeOfError('media/no-common-codec'));
      return false;
    }
  }
}

/** A caller who asked not to be shown is not shown to scripts and records either (PITFALLS row 29). */
export function shownCaller(incoming: IncomingCall): PhoneNumber {
  return incoming.callerIsPrivate ? PhoneNumber.parse('anonymous') : incoming.caller;
}

function factsOf(incoming: IncomingCall): CallFacts {
  const isPrivate = incoming.callerIsPrivate;
  return {
    callerid: shownCaller(incoming),
    number: incoming.dialled,
    displayName: isPrivate ? '' : incoming.displayName,
    fromUri: isPrivate ? 'sip:anonymous@anonymous.invalid' : incoming.fromUri,
    toUri: incoming.toUri,
    headers: toHeaderMap(incoming.headers),
  };
}
