import { applyAnswer, type Negotiated, negotiateAnswer } from './negotiate.ts';
import type { CodecEntry, CodecName, LocalAudio, RemoteAudio } from './types.ts';
import { type MediaLayout, writeDescription } from './write.ts';

/** First dynamic number that phones commonly use for telephone-event (RFC 3551 §3 leaves 96–127 free). */
const TELEPHONE_EVENT = 101;
const STATIC: Readonly<Record<CodecName, number>> = { PCMU: 0, PCMA: 8 };

/**
 * Our half of offer and answer for one leg, over its whole life: one session id, one address, and a version that
 * grows by one whenever the text changes and only then (RFC 3264 §8, PITFALLS row 17).
 */
export class LocalDescription {
  readonly #sessionId: number;
  readonly #host: string;
  readonly #port: number;
  readonly #ours: readonly CodecName[];
  #layout: MediaLayout = { index: 0, otherMedia: [] };
  #version = 0;
  #lastText = '';
  /** What we want, whatever the peer wants: on hold we speak and do not listen (RFC 3264 §8.4, PITFALLS row 17). */
  #wanted: 'sendrecv' | 'sendonly' = 'sendrecv';
  /** What our last offer said, while or since it was answered; or our last answer, which a refresh offers again. */
  #offer: LocalAudio | undefined;
  /** Numbers once agreed stay for the session (RFC 3264 §8.3.2). */
  #agreedNumbers: { readonly codec: CodecEntry; readonly telephoneEvent: number | undefined } | undefined;

  /** @param options.sessionId an integer below 2^31: some peers read `o=` into 32 bits. `codecs` in our order. */
  constructor(options: {
    readonly sessionId: number;
    readonly host: string;
    readonly port: number;
    readonly codecs: readonly CodecName[];
  }) {
    this.#sessionId = options.sessionId;
    this.#host = options.host;
    this.#port = options.port;
    this.#ours = options.codecs;
  }

  /** Puts the peer on hold, or takes it back: from the next offer or answer on. */
  hold(held: boolean): void {
    this.#wanted = held ? 'sendonly' : 'sendrecv';
  }

  /** Our offer: all our codecs, or, when the session is running, with the numbers and lines agreed before. */
  offer(): string {
    const agreed = this.#agreedNumbers;
    const codecs = this.#ours.map((name) =>
      agreed?.codec.name === name ? agreed.codec : { name, payloadType: STATIC[name] },
    );
    const taken = new Set(codecs.map((codec) => codec.payloadType));
    // Two codecs on one number would be unreadable; the agreed one is the one to keep.
    const unique = taken.size === codecs.length ? codecs : codecs.filter((codec) => codec === agreed?.codec);
    const events = agreed === undefined ? TELEPHONE_EVENT : (agreed.telephoneEvent ?? freeNumber(taken));
    this.#offer = this.#local(unique, events, this.#wanted, 20);
    return this.#write(this.#offer);
  }

  /** Reads the answer to our last offer. @throws SdpError `no-common-codec` */
  answered(answer: RemoteAudio): Negotiated {
    if (this.#offer === undefined) throw new TypeError('an answer without an offer of ours');
    const negotiated = applyAnswer(this.#offer, answer);
    this.#remember(negotiated);
    return negotiated;
  }

  /** Answers the peer's offer. On an error nothing has changed. @throws SdpError `no-common-codec` */
  answer(offer: RemoteAudio): { readonly sdp: string; readonly negotiated: Negotiated } {
    const negotiated = negotiateAnswer(offer, this.#ours, this.#wanted);
    this.#remember(negotiated);
    this.#layout = { index: offer.index, otherMedia: offer.otherMedia };
    const codec = { name: negotiated.codec, payloadType: negotiated.receivePayloadType };
    const events = negotiated.telephoneEvent?.receivePayloadType;
    const local = this.#local([codec], events, negotiated.direction, negotiated.packetMs);
    // A session refresh offers it again (RFC 4028 §7.4), and may get another answer.
    this.#offer = local;
    return { sdp: this.#write(local), negotiated };
  }

  #remember(negotiated: Negotiated): void {
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
  ): LocalAudio {
    const base = { host: this.#host, port: this.#port, sessionId: this.#sessionId, version: 0 };
    return { ...base, codecs, telephoneEventPayloadType, direction, packetMs };
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

function freeNumber(taken: ReadonlySet<number>): number {
  let number = TELEPHONE_EVENT;
  while (taken.has(number)) number += 1;
  return number;
}
