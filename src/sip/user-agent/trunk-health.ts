/**
 * Whether a trunk is there: by OPTIONS (`trunk-probe.ts`) and by what becomes of calls. It only changes the order in
 * which trunks are tried; a trunk that is down is tried last, and not never, so that a wrong guess costs no call.
 */
import type { Clock } from '../../kernel/clock.ts';

/** `unknown`: nothing was heard yet, or it has never answered OPTIONS, as some carriers do not. Treated as up. */
export type HealthState = 'up' | 'down' | 'unknown';

export interface TrunkHealthReport {
  readonly state: HealthState;
  /** ms since the epoch; undefined while nothing was ever learnt. */
  readonly since: number | undefined;
  /** In our words, while down. */
  readonly reason: string | undefined;
}

interface Health {
  /** Something has answered there since the start. */
  answered: boolean;
  /** Whether OPTIONS has ever been answered. */
  answersOptions: boolean;
  /** OPTIONS in a row that nobody answered. */
  misses: number;
  /** A call has failed, or a Retry-After was given: down until then, monotonic ms. */
  downUntil: number;
  reason: string | undefined;
  state: HealthState;
  since: number | undefined;
}

/** One lost answer is the network; two are the trunk. */
const MISSES = 2;
/** As long as a target that failed is put last (`failed-targets.ts`). ms */
const CALL_PENALTY_MS = 30_000;
/** A Retry-After of hours is a mistake, or somebody else's trouble. ms */
const RETRY_AFTER_MOST_MS = 600_000;

export class TrunkHealth {
  readonly #clock: Clock;
  readonly #onChange: (trunkId: string, state: HealthState, reason: string | undefined) => void;
  readonly #trunks = new Map<string, Health>();

  constructor(
    clock: Clock,
    onChange: (trunkId: string, state: HealthState, reason: string | undefined) => void = () => {},
  ) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** OPTIONS was answered, whatever with: somebody is there. */
  optionsAnswered(trunkId: string): void {
    const health = this.#healthOf(trunkId);
    health.answersOptions = true;
    // What calls have seen weighs more than that the machine is alive, until its time is over.
    this.#heard(health);
    this.#update(trunkId, health);
  }

  /** Nobody answered OPTIONS, or with 503. */
  optionsFailed(trunkId: string, reason: string, retryAfterSeconds?: number): void {
    const health = this.#healthOf(trunkId);
    health.misses += 1;
    health.reason = reason;
    if (retryAfterSeconds !== undefined) this.#penalize(health, retryAfterSeconds * 1000);
    this.#update(trunkId, health);
  }

  /** A call got an answer that only a living trunk gives, or came in from it. */
  callSucceeded(trunkId: string): void {
    const health = this.#healthOf(trunkId);
    this.#heard(health);
    health.downUntil = Number.NEGATIVE_INFINITY;
    this.#update(trunkId, health);
  }

  /** No target of the trunk took a call: silence, a broken connection, or 503. */
  callFailed(trunkId: string, reason: string, retryAfterSeconds?: number): void {
    const health = this.#healthOf(trunkId);
    health.reason = reason;
    const ms = retryAfterSeconds === undefined ? CALL_PENALTY_MS : retryAfterSeconds * 1000;
    this.#penalize(health, ms);
    this.#update(trunkId, health);
  }

  isDown(trunkId: string): boolean {
    return this.report(trunkId).state === 'down';
  }

  report(trunkId: string): TrunkHealthReport {
    const health = this.#trunks.get(trunkId);
    if (health === undefined) return { state: 'unknown', since: undefined, reason: undefined };
    this.#update(trunkId, health);
    const { state, since, reason } = health;
    return { state, since, reason: state === 'down' ? reason : undefined };
  }

  keepOnly(trunkIds: ReadonlySet<string>): void {
    for (const id of this.#trunks.keys()) if (!trunkIds.has(id)) this.#trunks.delete(id);
  }

  #heard(health: Health): void {
    health.answered = true;
    health.misses = 0;
  }

  #penalize(health: Health, ms: number): void {
    const until = this.#clock.monotonic() + Math.min(Math.max(ms, 1_000), RETRY_AFTER_MOST_MS);
    health.downUntil = Math.max(health.downUntil, until);
  }

  #healthOf(trunkId: string): Health {
    let health = this.#trunks.get(trunkId);
    if (health === undefined) {
      health = {
        answered: false,
        answersOptions: false,
        misses: 0,
        downUntil: Number.NEGATIVE_INFINITY,
        reason: undefined,
        state: 'unknown',
        since: undefined,
      };
      this.#trunks.set(trunkId, health);
    }
    return health;
  }

  #update(trunkId: string, health: Health): void {
    const state = this.#stateOf(health);
    if (state === health.state) return;
    health.state = state;
    health.since = this.#clock.now();
    this.#onChange(trunkId, state, state === 'down' ? health.reason : undefined);
  }

  #stateOf(health: Health): HealthState {
    if (health.downUntil > this.#clock.monotonic()) return 'down';
    if (health.misses >= MISSES && health.answersOptions) return 'down';
    if (health.misses >= MISSES) return 'unknown';
    return health.answered ? 'up' : 'unknown';
  }
}
