import type { Random } from '../kernel/random.ts';
import type { LegEvents, LegPlan, LegStats, MediaLeg, MediaSession } from '../media/engine.ts';
import { LocalDescription } from '../sdp/local-description.ts';
import type { Negotiated } from '../sdp/negotiate.ts';
import { SdpError } from '../sdp/sdp-error.ts';
import type { CodecName, RemoteAudio } from '../sdp/types.ts';
import { DEFAULT_MEDIA_POLICY, type MediaPolicy } from '../sip/user-agent/media-policy.ts';

/** What the legs of one media session speak: the next one is asked for the same, so that nothing is transcoded. */
const SPOKEN = new WeakMap<MediaSession, Map<CallMedia, CodecName>>();

type Family = 'ipv4' | 'ipv6';

/** Our half of offer and answer with one peer. */
interface Half {
  readonly description: LocalDescription;
  readonly policy: MediaPolicy;
  readonly family: Family;
}

const familyOf = (host: string): Family => (host.includes(':') ? 'ipv6' : 'ipv4');

/** A leg stays with its IP version; an address that is none (on hold, RFC 3264 §8.4) has no version. */
function checkFamily({ family }: Half, { host }: RemoteAudio): void {
  if (familyOf(host) !== family && !/^[0.:]+$/.test(host))
    throw new SdpError('no-audio', 'The address of the peer is of another IP version than ours.');
}

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
  /** In force, or to be: of the last offer or answer. */
  #half: Half | undefined;
  /** First offers of this leg, by their text: several phones may ring, each with an offer of its own. */
  #offers = new Map<string, Half>();
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

  /** What both sides have agreed on. */
  get codec(): CodecName | undefined {
    return this.#plan?.codec;
  }

  /** Whether an offer of ours waits for its answer. */
  get offering(): boolean {
    return this.#offering;
  }

  /**
   * Takes a port, the first time, and begins our half of offer and answer for one peer: by its policy, and with an address
   * of the IP version of `host` (RFC 6157 §4). A second time (the next trunk is tried) it begins anew: no key that one peer
   * has seen is shown to another. Rejects with `media/busy`, `media/no-address`, or when the call has ended meanwhile.
   */
  async open(host: string | undefined, policy: MediaPolicy = DEFAULT_MEDIA_POLICY): Promise<MediaLeg> {
    const { leg, half } = await this.#begin(host, policy);
    this.#half = half;
    return leg;
  }

  /** `open` and `offer` in one step, for a peer beside others that may still answer the offers that they got. */
  async offerTo(host: string, policy: MediaPolicy): Promise<string> {
    const { half } = await this.#begin(host, policy);
    this.#half = half;
    const sdp = this.offer();
    this.#offers.set(sdp, half);
    return sdp;
  }

  async #begin(host: string | undefined, policy: MediaPolicy): Promise<{ leg: MediaLeg; half: Half }> {
    const family = host === undefined ? 'ipv4' : familyOf(host);
    const leg = await this.#legFor(family);
    const local = await leg.addressOf(family);
    const description = new LocalDescription({
      sessionId: this.#random.int(2 ** 31),
      host: local.host,
      port: local.port,
      codecs: policy.codecs,
      srtp: { policy: policy.srtp, newKey: (bytes) => this.#random.bytes(bytes) },
    });
    return { leg, half: { description, policy, family } };
  }

  async #legFor(family: Family): Promise<MediaLeg> {
    const opening = this.#opening ?? this.#open(family);
    this.#opening = opening;
    try {
      return await opening;
    } catch (error) {
      // The next peer may be of the other IP version.
      if (this.#opening === opening) this.#opening = undefined;
      throw error;
    }
  }

  async #open(family: Family): Promise<MediaLeg> {
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
    const sdp = this.#opened().description.offer(this.#preferred());
    this.#offering = true;
    return sdp;
  }

  /** Puts the peer on hold, or takes it back, from the next offer or answer on. The leg must be open. */
  hold(held: boolean): void {
    this.#opened().description.hold(held);
  }

  /** Our last offer was refused: nobody waits for its answer any more. */
  withdrawn(): void {
    this.#offering = false;
  }

  /**
   * Applies the peer's answer to our last offer, or to the first offer with the text `offered`.
   *
   * @throws SdpError, after which everything is as before
   */
  answered(answer: RemoteAudio, offered?: string): void {
    const half = (offered === undefined ? undefined : this.#offers.get(offered)) ?? this.#opened();
    checkFamily(half, answer);
    const negotiated = half.description.answered(answer);
    this.#half = half;
    this.#offering = false;
    this.#apply(half, negotiated, answer);
  }

  /** Answers the peer's offer. The leg must be open. @throws SdpError, after which everything is as before */
  answer(offer: RemoteAudio): string {
    const half = this.#opened();
    checkFamily(half, offer);
    const { sdp, negotiated } = half.description.answer(offer, this.#preferred());
    this.#apply(half, negotiated, offer);
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

  #opened(): Half {
    if (this.#half === undefined) throw new TypeError('the media leg is not open yet');
    return this.#half;
  }

  #apply({ policy }: Half, negotiated: Negotiated, remote: RemoteAudio): void {
    const { mediaSources } = policy;
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
