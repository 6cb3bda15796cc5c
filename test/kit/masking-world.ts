import type { LoggedEvent } from '../../src/events/types.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { PhoneNumber } from '../../src/kernel/phone-number.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { NO_RULES } from '../../src/masking/rules.ts';
import type { NewParty, NewSession, NumberWish, SessionRules } from '../../src/masking/types.ts';
import { openStorage, type Storage, type StorageOptions } from '../../src/storage/storage.ts';
import type { StoragePlace } from './storage-places.ts';

export const ANY_NUMBER: NumberWish = {
  pool: undefined,
  prefer: 'any',
  region: undefined,
  strict: false,
  tags: [],
  explicit: undefined,
};

/** Somebody's own number, the same for the same index. */
export function person(index: number): PhoneNumber {
  return PhoneNumber.parse(`+7912${String(3_000_000 + index)}`);
}

export function party(number: PhoneNumber, more: Partial<NewParty> = {}): NewParty {
  return { number, role: 'party', label: '', announcement: undefined, extension: undefined, ...more };
}

export interface SessionWish {
  readonly mode?: NewSession['mode'];
  readonly externalId?: string;
  readonly wish?: Partial<NumberWish>;
  readonly rules?: Partial<SessionRules>;
  readonly metadata?: NewSession['metadata'];
  readonly parties?: readonly NewParty[];
}

/** Between the people of these indexes, by default for an hour. */
export function sessionOf(
  applicationId: string,
  people: readonly number[],
  more: SessionWish = {},
): NewSession {
  return {
    applicationId,
    externalId: more.externalId,
    mode: more.mode ?? 'axb',
    parties: more.parties ?? people.map((index) => party(person(index))),
    numbers: { ...ANY_NUMBER, ...more.wish },
    rules: { ...NO_RULES, ttlSeconds: 3_600, ...more.rules },
    metadata: more.metadata ?? {},
  };
}

let applications = 0;
let numbers = 0;

/** A new application with so many service numbers, in the order in which they are given. */
export async function makeApplication(
  storage: Storage,
  count: number,
): Promise<{
  readonly id: string;
  readonly numbers: readonly PhoneNumber[];
  readonly numberIds: readonly string[];
}> {
  const { id } = await storage.admin.putApplication(`application-${++applications}`);
  const entries = [];
  for (let i = 0; i < count; i++) {
    const number = PhoneNumber.parse(`+7495${String(2_000_000 + numbers++)}`);
    entries.push(await storage.admin.addNumber({ applicationId: id, kind: 'service', number, label: '' }));
  }
  // Numbers that were added in one millisecond stand in the order of their ids.
  const ordered = (await storage.masking.pools.numbers({ applicationId: id })).map((entry) => entry.id);
  entries.sort((one, other) => ordered.indexOf(one.id) - ordered.indexOf(other.id));
  return { id, numbers: entries.map(({ number }) => number), numberIds: entries.map((entry) => entry.id) };
}

export async function openMasking(
  place: StoragePlace,
  clock: StorageOptions['clock'],
  more: Partial<StorageOptions> = {},
): Promise<Storage> {
  const options = { clock, random: systemRandom, log: silentLogger, environment: {} };
  return await openStorage({ ...place, ...options, ...more });
}

/** What the log holds of one subject. */
export async function eventsOf(storage: Storage, subject: string): Promise<readonly LoggedEvent[]> {
  return (await storage.events.read({ applicationId: undefined, subject, limit: 100 })).items;
}

/** A clock whose wall-clock time may jump, as it does when somebody sets it; timers do not notice. */
export class JumpingClock implements Clock {
  readonly #clock: Clock;
  /** Milliseconds that it is ahead. */
  ahead = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now() + this.ahead;
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  setTimeout(callback: () => void, ms: number): ReturnType<Clock['setTimeout']> {
    return this.#clock.setTimeout(callback, ms);
  }

  clearTimeout(handle: Parameters<Clock['clearTimeout']>[0]): void {
    this.#clock.clearTimeout(handle);
  }
}
