/**
 * A leg without SIP, by the rules of `call/types.ts`: the scenario session drives it through that page, the person at the
 * other end through the methods that begin with `peer`. Exactly one of `failed` and `disconnected` comes, once, last.
 */
import { reasonOf } from '../call/hangup-cause.ts';
import type { Call, CallEnd, CallEvents, CallState, HeaderMap, TransferProgress } from '../call/types.ts';
import type { Clock, TimerHandle } from '../kernel/clock.ts';
import { Emitter } from '../kernel/emitter.ts';
import { PhoneNumber } from '../kernel/phone-number.ts';
import type { MediaLeg, MediaSession } from '../media/engine.ts';
import type { Direction } from './ladder.ts';

export interface CallDoubleOptions {
  readonly id: string;
  readonly incoming: boolean;
  readonly from: string;
  readonly to: string;
  readonly displayName: string;
  readonly headers: HeaderMap;
  readonly clock: Clock;
  /** Seconds that an outbound call may ring. */
  readonly ringSeconds: number;
  readonly note: (direction: Direction, what: string) => void;
}

/** What the peer learns of a transfer that it asked for. */
export interface Transfer {
  /** The last status that it was told; undefined: refused, nobody handles transfers. */
  status: number | undefined;
  refused: boolean;
}

export class CallDouble implements Call {
  readonly id: string;
  readonly incoming: boolean;
  readonly events = new Emitter<CallEvents>();
  readonly callerid: PhoneNumber;
  readonly number: PhoneNumber;
  readonly displayName: string;
  readonly fromUri: string;
  readonly toUri: string;
  readonly headers: HeaderMap;
  readonly ended: Promise<CallEnd>;
  state: CallState;
  leg: MediaLeg | undefined;
  end: CallEnd | undefined;
  /** Set by the scenario's session. */
  media: MediaSession | undefined;
  isRinging = false;
  isOnHold = false;
  /** What the script sent inside the call. */
  readonly infos: { readonly mimeType: string; readonly body: string }[] = [];
  readonly messages: string[] = [];
  /** Header fields of the script's answer or end. */
  headersSeen: HeaderMap = {};
  readonly #options: CallDoubleOptions;
  readonly #media = Promise.withResolvers<MediaLeg>();
  readonly #end = Promise.withResolvers<CallEnd>();
  #answeredAt: number | undefined;
  #answering = false;
  #ending = false;
  #opening: Promise<MediaLeg | undefined> | undefined;
  #ringTimer: TimerHandle | undefined;

  constructor(options: CallDoubleOptions) {
    this.#options = options;
    const { id, incoming, from, to, displayName, headers, clock, ringSeconds } = options;
    this.id = id;
    this.incoming = incoming;
    this.state = incoming ? 'ALERTING' : 'PROGRESSING';
    this.callerid = PhoneNumber.parse(from === '' ? 'anonymous' : from);
    this.number = PhoneNumber.parse(to);
    this.displayName = displayName;
    this.fromUri = `sip:${from === '' ? 'anonymous@anonymous.invalid' : from}`;
    this.toUri = `sip:${to}`;
    this.headers = headers;
    this.ended = this.#end.promise;
    this.#media.promise.catch(() => {});
    if (!incoming) this.#ringTimer = clock.setTimeout(() => this.#finish(408, 'local'), ringSeconds * 1000);
  }

  whenMedia(): Promise<MediaLeg> {
    return this.#media.promise;
  }

  // The scenario's side.

  answer(headers: HeaderMap = {}): void {
    if (!this.incoming || this.#answering || this.#isOver) return;
    this.#answering = true;
    this.headersSeen = headers;
    this.#note('out', 'is answered');
    void this.#openMedia().then(() => this.#connected());
  }
  ring(): void {
    if (!this.incoming || this.state !== 'ALERTING' || this.#isOver) return;
    this.isRinging = true;
    this.#note('out', 'hears that it rings (180)');
  }
  startEarlyMedia(): void {
    if (!this.incoming || this.state !== 'ALERTING' || this.#isOver) return;
    this.#note('out', 'gets early media (183)');
    void this.#openMedia();
  }
  reject(code: number, headers: HeaderMap = {}): void {
    if (!this.incoming || this.state !== 'ALERTING' || this.#isOver) return;
    this.headersSeen = headers;
    this.#note('out', `is rejected with ${code} ${reasonOf(code)}`);
    this.#finishLater(code);
  }
  hangup(headers: HeaderMap = {}): void {
    if (this.#isOver) return;
    this.headersSeen = headers;
    const connected = this.state === 'CONNECTED';
    this.#note('out', connected ? 'is hung up' : this.incoming ? 'is rejected with 480' : 'is cancelled');
    this.#finishLater(connected ? 200 : this.incoming ? 480 : 487);
  }
  sendInfo(mimeType: string, body: string): void {
    if (!this.isConnected) return;
    this.infos.push({ mimeType, body });
    this.#note('out', `gets INFO ${mimeType}: ${body}`);
  }
  sendMessage(text: string): void {
    if (!this.isConnected) return;
    this.messages.push(text);
    this.#note('out', `gets the message: ${text}`);
  }
  hold(): void {
    this.#holdPeer(true);
  }
  unhold(): void {
    this.#holdPeer(false);
  }

  // The other person's side.

  get isConnected(): boolean {
    return this.state === 'CONNECTED' && !this.#ending;
  }

  peerRings(): void {
    if (this.state !== 'PROGRESSING' || this.#isOver) return;
    this.isRinging = true;
    this.events.emit('ringing', { headers: {} });
  }
  peerSendsEarlyMedia(): void {
    if (this.state !== 'PROGRESSING' || this.#isOver) return;
    void this.#openMedia().then(() => {
      if (!this.#isOver && this.state === 'PROGRESSING') this.events.emit('audioStarted', { headers: {} });
    });
  }
  peerAnswers(): void {
    if (this.state !== 'PROGRESSING' || this.#isOver || this.#answering) return;
    this.#answering = true;
    this.#options.clock.clearTimeout(this.#ringTimer);
    void this.#openMedia().then(() => this.#connected());
  }
  peerEnds(code: number): void {
    this.#finish(code, 'remote');
  }
  /** Nothing is dialled at all. */
  refuse(code: number, reason: string): void {
    queueMicrotask(() => this.#finish(code, 'local', reason));
  }
  peerAsksTransfer(target: string): Transfer {
    const transfer: Transfer = { status: undefined, refused: true };
    const progress: TransferProgress = {
      progress: (status) => {
        transfer.status = status;
      },
    };
    const accept = (): TransferProgress => {
      transfer.refused = false;
      return progress;
    };
    const reject = (code: number): void => {
      transfer.status = code;
    };
    this.events.emit('transferRequested', { target, headers: {}, accept, reject });
    if (transfer.refused) transfer.status ??= 603;
    return transfer;
  }

  get #isOver(): boolean {
    return this.#ending || this.state === 'TERMINATED';
  }

  #note(direction: Direction, what: string): void {
    this.#options.note(direction, what);
  }

  async #openMedia(): Promise<MediaLeg | undefined> {
    this.#opening ??= this.media?.openLeg({ family: 'ipv4' });
    const leg = await this.#opening;
    if (leg === undefined || this.leg !== undefined) return this.leg;
    if (this.state === 'TERMINATED') {
      void leg.close();
      return undefined;
    }
    this.leg = leg;
    this.#media.resolve(leg);
    return leg;
  }

  #connected(): void {
    if (this.#isOver) return;
    this.state = 'CONNECTED';
    this.#answeredAt = this.#options.clock.monotonic();
    this.events.emit('connected', { headers: {} });
    queueMicrotask(() => {
      if (!this.#isOver) this.events.emit('firstAudioPacket', {});
    });
  }

  #holdPeer(on: boolean): void {
    if (!this.isConnected || this.isOnHold === on) return;
    this.isOnHold = on;
    this.#note('out', on ? 'is put on hold' : 'is taken off hold');
    queueMicrotask(() => {
      if (!this.#isOver) this.events.emit('reinviteAccepted', {});
    });
  }

  /** A hang-up of ours is answered a moment later. */
  #finishLater(code: number): void {
    this.#ending = true;
    queueMicrotask(() => this.#finish(code, 'local'));
  }

  #finish(code: number, by: 'local' | 'remote', reason = reasonOf(code)): void {
    if (this.state === 'TERMINATED') return;
    const { clock } = this.#options;
    clock.clearTimeout(this.#ringTimer);
    const answeredAt = this.#answeredAt;
    const durationSeconds = answeredAt === undefined ? 0 : (clock.monotonic() - answeredAt) / 1000;
    this.state = 'TERMINATED';
    this.#media.reject(new Error('the call ended before it had media'));
    void this.leg?.close();
    const end: CallEnd = { code, reason, by, headers: {}, durationSeconds, media: undefined };
    this.end = end;
    if (!this.incoming && by === 'local' && answeredAt === undefined && code !== 487)
      this.#note('note', `fails with ${code}: ${reason}`);
    this.events.emit(answeredAt === undefined ? 'failed' : 'disconnected', end);
    this.#end.resolve(end);
  }
}
