/**
 * Who is meant by a call: one ordered list of steps (ARCHITECTURE, "Resolution"), the same for a call and for whoever asks what
 * would become of one. A function of what is stored, what the backend answers, and the time: no dice.
 */
import type { Clock } from '../kernel/clock.ts';
import { readWord } from './backend-word.ts';
import { connection, labelOf, type Target, type Unreachable } from './connection.ts';
import { passFences } from './fences.ts';
import type { ShowableNumbers } from './masked-identity.ts';
import type { Candidate, InterceptClient, PullClient, PullMode, ResolutionStore } from './ports.ts';
import type {
  ConnectDecision,
  Decision,
  Question,
  Resolution,
  ResolutionStep,
  RoutingPolicy,
  UnknownCaller,
} from './types.ts';

export interface ResolveTools {
  readonly store: ResolutionStore;
  readonly numbers: ShowableNumbers;
  readonly pull: PullClient;
  readonly intercept: InterceptClient;
  readonly clock: Clock;
}

/**
 * @param mode how the backend may be asked. Whoever explains takes `cached` (nobody is asked, and the steps say where somebody
 *   would be) or `probe` (the backend is asked, nothing of it is kept); the intercept hook is asked for calls alone.
 * Rejects when the store does; a backend's faults are steps that failed.
 */
export async function resolve(
  question: Question,
  tools: ResolveTools,
  mode: PullMode = 'call',
): Promise<Resolution> {
  const policy = await tools.store.policy(question.applicationId);
  return await new Resolving(question, tools, mode, policy).run();
}

/** What a step came to: undefined, the next one's turn. */
type Found = Target | Exclude<Decision, ConnectDecision> | undefined;

class Resolving {
  readonly #question: Question;
  readonly #tools: ResolveTools;
  readonly #mode: PullMode;
  readonly #policy: RoutingPolicy;
  readonly #steps: ResolutionStep[] = [];
  /** The backend is asked once, whichever step comes to it first. */
  #pulled = false;

  constructor(question: Question, tools: ResolveTools, mode: PullMode, policy: RoutingPolicy) {
    this.#question = question;
    this.#tools = tools;
    this.#mode = mode;
    this.#policy = policy;
  }

  async run(): Promise<Resolution> {
    const found =
      (await this.#sessions()) ?? (await this.#extension()) ?? (await this.#pull([])) ?? (await this.#end());
    if (!('decision' in found)) return { decision: found, steps: this.#steps };
    const { decision, detail } = await passFences(found, this.#question, this.#policy, this.#tools);
    this.#say('fences', decision.kind === 'connect' ? 'passed' : 'decided', detail);
    if (decision.kind !== 'connect') return { decision, steps: this.#steps };
    return { decision: await this.#intercept(decision), steps: this.#steps };
  }

  #say(step: ResolutionStep['step'], verdict: ResolutionStep['verdict'], detail: string): void {
    this.#steps.push({ step, verdict, detail });
  }

  async #sessions(): Promise<Found> {
    const all = await this.#tools.store.candidates(this.#question);
    // Who is named by a session is not just anyone.
    const named = all.filter(({ caller }) => caller !== undefined);
    const candidates = named.length > 0 ? named : all;
    const { chosen } = this.#question;
    if (chosen !== undefined && chosen !== '') {
      const wanted = candidates.find(({ session }) => session.id === chosen);
      if (wanted !== undefined) return await this.#connect('session', wanted, 'the session that was chosen');
      // Never another one in its place: the caller has been told whom the digit reaches.
      this.#say('session', 'failed', 'the session that was chosen is over');
      return this.#caller('expired', 'as the policy says for sessions that are over');
    }
    const [only] = candidates;
    if (only === undefined) {
      this.#say('session', 'passed', 'the caller has no live session on that number');
      return undefined;
    }
    if (candidates.length === 1) return await this.#connect('session', only, 'the only live session');
    this.#say('session', 'passed', `${candidates.length} live sessions`);
    return await this.#ambiguous(candidates);
  }

  async #ambiguous(candidates: readonly Candidate[]): Promise<Found> {
    for (const option of this.#policy.ambiguous) {
      const found = await this.#option(option, candidates);
      if (found !== undefined) return found;
    }
    this.#say('ambiguous', 'passed', 'nothing of what the policy names could decide');
    return undefined;
  }

  async #option(
    option: RoutingPolicy['ambiguous'][number],
    candidates: readonly Candidate[],
  ): Promise<Found> {
    switch (option) {
      case 'most-recent':
        return await this.#mostRecent(candidates);
      case 'menu':
        return this.#menu(candidates);
      case 'extension':
        return await this.#typed(candidates);
      case 'pull':
        return await this.#pull(candidates);
      case 'operator':
        return this.#operator();
    }
  }

  async #mostRecent(candidates: readonly Candidate[]): Promise<Found> {
    const [first] = candidates;
    const { mostRecentSeconds } = this.#policy;
    if (first === undefined) return undefined;
    if (mostRecentSeconds !== undefined) {
      const age = this.#tools.clock.now() - (first.session.lastCallAt ?? Number.NEGATIVE_INFINITY);
      if (age > mostRecentSeconds * 1000) {
        this.#say('ambiguous', 'passed', `most-recent: none had a call within ${mostRecentSeconds} s`);
        return undefined;
      }
    }
    return await this.#connect(
      'ambiguous',
      first,
      'most-recent: the session with the latest call, else the newest',
    );
  }

  #menu(candidates: readonly Candidate[]): Found {
    if (this.#question.chosen === '') {
      this.#say('ambiguous', 'passed', 'menu: the caller chose nothing');
      return undefined;
    }
    const { extension } = this.#question;
    if (extension !== undefined && extension !== '' && this.#policy.ambiguous.includes('extension')) {
      this.#say('ambiguous', 'passed', 'menu: digits were typed, which come first');
      return undefined;
    }
    const shown = candidates.slice(0, this.#policy.menuEntries);
    const options = shown.map((one) => ({ sessionId: one.session.id, label: labelOf(one) }));
    const labels = new Set(options.map(({ label }) => label));
    if (labels.has('') || labels.size < options.length) {
      this.#say('ambiguous', 'passed', 'menu: the labels do not tell the sessions apart');
      return undefined;
    }
    this.#say('ambiguous', 'decided', `menu: ${options.length} of ${candidates.length} sessions are named`);
    return { kind: 'choose', options };
  }

  /** Digits that reach a party of one of the caller's own sessions, or anybody's whose they are. */
  async #typed(candidates: readonly Candidate[]): Promise<Found> {
    const { extension } = this.#question;
    if (extension === '') {
      this.#say('ambiguous', 'passed', 'extension: the caller typed none that fits');
      return undefined;
    }
    if (extension !== undefined) {
      const found = await this.#tools.store.byExtension({ ...this.#question, extension });
      if (found !== undefined)
        return await this.#connect('ambiguous', found, 'extension: the digits are a party’s');
    }
    const have = candidates.some(({ callees }) => callees.some((party) => party.extension !== undefined));
    if (!have && extension === undefined) {
      this.#say('ambiguous', 'passed', 'extension: none of the sessions has one');
      return undefined;
    }
    this.#say(
      'ambiguous',
      'decided',
      extension === undefined ? 'extension: asked for' : 'extension: nobody has those digits',
    );
    return { kind: 'ask-extension', tries: this.#policy.extensionTries };
  }

  #operator(): Found {
    const { operator } = this.#policy;
    if (operator === undefined) {
      this.#say('ambiguous', 'failed', 'operator: the policy names none');
      return undefined;
    }
    this.#say('ambiguous', 'decided', 'operator');
    return { kind: 'operator', user: operator, announcement: undefined };
  }

  async #extension(): Promise<Found> {
    const { extension } = this.#question;
    if (extension === undefined || extension === '') {
      this.#say('extension', 'skipped', 'no digits were typed');
      return undefined;
    }
    const found = await this.#tools.store.byExtension({ ...this.#question, extension });
    if (found !== undefined) return await this.#connect('extension', found, 'the digits are a party’s');
    this.#say('extension', 'failed', 'nobody has those digits');
    return undefined;
  }

  /** @param candidates of a caller who could mean several: then it is the `ambiguous` step that asks. */
  async #pull(candidates: readonly Candidate[]): Promise<Found> {
    const step = candidates.length > 0 ? 'ambiguous' : 'pull';
    const { pull: rules } = this.#policy;
    if (rules === undefined || this.#pulled) {
      this.#say(
        step,
        'skipped',
        rules === undefined ? 'the policy names no backend' : 'the backend was asked already',
      );
      return undefined;
    }
    this.#pulled = true;
    const sessions = candidates.map(({ session }) => session);
    const answer = await this.#tools.pull.ask(this.#question, rules, sessions, this.#mode);
    const { verdict, detail, found } = readWord(
      answer,
      candidates,
      this.#question,
      this.#policy,
      this.#tools.numbers,
    );
    if (found !== undefined && 'session' in found) return await this.#connect(step, found, detail);
    this.#say(step, verdict, detail);
    return found;
  }

  /** Nobody was found: digits, where the number has any; else what the policy says for expired or unknown callers. */
  async #end(): Promise<Target | Exclude<Decision, ConnectDecision>> {
    const { extensions, expired } = await this.#tools.store.traces(this.#question);
    if (extensions && this.#policy.extensionPrompt && this.#question.extension !== '') {
      this.#say('extension', 'decided', 'the number has extensions: asked for');
      return { kind: 'ask-extension', tries: this.#policy.extensionTries };
    }
    if (expired) return this.#caller('expired', 'the caller had a session on that number, which is over');
    this.#say('expired', 'passed', 'the caller has had no session on that number');
    return this.#caller('unknown', 'as the policy says for unknown callers');
  }

  #caller(step: 'expired' | 'unknown', detail: string): Exclude<Decision, ConnectDecision> {
    this.#say(step, 'decided', detail);
    return decisionFor(this.#policy[step]);
  }

  async #connect(step: ResolutionStep['step'], candidate: Candidate, detail: string): Promise<Found> {
    const made = await connection(candidate, this.#question, this.#policy, this.#tools);
    if (isUnreachable(made)) {
      this.#say(step, 'failed', `${detail}, but ${made.why}`);
      return undefined;
    }
    this.#say(step, 'decided', detail);
    return made;
  }

  async #intercept(decision: ConnectDecision): Promise<Decision> {
    const { intercept: rules } = this.#policy;
    if (rules === undefined || this.#mode !== 'call') {
      this.#say(
        'intercept',
        'skipped',
        rules === undefined ? 'the policy names no hook' : 'the hook would be asked now',
      );
      return decision;
    }
    const verdict = await this.#tools.intercept.ask(this.#question, decision, rules);
    if (verdict.kind === 'allow') this.#say('intercept', 'passed', 'the hook allows it');
    if (verdict.kind === 'veto') this.#say('intercept', 'decided', 'the hook refuses it');
    if (verdict.kind === 'silent')
      this.#say('intercept', 'failed', `the hook: ${verdict.why}; the policy says ${rules.whenSilent}`);
    if (verdict.kind === 'veto') return { kind: 'reject', status: 403, reason: 'vetoed' };
    if (verdict.kind === 'silent' && rules.whenSilent === 'refuse')
      return { kind: 'reject', status: 503, reason: 'intercept-silent' };
    return decision;
  }
}

function isUnreachable(made: Target | Unreachable): made is Unreachable {
  return 'why' in made;
}

function decisionFor(policy: UnknownCaller): Exclude<Decision, ConnectDecision> {
  switch (policy.kind) {
    case 'announce':
      return { kind: 'play', announcement: policy.announcement };
    case 'operator':
    case 'call-back':
      return policy;
    case 'reject':
      return { kind: 'reject', status: 404, reason: 'unknown-caller' };
  }
}
