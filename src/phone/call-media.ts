import type { SrtpKey } from '../media/engine.ts';
import { openRtp, type PhoneContext } from './phone-context.ts';
import type { PhoneRtp } from './phone-rtp.ts';
import {
  answerDirection,
  PAYLOAD_TYPE,
  type PhoneCrypto,
  type PhoneDirection,
  type PhoneSdp,
  readSdp,
  TELEPHONE_EVENT,
  writeSdp,
} from './phone-sdp.ts';
import type { RtpPlan } from './rtp-plan.ts';

/** The sound of one call and what its SDP says: offers and answers in one place (RFC 3264). */
export class CallMedia {
  /** Undefined until `open`. */
  rtp: PhoneRtp | undefined;
  remote: PhoneSdp | undefined;
  /** As our last SDP says it, or the next one will. */
  direction: PhoneDirection = 'sendrecv';
  /** What we want; the other side may want less. */
  #wanted: PhoneDirection = 'sendrecv';
  readonly #context: PhoneContext;
  readonly #onChange: () => void;
  readonly #sessionId: number;
  #version = 0;
  /** Of our own key: what we last offered or answered with. */
  #crypto: PhoneCrypto | undefined;
  #closed = false;

  constructor(context: PhoneContext, onChange: () => void) {
    this.#context = context;
    this.#onChange = onChange;
    this.#sessionId = context.random.int(2 ** 31);
    if (context.audio.srtp === undefined) return;
    const inline = Buffer.from(context.random.bytes(30)).toString('base64');
    this.#crypto = { tag: 1, suite: 'AES_CM_128_HMAC_SHA1_80', inline };
  }

  /** Opens the sockets. False when the call ended meanwhile. */
  async open(): Promise<boolean> {
    const rtp = await openRtp(this.#context, this.#onChange);
    if (this.#closed) {
      rtp.close();
      return false;
    }
    this.rtp = rtp;
    rtp.expect(this.#ownCodecs(), TELEPHONE_EVENT);
    return true;
  }

  /** The direction of our next offer. */
  wish(direction: PhoneDirection): void {
    this.#turn(direction);
    this.#wanted = direction;
  }

  /** Our SDP now. As an answer it keeps the offer's payload type numbers (RFC 3264 §6.1). */
  write(): Uint8Array {
    if (this.rtp === undefined) throw new Error('the call has no media yet: wait until its sockets are open');
    const own = this.#ownCodecs();
    const common = this.remote?.codecs.filter((codec) => own.some((mine) => mine.name === codec.name)) ?? [];
    const codecs = common.length > 0 ? common : own;
    const telephoneEvent = this.remote === undefined ? TELEPHONE_EVENT : this.remote.telephoneEvent;
    this.rtp.expect(codecs, telephoneEvent);
    return writeSdp({
      username: this.#context.identity.username,
      sessionId: this.#sessionId,
      version: this.#version,
      rtp: this.rtp.local,
      codecs,
      telephoneEvent,
      direction: this.direction,
      secure: this.remote === undefined ? this.#context.audio.srtp === 'required' : this.remote.secure,
      crypto: this.#crypto === undefined || this.remote?.crypto.length === 0 ? [] : [this.#crypto],
    });
  }

  /** Takes the other side's SDP; an empty body changes nothing. False when it has no audio or no codec of ours. */
  apply(body: Uint8Array): boolean {
    if (body.length === 0) return true;
    const sdp = readSdp(body);
    const own = this.#ownCodecs();
    const codec = sdp?.codecs.find((entry) => own.some((mine) => mine.name === entry.name));
    if (sdp === undefined || codec === undefined || !this.#agreesOnKeys(sdp)) return false;
    const direction = answerDirection(sdp.direction, this.#wanted);
    this.#turn(direction);
    this.remote = sdp;
    this.rtp?.configure({
      remote: { host: sdp.host, port: sdp.port },
      remoteRtcp: sdp.rtcp ?? { host: sdp.host, port: sdp.port + 1 },
      codec: codec.name,
      payloadType: codec.payloadType,
      telephoneEvent: sdp.telephoneEvent,
      sends: direction === 'sendrecv' || direction === 'sendonly',
      srtp: this.#keysWith(sdp.crypto[0]),
    });
    return true;
  }

  /** Whether we can and want to speak as the other side's SDP says it does. */
  #agreesOnKeys(sdp: PhoneSdp): boolean {
    const { srtp } = this.#context.audio;
    if (sdp.secure) return srtp !== undefined && sdp.crypto.length > 0;
    return srtp !== 'required';
  }

  /** As answerer we repeat tag and suite; as offerer the answer repeats ours. */
  #keysWith(theirs: PhoneCrypto | undefined): RtpPlan['srtp'] {
    if (this.#crypto === undefined || theirs === undefined) return undefined;
    this.#crypto = { ...theirs, inline: this.#crypto.inline };
    const keyOf = ({ suite, inline }: PhoneCrypto): SrtpKey => ({
      suite,
      keyAndSalt: Buffer.from(inline, 'base64'),
    });
    return { send: keyOf(this.#crypto), receive: keyOf(theirs) };
  }

  /** Begins to send. */
  start(): void {
    this.rtp?.start();
  }

  close(): void {
    this.#closed = true;
    this.rtp?.close();
  }

  /** The version grows only when something changed (RFC 3264 §8). */
  #turn(direction: PhoneDirection): void {
    if (direction !== this.direction) this.#version += 1;
    this.direction = direction;
  }

  #ownCodecs(): PhoneSdp['codecs'] {
    const names = this.#context.audio.codecs ?? ['PCMA', 'PCMU'];
    return names.map((name) => ({ name, payloadType: PAYLOAD_TYPE[name] }));
  }
}
