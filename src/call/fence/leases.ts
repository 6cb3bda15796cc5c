import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Random } from '../../kernel/random.ts';
import { Book } from './book.ts';
import {
  type FenceDirectory,
  type FenceRefusal,
  type FenceRules,
  type FenceStore,
  LEASE_WAIT_MS,
  type LeaseWish,
} from './types.ts';

export interface LeasesOptions {
  readonly store: FenceStore;
  readonly directory: FenceDirectory;
  readonly node: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Asking for more in advance happens at most this often, milliseconds; a dial that waits asks at once. */
const AHEAD_EVERY_MS = 200;

/** The leased units of all applications. One transaction at a time; what comes up meanwhile goes with the next. */
export class Leases {
  readonly #options: LeasesOptions;
  /** This process: a node that is started again must not take what the dead one still has in its minute. */
  readonly #instance: string;
  readonly #books = new Map<string, Book>();
  /** Applications that want something before the next renewal. */
  readonly #urgent = new Set<string>();
  #running: Promise<void> | undefined;
  #lastAhead = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(options: LeasesOptions) {
    this.#options = options;
    this.#instance = options.random.token(8);
  }

  async begin(): Promise<void> {
    const { store, node } = this.#options;
    await store.begin(node, this.#instance);
    await this.renewAll();
  }

  /** A unit of each kind for a call that begins now; or what is missing. */
  take(
    applicationId: string,
    rules: FenceRules,
    now: number,
  ): FenceRefusal | undefined | Promise<FenceRefusal | undefined> {
    const book = this.#bookOf(applicationId);
    // Whoever waits goes first.
    if (book.waiting.length === 0) {
      const missing = book.take(now, rules);
      if (missing === undefined) {
        this.#askAhead(book, rules, now);
        return undefined;
      }
      if (this.#closed || book.isFull(now, rules)) return missing;
    }
    return this.#wait(book);
  }

  callEnded(applicationId: string): void {
    this.#bookOf(applicationId).concurrent.giveBack();
  }

  /** Renews every lease. Rejects when the database cannot be reached. */
  async renewAll(): Promise<void> {
    while (this.#running !== undefined) await this.#running.catch(() => undefined);
    await this.#run(this.#options.directory.fencedApplications());
  }

  /** Gives back what is not in use. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#running !== undefined) await this.#running.catch(() => undefined);
    const { store, node, clock } = this.#options;
    const now = clock.monotonic();
    const wishes = this.#wishes([...this.#books.keys()], (book, rules) => book.lastWishes(now, rules));
    if (wishes.length > 0) await store.lease(node, this.#instance, wishes);
  }

  #bookOf(applicationId: string): Book {
    let book = this.#books.get(applicationId);
    if (book === undefined) {
      book = new Book(applicationId);
      this.#books.set(applicationId, book);
    }
    return book;
  }

  #wait(book: Book): Promise<FenceRefusal | undefined> {
    const { clock } = this.#options;
    const { promise, resolve } = Promise.withResolvers<FenceRefusal | undefined>();
    const timer = clock.setTimeout(() => {
      book.waiting = book.waiting.filter((one) => one.timer !== timer);
      resolve('fence/unavailable');
    }, LEASE_WAIT_MS);
    const decide = (refusal: FenceRefusal | undefined): void => {
      clock.clearTimeout(timer);
      resolve(refusal);
    };
    book.waiting.push({ asked: false, timer, decide });
    this.#ask(book.applicationId);
    return promise;
  }

  #askAhead(book: Book, rules: FenceRules, now: number): void {
    if (now - this.#lastAhead < AHEAD_EVERY_MS || !book.isLow(now, rules)) return;
    this.#lastAhead = now;
    this.#ask(book.applicationId);
  }

  #ask(applicationId: string): void {
    this.#urgent.add(applicationId);
    if (this.#running === undefined && !this.#closed) void this.#run([]).catch(() => undefined);
  }

  #run(applications: readonly string[]): Promise<void> {
    const all = new Set([...applications, ...this.#urgent]);
    this.#urgent.clear();
    const running = this.#renew([...all]).finally(() => {
      this.#running = undefined;
      if (this.#urgent.size > 0 && !this.#closed) void this.#run([]).catch(() => undefined);
    });
    this.#running = running;
    return running;
  }

  async #renew(applications: readonly string[]): Promise<void> {
    const { store, node, clock, log } = this.#options;
    const now = clock.monotonic();
    const wishes = this.#wishes(applications, (book, rules) => book.wishes(now, rules));
    if (wishes.length === 0) return;
    try {
      for (const lease of await store.lease(node, this.#instance, wishes)) {
        this.#books.get(lease.applicationId)?.renewed(lease);
      }
    } catch (error) {
      this.#decide(applications, () => 'fence/unavailable');
      log.warn({ err: error }, 'the fence could not lease units from the database');
      throw error;
    }
    this.#decide(applications, (book, rules) => book.take(clock.monotonic(), rules));
  }

  #wishes(applications: readonly string[], of: (book: Book, rules: FenceRules) => LeaseWish[]): LeaseWish[] {
    return applications.flatMap((applicationId) => {
      const rules = this.#options.directory.fenceOf(applicationId)?.rules;
      return rules === undefined ? [] : of(this.#bookOf(applicationId), rules);
    });
  }

  /** Answers the dials that the wishes counted, in the order in which they came. */
  #decide(
    applications: readonly string[],
    verdict: (book: Book, rules: FenceRules) => FenceRefusal | undefined,
  ): void {
    for (const applicationId of applications) {
      const rules = this.#options.directory.fenceOf(applicationId)?.rules;
      const book = this.#books.get(applicationId);
      if (book === undefined) continue;
      for (const one of book.takeAsked()) {
        one.decide(rules === undefined ? 'fence/unavailable' : verdict(book, rules));
      }
    }
  }
}
