/**
 * The masking service of a flow: the real one, with its real order of steps, over sessions that the test makes. So a flow
 * with `Masking` finds in its tests what it finds in production.
 */

import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import { PhoneNumber } from '../kernel/phone-number.ts';
import type { Random } from '../kernel/random.ts';
import { MaskingService } from '../masking/masking-service.ts';
import { readPolicy } from '../masking/policy.ts';
import { resolve } from '../masking/resolve.ts';
import { NO_RULES } from '../masking/rules.ts';
import type { Announcement, MaskingSession, SessionMode, SessionRules } from '../masking/types.ts';
import type { HttpDouble } from './http-double.ts';
import { flowBackend } from './masking-backend.ts';
import { MaskingSessions } from './masking-sessions.ts';

/** A text that is spoken, or a sound by its URL. */
export type TestAnnouncement = string | { readonly play: string };

export interface TestParty {
  readonly number: string;
  readonly role?: string;
  /** How a menu names this party's order to the others. */
  readonly label?: string;
  readonly announcement?: TestAnnouncement;
  readonly extension?: string;
  /** `axyb`: what this party dials and sees. Default: the session's number. */
  readonly serviceNumber?: string;
}

/** A session, as `POST /v1/masking-sessions` would make it. */
export interface TestSession {
  /** What the parties dial and see. */
  readonly number: string;
  readonly parties: readonly TestParty[];
  /** Default: `axb`. */
  readonly mode?: SessionMode;
  /** Your own id of the order; a backend that chooses among sessions is told it. */
  readonly externalId?: string;
  readonly greeting?: TestAnnouncement;
  readonly rules?: Partial<Omit<SessionRules, 'greeting'>>;
}

export interface MaskedCallSeen {
  readonly session: string | undefined;
  readonly answered: boolean;
  /** Undefined while it lasts. */
  readonly status: number | undefined;
  readonly seconds: number | undefined;
}

export interface MaskingDoubleOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Where the backend is asked. */
  readonly http: HttpDouble;
  /** Numbers of the application besides those that sessions have. */
  readonly held: () => Iterable<string>;
}

export class MaskingDouble {
  /** What scenario sessions are given. */
  readonly service: MaskingService;
  /** Service numbers that sessions have. */
  readonly numbers = new Set<string>();
  /** Numbers of people, as the test wrote them. */
  readonly people = new Set<string>();
  /** Events beyond those of sessions and calls: refusals, and wishes to be called back. */
  readonly events: { readonly type: string; readonly data: Readonly<Record<string, unknown>> }[] = [];
  /** With what the backend's questions are signed (`whsec_…`), for `verifySigned` of the client. */
  readonly secret: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #stored: MaskingSessions;

  constructor({ clock, random, log, http, held }: MaskingDoubleOptions) {
    this.#clock = clock;
    this.#random = random;
    const stored = new MaskingSessions(clock);
    this.#stored = stored;
    const isServiceNumber = (_application: string, number: PhoneNumber): boolean =>
      [...held(), ...this.numbers].some((one) => PhoneNumber.parse(one).equals(number));
    const onNumber = (number: string): void => {
      this.people.add(number);
    };
    const backend = flowBackend({ http, stored, clock, random, onNumber });
    this.secret = backend.secret;
    const tools = {
      store: stored,
      numbers: { isServiceNumber, isVerifiedNumber: () => false },
      pull: backend.pull,
      intercept: backend.intercept,
      clock,
    };
    this.service = new MaskingService({
      resolve: (question) => resolve(question, tools),
      people: stored,
      calls: stored,
      blocks: { add: (block) => this.#block(block) },
      counterparts: stored,
      events: {
        append: (events) => {
          this.events.push(...events.map(({ type, data }) => ({ type, data })));
          return Promise.resolve();
        },
      },
      clock,
      log,
    });
  }

  /** Calls to callees, in order. */
  get calls(): readonly MaskedCallSeen[] {
    return this.#stored.calls.map(({ sessionId, answered, ended }) => ({
      session: sessionId,
      answered,
      status: ended?.status,
      seconds: ended?.seconds,
    }));
  }

  /** Two people, or more, who may talk. Returns the session's id. */
  session({ number, parties, mode = 'axb', externalId, greeting, rules = {} }: TestSession): string {
    const now = this.#clock.now();
    const all = { ...NO_RULES, ...rules, greeting: announcementOf(greeting, rules.language) };
    const session: MaskingSession = {
      id: `ms_${this.#random.uuid()}`,
      applicationId: 'test',
      externalId,
      mode,
      status: 'open',
      closedReason: undefined,
      parties: parties.map((party, index) => this.#party(party, index, number, rules.language)),
      rules: all,
      metadata: {},
      calls: 0,
      createdAt: now,
      expiresAt: all.ttlSeconds === undefined ? undefined : now + all.ttlSeconds * 1000,
      lastCallAt: undefined,
      closedAt: undefined,
    };
    this.#stored.add(session);
    return session.id;
  }

  /** As `POST /v1/masking-sessions/{id}/close`. */
  close(id: string): void {
    const session = this.#stored.find(id);
    if (session !== undefined) session.status = 'closed';
  }

  /**
   * As `PUT /v1/routing-policy`; what is left out has its default. The URLs of `pull` and `intercept` are answered by the test
   * with `flow.http.post(url, …)`.
   */
  policy(document: Readonly<Record<string, unknown>>): void {
    void this.#stored.setPolicy('test', readPolicy(document));
  }

  /** Calls of one to the other are refused. */
  block(from: string, to: string): void {
    this.#stored.blocks.push({ from: PhoneNumber.parse(from), to: PhoneNumber.parse(to) });
  }

  /** Whether calls of one to the other are refused, by the test or by somebody's wish. */
  isBlocked(from: string, to: string): boolean {
    const [one, other] = [PhoneNumber.parse(from), PhoneNumber.parse(to)];
    return this.#stored.blocks.some((block) => block.from.equals(one) && block.to.equals(other));
  }

  /** The database does not answer any more; undefined: it does again. */
  fault(message: string | undefined): void {
    this.#stored.fault = message;
  }

  #party(
    { number, role = '', label = '', announcement, extension, serviceNumber }: TestParty,
    index: number,
    of: string,
    language: string | undefined,
  ) {
    const held = serviceNumber ?? of;
    this.people.add(number);
    this.numbers.add(held);
    const person = PhoneNumber.parse(number);
    return {
      id: `party-${index + 1}`,
      token: this.#stored.tokenOf(person),
      number: person,
      role,
      label,
      announcement: announcementOf(announcement, language),
      serviceNumber: PhoneNumber.parse(held),
      serviceNumberId: held,
      extension,
    };
  }

  async #block(block: Parameters<ConstructorParameters<typeof MaskingService>[0]['blocks']['add']>[0]) {
    const number = async (one: PhoneNumber | string): Promise<PhoneNumber> => {
      const found = typeof one === 'string' ? await this.#stored.numberOf('', one) : one;
      if (found === undefined) throw new Error('nobody has that token');
      return found;
    };
    const { counterpart } = block;
    if (counterpart === undefined) throw new Error('a party blocks somebody, and not everybody');
    this.#stored.blocks.push({ from: await number(counterpart), to: await number(block.person) });
    return {
      ...block,
      id: this.#random.uuid(),
      person: String(block.person),
      counterpart: String(counterpart),
      createdAt: this.#clock.now(),
    };
  }
}

function announcementOf(
  given: TestAnnouncement | undefined,
  language: string | undefined,
): Announcement | undefined {
  if (given === undefined) return undefined;
  return typeof given === 'string'
    ? { kind: 'say', text: given, language }
    : { kind: 'play', url: given.play };
}
