import type { Clock } from '../kernel/clock.ts';
import { Emitter } from '../kernel/emitter.ts';
import { ERRORS, type ErrorCode } from '../kernel/errors.ts';
import { describeError, type Logger } from '../kernel/logger.ts';
import type { PhoneNumber } from '../kernel/phone-number.ts';
import type { Random } from '../kernel/random.ts';
import type { IncomingCall, OutboundInvite, UserAgent } from '../sip/user-agent/types.ts';
import { Admission } from './admission.ts';
import type { CallContext } from './call-base.ts';
import { CallDepths, MAX_CALL_DEPTH } from './call-depths.ts';
import { planDial } from './dial-plan.ts';
import type { Fence } from './fence/fence.ts';
import { TOO_LONG } from './fence/words.ts';
import { causeOfError } from './hangup-cause.ts';
import { refuse } from './inbound-answer.ts';
import { InboundCall, shownCaller } from './inbound-call.ts';
import { observeCall } from './observe-call.ts';
import { offerRefusal } from './offer-refusal.ts';
import { OutboundCall } from './outbound-call.ts';
import { routeCall } from './routing.ts';
import type {
  Call,
  CallDirectory,
  CallEnd,
  CallObserverEvents,
  CallOwner,
  Calls,
  DialRequest,
  Route,
  RoutedCall,
} from './types.ts';

export interface CallLimits {
  /** Legs on this node at once. */
  readonly calls: number;
  /** An outbound call that nobody has answered by then ends with 408. */
  readonly ringSeconds: number;
}

export interface CallServiceOptions {
  readonly userAgent: UserAgent;
  readonly directory: CallDirectory;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly limits: CallLimits;
  /** Whether the node is behind with its work; then no new call comes in. */
  readonly isLate?: () => boolean;
  /** What applications may dial. Without one, whatever a trunk takes. */
  readonly fence?: Pick<Fence, 'admit' | 'allows'>;
  /** ISO 3166 country for national spellings in what scripts dial and show; without it they must write E.164. */
  readonly country?: string;
}

/** A call that is alive. Inbound ones have no session until they are adopted. */
interface Entry {
  readonly incoming: boolean;
  readonly applicationId: string;
  sessionId: string | undefined;
  /** Inbound: 1, or more for a call of ours that came back. */
  readonly depth?: number;
}

/** When a busy node may be tried again (RFC 3261 §20.33): most calls of this trade last about that long. */
const RETRY_AFTER_SECONDS = 30;
/** After a drain's time is up: long enough for BYE and its answer on a working network. */
const HANGUP_SECONDS = 2;

/** All calls of the node: those that come in, those that scripts dial. */
export class CallService implements Calls {
  onRouted: ((routed: RoutedCall) => void) | undefined;
  readonly observers: Emitter<CallObserverEvents>;
  readonly #options: CallServiceOptions;
  readonly #context: CallContext;
  readonly #admission: Admission;
  readonly #depths: CallDepths;
  readonly #entries = new Map<Call, Entry>();

  constructor(options: CallServiceOptions) {
    this.#options = options;
    const { clock, random, log, limits, userAgent } = options;
    this.#admission = new Admission(limits.calls, options.isLate);
    this.#depths = new CallDepths(options.directory);
    this.observers = new Emitter<CallObserverEvents>((error) => {
      log.error({ error: describeError(error) }, 'an observer of calls failed');
    });
    this.#context = {
      clock,
      random,
      log,
      warn: (call, message) => this.#warn(call, message),
      signalling: (call, sipSession) => this.observers.emit('signalling', { call, sipSession }),
    };
    userAgent.events.on('call', (incoming) => this.#onCall(incoming));
  }

  get active(): readonly Call[] {
    return [...this.#entries.keys()];
  }

  dial(request: DialRequest, owner: CallOwner): Call {
    const { directory, country } = this.#options;
    const plan = planDial(request, directory, country);
    const refusal = this.#admission.forOutbound(owner.sessionId);
    const call = new OutboundCall(plan.facts, this.#context, owner);
    this.#keep(call, { incoming: false, applicationId: request.applicationId, sessionId: owner.sessionId });
    observeCall(call, request.applicationId, owner.sessionId, this.observers);
    for (const message of plan.dropped) this.#warn(call, message);
    if (plan.outcome.kind === 'refused') call.failSoon(plan.outcome.cause);
    else if (refusal !== undefined) call.failSoon(causeOfError(refusal));
    else {
      this.#depths.dialled(call, owner.sessionId, plan.outcome.invite.identity);
      this.#withPermit(call, request, plan.outcome.invite);
    }
    return call;
  }

  #withPermit(call: OutboundCall, { permit, applicationId }: DialRequest, invite: OutboundInvite): void {
    if (permit === undefined) {
      this.#pastFence(call, applicationId, invite);
      return;
    }
    void permit(call.id).then((refusal) => {
      if (refusal === undefined) this.#pastFence(call, applicationId, invite);
      else call.failSoon({ ...refusal, by: 'local' });
    });
  }

  /** At once, unless the fence has to ask the database. */
  #pastFence(call: OutboundCall, applicationId: string, invite: OutboundInvite): void {
    const { fence, userAgent, limits } = this.#options;
    const mayLeadTo = (number: PhoneNumber): boolean => fence?.allows(applicationId, number) ?? true;
    const fenced = fence === undefined ? invite : { ...invite, mayLeadTo };
    const decided = (refusal: ErrorCode | undefined): void => {
      if (refusal === undefined) call.start(userAgent, fenced, limits.ringSeconds);
      else call.failSoon(causeOfError(refusal));
    };
    const cutOff = (): void => this.#cutOffSessionOf(call);
    const admitted = fence?.admit({ call, applicationId, target: invite.target, cutOff });
    if (admitted instanceof Promise) void admitted.then(decided);
    else decided(admitted);
  }

  /** All legs: a call that has lasted too long leaves nobody behind in silence. */
  #cutOffSessionOf(call: OutboundCall): void {
    const sessionId = this.#entries.get(call)?.sessionId;
    for (const [other, entry] of this.#entries) {
      if (entry.sessionId === sessionId && (other instanceof OutboundCall || other instanceof InboundCall)) {
        other.cutOff(TOO_LONG);
      }
    }
  }

  /** Ignored for a call that has ended or has an owner; such a call was reported as `refused` already. */
  adopt(call: Call, owner: CallOwner): void {
    const entry = this.#entries.get(call);
    if (entry === undefined || !(call instanceof InboundCall) || !call.adopt(owner)) return;
    this.#admission.adopt(owner.sessionId, entry);
    this.#depths.adopted(call, owner.sessionId, entry.depth ?? 1);
    entry.sessionId = owner.sessionId;
    observeCall(call, entry.applicationId, owner.sessionId, this.observers);
  }

  setDraining(on: boolean): void {
    this.#admission.setDraining(on);
  }

  async drain(ms: number): Promise<void> {
    this.#admission.setDraining(true);
    if (await this.#emptyWithin(ms)) return;
    for (const call of this.active) call.hangup();
    await this.#emptyWithin(HANGUP_SECONDS * 1000);
  }

  #onCall(incoming: IncomingCall): void {
    const refusal = this.#admission.forInbound();
    const routing = routeCall(incoming, this.#options.directory);
    if (routing.kind === 'refused') this.#refuse(incoming, routing.error);
    else if (refusal !== undefined) this.#refuse(incoming, refusal);
    else if (this.#depths.ofInbound(incoming.caller) > MAX_CALL_DEPTH) this.#refuse(incoming, 'call/looped');
    else if (this.onRouted === undefined) this.#refuse(incoming, 'admission/draining');
    else {
      const unanswerable = offerRefusal(incoming.session.offer, incoming.media);
      if (unanswerable !== undefined) this.#refuse(incoming, unanswerable);
      else this.#accept(incoming, routing.route, this.onRouted);
    }
  }

  #accept(incoming: IncomingCall, route: Route, onRouted: (routed: RoutedCall) => void): void {
    const call = new InboundCall(incoming, this.#context);
    const depth = this.#depths.ofInbound(incoming.caller);
    const entry: Entry = { incoming: true, applicationId: route.applicationId, sessionId: undefined, depth };
    this.#keep(call, entry);
    const reportUnadopted = ({ code, reason }: CallEnd): void => {
      if (entry.sessionId !== undefined) return;
      this.observers.emit('refused', {
        code,
        reason,
        caller: call.callerid,
        dialled: call.number,
        error: 'no session had taken the call',
      });
    };
    call.events.on('failed', reportUnadopted);
    call.events.on('disconnected', reportUnadopted);
    try {
      onRouted({ call, route, maxForwards: incoming.maxForwards });
    } catch (error) {
      this.#options.log.error(
        { callId: call.id, error: describeError(error) },
        'a call could not be handed over',
      );
      call.reject(500);
    }
  }

  #refuse(incoming: IncomingCall, error: ErrorCode): void {
    const { code, reason, retryable } = causeOfError(error);
    refuse(incoming.session, code, reason, retryable === true ? RETRY_AFTER_SECONDS : undefined);
    this.#options.log.info({ error, hint: ERRORS[error].hint }, 'a call was refused');
    const { dialled } = incoming;
    this.observers.emit('refused', { code, reason, caller: shownCaller(incoming), dialled, error });
  }

  #keep(call: Call, entry: Entry): void {
    this.#entries.set(call, entry);
    this.#admission.add(entry);
    void call.ended.then(() => {
      this.#entries.delete(call);
      this.#admission.remove(entry);
    });
  }

  #warn(call: Call, message: string): void {
    const sessionId = this.#entries.get(call)?.sessionId;
    this.#options.log.warn({ callId: call.id, sessionId }, message);
    if (sessionId !== undefined) this.observers.emit('warning', { call, sessionId, message });
  }

  /** True once no call is left, false when the time is up first. */
  async #emptyWithin(ms: number): Promise<boolean> {
    const { clock } = this.#options;
    let late = false;
    const deadline = Promise.withResolvers<void>();
    const timer = clock.setTimeout(() => {
      late = true;
      deadline.resolve();
    }, ms);
    // Again and again: a session that still runs may dial while we wait.
    while (this.#entries.size > 0 && !late) {
      await Promise.race([deadline.promise, Promise.all(this.active.map((call) => call.ended))]);
    }
    clock.clearTimeout(timer);
    return this.#entries.size === 0;
  }
}
