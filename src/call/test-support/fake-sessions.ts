import { Emitter } from '../../kernel/emitter.ts';
import type {
  Body,
  ExtraHeaders,
  InviteSession,
  ReOfferOutcome as OurOfferOutcome,
  ReOffer,
  SessionEnd,
  SessionEvents,
  SessionState,
  UacSession,
  UasSession,
} from '../../sip/dialog/types.ts';

/** What our side put on the wire, in order. */
export type Sent =
  | {
      readonly kind: 'provisional';
      readonly status: number;
      readonly sdp: string | undefined;
      readonly headers: ExtraHeaders;
    }
  | { readonly kind: 'accept'; readonly sdp: string; readonly headers: ExtraHeaders }
  | {
      readonly kind: 'reject';
      readonly status: number;
      readonly reason: string | undefined;
      readonly headers: ExtraHeaders;
    }
  | { readonly kind: 'ack' }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'bye'; readonly headers: ExtraHeaders }
  | { readonly kind: 'info'; readonly body: Body; readonly headers: ExtraHeaders }
  | { readonly kind: 'message'; readonly body: Body; readonly headers: ExtraHeaders }
  | { readonly kind: 'reoffer'; readonly sdp: string };

/** What became of a re-INVITE that the peer sent. */
export type ReOfferOutcome =
  | { readonly kind: 'pending' }
  | { readonly kind: 'accepted'; readonly sdp: string }
  | { readonly kind: 'rejected'; readonly status: number };

let nextId = 1;

/** The half of a hand-written session that both roles share. Emits synchronously, as the real one may. */
abstract class FakeSession implements InviteSession {
  readonly id = `session-${nextId++}`;
  abstract readonly role: 'uas' | 'uac';
  state: SessionState = 'proceeding';
  readonly events = new Emitter<SessionEvents>();
  readonly sent: Sent[] = [];
  peerHost: string | undefined;
  infoStatus = 200;
  #offers: { readonly sdp: string | (() => string); readonly resolve: (outcome: OurOfferOutcome) => void }[] =
    [];

  abstract end(options?: { readonly status?: number; readonly headers?: ExtraHeaders }): void;

  info(body: Body, headers: ExtraHeaders = []): Promise<number> {
    this.sent.push({ kind: 'info', body, headers });
    return Promise.resolve(this.infoStatus);
  }

  message(body: Body, headers: ExtraHeaders = []): Promise<number> {
    this.sent.push({ kind: 'message', body, headers });
    return Promise.resolve(this.infoStatus);
  }

  /** What the peer answers to an offer of ours by itself; without it, the test calls `settleOffer`. */
  answerToOffers: ((sdp: string) => Promise<OurOfferOutcome>) | undefined;

  /** Once each wait is over: glare asks the offer again. */
  reoffer(sdp: string | (() => string)): Promise<OurOfferOutcome> {
    if (this.state === 'ended') return Promise.resolve({ kind: 'ended' });
    const { promise, resolve } = Promise.withResolvers<OurOfferOutcome>();
    const offer = { sdp, resolve };
    this.#offers.push(offer);
    this.sendOffer();
    return promise;
  }

  /** The offer leaves: for the first time, or again after glare. */
  sendOffer(): void {
    const [open] = this.#offers;
    if (open === undefined) return;
    const sdp = typeof open.sdp === 'string' ? open.sdp : open.sdp();
    this.sent.push({ kind: 'reoffer', sdp });
    void this.answerToOffers?.(sdp).then((outcome) => this.settleOffer(outcome));
  }

  /** The peer's answer to the oldest offer of ours. */
  settleOffer(outcome: OurOfferOutcome): void {
    this.#offers.shift()?.resolve(outcome);
  }

  get offering(): boolean {
    return this.#offers.length > 0;
  }

  peerMessage(contentType: string, text: string, headers: ExtraHeaders = []): void {
    if (this.state === 'ended') return;
    this.events.emit('message', { body: { contentType, content: new TextEncoder().encode(text) }, headers });
  }

  /** The peer's REFER; what we answered, and each NOTIFY of ours. */
  refer(referTo: string, options: { replaces?: string; headers?: ExtraHeaders } = {}): readonly string[] {
    const said: string[] = [];
    if (this.state === 'ended') return said;
    this.events.emit('refer', {
      referTo,
      replaces: options.replaces,
      headers: options.headers ?? [],
      accept: () => {
        said.push('202');
        return { progress: (status) => void said.push(`notify ${status}`) };
      },
      reject: (status) => void said.push(String(status)),
    });
    return said;
  }

  kinds(): string[] {
    return this.sent.map((one) => ('status' in one ? `${one.kind} ${one.status}` : one.kind));
  }

  /** The last of our own descriptions. */
  lastSdp(): string | undefined {
    for (const one of [...this.sent].reverse()) if ('sdp' in one && one.sdp !== undefined) return one.sdp;
    return undefined;
  }

  /** The peer hangs up. */
  bye(headers: ExtraHeaders = []): void {
    if (this.state !== 'confirmed' && this.state !== 'accepted') return;
    this.finish({ by: 'remote', answered: true, status: 200, reason: 'Normal call clearing', headers });
  }

  /** The peer's re-INVITE; without `sdp` it asks for our offer. */
  peerReoffer(sdp: string | undefined): { readonly outcome: () => ReOfferOutcome } {
    let outcome: ReOfferOutcome = { kind: 'pending' };
    const settle = (next: ReOfferOutcome): void => {
      if (outcome.kind !== 'pending') throw new Error('a re-offer was settled twice');
      outcome = next;
    };
    const reoffer: ReOffer = {
      sdp,
      accept: (answer) => settle({ kind: 'accepted', sdp: answer }),
      reject: (status) => settle({ kind: 'rejected', status }),
    };
    if (this.state !== 'ended') this.events.emit('reoffer', reoffer);
    return { outcome: () => outcome };
  }

  peerInfo(contentType: string, text: string, headers: ExtraHeaders = []): void {
    if (this.state === 'ended') return;
    this.events.emit('info', { body: { contentType, content: new TextEncoder().encode(text) }, headers });
  }

  /** Time-out or a broken connection. */
  fault(status: number): void {
    const answered = this.state === 'confirmed' || this.state === 'accepted';
    this.finish({
      by: 'fault',
      answered,
      status: answered ? 200 : status,
      reason: 'Transport failed',
      headers: [],
    });
  }

  protected finish(end: Omit<SessionEnd, 'retryable'> & { readonly retryable?: boolean }): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    for (const { resolve } of this.#offers.splice(0)) resolve({ kind: 'ended' });
    this.events.emit('ended', { retryable: false, ...end });
  }
}

/** An inbound call of which the test plays the caller. */
export class FakeUasSession extends FakeSession implements UasSession {
  override readonly role = 'uas';
  readonly offer: string | undefined;
  /** Acknowledges our 200 at once, with this answer if we made the offer. */
  autoAck: boolean;
  answerInAck: string | undefined;

  constructor(
    options: { readonly offer?: string; readonly autoAck?: boolean; readonly answerInAck?: string } = {},
  ) {
    super();
    this.offer = options.offer;
    this.autoAck = options.autoAck ?? true;
    this.answerInAck = options.answerInAck;
  }

  provisional(
    status: number,
    options: { readonly sdp?: string; readonly headers?: ExtraHeaders } = {},
  ): void {
    if (this.state !== 'proceeding') return;
    this.sent.push({ kind: 'provisional', status, sdp: options.sdp, headers: options.headers ?? [] });
  }

  accept(options: { readonly sdp: string; readonly headers?: ExtraHeaders }): void {
    if (this.state === 'ended') return;
    if (this.state !== 'proceeding') throw new Error('accepted twice');
    this.sent.push({ kind: 'accept', sdp: options.sdp, headers: options.headers ?? [] });
    this.state = 'accepted';
    if (this.autoAck) queueMicrotask(() => this.ack(this.answerInAck));
  }

  reject(status: number, options: { readonly reason?: string; readonly headers?: ExtraHeaders } = {}): void {
    if (this.state === 'ended') return;
    if (this.state !== 'proceeding') throw new Error('rejected after the answer');
    this.sent.push({ kind: 'reject', status, reason: options.reason, headers: options.headers ?? [] });
    this.finish({
      by: 'local',
      answered: false,
      status,
      reason: options.reason ?? 'Rejected',
      headers: [],
    });
  }

  override end(options: { readonly status?: number; readonly headers?: ExtraHeaders } = {}): void {
    if (this.state === 'ended') return;
    const headers = options.headers ?? [];
    if (this.state === 'proceeding') {
      this.reject(options.status ?? 480, { headers });
      return;
    }
    this.sent.push({ kind: 'bye', headers });
    this.finish({ by: 'local', answered: true, status: 200, reason: 'Normal call clearing', headers: [] });
  }

  /** The caller's ACK to our 200. */
  ack(sdp?: string): void {
    if (this.state !== 'accepted') return;
    this.state = 'confirmed';
    this.events.emit('confirmed', { sdp });
  }

  /** The ACK to our 200 of a re-INVITE in which we made the offer. */
  ackReoffer(sdp: string | undefined): void {
    if (this.state === 'confirmed') this.events.emit('confirmed', { sdp });
  }

  /** The caller gives up before the answer. */
  cancel(): void {
    if (this.state !== 'proceeding') return;
    this.finish({ by: 'remote', answered: false, status: 487, reason: 'Cancelled', headers: [] });
  }
}

/** An outbound call of which the test plays the callee. */
export class FakeUacSession extends FakeSession implements UacSession {
  override readonly role = 'uac';
  override state: SessionState = 'calling';
  /** Our offer, once the INVITE has left. */
  offer: string | undefined;
  /** Answers a CANCEL with 487 at once; else the test calls `cancelled()`, or `answer()` for a 200 that crosses. */
  autoCancel = true;
  #cancelling = false;

  override end(options: { readonly headers?: ExtraHeaders } = {}): void {
    if (this.state === 'ended' || this.#cancelling) return;
    if (this.state === 'confirmed') {
      this.sent.push({ kind: 'bye', headers: options.headers ?? [] });
      this.finish({ by: 'local', answered: true, status: 200, reason: 'Normal call clearing', headers: [] });
      return;
    }
    this.#cancelling = true;
    this.sent.push({ kind: 'cancel' });
    if (this.autoCancel) queueMicrotask(() => this.cancelled());
  }

  get cancelling(): boolean {
    return this.#cancelling && this.state !== 'ended';
  }

  /** The callee's 487. */
  cancelled(): void {
    this.finish({ by: 'local', answered: false, status: 487, reason: 'Cancelled', headers: [] });
  }

  ring(status = 180, sdp?: string, headers: ExtraHeaders = []): void {
    if (this.state !== 'calling' && this.state !== 'proceeding') return;
    this.state = 'proceeding';
    if (!this.#cancelling) this.events.emit('provisional', { status, sdp, headers });
  }

  answer(sdp: string | undefined, headers: ExtraHeaders = []): void {
    if (this.state !== 'calling' && this.state !== 'proceeding') return;
    this.sent.push({ kind: 'ack' });
    if (this.#cancelling) {
      // RFC 3261 §9.1: the 2xx crossed the CANCEL, so it is ended by BYE.
      this.sent.push({ kind: 'bye', headers: [] });
      this.finish({ by: 'local', answered: true, status: 200, reason: 'Cancelled', headers: [] });
      return;
    }
    this.state = 'confirmed';
    this.events.emit('accepted', { sdp, headers });
  }

  refuse(status: number, headers: ExtraHeaders = [], retryable = false): void {
    if (this.state !== 'calling' && this.state !== 'proceeding') return;
    this.finish({
      by: this.#cancelling ? 'local' : 'remote',
      answered: false,
      status,
      reason: 'text of the peer',
      headers,
      retryable,
    });
  }
}
