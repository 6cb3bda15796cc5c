/**
 * `Masking`, as the host carries it out. Decisions stay here with their numbers, under an id that the script gets. The legs to
 * callees are dialled, limited and written down from here, whatever the script does with them or dies of.
 */
import type { Call } from '../../call/types.ts';
import type { TimerHandle } from '../../kernel/clock.ts';
import type { PhoneNumber } from '../../kernel/phone-number.ts';
import type { MaskedCalls } from '../../masking/masking-service.ts';
import type { ConnectDecision, Decision } from '../../masking/types.ts';
import { LocalCall } from '../local-call.ts';
import type { MaskingCommand, MaskingEvent, ScriptDecision } from '../parts/masking-protocol.ts';
import type { HostPart } from './host-part.ts';
import { messageOf, type SessionCall, type SessionContext } from './session-context.ts';

/** Questions of one session: a caller who mistypes an extension a few times, and not a script that tries them all. */
const MAX_QUESTIONS = 50;
/** How long the script waits for an answer, a slow backend of the customer included. */
const ANSWER_SECONDS = 30;
/** A decision is acted on while the caller listens to a greeting and the group is called; it is no permit for tomorrow. */
const DECISION_SECONDS = 600;

interface Held {
  readonly decision: ConnectDecision;
  readonly inbound: Call;
  /** Monotonic, milliseconds. */
  readonly at: number;
}

interface Pair {
  readonly caller: PhoneNumber;
  readonly callee: PhoneNumber;
}

type Of<T> = Extract<MaskingCommand, { type: T }>;

export class SessionMasking implements HostPart {
  readonly #context: SessionContext;
  readonly #held = new Map<string, Held>();
  /** By call: the two whom it joined last; of the caller's call, and of the callee's. */
  readonly #pairs = new Map<Call, Pair>();
  readonly #timers = new Set<TimerHandle>();
  #questions = 0;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  run(command: MaskingCommand): void {
    switch (command.type) {
      case 'masking-call':
        this.#dial(command);
        return;
      case 'masking-resolve':
        this.#answer(this.#resolve(command), (answer) => ({
          type: 'masking-decision',
          requestId: command.requestId,
          answer:
            'error' in answer
              ? { kind: 'error', message: answer.error }
              : { kind: 'decision', decision: answer.value },
        }));
        return;
      default:
        this.#answer(
          command.type === 'masking-promise' ? this.#promise(command) : this.#leaveAlone(command),
          (answer) => ({
            type: 'masking-answer',
            requestId: command.requestId,
            answer:
              'error' in answer
                ? { kind: 'error', message: answer.error }
                : { kind: 'done', done: answer.value },
          }),
        );
    }
  }

  /** The calls end with the session, and what becomes of them is still written. */
  close(): void {
    for (const timer of this.#timers) this.#context.services.clock.clearTimeout(timer);
    this.#timers.clear();
    this.#held.clear();
    this.#pairs.clear();
  }

  get #masking(): MaskedCalls {
    const { masking } = this.#context.services;
    if (masking === undefined) throw new Error('this server has no masking service');
    return masking;
  }

  /** Caller and dialled number are what the call itself says; a script has no say in them. */
  async #resolve({ callId, extension, chosen }: Of<'masking-resolve'>): Promise<ScriptDecision> {
    const { call } = this.#inbound(callId);
    const resolved = await this.#masking.resolve({ ...this.#questionOf(call), extension, chosen });
    const { decision, language } = resolved;
    const { clock, random } = this.#context.services;
    const id = random.uuid();
    if (decision.kind === 'connect') this.#held.set(id, { decision, inbound: call, at: clock.monotonic() });
    return { id, language, ...shown(decision) };
  }

  async #promise({ callId }: Of<'masking-leave-alone' | 'masking-promise'>): Promise<boolean> {
    const { call } = this.#inbound(callId);
    await this.#masking.promise({ ...this.#questionOf(call), extension: undefined, chosen: undefined });
    return true;
  }

  /** Of a callee's leg: the callee from the caller. Of a call that came in: the caller from whom they have talked to last. */
  async #leaveAlone({ callId }: Of<'masking-leave-alone' | 'masking-promise'>): Promise<boolean> {
    const owned = this.#context.calls.get(callId);
    const pair = owned === undefined ? undefined : this.#pairs.get(owned.call);
    const { applicationId } = this.#context.request.route;
    if (owned !== undefined && !owned.call.incoming) {
      if (pair === undefined) throw new Error('the call was not made by Masking.call');
      return await this.#masking.leaveAlone({ applicationId, asker: pair.callee, other: pair.caller });
    }
    const { call } = this.#inbound(callId);
    return await this.#masking.leaveAlone({ applicationId, asker: call.callerid, other: pair?.callee });
  }

  #questionOf(call: Call) {
    const { sessionId, request } = this.#context;
    return {
      applicationId: request.route.applicationId,
      caller: call.callerid,
      dialled: call.number,
      callId: call.id,
      extension: undefined,
      chosen: undefined,
      scenarioSessionId: sessionId,
    };
  }

  /** A call that came in from outside: of one from another session of ours, a script would have said who calls. */
  #inbound(callId: string): SessionCall {
    this.#questions += 1;
    if (this.#questions > MAX_QUESTIONS) throw new Error(`a session asks at most ${MAX_QUESTIONS} questions`);
    const owned = this.#context.calls.get(callId);
    if (owned === undefined || owned.call.state === 'TERMINATED') throw new Error('the call has ended');
    if (!owned.call.incoming || owned.call instanceof LocalCall)
      throw new Error('the call is none that came in from outside');
    return owned;
  }

  /** Late is an error for the script; what comes after that is for nobody. */
  #answer<T>(
    asked: Promise<T>,
    event: (answer: { readonly value: T } | { readonly error: string }) => Untimed,
  ): void {
    const { services, signal, post, holdEnd } = this.#context;
    const late = Promise.withResolvers<{ readonly error: string }>();
    const timer = services.clock.setTimeout(
      () => late.resolve({ error: `no answer within ${ANSWER_SECONDS} s` }),
      ANSWER_SECONDS * 1000,
    );
    this.#timers.add(timer);
    const answered = asked.then(
      (value) => ({ value }),
      (error: unknown) => ({ error: messageOf(error) }),
    );
    const told = Promise.race([answered, late.promise]).then((answer) => {
      services.clock.clearTimeout(timer);
      this.#timers.delete(timer);
      if (!signal.aborted) post(event(answer));
    });
    // What was wished before the script said `terminate` is still done.
    holdEnd(told);
  }

  #dial({ callId, decisionId, callee: place }: Of<'masking-call'>): void {
    const { services, request, sessionId, media, calls, log } = this.#context;
    if (calls.has(callId)) {
      log('warn', 'A call id was used twice; the second call is not made.');
      return;
    }
    const alive = [...calls.values()].filter(({ call }) => call.state !== 'TERMINATED').length;
    const held = this.#held.get(decisionId);
    const callee = held?.decision.callees[place];
    const refusal = this.#refusal(held, callee === undefined, alive);
    if (held === undefined || callee === undefined || refusal !== undefined) {
      const [code, reason] = refusal ?? NO_DECISION;
      this.#context.post({ type: 'call-failed', callId, code, reason, headers: {} });
      return;
    }
    const { decision, inbound } = held;
    const { applicationId } = request.route;
    const pair = { caller: inbound.callerid, callee: callee.number };
    const call = services.calls.dial(
      {
        applicationId,
        target: { kind: 'number', number: callee.number },
        callerid: callee.show,
        displayName: '',
        headers: {},
        maxForwards: request.inbound === undefined ? 70 : request.inbound.maxForwards - 1,
        maskingSessionId: decision.sessionId,
        permit: (id) =>
          this.#permit({
            ...{ id, callId: inbound.id, applicationId, sessionId: decision.sessionId },
            ...{ scenarioSessionId: sessionId, ...pair },
            ...{ callerPartyId: decision.callerPartyId, calleePartyId: callee.partyId },
          }),
      },
      { sessionId, media },
    );
    this.#pairs.set(inbound, pair);
    this.#pairs.set(call, pair);
    this.#follow(call, decision);
    this.#context.own(callId, call);
  }

  /** The session may have ended since it was resolved, or somebody else may have had its last call. */
  async #permit(leg: Parameters<MaskedCalls['begin']>[0]) {
    try {
      const refusal = await this.#masking.begin(leg);
      return refusal && { code: refusal.status, reason: refusal.reason };
    } catch (error) {
      this.#context.log('warn', `The call is not made: ${messageOf(error)}.`);
      return { code: 503, reason: 'The call could not be written down' };
    }
  }

  #refusal(held: Held | undefined, nobody: boolean, alive: number): readonly [number, string] | undefined {
    const { clock, limits } = this.#context.services;
    if (held === undefined || nobody) return NO_DECISION;
    if (held.inbound.state === 'TERMINATED') return [487, 'The caller has hung up'];
    if (clock.monotonic() - held.at > DECISION_SECONDS * 1000)
      return [408, `The decision is older than ${DECISION_SECONDS} s; resolve again`];
    if (alive >= limits.calls) return [503, `A session has at most ${limits.calls} calls`];
    return undefined;
  }

  /** Ring time-out, longest length, and the records: all of it on the host's clock. */
  #follow(call: Call, { ringSeconds, maxCallSeconds }: ConnectDecision): void {
    const masking = this.#masking;
    let timer = ringSeconds === undefined ? undefined : this.#hangUpIn(call, ringSeconds);
    let answered = false;
    call.events.on('connected', () => {
      this.#clear(timer);
      answered = true;
      masking.answered(call.id);
      if (maxCallSeconds !== undefined) timer = this.#hangUpIn(call, maxCallSeconds);
    });
    for (const event of ['failed', 'disconnected'] as const)
      call.events.on(event, ({ code, durationSeconds }) => {
        this.#clear(timer);
        masking.ended(call.id, { answered, seconds: Math.round(durationSeconds), status: code });
      });
  }

  #hangUpIn(call: Call, seconds: number): TimerHandle {
    const timer = this.#context.services.clock.setTimeout(() => {
      this.#timers.delete(timer);
      this.#context.log(
        'info',
        call.state === 'CONNECTED'
          ? `The call is ended: it may last ${seconds} s.`
          : `The callee is given up: nobody answered within ${seconds} s.`,
      );
      call.hangup();
    }, seconds * 1000);
    this.#timers.add(timer);
    return timer;
  }

  #clear(timer: TimerHandle | undefined): void {
    if (timer === undefined) return;
    this.#context.services.clock.clearTimeout(timer);
    this.#timers.delete(timer);
  }
}

const NO_DECISION = [404, 'There is no such decision, or no such callee'] as const;

type Untimed = MaskingEvent extends infer E ? (E extends { at: number } ? Omit<E, 'at'> : never) : never;

/** Without numbers; what is absent is null, since this crosses as JSON. */
function shown(decision: Decision): ShownDecision {
  switch (decision.kind) {
    case 'connect': {
      const { sessionId, callees, greeting, record, transcribe, ringSeconds, maxCallSeconds } = decision;
      return {
        kind: 'connect',
        sessionId: sessionId ?? null,
        callees: callees.map(({ announcement }) => ({ announcement: announcement ?? null })),
        greeting: greeting ?? null,
        record,
        transcribe,
        ringSeconds: ringSeconds ?? null,
        maxCallSeconds: maxCallSeconds ?? null,
      };
    }
    case 'choose':
      return {
        kind: 'choose',
        options: decision.options.map(({ sessionId, label }) => ({ sessionId, label })),
      };
    case 'ask-extension':
      return { kind: 'ask-extension', tries: decision.tries };
    case 'operator':
      return { kind: 'operator', user: decision.user, announcement: decision.announcement ?? null };
    case 'play':
    case 'call-back':
      return { kind: decision.kind, announcement: decision.announcement };
    case 'reject':
      return { kind: 'reject', status: decision.status, reason: decision.reason };
  }
}

type ShownDecision = ScriptDecision extends infer D
  ? D extends ScriptDecision
    ? Omit<D, 'id' | 'language'>
    : never
  : never;
