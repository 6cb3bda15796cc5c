import type { TimerHandle } from '../kernel/clock.ts';
import { MasklineError } from '../kernel/errors.ts';
import { describeError } from '../kernel/logger.ts';
import { readSdp } from '../sdp/read.ts';
import type { ExtraHeaders, SessionEvents, UacSession } from '../sip/dialog/types.ts';
import type { MediaPolicy, OutboundInvite, UserAgent } from '../sip/user-agent/types.ts';
import { CallBase, type CallContext, type CallFacts } from './call-base.ts';
import type { CallMedia } from './call-media.ts';
import { causeOfError, causeOfFailure, type HangupCause, reasonOf } from './hangup-cause.ts';
import { toHeaderMap } from './header-allow-list.ts';
import type { CallOwner } from './types.ts';

const isNoAddress = (error: unknown): boolean =>
  error instanceof MasklineError && error.code === 'media/no-address';

/** The leg towards a callee. */
export class OutboundCall extends CallBase {
  override readonly incoming = false;
  readonly #media: CallMedia;
  #session: UacSession | undefined;
  #ringTimer: TimerHandle | undefined;
  #ringing = false;
  #audioStarted = false;

  constructor(facts: CallFacts, context: CallContext, owner: CallOwner) {
    super('PROGRESSING', facts, context);
    this.#media = this.useMedia(owner.media);
  }

  /** Sends the INVITE as soon as there is a port for our offer. Nobody answering ends the call with 408. */
  start(userAgent: UserAgent, invite: OutboundInvite, ringSeconds: number): void {
    // It was hung up while the fence asked the database.
    if (this.ending) {
      this.failSoon({ code: 487, reason: reasonOf(487), by: 'local' });
      return;
    }
    const session = userAgent.invite(invite, (localHost, policy) => this.#offer(localHost, policy));
    this.#ringTimer = this.context.clock.setTimeout(() => {
      this.endBecause({ code: 408, reason: reasonOf(408), by: 'local' });
    }, ringSeconds * 1000);
    this.#session = session;
    this.useSession(session);
    this.listenTo(session, 'provisional', (provisional) => this.#onProvisional(provisional));
    this.listenTo(session, 'accepted', ({ sdp, headers }) => this.#onAccepted(sdp, headers));
  }

  /** Ends the call without an INVITE, after whoever dialled has had the chance to listen. */
  failSoon(cause: HangupCause): void {
    queueMicrotask(() => this.finish(cause, {}));
  }

  // An outbound call is answered by the callee.
  override answer(): void {}
  override ring(): void {}
  override startEarlyMedia(): void {}
  override reject(): void {}

  protected override onTerminated(): void {
    this.context.clock.clearTimeout(this.#ringTimer);
  }

  get #open(): boolean {
    return this.state === 'PROGRESSING' && !this.ending;
  }

  async #offer(localHost: string, policy: MediaPolicy): Promise<string> {
    try {
      const sdp = await this.#media.offerTo(localHost, policy);
      if (!this.#open) throw new Error('the call has ended');
      return sdp;
    } catch (error) {
      // Row 39: the INVITE has not left, so the catalogue may say that trying again is safe. Without an address for this
      // peer there may be one for the next.
      if (this.#open && !isNoAddress(error)) this.endBecause(causeOfFailure(error));
      throw error;
    }
  }

  #onProvisional({ status, sdp, headers }: SessionEvents['provisional']): void {
    if (!this.#open) return;
    if (sdp !== undefined && this.#apply(sdp)) {
      // Row 15: a later 18x, or one of another fork, re-points the leg; the script hears of it once.
      if (!this.#audioStarted) this.emit('audioStarted', { headers: toHeaderMap(headers) });
      this.#audioStarted = true;
      return;
    }
    if ((status !== 180 && status !== 183) || this.#ringing || this.#audioStarted) return;
    this.#ringing = true;
    this.emit('ringing', { headers: toHeaderMap(headers) });
  }

  #onAccepted(sdp: string | undefined, headers: ExtraHeaders): void {
    if (!this.#open) return;
    this.context.clock.clearTimeout(this.#ringTimer);
    // Row 15: the 200 may differ from the 18x; it may also leave out what the 18x has said.
    const usable = sdp === undefined ? this.#media.configured : this.#apply(sdp);
    if (usable) this.connected(toHeaderMap(headers));
    else this.endBecause(causeOfError('media/no-common-codec'));
  }

  #apply(sdp: string): boolean {
    try {
      this.#media.answered(readSdp(sdp), this.#session?.offered);
      return true;
    } catch (error) {
      this.context.log.warn({ callId: this.id, error: describeError(error) }, 'an answer is unusable');
      return false;
    }
  }
}
