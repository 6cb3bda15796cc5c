/** A day of orders as the resolution sees it, in memory: who has which number when, given as `masking-slots` gives it. */
import { PhoneNumber } from '../src/kernel/phone-number.ts';
import type { ShowableNumbers } from '../src/masking/masked-identity.ts';
import type { PlannedOrder } from '../src/masking/plan-numbers.ts';
import type { Candidate, ResolutionStore } from '../src/masking/ports.ts';
import { NO_RULES } from '../src/masking/rules.ts';
import type { MaskingSession, Party, Question, RoutingPolicy } from '../src/masking/types.ts';

export const APPLICATION = 'taxi';

const RULES = { ...NO_RULES, ttlSeconds: 3_600 };

interface Person {
  readonly name: string;
  readonly number: PhoneNumber;
  /** By service number: when it is free again, and with whom. */
  readonly slots: Map<
    string,
    { readonly endsAt: number; readonly freeAfter: number; readonly company: string }
  >;
  readonly live: Map<string, MaskingSession>;
}

/** Opens and closes sessions of orders, and answers what a resolution asks of the tables. */
export class Day implements ResolutionStore, ShowableNumbers {
  readonly policyNow: RoutingPolicy;
  readonly #sharing: boolean;
  readonly #coolOffMs: number;
  readonly #people = new Map<string, Person>();
  readonly #byNumber = new Map<PhoneNumber, Person>();
  readonly #service: PhoneNumber[] = [];
  readonly #isOver = new Set<string>();

  /** @param options.sharing all orders on one number, as of who has no more; else a number for each pair, as pools give it. */
  constructor(options: {
    readonly sharing: boolean;
    readonly coolOffMs: number;
    readonly policy: RoutingPolicy;
  }) {
    this.#sharing = options.sharing;
    this.#coolOffMs = options.coolOffMs;
    this.policyNow = options.policy;
  }

  /** Service numbers that were ever used. */
  get numbers(): number {
    return this.#service.length;
  }

  numberOfPerson(name: string): PhoneNumber {
    return this.#person(name).number;
  }

  open(id: string, { a, b, start, end }: PlannedOrder): PhoneNumber {
    const people = [this.#person(a), this.#person(b)];
    const company = [a, b].sort().join('|');
    const index = this.#sharing ? 0 : this.#firstFree(people, company, start);
    const service = this.#serviceNumber(index);
    const parties = people.map(
      (person): Party => ({
        ...{
          id: `${id} ${person.name}`,
          token: person.name,
          number: person.number,
          role: '',
          label: `order ${id}`,
        },
        ...{
          announcement: undefined,
          serviceNumber: service,
          serviceNumberId: String(index),
          extension: undefined,
        },
      }),
    );
    const session: MaskingSession = {
      ...{
        id,
        applicationId: APPLICATION,
        externalId: id,
        mode: 'axb',
        status: 'open',
        closedReason: undefined,
      },
      ...{ parties, rules: RULES, metadata: {}, calls: 0, createdAt: start, expiresAt: end },
      ...{ lastCallAt: undefined, closedAt: undefined },
    };
    for (const person of people) {
      person.slots.set(String(index), { endsAt: end, freeAfter: end + this.#coolOffMs, company });
      person.live.set(id, session);
    }
    return service;
  }

  close(id: string, { a, b }: PlannedOrder): void {
    for (const name of [a, b]) this.#person(name).live.delete(id);
    this.#isOver.add(id);
  }

  /** The latest call of a session, as `MaskedCallStore.begin` writes it down. */
  called(id: string, name: string, at: number): void {
    const session = this.#person(name).live.get(id);
    if (session === undefined) return;
    const again = { ...session, lastCallAt: at };
    for (const party of session.parties) this.#person(party.token).live.set(id, again);
  }

  async candidates({ caller, dialled }: Question): Promise<readonly Candidate[]> {
    const person = this.#byNumber.get(caller);
    if (person === undefined) return [];
    const candidates: Candidate[] = [];
    for (const session of person.live.values()) {
      const own = session.parties.find(({ token }) => token === person.name);
      if (own?.serviceNumber !== dialled) continue;
      candidates.push({ session, caller: own, callees: session.parties.filter((party) => party !== own) });
    }
    return candidates.sort(
      ({ session: one }, { session: other }) =>
        (other.lastCallAt ?? 0) - (one.lastCallAt ?? 0) || other.createdAt - one.createdAt,
    );
  }

  async byExtension(): Promise<undefined> {
    return undefined;
  }

  async traces(): Promise<{ readonly extensions: boolean; readonly expired: boolean }> {
    return { extensions: false, expired: this.#isOver.size > 0 };
  }

  async lastCaller(): Promise<undefined> {
    return undefined;
  }

  async fences(_applicationId: string, _from: PhoneNumber, to: readonly PhoneNumber[]) {
    return to.map(() => ({ blocked: false, attempts: 0 }));
  }

  async token(): Promise<undefined> {
    return undefined;
  }

  async numberOf(): Promise<undefined> {
    return undefined;
  }

  async policy(): Promise<RoutingPolicy> {
    return this.policyNow;
  }

  async setPolicy(): Promise<void> {}

  isServiceNumber(applicationId: string, number: PhoneNumber): boolean {
    return applicationId === APPLICATION && this.#service.includes(number);
  }

  isVerifiedNumber(): boolean {
    return false;
  }

  /** The one on which the two cool off, else the first that is free for both. */
  #firstFree(people: readonly Person[], company: string, now: number): number {
    const [first, second] = people as [Person, Person];
    for (const [index, slot] of first.slots) {
      if (slot.company !== company || slot.endsAt > now || slot.freeAfter <= now) continue;
      const other = second.slots.get(index);
      if (other?.company === company && other.endsAt <= now) return Number(index);
    }
    const isTaken = ({ slots }: Person, index: number): boolean => {
      const slot = slots.get(String(index));
      return slot !== undefined && slot.freeAfter > now;
    };
    let index = 0;
    while (people.some((person) => isTaken(person, index))) index += 1;
    return index;
  }

  #serviceNumber(index: number): PhoneNumber {
    this.#service[index] ??= PhoneNumber.parse(`+7495777${String(index).padStart(4, '0')}`);
    return this.#service[index];
  }

  #person(name: string): Person {
    const known = this.#people.get(name);
    if (known !== undefined) return known;
    const number = PhoneNumber.parse(`+790${String(10_000_000 + this.#people.size)}`);
    const person: Person = { name, number, slots: new Map(), live: new Map() };
    this.#people.set(name, person);
    this.#byNumber.set(number, person);
    return person;
  }
}
