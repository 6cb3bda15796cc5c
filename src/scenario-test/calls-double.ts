/** The call layer of a flow: the real dial plan, with its rules of who may be called and what may be shown, and no SIP. */
import { planDial } from '../call/dial-plan.ts';
import { toHeaderMap } from '../call/header-allow-list.ts';
import type {
  Call,
  CallDirectory,
  CallObserverEvents,
  CallOwner,
  Calls,
  DialRequest,
  HeaderMap,
  Route,
  RoutedCall,
} from '../call/types.ts';
import type { Clock } from '../kernel/clock.ts';
import { Emitter } from '../kernel/emitter.ts';
import { PhoneNumber } from '../kernel/phone-number.ts';
import type { Random } from '../kernel/random.ts';
import { CallDouble, type CallDoubleOptions } from './call-double.ts';
import type { Direction } from './ladder.ts';

/** Seconds that an outbound call may ring; the default of `limits.ringSeconds`. */
const RING_SECONDS = 55;

export interface NewCall {
  readonly call: CallDouble;
  /** What the peer's display shows, or nothing. */
  readonly from: string;
  /** Number, account or SIP address. */
  readonly to: string;
  readonly headers: HeaderMap;
}

export interface CallsDoubleOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Numbers that the application holds. */
  readonly numbers: () => ReadonlySet<string>;
  /** Its SIP accounts; undefined: any name is one. */
  readonly users: ReadonlySet<string> | undefined;
  /** Numbers of people that the flow's masking service knows, as the test wrote them. */
  readonly people: () => ReadonlySet<string>;
  /** A leg was made; says what the ladder calls it. */
  readonly onCall: (made: NewCall) => void;
  readonly note: (call: Call, direction: Direction, what: string) => void;
}

export class CallsDouble implements Calls {
  onRouted: ((routed: RoutedCall) => void) | undefined;
  readonly observers = new Emitter<CallObserverEvents>();
  readonly #options: CallsDoubleOptions;
  readonly #all: CallDouble[] = [];
  readonly #directory: CallDirectory;

  constructor(options: CallsDoubleOptions) {
    this.#options = options;
    const isHeld = (_id: string, number: PhoneNumber): boolean => this.#named(number) !== undefined;
    this.#directory = {
      applicationOfNumber: () => undefined,
      routeFor: () => undefined,
      scenarioByName: () => undefined,
      isServiceNumber: isHeld,
      isVerifiedNumber: isHeld,
      isUser: (_id, name) => options.users === undefined || options.users.has(name),
    };
  }

  get active(): readonly CallDouble[] {
    return this.#all.filter(({ state }) => state !== 'TERMINATED');
  }

  /** Somebody calls. */
  ring(
    route: Route,
    peer: { from: string; to: string; displayName: string; headers: HeaderMap },
  ): CallDouble {
    const call = this.#make({ ...peer, incoming: true });
    this.#options.onCall({ call, from: peer.from, to: peer.to, headers: peer.headers });
    this.onRouted?.({ call, route, maxForwards: 70 });
    return call;
  }

  dial(request: DialRequest, owner: CallOwner): Call {
    const { outcome } = planDial(request, this.#directory, undefined);
    const to = this.#calledBy(request);
    const shown = outcome.kind === 'invite' ? outcome.invite : undefined;
    const from = shown?.identity.kind === 'number' ? (this.#named(shown.identity.number) ?? '') : '';
    const { displayName } = request;
    const { callerid } = request;
    const shows = typeof callerid === 'string' ? callerid : (this.#named(callerid) ?? '');
    const call = this.#make({ incoming: false, from: shows, to, displayName, headers: {} });
    call.media = owner.media;
    const made: NewCall = { call, from, to, headers: toHeaderMap(shown?.headers ?? []) };
    if (outcome.kind === 'refused') {
      this.#options.onCall(made);
      const { code, reason } = outcome.cause;
      const known = [...this.#options.numbers()].join(', ');
      const hint = code === 403 ? ` (the flow's numbers: ${known === '' ? 'none' : known})` : '';
      call.refuse(code, `${reason}${hint}`);
    } else if (request.permit === undefined) this.#options.onCall(made);
    else void this.#withPermit(request.permit, made);
    return call;
  }

  /** Nobody is called, and nobody's phone is there to be met, before that is granted. */
  async #withPermit(permit: NonNullable<DialRequest['permit']>, made: NewCall): Promise<void> {
    const { call, to } = made;
    const refusal = await permit(call.id);
    if (refusal === undefined) {
      if (call.state !== 'TERMINATED') this.#options.onCall(made);
      return;
    }
    this.#options.note(call, 'note', `${to} is not called`);
    call.refuse(refusal.code, refusal.reason);
  }

  adopt(call: Call, owner: CallOwner): void {
    if (call instanceof CallDouble) call.media = owner.media;
  }

  setDraining(): void {}

  drain(): Promise<void> {
    return Promise.resolve();
  }

  #make(peer: Pick<CallDoubleOptions, 'incoming' | 'from' | 'to' | 'displayName' | 'headers'>): CallDouble {
    const { clock, random, note } = this.#options;
    const call: CallDouble = new CallDouble({
      ...peer,
      id: random.uuid(),
      clock,
      ringSeconds: RING_SECONDS,
      note: (direction, what) => note(call, direction, what),
    });
    this.#all.push(call);
    return call;
  }

  /** A number as the test wrote it. */
  #named(number: PhoneNumber, among = this.#options.numbers()): string | undefined {
    for (const one of among) if (PhoneNumber.parse(one).equals(number)) return one;
    return undefined;
  }

  #calledBy({ target }: DialRequest): string {
    if (target.kind === 'pstn') return target.number;
    if (target.kind === 'number') return this.#named(target.number, this.#options.people()) ?? 'somebody';
    return target.kind === 'user' ? target.username : target.uri;
  }
}
