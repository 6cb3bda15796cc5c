/**
 * Asks a trunk with OPTIONS whether it is there (RFC 3261 §11), spread over time so that many trunks, or many nodes, do
 * not ask in step. Any answer but 408 and 503 says yes, a challenge or "not found" too: what counts is that somebody
 * answers. One timer and one question at a time.
 */
import type { Clock, TimerHandle } from '../../kernel/clock.ts';
import { retryAfter } from './retry-after.ts';
import type { TrunkHealth } from './trunk-health.ts';
import { type QuestionOptions, TrunkQuestion } from './trunk-question.ts';
import type { TrunkSettings, UserAgentDirectory } from './types.ts';

export interface ProbeOptions extends QuestionOptions {
  readonly health: TrunkHealth;
  readonly clock: Clock;
}

/** The probes of all trunks that want one, in step with the directory. */
export class TrunkProbes {
  readonly #options: ProbeOptions;
  readonly #directory: UserAgentDirectory;
  readonly #byTrunk = new Map<string, TrunkProbe>();
  #closed = false;

  constructor(options: ProbeOptions & { readonly directory: UserAgentDirectory }) {
    this.#options = options;
    this.#directory = options.directory;
  }

  /** Begins what is new, ends what is gone, begins again what was changed. */
  sync(): void {
    if (this.#closed) return;
    const wanted = this.#directory.trunks().filter(({ optionsSeconds }) => optionsSeconds > 0);
    const byId = new Map(wanted.map((trunk) => [trunk.id, trunk]));
    for (const [id, probe] of this.#byTrunk) {
      const trunk = byId.get(id);
      if (trunk !== undefined && sameProbe(trunk, probe.trunk)) continue;
      probe.stop();
      this.#byTrunk.delete(id);
    }
    for (const trunk of wanted) {
      if (this.#byTrunk.has(trunk.id)) continue;
      const probe = new TrunkProbe(trunk, this.#options);
      this.#byTrunk.set(trunk.id, probe);
      probe.start();
    }
  }

  close(): void {
    this.#closed = true;
    for (const probe of this.#byTrunk.values()) probe.stop();
    this.#byTrunk.clear();
  }
}

function sameProbe(a: TrunkSettings, b: TrunkSettings): boolean {
  const key = ({ host, port, transport, fromDomain, optionsSeconds }: TrunkSettings): string =>
    JSON.stringify([host, port, transport, fromDomain, optionsSeconds]);
  return key(a) === key(b);
}

class TrunkProbe {
  readonly trunk: TrunkSettings;
  readonly #options: ProbeOptions;
  readonly #question: TrunkQuestion;
  #timer: TimerHandle | undefined;
  #stopped = false;

  constructor(trunk: TrunkSettings, options: ProbeOptions) {
    this.trunk = trunk;
    this.#options = options;
    this.#question = new TrunkQuestion(trunk, options);
  }

  /** The first question comes within one interval, not at once: a node that starts has better things to do. */
  start(): void {
    this.#schedule(0.25, 0.75);
  }

  stop(): void {
    this.#stopped = true;
    this.#options.clock.clearTimeout(this.#timer);
  }

  /** In parts of the interval: at least `least`, and by lot up to `spread` more. */
  #schedule(least: number, spread: number): void {
    if (this.#stopped) return;
    const { clock, random } = this.#options;
    const interval = this.trunk.optionsSeconds * 1000;
    const ms = interval * least + random.int(Math.max(1, Math.round(interval * spread)));
    this.#timer = clock.setTimeout(() => void this.#ask(), ms);
  }

  async #ask(): Promise<void> {
    const { health } = this.#options;
    const { id } = this.trunk;
    const answer = await this.#question.ask(() => this.#stopped);
    if (this.#stopped) return;
    if (typeof answer === 'string') health.optionsFailed(id, answer);
    else if (answer.status === 503 || answer.status === 408)
      health.optionsFailed(id, `it answers OPTIONS with ${answer.status}`, retryAfter(answer));
    else health.optionsAnswered(id);
    // After a miss sooner: one lost answer is soon forgotten, a second one soon known.
    if (typeof answer === 'string') this.#schedule(0.25, 0.25);
    else this.#schedule(0.75, 0.5);
  }
}
