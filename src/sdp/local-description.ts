import { KEY_AND_SALT_BYTES } from './crypto-attribute.ts';
import { applyAnswer, type Negotiated, negotiateAnswer } from './negotiate.ts';
import {
  answeredSecurity,
  answerSecurity,
  offerSecurity,
  type SecurityLines,
  type SrtpPolicy,
} from './security.ts';
import type { CodecEntry, CodecName, LocalAudio, RemoteAudio, SrtpSuiteName } from './types.ts';
import { type MediaLayout, writeDescription } from './write.ts';

/** First dynamic number that phones commonly use for telephone-event (RFC 3551 §3 leaves 96–127 free). */
const TELEPHONE_EVENT = 101;
const STATIC: Readonly<Record<CodecName, number>> = { PCMU: 0, PCMA: 8, G722: 9 };

/**
 * Our half of offer and answer for one leg, over its whole life: one session id, one address, and a version that
 * grows by one whenever the text changes and only then (RFC 3264 §8, PITFALLS row 17).
 */
export class LocalDescription {
  readonly #sessionId: number;
  readonly #host: string;
  readonly #port: number;
  readonly #ours: readonly CodecName[];
  readonly #srtp: SrtpPolicy;
  readonly #newKey: (bytes: number) => Uint8Array;
  /** One key of ours for each suite, for the life of the leg: a refresh must not change it (PITFALLS row 34). */
  readonly #keys = new Map<SrtpSuiteName, Uint8Array>();
  #layout: MediaLayout = { index: 0, otherMedia: [] };
  #version = 0;
  #lastText = '';
  /** What we want, whatever the peer wants: on hold we speak and do not listen (RFC 3264 §8.4, PITFALLS row 17). */
  #wanted: 'sendrecv' | 'sendonly' = 'sendrecv';
  /** What our last offer said, while or since it was answered; or our last answer, which a refresh offers again. */
  #offer: LocalAudio | undefined;
  #agreedSecurity: SecurityLines | undefined;
  #agreedMux = false;
  /** Numbers once agreed stay for the session (RFC 3264 §8.3.2). */
  #agreedNumbers: { readonly codec: CodecEntry; readonly telephoneEvent: number | undefined } | undefined;

  /**
   * @param options.sessionId an integer below 2^31: some peers read `o=` into 32 bits. `codecs` in our order.
   * @param options.srtp without it, plain RTP only. `newKey` gives unpredictable bytes.
   */
  constructor(options: {
    readonly sessionId: number;
    readonly host: string;
    readonly port: number;
    readonly codecs: readonly CodecName[];
    readonly srtp?: { readonly policy: SrtpPolicy; readonly newKey: (bytes: number) => Uint8Array };
  }) {
    this.#sessionId = options.sessionId;
    this.#host = options.host;
    this.#port = options.port;
    this.#ours = options.codecs;
    this.#srtp = options.srtp?.policy ?? 'off';
    this.#newKey = options.srtp?.newKey ?? (() => new Uint8Array());
  }

  /** Puts the peer on hold, or takes it back: from the next offer or answer on. */
  hold(held: boolean): void {
    this.#wanted = held ? 'sendonly' : 'sendrecv';
  }

  /** Our offer: all our codecs, `preferred` first, or, when the session is running, with the numbers and lines agreed before. */
  offer(preferred?: CodecName): string {
    const agreed = this.#agreedNumbers;
    const codecs = firstOf(this.#ours, preferred).map((name) =>
      agreed?.codec.name === name ? agreed.codec : { name, payloadType: STATIC[name] },
    );
    const taken = new Set(codecs.map((codec) => codec.payloadType));
    // Two codecs on one number would be unreadable; the agreed one is the one to keep.
    const unique = taken.size === codecs.length ? codecs : codecs.filter((codec) => codec === agreed?.codec);
    const events = agreed === undefined ? TELEPHONE_EVENT : (agreed.telephoneEvent ?? freeNumber(taken));
    const security = offerSecurity(this.#srtp, this.#agreedSecurity, (suite) => this.#ownKey(suite));
    this.#offer = this.#local(unique, events, this.#wanted, 20, this.#agreedMux, security);
    return this.#write(this.#offer);
  }

  /** Reads the answer to our last offer. On an error nothing has changed. @throws SdpError `no-common-codec`, `no-common-security` */
  answered(answer: RemoteAudio): Negotiated {
    if (this.#offer === undefined) throw new TypeError('an answer without an offer of ours');
    const negotiated = applyAnswer(this.#offer, answer);
    const { lines, keys } = answeredSecurity(this.#offer, answer);
    this.#remember(negotiated, lines);
    return keys === undefined ? negotiated : { ...negotiated, srtp: keys };
  }

  /**
   * Answers the peer's offer, in codec `preferred` if it can be. On an error nothing has changed.
   *
   * @throws SdpError `no-common-codec`, `no-common-security`
   */
  answer(
    offer: RemoteAudio,
    preferred?: CodecName,
  ): { readonly sdp: string; readonly negotiated: Negotiated } {
    const agreed = negotiateAnswer(offer, this.#ours, this.#wanted, preferred);
    const { lines, keys } = answerSecurity(offer, this.#srtp, (suite) => this.#ownKey(suite));
    const negotiated = keys === undefined ? agreed : { ...agreed, srtp: keys };
    this.#remember(negotiated, lines);
    this.#layout = { index: offer.index, otherMedia: offer.otherMedia };
    const codec = { name: negotiated.codec, payloadType: negotiated.receivePayloadType };
    const events = negotiated.telephoneEvent?.receivePayloadType;
    const { direction, packetMs, rtcpMux = false } = negotiated;
    const local = this.#local([codec], events, direction, packetMs, rtcpMux, lines);
    // A session refresh offers it again (RFC 4028 §7.4), and may get another answer.
    this.#offer = local;
    return { sdp: this.#write(local), negotiated };
  }

  #ownKey(suite: SrtpSuiteName): Uint8Array {
    const key = this.#keys.get(suite) ?? Uint8Array.from(this.#newKey(KEY_AND_SALT_BYTES[suite]));
    this.#keys.set(suite, key);
    return key;
  }

  #remember(negotiated: Negotiated, security: SecurityLines): void {
    this.#agreedSecurity = security;
    this.#agreedMux = negotiated.rtcpMux === true;
    this.#agreedNumbers = {
      codec: { name: negotiated.codec, payloadType: negotiated.receivePayloadType },
      telephoneEvent: negotiated.telephoneEvent?.receivePayloadType,
    };
  }

  #local(
    codecs: readonly CodecEntry[],
    telephoneEventPayloadType: number | undefined,
    direction: LocalAudio['direction'],
    packetMs: number,
    rtcpMux: boolean,
    security: SecurityLines,
  ): LocalAudio {
    const base = { host: this.#host, port: this.#port, sessionId: this.#sessionId, version: 0 };
    return { ...base, codecs, telephoneEventPayloadType, direction, packetMs, rtcpMux, ...security };
  }

  #write(local: LocalAudio): string {
    const text = writeDescription(local, this.#layout);
    if (text !== this.#lastText) {
      this.#version += 1;
      this.#lastText = text;
    }
    return writeDescription({ ...local, version: this.#version }, this.#layout);
  }
}

function firstOf(codecs: readonly CodecName[], preferred: CodecName | undefined): readonly CodecName[] {
  if (preferred === undefined || !codecs.includes(preferred)) return codecs;
  return [preferred, ...codecs.filter((name) => name !== preferred)];
}

function freeNumber(taken: ReadonlySet<number>): number {
  let number = TELEPHONE_EVENT;
  while (taken.has(number)) number += 1;
  return number;
}
