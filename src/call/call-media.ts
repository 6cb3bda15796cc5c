import type { Random } from '../kernel/random.ts';
import type { LegEvents, LegPlan, LegStats, MediaLeg, MediaSession } from '../media/engine.ts';
import { LocalDescription } from '../sdp/local-description.ts';
import type { Negotiated } from '../sdp/negotiate.ts';
import type { CodecName, RemoteAudio } from '../sdp/types.ts';
import { DEFAULT_MEDIA_POLICY, type MediaPolicy } from '../sip/user-agent/media-policy.ts';

/** What the legs of one media session speak: the next one is asked for the same, so that nothing is transcoded. */
const SPOKEN = new WeakMap<MediaSession, Map<CallMedia, CodecName>>();

/** What a leg tells the call it belongs to. */
export interface CallMediaListener {
  readonly opened: (leg: MediaLeg) => void;
  readonly digit: (digit: string) => void;
  readonly firstPacket: () => void;
  readonly silent: () => void;
  readonly resumed: () => void;
  /** Where the peer's signalling comes from, if that is known by now. */
  readonly signallingHost: () => string | undefined;
  /** The peer has put us on hold, or taken us back. */
  readonly hold: (held: boolean) => void;
}

/**
 * The one media leg of a call, and our half of its offer and answer. A leg that opens after `close` is closed at once,
 * so a call that ended while a port was being taken leaves nothing behind (PITFALLS row 40).
 */
export class CallMedia {
  readonly #session: MediaSession;
  readonly #random: Random;
  readonly #listener: CallMediaListener;
  readonly #unsubscribe: (() => void)[] = [];
  #opening: Promise<MediaLeg> | undefined;
  #closing: Promise<LegStats | undefined> | undefined;
  #leg: MediaLeg | undefined;
  #description: LocalDescription | undefined;
  #policy: MediaPolicy = DEFAULT_MEDIA_POLICY;
  #plan: LegPlan | undefined;
  #held = false;
  #offering = false;

  constructor(session: MediaSession, random: Random, listener: CallMediaListener) {
    this.#session = session;
    this.#random = random;
    this.#listener = listener;
  }

  get leg(): MediaLeg | undefined {
    return this.#leg;
  }

  /** Whether both sides have agreed on anything yet. */
  get configured(): boolean {
    return this.#plan !== undefined;
  }

  /** Whether an offer of ours waits for its answer. */
  get offering(): boolean {
    return this.#offering;
  }

  /**
   * Takes a port, the first time, and begins our half of offer and answer for one peer and its policy. A second time (the
   * next trunk is tried) it begins anew: no key that one peer has seen is shown to another. Rejects with `media/busy`,
   * or when the call has ended meanwhile.
   */
  async open(host: string | undefined, policy: MediaPolicy = DEFAULT_MEDIA_POLICY): Promise<MediaLeg> {
    const family = host?.includes(':') === true ? 'ipv6' : 'ipv4';
    this.#opening ??= this.#open(family);
    const leg = await this.#opening;
    this.#policy = policy;
    this.#description = new LocalDescription({
      sessionId: this.#random.int(2 ** 31),
      host: leg.local.host,
      port: leg.local.port,
      codecs: policy.codecs,
      srtp: { policy: policy.srtp, newKey: (bytes) => this.#random.bytes(bytes) },
    });
    return leg;
  }

  async #open(family: 'ipv4' | 'ipv6'): Promise<MediaLeg> {
    if (this.#closing !== undefined) throw new Error('the call has ended');
    const leg = await this.#session.openLeg({ family });
    if (this.#closing !== undefined) {
      await leg.close();
      throw new Error('the call ended while its port was being taken');
    }
    this.#leg = leg;
    this.#listen(leg);
    this.#listener.opened(leg);
    return leg;
  }

  /** Our offer. The leg must be open. */
  offer(): string {
    const sdp = this.#opened().offer(this.#preferred());
    this.#offering = true;
    return sdp;
  }

  /** Puts the peer on hold, or takes it back, from the next offer or answer on. The leg must be open. */
  hold(held: boolean): void {
    this.#opened().hold(held);
  }

  /** Our last offer was refused: nobody waits for its answer any more. */
  withdrawn(): void {
    this.#offering = false;
  }

  /** Applies the peer's answer to our last offer. @throws SdpError, after which everything is as before */
  answered(answer: RemoteAudio): void {
    const negotiated = this.#opened().answered(answer);
    this.#offering = false;
    this.#apply(negotiated, answer);
  }

  /** Answers the peer's offer. The leg must be open. @throws SdpError, after which everything is as before */
  answer(offer: RemoteAudio): string {
    const { sdp, negotiated } = this.#opened().answer(offer, this.#preferred());
    this.#apply(negotiated, offer);
    return sdp;
  }

  /** Closes the leg, now or as soon as it has opened. Resolves with its figures when it is gone. */
  close(): Promise<LegStats | undefined> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<LegStats | undefined> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    SPOKEN.get(this.#session)?.delete(this);
    if (this.#leg !== undefined) return await this.#leg.close();
    // `#open` sees `#closing` and closes the leg itself.
    await this.#opening?.catch(() => undefined);
    return undefined;
  }

  #opened(): LocalDescription {
    if (this.#description === undefined) throw new TypeError('the media leg is not open yet');
    return this.#description;
  }

  #apply(negotiated: Negotiated, remote: RemoteAudio): void {
    const { mediaSources } = this.#policy;
    const known = mediaSources.length === 0 ? {} : { mediaSources };
    const signallingHost = this.#listener.signallingHost();
    const heardFrom = signallingHost === undefined ? {} : { signallingHost };
    const plan: LegPlan = { ...negotiated, latch: 'learn', ...known, ...heardFrom };
    // A refresh with the same SDP must not open the latch again (PITFALLS row 32).
    if (JSON.stringify(plan) !== JSON.stringify(this.#plan)) {
      this.#plan = plan;
      this.#leg?.configure(plan);
      this.#speak(plan.codec);
    }
    const held = remote.direction === 'sendonly' || remote.direction === 'inactive';
    if (held === this.#held) return;
    this.#held = held;
    this.#listener.hold(held);
  }

  #speak(codec: CodecName): void {
    if (this.#closing !== undefined) return;
    const spoken = SPOKEN.get(this.#session) ?? new Map<CallMedia, CodecName>();
    SPOKEN.set(this.#session, spoken.set(this, codec));
  }

  /**
   * The codec that we speak already, so that a refresh or a hold changes nothing; else the one that the other leg of the
   * session has agreed on, newest first, so that nothing is transcoded.
   */
  #preferred(): CodecName | undefined {
    const others = [...(SPOKEN.get(this.#session)?.values() ?? [])];
    return this.#plan?.codec ?? others.at(-1);
  }

  #listen(leg: MediaLeg): void {
    const on = <K extends keyof LegEvents>(event: K, heard: (payload: LegEvents[K]) => void): void => {
      this.#unsubscribe.push(leg.events.on(event, heard));
    };
    on('digit', ({ digit }) => this.#listener.digit(digit));
    on('firstPacket', () => this.#listener.firstPacket());
    on('silent', () => this.#listener.silent());
    on('resumed', () => this.#listener.resumed());
  }
}
