/**
 * A call between two sessions of this node, without SIP: each side sees a `Call` as it sees any other. Sound and digits
 * cross by a pair of legs, which is opened when the called side answers or begins early media.
 *
 *   near (outgoing)   PROGRESSING ──answer──▶ CONNECTED ──▶ TERMINATED
 *   far (incoming)    ALERTING ──answer──▶ CONNECTED ──▶ TERMINATED
 */
import { allowHeaders, toHeaderMap } from '../call/header-allow-list.ts';
import type { Call, CallEnd, CallEvents, CallState, HeaderMap } from '../call/types.ts';
import type { Clock } from '../kernel/clock.ts';
import { Emitter } from '../kernel/emitter.ts';
import { PhoneNumber } from '../kernel/phone-number.ts';
import type { MediaLeg, MediaSession } from '../media/engine.ts';

export interface LocalCallOptions {
  readonly clock: Clock;
  readonly ids: { readonly near: string; readonly far: string };
  readonly callerid: string;
  readonly number: string;
  readonly displayName: string;
  readonly headers: HeaderMap;
  /** Of the session that calls. */
  readonly media: MediaSession;
  readonly openPair: (near: MediaSession, far: MediaSession) => Promise<readonly [MediaLeg, MediaLeg]>;
  readonly warn: (message: string) => void;
  readonly onListenerError: (error: unknown) => void;
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'Normal call clearing',
  404: 'Not found',
  480: 'Temporarily unavailable',
  483: 'Too many hops',
  486: 'Busy here',
  487: 'Request terminated',
  503: 'Service unavailable',
  603: 'Decline',
};

/** Makes both sides. The far one is to be adopted by its session, else it can only be rejected. */
export function localCall(options: LocalCallOptions): { readonly near: LocalCall; readonly far: LocalCall } {
  const near = new LocalCall(options, false);
  const far = new LocalCall(options, true);
  near.meet(far);
  far.meet(near);
  return { near, far };
}

export class LocalCall implements Call {
  readonly id: string;
  readonly incoming: boolean;
  readonly events: Emitter<CallEvents>;
  readonly callerid: PhoneNumber;
  readonly number: PhoneNumber;
  readonly displayName: string;
  readonly fromUri = '';
  readonly toUri = '';
  readonly headers: HeaderMap;
  readonly ended: Promise<CallEnd>;
  readonly #options: LocalCallOptions;
  readonly #ended = Promise.withResolvers<CallEnd>();
  readonly #mediaReady = Promise.withResolvers<MediaLeg>();
  #other: LocalCall | undefined;
  #state: CallState;
  #leg: MediaLeg | undefined;
  #media: MediaSession | undefined;
  #opening: Promise<void> | undefined;
  #connectedAt: number | undefined;
  #heard = false;

  constructor(options: LocalCallOptions, incoming: boolean) {
    this.#options = options;
    this.id = incoming ? options.ids.far : options.ids.near;
    this.incoming = incoming;
    this.events = new Emitter<CallEvents>(options.onListenerError);
    this.callerid = PhoneNumber.parse(options.callerid);
    this.number = PhoneNumber.parse(options.number);
    this.displayName = options.displayName;
    this.headers = incoming ? this.#allowed(options.headers) : {};
    this.ended = this.#ended.promise;
    this.#state = incoming ? 'ALERTING' : 'PROGRESSING';
    this.#media = incoming ? undefined : options.media;
    this.#mediaReady.promise.catch(() => undefined);
  }

  /** @internal */
  meet(other: LocalCall): void {
    this.#other = other;
  }

  /** The session that this side belongs to is known. */
  adopt(media: MediaSession): void {
    this.#media = media;
  }

  get #peer(): LocalCall {
    if (this.#other === undefined) throw new Error('a local call has two sides');
    return this.#other;
  }

  get state(): CallState {
    return this.#state;
  }

  get leg(): MediaLeg | undefined {
    return this.#leg;
  }

  whenMedia(): Promise<MediaLeg> {
    return this.#mediaReady.promise;
  }

  answer(headers: HeaderMap = {}): void {
    if (!this.incoming || this.#state !== 'ALERTING') return;
    void this.#open().then(() => {
      if (this.#state !== 'ALERTING' || this.#leg === undefined) return;
      this.#connected({});
      this.#peer.#connected(this.#allowed(headers));
    });
  }

  ring(headers: HeaderMap = {}): void {
    if (this.#state === 'ALERTING') this.#peer.events.emit('ringing', { headers: this.#allowed(headers) });
  }

  startEarlyMedia(headers: HeaderMap = {}): void {
    if (this.#state !== 'ALERTING') return;
    void this.#open().then(() => {
      if (this.#state === 'ALERTING' && this.#leg !== undefined)
        this.#peer.events.emit('audioStarted', { headers: this.#allowed(headers) });
    });
  }

  reject(code: number, headers: HeaderMap = {}): void {
    if (this.incoming && this.#state === 'ALERTING') this.#end(code, headers);
  }

  hangup(headers: HeaderMap = {}): void {
    if (this.#state === 'TERMINATED') return;
    const refusing = this.#state === 'ALERTING';
    this.#end(this.#connectedAt !== undefined ? 200 : refusing ? 603 : 487, headers);
  }

  sendInfo(mimeType: string, body: string, headers: HeaderMap = {}): void {
    if (this.#state === 'CONNECTED')
      this.#peer.events.emit('info', { mimeType, body, headers: this.#allowed(headers) });
  }

  sendMessage(text: string, headers: HeaderMap = {}): void {
    if (this.#state === 'CONNECTED')
      this.#peer.events.emit('message', { text, headers: this.#allowed(headers) });
  }

  /** There is nobody at the other end whom holding would tell anything: refused, as a peer may (RFC 3261 §14.2). */
  hold(): void {
    if (this.#state === 'CONNECTED') this.events.emit('reinviteRejected', { code: 488 });
  }

  unhold(): void {}

  /** Neither side of it gets anywhere: no such conference, or no room for it. */
  fail(code: number): void {
    this.#finish(code, 'fault', {});
    this.#peer.#finish(code, 'fault', {});
  }

  #end(code: number, headers: HeaderMap): void {
    const allowed = this.#allowed(headers);
    this.#finish(code, 'local', {});
    this.#peer.#finish(code, 'remote', allowed);
  }

  /** A pair of legs, once. Where none can be had, the call fails on both sides. */
  #open(): Promise<void> {
    this.#opening ??= this.#openPair().catch(() => this.fail(503));
    return this.#opening;
  }

  async #openPair(): Promise<void> {
    const [far, near] = [this, this.#peer];
    if (near.#media === undefined || far.#media === undefined)
      throw new Error('no session has taken the call');
    const [nearLeg, farLeg] = await this.#options.openPair(near.#media, far.#media);
    near.#takeLeg(nearLeg);
    far.#takeLeg(farLeg);
  }

  #takeLeg(leg: MediaLeg): void {
    if (this.#state === 'TERMINATED') {
      void leg.close();
      return;
    }
    this.#leg = leg;
    leg.events.on('digit', ({ digit }) => this.#emit('digit', { digit }));
    leg.events.on('firstPacket', () => {
      if (!this.#heard) this.#emit('firstAudioPacket', {});
      this.#heard = true;
    });
    leg.events.on('silent', () => this.#emit('rtpStopped', {}));
    leg.events.on('resumed', () => this.#emit('rtpResumed', {}));
    this.#mediaReady.resolve(leg);
  }

  #emit<K extends keyof CallEvents>(event: K, payload: CallEvents[K]): void {
    if (this.#state !== 'TERMINATED') this.events.emit(event, payload);
  }

  #connected(headers: HeaderMap): void {
    if (this.#state === 'TERMINATED') return;
    this.#state = 'CONNECTED';
    this.#connectedAt = this.#options.clock.monotonic();
    this.events.emit('connected', { headers });
  }

  #finish(code: number, by: CallEnd['by'], headers: HeaderMap): void {
    if (this.#state === 'TERMINATED') return;
    this.#state = 'TERMINATED';
    this.#mediaReady.reject(new Error('the call ended before it had media'));
    const connected = this.#connectedAt;
    const durationSeconds =
      connected === undefined ? 0 : (this.#options.clock.monotonic() - connected) / 1000;
    const reason = REASONS[code] ?? `Refused with ${code}`;
    const end: CallEnd = { code, reason, by, headers, durationSeconds, media: undefined };
    const closing = this.#leg?.close();
    this.events.emit(connected === undefined ? 'failed' : 'disconnected', end);
    void Promise.resolve(closing).then((media) => this.#ended.resolve({ ...end, media }));
  }

  /** As over SIP: what a script adds passes the same list. */
  #allowed(headers: HeaderMap): HeaderMap {
    const { headers: passed, dropped } = allowHeaders(headers);
    for (const message of dropped) this.#options.warn(message);
    return toHeaderMap(passed);
  }
}
