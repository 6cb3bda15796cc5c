/**
 * The masking service as calls meet it: decides who is meant, and writes down what becomes of the legs that follow. Numbers
 * stay inside; what is told outside names people by their tokens.
 */
import type { Clock } from '../kernel/clock.ts';
import { Emitter } from '../kernel/emitter.ts';
import { describeError, type Logger } from '../kernel/logger.ts';
import type { PhoneNumber } from '../kernel/phone-number.ts';
import { type CallOutcome, CallTracker, type MaskedLeg } from './call-tracker.ts';
import { rejection } from './fences.ts';
import type { BlockStore, MaskedCallStore, ResolutionStore } from './ports.ts';
import type { Decision, Question, Resolution } from './types.ts';

/** What scenario sessions use of the masking service. */
export interface MaskedCalls {
  /** Who is meant by a call. Rejects when the database does not answer. */
  resolve(call: Question & InSession): Promise<ResolvedCall>;
  /**
   * A leg to a callee is about to be dialled: why it may not be after all, or nothing. What becomes of one that may is told by
   * the other two, in order, and written behind the call. Rejects when the database does not answer.
   */
  begin(leg: MaskedLeg & { readonly callId: string }): Promise<Refusal | undefined>;
  answered(id: string): void;
  ended(id: string, outcome: CallOutcome): void;
  /** From now on `other` does not reach `asker`; without `other`, whoever the last call was with. False: there was none. */
  leaveAlone(wish: {
    readonly applicationId: string;
    readonly asker: PhoneNumber;
    readonly other: PhoneNumber | undefined;
  }): Promise<boolean>;
  /** Tells the customer's backend, by an event, that the caller wants to be called back. Resolves when that is written. */
  promise(call: Question & InSession): Promise<void>;
}

export type Refusal = Extract<Decision, { readonly kind: 'reject' }>;

/** In which scenario session the call is. */
export interface InSession {
  readonly scenarioSessionId: string;
}

export interface ResolvedCall {
  readonly decision: Decision;
  /** BCP 47: in which the caller is spoken to. */
  readonly language: string;
}

/** With whom somebody has talked last; `storage/masking-counterpart.ts` implements it. */
export interface CounterpartStore {
  /** Tokens both; undefined: with nobody. */
  lastCounterpart(applicationId: string, person: string): Promise<string | undefined>;
}

/** An event of the log, as `events/ports.ts` has it. */
export interface MaskingEventLog {
  append(
    events: readonly {
      readonly applicationId: string;
      readonly subject: string;
      readonly type: 'call.refused' | 'call_back.requested';
      readonly at: number;
      readonly data: Readonly<Record<string, unknown>>;
    }[],
  ): Promise<unknown>;
}

export interface MaskingObserverEvents {
  /** A call was decided, after so many seconds. */
  resolved: { readonly kind: Decision['kind']; readonly seconds: number };
  /** No decision came about: the database did not answer. */
  failed: object;
}

export interface MaskingServiceOptions {
  /** `resolve.ts`, with what it needs. */
  readonly resolve: (question: Question) => Promise<Resolution>;
  readonly people: Pick<ResolutionStore, 'token' | 'policy'>;
  readonly calls: Pick<MaskedCallStore, 'begin' | 'answered' | 'ended'>;
  readonly blocks: Pick<BlockStore, 'add'>;
  readonly counterparts: CounterpartStore;
  readonly events: MaskingEventLog;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Calls of which that is remembered; one that is refused ends within seconds. */
const MAX_TOLD = 1_000;

export class MaskingService implements MaskedCalls {
  readonly observers: Emitter<MaskingObserverEvents>;
  readonly #options: MaskingServiceOptions;
  readonly #tracker: CallTracker;
  /** By the caller's call: why a call was not begun for it, as an event has told. */
  readonly #told = new Map<string, string>();

  constructor(options: MaskingServiceOptions) {
    this.#options = options;
    const { calls: store, clock, log } = options;
    this.#tracker = new CallTracker({ store, clock, log });
    this.observers = new Emitter<MaskingObserverEvents>((error) => {
      log.error({ err: describeError(error) }, 'an observer of the masking service failed');
    });
  }

  /** Writes about calls that are not in the database yet. */
  get waiting(): number {
    return this.#tracker.waiting;
  }

  async resolve(call: Question & InSession): Promise<ResolvedCall> {
    const { clock, people } = this.#options;
    const { scenarioSessionId, ...question } = call;
    const began = clock.monotonic();
    try {
      const { decision } = await this.#options.resolve(question);
      this.observers.emit('resolved', { kind: decision.kind, seconds: (clock.monotonic() - began) / 1000 });
      if (decision.kind === 'connect') return { decision, language: decision.language };
      if (decision.kind === 'reject' && !this.#isTold(call.callId, decision))
        await this.#tellRefused(call, decision);
      const { language } = await people.policy(call.applicationId);
      return { decision, language };
    } catch (error) {
      this.observers.emit('failed', {});
      throw error;
    }
  }

  /** @param given `callId` is that of the caller's leg, which is told in the event of a refusal. */
  async begin({ callId, ...leg }: MaskedLeg & { readonly callId: string }): Promise<Refusal | undefined> {
    const { applicationId, scenarioSessionId, caller } = leg;
    const reason = await this.#tracker.begin(leg, () => this.#options.people.policy(applicationId));
    if (reason === undefined) return undefined;
    const refusal = rejection(reason);
    this.#told.set(callId, reason);
    const [oldest] = this.#told.keys();
    if (this.#told.size > MAX_TOLD && oldest !== undefined) this.#told.delete(oldest);
    // The caller waits, and need not wait for that.
    void this.#tellRefused({ applicationId, scenarioSessionId, caller, callId }, refusal);
    return refusal;
  }

  answered(id: string): void {
    this.#tracker.answered(id);
  }

  ended(id: string, outcome: CallOutcome): void {
    this.#tracker.ended(id, outcome);
  }

  async leaveAlone({
    applicationId,
    asker,
    other,
  }: Parameters<MaskedCalls['leaveAlone']>[0]): Promise<boolean> {
    const { people, blocks } = this.#options;
    const counterpart = other ?? (await this.#lastWith(applicationId, asker));
    if (counterpart === undefined) return false;
    const person = await people.token(applicationId, asker, true);
    if (person === undefined) return false;
    await blocks.add({
      applicationId,
      person,
      counterpart,
      direction: 'to',
      by: 'party',
      reason: 'asked to be left alone in a call',
      expiresAt: undefined,
    });
    return true;
  }

  async promise({ applicationId, caller, callId, scenarioSessionId }: Question & InSession): Promise<void> {
    const { people, events, clock } = this.#options;
    const person = await people.token(applicationId, caller, true);
    const data = { sessionId: scenarioSessionId, callId, person };
    await events.append([
      { applicationId, subject: scenarioSessionId, type: 'call_back.requested', at: clock.now(), data },
    ]);
  }

  /** @param ms what a slow database gets to take the last writes. Returns how many are lost. */
  close(ms: number): Promise<number> {
    return this.#tracker.close(ms);
  }

  async #lastWith(applicationId: string, asker: PhoneNumber): Promise<string | undefined> {
    const { people, counterparts } = this.#options;
    const person = await people.token(applicationId, asker, false);
    return person === undefined ? undefined : await counterparts.lastCounterpart(applicationId, person);
  }

  /** Whoever was refused at the beginning of a call and asks what is to be done instead is not refused a second time. */
  #isTold(callId: string | undefined, { reason }: Refusal): boolean {
    if (callId === undefined || this.#told.get(callId) !== reason) return false;
    return this.#told.delete(callId);
  }

  /** The refusal stands whether or not it could be written down. */
  async #tellRefused(
    {
      applicationId,
      caller,
      callId,
      scenarioSessionId,
    }: Pick<Question, 'applicationId' | 'caller' | 'callId'> & InSession,
    { reason, status }: Refusal,
  ): Promise<void> {
    const { people, events, clock, log } = this.#options;
    try {
      const person = await people.token(applicationId, caller, false);
      const data = {
        ...{ sessionId: scenarioSessionId, callId, direction: 'inbound', status, reason },
        ...(person === undefined ? {} : { person }),
      };
      await events.append([
        { applicationId, subject: scenarioSessionId, type: 'call.refused', at: clock.now(), data },
      ]);
    } catch (error) {
      log.warn({ err: describeError(error) }, 'the event of a refused call could not be written');
    }
  }
}
