import type {
  Call,
  CallEnd,
  CallEvents,
  CallObserverEvents,
  CallOwner,
  CallState,
  Calls,
  DialRequest,
  HeaderMap,
  Route,
  RoutedCall,
} from '../../call/types.ts';
import { Emitter } from '../../kernel/emitter.ts';
import { PhoneNumber } from '../../kernel/phone-number.ts';
import type { MediaLeg, MediaSession } from '../../media/engine.ts';

let nextId = 1;

/** A leg without SIP: the test plays the peer, and `said` holds what our side did, in order. */
export class FakeCall implements Call {
  readonly id = `call-${nextId++}`;
  readonly incoming: boolean;
  state: CallState;
  readonly events = new Emitter<CallEvents>();
  readonly callerid: PhoneNumber;
  readonly number: PhoneNumber;
  readonly displayName = '';
  readonly fromUri = 'sip:a@example.org';
  readonly toUri = 'sip:b@example.org';
  readonly headers: HeaderMap = { 'X-Order': '7' };
  readonly said: string[] = [];
  readonly request: DialRequest | undefined;
  leg: MediaLeg | undefined;
  readonly ended: Promise<CallEnd>;
  media: MediaSession | undefined;
  readonly #media = Promise.withResolvers<MediaLeg>();
  readonly #end = Promise.withResolvers<CallEnd>();

  constructor(options: { caller?: string; number: string | PhoneNumber; request?: DialRequest }) {
    this.incoming = options.request === undefined;
    this.state = this.incoming ? 'ALERTING' : 'PROGRESSING';
    this.request = options.request;
    this.callerid = numberOf(options.caller ?? options.request?.callerid ?? '');
    this.number = numberOf(options.number);
    this.ended = this.#end.promise;
    this.#media.promise.catch(() => {});
  }

  whenMedia(): Promise<MediaLeg> {
    return this.#media.promise;
  }
  answer(): void {
    this.said.push('answer');
  }
  ring(): void {
    this.said.push('ring');
  }
  startEarlyMedia(): void {
    this.said.push('early media');
  }
  reject(code: number): void {
    this.said.push(`reject ${code}`);
    this.#finish(code, 'local');
  }
  hangup(): void {
    if (this.state === 'TERMINATED') return;
    this.said.push('hangup');
    this.#finish(this.state === 'CONNECTED' ? 200 : 487, 'local');
  }
  sendInfo(mimeType: string, body: string): void {
    this.said.push(`info ${mimeType} ${body}`);
  }
  sendMessage(text: string): void {
    this.said.push(`message ${text}`);
  }
  hold(): void {
    this.said.push('hold');
  }
  unhold(): void {
    this.said.push('unhold');
  }

  /** The peer's side. */
  async connect(): Promise<void> {
    await this.openMedia();
    if (this.state === 'TERMINATED') return;
    this.state = 'CONNECTED';
    this.events.emit('connected', { headers: {} });
  }
  async openMedia(): Promise<void> {
    if (this.leg !== undefined || this.media === undefined) return;
    this.leg = await this.media.openLeg({ family: 'ipv4' });
    this.#media.resolve(this.leg);
  }
  peerEnds(code = 200): void {
    this.#finish(code, 'remote');
  }

  /** Nothing was sent. */
  refused({ code, reason }: Pick<CallEnd, 'code' | 'reason'>): void {
    this.#finish(code, 'local', reason);
  }

  #finish(code: number, by: 'local' | 'remote', reason = `code ${code}`): void {
    if (this.state === 'TERMINATED') return;
    const answered = this.state === 'CONNECTED';
    this.state = 'TERMINATED';
    this.#media.reject(new Error('the call ended before it had media'));
    void this.leg?.close();
    const end: CallEnd = {
      code,
      reason,
      by,
      headers: {},
      durationSeconds: answered ? 12 : 0,
      media: undefined,
    };
    this.events.emit(answered ? 'disconnected' : 'failed', end);
    this.#end.resolve(end);
  }
}

export class FakeCalls implements Calls {
  onRouted: ((routed: RoutedCall) => void) | undefined;
  readonly observers = new Emitter<CallObserverEvents>();
  readonly all: FakeCall[] = [];

  get active(): readonly FakeCall[] {
    return this.all.filter(({ state }) => state !== 'TERMINATED');
  }
  get dialled(): readonly FakeCall[] {
    return this.all.filter(({ incoming }) => !incoming);
  }

  dial(request: DialRequest, owner: CallOwner): Call {
    const { target } = request;
    const number =
      target.kind === 'user' ? target.username : target.kind === 'sip' ? target.uri : target.number;
    const call = new FakeCall({ number, request });
    call.media = owner.media;
    this.all.push(call);
    // As the real one: without a number that may be shown, the call fails with 403, later.
    if (target.kind === 'pstn' && request.callerid === '') queueMicrotask(() => call.peerEnds(403));
    void request.permit?.(call.id).then((refusal) => {
      if (refusal !== undefined) call.refused(refusal);
    });
    return call;
  }

  adopt(call: Call, owner: CallOwner): void {
    if (call instanceof FakeCall) call.media = owner.media;
  }

  /** A call comes in. */
  ring(route: Route, caller = '+79120000001', number = '+74950000001'): FakeCall {
    const call = new FakeCall({ caller, number });
    this.all.push(call);
    this.onRouted?.({ call, route, maxForwards: 60 });
    return call;
  }

  setDraining(): void {}

  drain(): Promise<void> {
    return Promise.resolve();
  }
}

function numberOf(given: string | PhoneNumber): PhoneNumber {
  return typeof given === 'string' ? PhoneNumber.parse(given) : given;
}
