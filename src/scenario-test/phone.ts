/** One person in a flow: somebody who calls in, or whom the scenario calls. */
import type { CallEnd } from '../call/types.ts';
import type { CallDouble, Transfer } from './call-double.ts';
import type { Direction } from './ladder.ts';

/** What a phone asks of the flow that it is in. */
export interface PhoneHost {
  hearing(phone: Phone): Phone | string;
  note(phone: Phone, direction: Direction, what: string): void;
  /** Lets virtual time pass until it is so, `within` milliseconds at the most. Rejects with `what` and the ladder. */
  until(isSo: () => boolean, what: string, within: number | undefined): Promise<void>;
  advance(ms: number): Promise<void>;
  /** Somebody speaks, as long as that takes. */
  saying(phone: Phone, text: string, confidence: number): Promise<void>;
  /** An error with the ladder. */
  failure(sentence: string): Error;
}

export interface PhoneFacts {
  readonly name: string | undefined;
  readonly from: string;
  readonly to: string;
  /** Header fields of its INVITE beyond the usual ones. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Waiting methods wait on the flow's clock. */
export interface Waiting {
  /** Virtual milliseconds; default 5000. */
  readonly within?: number;
}

/** How long a person holds down a key. */
const KEY_MS = 100;

export class Phone {
  /** What the ladder calls it. */
  name: string;
  /** A caller: its own number. Somebody who is called: what the display shows, empty for an anonymous call. */
  readonly from: string;
  /** A caller: what it dialled. Somebody who is called: its own number, account or SIP address. */
  readonly to: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Everything that was heard, in order, each once in a row: `says: …`, `plays: https://…`, `tone: ringback RU`, phones. */
  readonly heard: (Phone | string)[] = [];
  /** Digits that were played to it as DTMF. */
  readonly #call: CallDouble;
  readonly #host: PhoneHost;

  constructor(call: CallDouble, facts: PhoneFacts, host: PhoneHost) {
    this.#call = call;
    this.#host = host;
    this.from = facts.from;
    this.to = facts.to;
    this.headers = facts.headers;
    this.name = facts.name ?? (call.incoming ? facts.from : facts.to);
  }

  /** What its display shows; only of a phone that is called. */
  get shownNumber(): string {
    if (this.#call.incoming) throw new Error(`${this.name} calls; nothing is shown to it.`);
    return this.from;
  }
  get displayName(): string {
    return this.#call.displayName;
  }
  get isCaller(): boolean {
    return this.#call.incoming;
  }

  /** `waiting` before anybody rang or answered, `ringing`, `connected`, `ended`. */
  get state(): 'waiting' | 'ringing' | 'connected' | 'ended' {
    const { state, isRinging } = this.#call;
    if (state === 'TERMINATED') return 'ended';
    if (state === 'CONNECTED') return 'connected';
    return isRinging ? 'ringing' : 'waiting';
  }
  /** How the call ended: SIP status, words, seconds from the answer. */
  get end(): Pick<CallEnd, 'code' | 'reason' | 'by' | 'durationSeconds'> | undefined {
    return this.#call.end;
  }
  get isOnHold(): boolean {
    return this.#call.isOnHold;
  }
  /** Who or what is heard now: another phone, `says: …`, `plays: …`, `tone: …`, or `silence`. */
  get hears(): Phone | string {
    return this.#host.hearing(this);
  }
  /** Texts and INFO bodies that the scenario sent into this call. */
  get messages(): readonly string[] {
    return this.#call.messages;
  }
  get infos(): readonly { readonly mimeType: string; readonly body: string }[] {
    return this.#call.infos;
  }
  /** DTMF that the scenario sent. */
  get digits(): string {
    const leg = this.#call.leg as { readonly digits?: string } | undefined;
    return leg?.digits ?? '';
  }

  rings(): this {
    this.#does('rings', () => this.#call.peerRings());
    return this;
  }
  startsEarlyMedia(): this {
    this.#does('sends early media', () => this.#call.peerSendsEarlyMedia());
    return this;
  }
  answers(): this {
    this.#does('answers', () => this.#call.peerAnswers());
    return this;
  }
  /** @param code SIP status: 486 busy, 480 not available, 603 declined, 404 no such number. */
  rejects(code = 486): this {
    this.#does(`rejects with ${code}`, () => this.#call.peerEnds(code));
    return this;
  }
  /** A caller who gives up before the answer cancels. */
  hangsUp(): this {
    const connected = this.#call.state === 'CONNECTED';
    this.#does(connected ? 'hangs up' : 'gives up', () => this.#call.peerEnds(connected ? 200 : 487));
    return this;
  }

  /** Presses keys, 100 ms each. The scenario hears of them if it asked for tones. */
  async presses(keys: string): Promise<void> {
    for (const digit of keys) {
      this.#does(`presses ${digit}`, () => this.#call.events.emit('digit', { digit }));
      await this.#host.advance(KEY_MS);
    }
  }
  /**
   * Says something, 70 ms a character; whatever recognises this phone's sound gets the text as its result.
   * @param confidence from 0 to 1.
   */
  async says(text: string, { confidence = 0.9 }: { readonly confidence?: number } = {}): Promise<void> {
    await this.#host.saying(this, text, confidence);
  }
  sendsInfo(mimeType: string, body: string): void {
    this.#does(`sends INFO ${mimeType}: ${body}`, () =>
      this.#call.events.emit('info', { mimeType, body, headers: {} }),
    );
  }
  sendsMessage(text: string): void {
    this.#does(`sends the message: ${text}`, () => this.#call.events.emit('message', { text, headers: {} }));
  }
  /** Presses hold, or takes the call back. */
  holds(on = true): void {
    this.#does(on ? 'puts the call on hold' : 'takes the call back', () => {
      this.#call.events.emit('reinviteReceived', {});
      this.#call.events.emit(on ? 'onHold' : 'offHold', {});
    });
  }
  /** Its sound stops coming, as in a tunnel, or comes again. */
  losesSound(lost = true): void {
    this.#does(lost ? 'is not heard any more' : 'is heard again', () =>
      this.#call.events.emit(lost ? 'rtpStopped' : 'rtpResumed', {}),
    );
  }
  /** Presses transfer and dials; the answer is what it is told of it, which changes as the scenario goes on. */
  transfersTo(target: string): Transfer {
    let transfer: Transfer = { status: undefined, refused: true };
    this.#does(`asks to be transferred to ${target}`, () => {
      transfer = this.#call.peerAsksTransfer(target);
    });
    return transfer;
  }

  async connected({ within }: Waiting = {}): Promise<void> {
    await this.#host.until(() => this.state === 'connected', `${this.name} to be connected`, within);
  }
  async ringing({ within }: Waiting = {}): Promise<void> {
    await this.#host.until(() => this.state === 'ringing', `${this.name} to ring`, within);
  }
  /** With a code: and it has to be that one. */
  async ended({ within, code }: Waiting & { readonly code?: number } = {}): Promise<void> {
    await this.#host.until(() => this.state === 'ended', `the end of the call of ${this.name}`, within);
    if (code !== undefined && this.end?.code !== code)
      throw this.#host.failure(
        `The call of ${this.name} was to end with ${code}, and it ended with ${this.end?.code}.`,
      );
  }
  /** Until this is heard: a phone, a whole label (`says: Hello`), or a pattern for one. */
  async hearing(what: Phone | string | RegExp, { within }: Waiting = {}): Promise<void> {
    const isIt = (one: Phone | string): boolean =>
      what instanceof RegExp ? typeof one === 'string' && what.test(one) : one === what;
    await this.#host.until(() => isIt(this.hears), `${this.name} to hear ${nameOfSound(what)}`, within);
  }

  #does(what: string, act: () => void): void {
    this.#host.note(this, 'in', this.state === 'ended' ? `${what}, but the call is over` : what);
    if (this.state !== 'ended') act();
  }
}

/** For people. */
export function nameOfSound(sound: Phone | string | RegExp): string {
  return sound instanceof Phone ? sound.name : String(sound);
}
