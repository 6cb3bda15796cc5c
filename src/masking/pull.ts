/**
 * Pull: the customer's backend is asked at call time whom to connect.
 *
 * Only answers that connect are kept: sealed in the database, and for seconds in memory. A fresh one is used without asking, a
 * stale one at once while the backend is asked behind the call (RFC 5861 §3), an older one when the backend is down (§4). Any
 * other answer removes what was kept: the backend's latest word counts.
 */
import type { Clock } from '../kernel/clock.ts';
import type { Backend } from './backend.ts';
import type {
  KeptAnswer,
  PullAnswer,
  PullAnswerStore,
  PullClient,
  PullMode,
  ResolutionStore,
} from './ports.ts';
import { type ReadAnswer, readPullAnswer } from './pull-answer.ts';
import { pullBody, questionText } from './pull-question.ts';
import type { MaskingSession, PullRules, Question } from './types.ts';

/** Memory is there for who calls again at once, and for a moment without the database. Erasing a person reaches it so late. */
const MEMORY_MS = 30_000;
const MAX_REMEMBERED = 10_000;

type Asked = Pick<Question, 'applicationId' | 'caller' | 'dialled' | 'extension' | 'callId'>;

export class Pull implements PullClient {
  readonly #backend: Backend;
  readonly #answers: PullAnswerStore;
  readonly #people: Pick<ResolutionStore, 'token' | 'numberOf'>;
  readonly #clock: Clock;
  /** The one remembered longest ago first. */
  readonly #memory = new Map<string, KeptAnswer & { readonly readAt: number }>();
  /** The same question at the same time is asked once; `kept` ends when the answer is written down, or was not. */
  readonly #flights = new Map<
    string,
    { readonly answer: Promise<PullAnswer>; readonly kept: Promise<void> }
  >();

  constructor(
    backend: Backend,
    store: {
      readonly answers: PullAnswerStore;
      readonly people: Pick<ResolutionStore, 'token' | 'numberOf'>;
    },
    clock: Clock,
  ) {
    this.#backend = backend;
    this.#answers = store.answers;
    this.#people = store.people;
    this.#clock = clock;
  }

  async ask(
    question: Question,
    rules: PullRules,
    sessions: readonly MaskingSession[],
    mode: PullMode,
  ): Promise<PullAnswer> {
    if (mode === 'probe') return await this.#fetch(question, rules, sessions, false);
    const text = questionText(question, rules, sessions);
    const kept = await this.#kept(question.applicationId, text);
    const age = kept === undefined ? Number.POSITIVE_INFINITY : this.#clock.now() - kept.fetchedAt;
    if (kept !== undefined && age <= rules.freshSeconds * 1000) return kept.answer;
    const usable = kept !== undefined && age <= (rules.freshSeconds + rules.staleSeconds) * 1000;
    if (mode === 'cached') return usable ? kept.answer : { kind: 'not-asked' };
    const asked = this.#once(text, question, rules, sessions);
    // A flight never rejects.
    if (usable) return kept.answer;
    const answer = await asked;
    if (answer.kind === 'failed' && kept !== undefined && age <= rules.downSeconds * 1000) return kept.answer;
    return answer;
  }

  /** Resolves when nothing is being asked. */
  async settled(): Promise<void> {
    while (this.#flights.size > 0) await Promise.all([...this.#flights.values()].map(({ kept }) => kept));
  }

  #once(
    text: string,
    question: Question,
    rules: PullRules,
    sessions: readonly MaskingSession[],
  ): Promise<PullAnswer> {
    const running = this.#flights.get(text);
    if (running !== undefined) return running.answer;
    const answer = this.#fetch(question, rules, sessions, true);
    // Until it is written nobody asks again, so that an older answer never replaces a newer one; no call waits for it.
    const kept = answer
      .then((given) => this.#keep(text, question, given))
      .finally(() => this.#flights.delete(text));
    this.#flights.set(text, { answer, kept });
    return answer;
  }

  async #fetch(
    question: Asked,
    rules: PullRules,
    sessions: readonly MaskingSession[],
    real: boolean,
  ): Promise<PullAnswer> {
    const { applicationId, caller } = question;
    try {
      const token = await this.#people.token(applicationId, caller, real);
      const body = pullBody(question, token, rules, sessions);
      const reply = await this.#backend.ask({
        applicationId,
        url: rules.url,
        timeoutMs: rules.timeoutMs,
        body,
      });
      if (reply.kind === 'failed') return reply;
      return await this.#known(applicationId, readPullAnswer(reply.status, reply.text));
    } catch {
      return { kind: 'failed', why: 'the database could not be read' };
    }
  }

  async #known(applicationId: string, read: ReadAnswer): Promise<PullAnswer> {
    if (read.kind !== 'connect') return read;
    if (!('token' in read.to)) return { ...read, to: read.to };
    const to = await this.#people.numberOf(applicationId, read.to.token);
    return to === undefined ? { kind: 'failed', why: 'nobody has the token that it named' } : { ...read, to };
  }

  async #kept(applicationId: string, text: string): Promise<KeptAnswer | undefined> {
    const now = this.#clock.now();
    const remembered = this.#memory.get(text);
    // Before: the clock was set back.
    if (remembered !== undefined && Math.abs(now - remembered.readAt) <= MEMORY_MS) return remembered;
    this.#memory.delete(text);
    const kept = await this.#answers.read(applicationId, text).catch(() => undefined);
    if (kept === undefined || kept.fetchedAt > now) return undefined;
    this.#remember(text, kept);
    return kept;
  }

  async #keep(text: string, question: Question, answer: PullAnswer): Promise<void> {
    const { applicationId, caller } = question;
    if (answer.kind === 'failed') return;
    try {
      if (answer.kind === 'connect') {
        const kept = { answer, fetchedAt: this.#clock.now() };
        this.#remember(text, kept);
        await this.#answers.write(applicationId, text, { ...kept, caller });
      } else {
        this.#memory.delete(text);
        await this.#answers.remove(applicationId, text);
      }
    } catch {
      // The call has its answer. What is not kept is asked for again.
    }
  }

  #remember(text: string, kept: KeptAnswer): void {
    const now = this.#clock.now();
    this.#memory.delete(text);
    this.#memory.set(text, { ...kept, readAt: now });
    for (const [oldest, { readAt }] of this.#memory) {
      if (this.#memory.size <= MAX_REMEMBERED && Math.abs(now - readAt) <= MEMORY_MS) break;
      this.#memory.delete(oldest);
    }
  }
}
