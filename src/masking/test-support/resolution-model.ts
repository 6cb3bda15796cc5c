/**
 * The masking service's tables as a resolution sees them, in memory and as plainly as can be: tests of the steps run on it, and
 * the store is compared with it.
 */

import type { Clock } from '../../kernel/clock.ts';
import { PhoneNumber } from '../../kernel/phone-number.ts';
import type { ShowableNumbers } from '../masked-identity.ts';
import type { Candidate, ResolutionStore } from '../ports.ts';
import { NO_RULES } from '../rules.ts';
import {
  type Block,
  DEFAULT_POLICY,
  type MaskingSession,
  type Party,
  type Question,
  type RoutingPolicy,
} from '../types.ts';

export const APPLICATION = 'app';

/** Numbers of people by a small count, and of service numbers. */
export const person = (index: number): PhoneNumber =>
  PhoneNumber.parse(`+7903555${String(index).padStart(4, '0')}`);
export const service = (index: number): PhoneNumber =>
  PhoneNumber.parse(`+7495777${String(index).padStart(4, '0')}`);

export function party(
  id: string,
  number: PhoneNumber,
  serviceNumber: PhoneNumber,
  more: Partial<Party> = {},
): Party {
  return {
    id,
    token: `per_${id}`,
    number,
    role: id,
    label: `order of ${id}`,
    announcement: undefined,
    serviceNumber,
    serviceNumberId: `number ${serviceNumber.masked}`,
    extension: undefined,
    ...more,
  };
}

export function session(
  id: string,
  parties: readonly Party[],
  more: Partial<MaskingSession> = {},
): MaskingSession {
  return {
    id,
    applicationId: APPLICATION,
    externalId: undefined,
    mode: 'axb',
    status: 'open',
    closedReason: undefined,
    parties,
    rules: NO_RULES,
    metadata: {},
    calls: 0,
    createdAt: 0,
    expiresAt: undefined,
    lastCallAt: undefined,
    closedAt: undefined,
    ...more,
  };
}

export interface ModelBlock {
  readonly person: PhoneNumber;
  readonly counterpart: PhoneNumber | undefined;
  readonly direction: Block['direction'];
}

export interface ModelCall {
  readonly sessionId: string | undefined;
  readonly caller: PhoneNumber;
  readonly callee: PhoneNumber;
  readonly at: number;
}

export class ResolutionModel implements ResolutionStore, ShowableNumbers {
  readonly sessions: MaskingSession[] = [];
  readonly blocks: ModelBlock[] = [];
  readonly calls: ModelCall[] = [];
  readonly held: PhoneNumber[] = [service(0), service(1), service(2)];
  /** Calls of methods, by name. */
  readonly asked: string[] = [];
  policyNow: RoutingPolicy = DEFAULT_POLICY;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isServiceNumber(applicationId: string, number: PhoneNumber): boolean {
    return applicationId === APPLICATION && this.held.some((one) => one.equals(number));
  }

  isVerifiedNumber(): boolean {
    return false;
  }

  async candidates({ caller, dialled }: Question): Promise<readonly Candidate[]> {
    this.asked.push('candidates');
    return this.sessions
      .filter((one) => this.#isLive(one) && one.mode !== 'extension')
      .flatMap((one) => {
        const at = one.parties.findIndex(({ number }) => number?.equals(caller));
        const own = one.parties[at];
        const [first] = one.parties;
        const isReached =
          own?.serviceNumber?.equals(dialled) === true ||
          (one.mode === 'axn' && first?.serviceNumber?.equals(dialled) === true);
        if (!isReached || first === undefined) return [];
        const others = one.parties.filter((_, index) => index !== at);
        const toFirst = one.mode === 'axn' || (one.mode === 'axg' && at > 0);
        const callees = one.mode === 'axn' && at === 0 ? [] : toFirst ? [first] : others;
        return [{ session: one, caller: own, callees }];
      })
      .sort(
        ({ session: a }, { session: b }) =>
          (b.lastCallAt ?? 0) - (a.lastCallAt ?? 0) || b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1),
      );
  }

  async byExtension({ caller, dialled, extension }: Question): Promise<Candidate | undefined> {
    this.asked.push('byExtension');
    // Digits are given once on a number; where a test gives them twice, the order of the sessions makes no difference.
    const live = this.sessions.filter((each) => this.#isLive(each)).sort((a, b) => (a.id < b.id ? -1 : 1));
    for (const one of live) {
      const reached = one.parties.find(
        (each) => each.extension === extension && each.serviceNumber?.equals(dialled) === true,
      );
      const own = one.parties.find(({ number }) => number?.equals(caller));
      if (reached !== undefined) return { session: one, caller: own, callees: [reached] };
    }
    return undefined;
  }

  async traces({
    caller,
    dialled,
  }: Question): Promise<{ readonly extensions: boolean; readonly expired: boolean }> {
    this.asked.push('traces');
    const on = (one: Party): boolean => one.serviceNumber?.equals(dialled) === true;
    return {
      extensions: this.sessions.some(
        (one) => this.#isLive(one) && one.parties.some((each) => each.extension !== undefined && on(each)),
      ),
      expired: this.sessions.some(
        (one) =>
          !this.#isLive(one) && one.parties.some((each) => each.number?.equals(caller) === true && on(each)),
      ),
    };
  }

  async lastCaller(sessionId: string): Promise<PhoneNumber | undefined> {
    this.asked.push('lastCaller');
    const parties = this.sessions.find(({ id }) => id === sessionId)?.parties ?? [];
    return this.calls
      .filter(
        (call) => call.sessionId === sessionId && !parties.some(({ number }) => number?.equals(call.caller)),
      )
      .sort((a, b) => b.at - a.at)[0]?.caller;
  }

  async fences(
    _applicationId: string,
    from: PhoneNumber,
    to: readonly PhoneNumber[],
    since: number,
  ): Promise<readonly { readonly blocked: boolean; readonly attempts: number }[]> {
    this.asked.push('fences');
    return to.map((number) => ({
      blocked: this.isBlocked(from, number),
      attempts: this.calls.filter(
        ({ caller, callee, at }) => caller.equals(from) && callee.equals(number) && at >= since,
      ).length,
    }));
  }

  isBlocked(from: PhoneNumber, to: PhoneNumber): boolean {
    const fits = (counterpart: PhoneNumber | undefined, other: PhoneNumber): boolean =>
      counterpart === undefined || counterpart.equals(other);
    return this.blocks.some(
      ({ person: about, counterpart, direction }) =>
        (about.equals(from) && direction !== 'to' && fits(counterpart, to)) ||
        (about.equals(to) && direction !== 'from' && fits(counterpart, from)),
    );
  }

  async token(_applicationId: string, number: PhoneNumber): Promise<string | undefined> {
    const known = this.sessions.flatMap(({ parties }) => parties).find((one) => one.number?.equals(number));
    return known?.token ?? 'per_somebody';
  }

  async numberOf(_applicationId: string, token: string): Promise<PhoneNumber | undefined> {
    return this.sessions.flatMap(({ parties }) => parties).find((one) => one.token === token)?.number;
  }

  async policy(): Promise<RoutingPolicy> {
    return this.policyNow;
  }

  async setPolicy(_applicationId: string, policy: RoutingPolicy): Promise<void> {
    this.policyNow = policy;
  }

  #isLive({ status, expiresAt }: MaskingSession): boolean {
    return status !== 'closed' && (expiresAt === undefined || expiresAt > this.#clock.now());
  }
}
