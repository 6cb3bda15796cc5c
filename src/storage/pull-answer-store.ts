import { type Kysely, sql } from 'kysely';
import type { Clock } from '../kernel/clock.ts';
import type { PhoneNumber } from '../kernel/phone-number.ts';
import type { KeptAnswer, PullAnswerStore, PullSound } from '../masking/ports.ts';
import type { Schema } from './schema.ts';
import type { Vault } from './vault.ts';

const ANSWER_PLACE = 'pull_answers.answer';
const NUMBER_PLACE = 'pull_answers.number';

/** The longest that a policy may have an answer used, and a day. */
const MAX_AGE_MS = 31 * 86_400_000;
/** How often this node deletes what is too old, milliseconds, and how many rows at once. */
const SWEEP_MS = 60_000;
const SWEEP_ROWS = 1_000;

/** What stands in `answer_sealed`. The numbers are sealed once more, as vaults seal numbers. */
interface Stored {
  readonly to: string;
  readonly show: string | null;
  readonly sound: Partial<PullSound>;
}

/** Answers of backends that are kept. Found by an index of their question, and to be erased by one of either number. */
export class SqlPullAnswerStore implements PullAnswerStore {
  readonly #db: Kysely<Schema>;
  readonly #vault: Vault;
  readonly #clock: Clock;
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor(db: Kysely<Schema>, tools: { readonly vault: Vault; readonly clock: Clock }) {
    this.#db = db;
    this.#vault = tools.vault;
    this.#clock = tools.clock;
  }

  async read(applicationId: string, question: string): Promise<KeptAnswer | undefined> {
    const row = await this.#db
      .selectFrom('pull_answers')
      .select(['answer_sealed', 'fetched_at'])
      .where('application_id', '=', applicationId)
      .where('question_index', 'in', this.#vault.indexesOfText(question))
      .orderBy('fetched_at', 'desc')
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const stored = JSON.parse(this.#vault.open(row.answer_sealed, ANSWER_PLACE)) as Stored;
    return {
      answer: {
        kind: 'connect',
        to: this.#vault.openNumber(stored.to, NUMBER_PLACE),
        show: stored.show === null ? undefined : this.#vault.openNumber(stored.show, NUMBER_PLACE),
        sound: { ...SILENT, ...stored.sound },
      },
      fetchedAt: row.fetched_at.getTime(),
    };
  }

  async write(
    applicationId: string,
    question: string,
    { answer, fetchedAt, caller }: KeptAnswer & { readonly caller: PhoneNumber },
  ): Promise<void> {
    const to = this.#vault.sealNumber(answer.to, NUMBER_PLACE);
    const stored: Stored = {
      to: to.sealed,
      show: answer.show === undefined ? null : this.#vault.sealNumber(answer.show, NUMBER_PLACE).sealed,
      sound: answer.sound,
    };
    const kept = {
      caller_index: this.#vault.sealNumber(caller, NUMBER_PLACE).index,
      callee_index: to.index,
      answer_sealed: this.#vault.seal(JSON.stringify(stored), ANSWER_PLACE),
      fetched_at: new Date(fetchedAt),
    };
    await this.#db
      .insertInto('pull_answers')
      .values({ application_id: applicationId, question_index: this.#vault.index(question), ...kept })
      .onConflict((conflict) => conflict.columns(['application_id', 'question_index']).doUpdateSet(kept))
      .execute();
    await this.#sweep();
  }

  async remove(applicationId: string, question: string): Promise<void> {
    await this.#db
      .deleteFrom('pull_answers')
      .where('application_id', '=', applicationId)
      .where('question_index', 'in', this.#vault.indexesOfText(question))
      .execute();
  }

  async #sweep(): Promise<void> {
    const now = this.#clock.now();
    if (now - this.#sweptAt < SWEEP_MS) return;
    this.#sweptAt = now;
    await sql`
      delete from pull_answers where (application_id, question_index) in (
        select application_id, question_index from pull_answers where fetched_at < ${new Date(now - MAX_AGE_MS)}
         limit ${sql.lit(SWEEP_ROWS)} for update skip locked)`.execute(this.#db);
  }
}

/** What JSON leaves out is there, undefined. */
const SILENT: PullSound = {
  greeting: undefined,
  announcement: undefined,
  record: false,
  transcribe: false,
  language: undefined,
  ringSeconds: undefined,
  maxCallSeconds: undefined,
};
