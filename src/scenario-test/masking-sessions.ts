/** What the masking service of a flow has stored, in memory: sessions, calls, blocks, the policy. */
import type { Clock } from '../kernel/clock.ts';
import type { PhoneNumber } from '../kernel/phone-number.ts';
import type { BeginRefusal, Candidate, MaskedCallStore, ResolutionStore } from '../masking/ports.ts';
import {
  ATTEMPTS_MS,
  DEFAULT_POLICY,
  type MaskingSession,
  type Party,
  type Question,
  type RoutingPolicy,
} from '../masking/types.ts';

/** Between two people, for a session or for a word of the backend. */
export interface StoredCall {
  readonly id: string;
  readonly sessionId: string | undefined;
  readonly caller: PhoneNumber;
  readonly callee: PhoneNumber;
  readonly startedAt: number;
  answered: boolean;
  /** Undefined while it lasts. */
  ended: { readonly seconds: number; readonly status: number } | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The rules of `storage/masking-*.ts`, without a database; `explain` and calls of production go by those. */
export class MaskingSessions implements ResolutionStore, Omit<MaskedCallStore, 'recover'> {
  readonly calls: StoredCall[] = [];
  readonly blocks: { readonly from: PhoneNumber; readonly to: PhoneNumber }[] = [];
  /** Set by a test: the database does not answer. */
  fault: string | undefined;
  #policy: RoutingPolicy = DEFAULT_POLICY;
  readonly #clock: Clock;
  readonly #sessions: Mutable<MaskingSession>[] = [];
  readonly #people: PhoneNumber[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(session: MaskingSession): void {
    this.#sessions.push({ ...session });
  }
  find(id: string): Mutable<MaskingSession> | undefined {
    return this.#sessions.find((session) => session.id === id);
  }

  async candidates({ caller, dialled }: Question): Promise<readonly Candidate[]> {
    this.check();
    const found = this.#live().flatMap((session) => candidateOf(session, caller, dialled));
    const age = ({ session }: Candidate): number => session.lastCallAt ?? session.createdAt;
    return found.reverse().sort((one, other) => age(other) - age(one));
  }

  async byExtension({ dialled, extension, caller }: Question & { readonly extension: string }) {
    for (const session of this.#live()) {
      const callee = session.parties.find((party) => party.extension === extension && isAt(party, dialled));
      if (callee !== undefined)
        return {
          session,
          caller: session.parties.find((party) => party !== callee && party.number?.equals(caller)),
          callees: [callee],
        };
    }
    return undefined;
  }

  async traces({ caller, dialled }: Question) {
    const live = new Set(this.#live());
    return {
      extensions: [...live].some(({ parties }) =>
        parties.some((party) => party.extension !== undefined && isAt(party, dialled)),
      ),
      expired: this.#sessions.some(
        (session) => !live.has(session) && candidateOf(session, caller, dialled).length > 0,
      ),
    };
  }

  async lastCaller(sessionId: string): Promise<PhoneNumber | undefined> {
    const first = this.find(sessionId)?.parties[0]?.number;
    const to = this.calls.findLast((call) => call.sessionId === sessionId && first?.equals(call.callee));
    return to?.caller;
  }

  async fences(_application: string, from: PhoneNumber, to: readonly PhoneNumber[], since: number) {
    const between = (one: { from: PhoneNumber; to: PhoneNumber }, callee: PhoneNumber): boolean =>
      one.from.equals(from) && one.to.equals(callee);
    return to.map((callee) => ({
      blocked: this.blocks.some((block) => between(block, callee)),
      attempts: this.calls.filter(
        (call) => call.startedAt >= since && between({ from: call.caller, to: call.callee }, callee),
      ).length,
    }));
  }

  async token(_application: string, number: PhoneNumber, make: boolean): Promise<string | undefined> {
    return make || this.#people.some((one) => one.equals(number)) ? this.tokenOf(number) : undefined;
  }

  /** The same for the same number; of somebody new, a new one. */
  tokenOf(number: PhoneNumber): string {
    let place = this.#people.findIndex((one) => one.equals(number));
    if (place < 0) place = this.#people.push(number) - 1;
    return `per_${place + 1}`;
  }

  async numberOf(_application: string, token: string): Promise<PhoneNumber | undefined> {
    return this.#people[Number(token.replace('per_', '')) - 1];
  }

  async policy(): Promise<RoutingPolicy> {
    return this.#policy;
  }

  async setPolicy(_application: string, policy: RoutingPolicy): Promise<void> {
    this.#policy = policy;
  }

  async begin(...[call, terms]: Parameters<MaskedCallStore['begin']>): Promise<BeginRefusal | undefined> {
    this.check();
    const { id, sessionId, caller, callee } = call;
    const startedAt = this.#clock.now();
    const session = this.find(sessionId ?? '');
    if (session !== undefined) {
      if (!this.#live().includes(session)) return 'unknown-caller';
      const { maxCalls = Number.POSITIVE_INFINITY } = session.rules;
      const ringing = this.calls.filter(
        (one) => one.sessionId === sessionId && !one.answered && !one.ended && !terms.over.includes(one.id),
      );
      if (session.calls + ringing.length >= maxCalls) return 'calls-used-up';
    }
    const since = startedAt - ATTEMPTS_MS;
    const [fence] = await this.fences(call.applicationId, caller, [callee], since);
    if (fence?.blocked === true) return 'blocked';
    const { attemptsPerHour = Number.POSITIVE_INFINITY } = terms;
    if ((fence?.attempts ?? 0) >= attemptsPerHour) return 'too-many-attempts';
    this.calls.push({ id, sessionId, caller, callee, startedAt, answered: false, ended: undefined });
    if (session !== undefined) session.lastCallAt = startedAt;
    return undefined;
  }

  async answered(id: string): Promise<void> {
    const call = this.calls.find((one) => one.id === id);
    if (call === undefined) return;
    call.answered = true;
    const session = this.find(call.sessionId ?? '');
    if (session === undefined) return;
    session.calls += 1;
    const { sliding, ttlSeconds } = session.rules;
    if (!sliding || ttlSeconds === undefined || !this.#live().includes(session)) return;
    const later = this.#clock.now() + ttlSeconds * 1000;
    if (later > (session.expiresAt ?? Number.POSITIVE_INFINITY)) session.expiresAt = later;
  }

  async ended(id: string, { seconds, status }: Parameters<MaskedCallStore['ended']>[1]): Promise<void> {
    const call = this.calls.find((one) => one.id === id);
    if (call !== undefined) call.ended = { seconds, status };
  }

  async lastCounterpart(_application: string, token: string): Promise<string | undefined> {
    const person = await this.numberOf('', token);
    if (person === undefined) return undefined;
    const last = this.calls.findLast(({ caller, callee }) => caller.equals(person) || callee.equals(person));
    if (last === undefined) return undefined;
    return await this.token('', last.caller.equals(person) ? last.callee : last.caller, true);
  }

  #live(): readonly Mutable<MaskingSession>[] {
    const now = this.#clock.now();
    return this.#sessions.filter(
      ({ status, expiresAt }) => status === 'open' && (expiresAt ?? now + 1) > now,
    );
  }

  /** @throws Error while the database does not answer. */
  check(): void {
    if (this.fault !== undefined) throw new Error(this.fault);
  }
}

function isAt({ serviceNumber }: Party, dialled: PhoneNumber): boolean {
  return serviceNumber?.equals(dialled) === true;
}

/** ARCHITECTURE, "The masking service": who calls, and whom that reaches, by mode. */
function candidateOf(session: MaskingSession, from: PhoneNumber, dialled: PhoneNumber): readonly Candidate[] {
  const { mode, parties } = session;
  const [first, ...others] = parties;
  const caller = parties.find((party) => party.number?.equals(from) === true && isAt(party, dialled));
  if (first === undefined || mode === 'extension') return [];
  if (caller === undefined)
    return mode === 'axn' && isAt(first, dialled) ? [{ session, caller, callees: [first] }] : [];
  if (mode === 'axg' && caller !== first) return [{ session, caller, callees: [first] }];
  return [{ session, caller, callees: mode === 'axg' ? others : parties.filter((one) => one !== caller) }];
}
