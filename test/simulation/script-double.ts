/**
 * Scenarios in plain TypeScript behind the same wall as real ones: events in, one turn of commands for each, in order,
 * after a while. It also keeps watch over what a script is told: no event of a call after its end, and one end.
 */
import type { Clock, TimerHandle } from '../../src/kernel/clock.ts';
import type { HostCommand, HostEvent, Turn } from '../../src/scenario/protocol.ts';
import type { OpenSandbox, Sandbox, Sandboxes } from '../../src/scenario/sandbox/sandboxes.ts';
import type { Dice } from './dice.ts';
import type { ScriptPlan } from './plan.ts';
import { TaxiScript } from './taxi-script.ts';

export interface ScriptDoubleOptions {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly plan: ScriptPlan;
  readonly fault: (what: string) => void;
  readonly count: (what: string) => void;
}

export class ScriptDoubles implements Sandboxes {
  readonly ready = Promise.resolve();
  readonly #options: ScriptDoubleOptions;
  readonly #open = new Set<ScriptDouble>();

  constructor(options: ScriptDoubleOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#open.size;
  }

  open(options: OpenSandbox): Sandbox {
    const sandbox = new ScriptDouble(this.#options, options, () => this.#open.delete(sandbox));
    this.#open.add(sandbox);
    return sandbox;
  }

  async close(): Promise<void> {
    for (const sandbox of this.#open) sandbox.close();
  }
}

class ScriptDouble implements Sandbox {
  readonly #options: ScriptDoubleOptions;
  readonly #session: OpenSandbox;
  readonly #onClose: () => void;
  readonly #script: TaxiScript;
  readonly #queue: HostEvent[] = [];
  #turn: TimerHandle | undefined;
  #death: TimerHandle | undefined;
  #closed = false;

  constructor(options: ScriptDoubleOptions, session: OpenSandbox, onClose: () => void) {
    this.#options = options;
    this.#session = session;
    this.#onClose = onClose;
    this.#script = new TaxiScript(options.plan, session.started.customData, options.fault);
    const { diesAfter } = options.plan;
    if (diesAfter !== undefined) this.#death = options.clock.setTimeout(() => this.#die(), diesAfter);
    this.post(session.started);
  }

  post(event: HostEvent): void {
    if (this.#closed) return;
    this.#queue.push(event);
    this.#next();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.clock.clearTimeout(this.#turn);
    this.#options.clock.clearTimeout(this.#death);
    this.#onClose();
  }

  #next(): void {
    if (this.#turn !== undefined || this.#queue.length === 0) return;
    const { clock, dice, plan } = this.#options;
    this.#turn = clock.setTimeout(
      () => {
        this.#turn = undefined;
        const event = this.#queue.shift();
        if (event !== undefined) this.#report(this.#script.handle(event), undefined);
        if (!this.#closed) this.#next();
      },
      dice.between(0, plan.latency),
    );
  }

  #die(): void {
    const { dice, count } = this.#options;
    const kind = dice.pick(['exception', 'worker', 'cpu'] as const);
    count(`the script died: ${kind}`);
    const error = { kind, message: 'it died on purpose', scenario: 'taxi', line: 7 };
    this.close();
    this.#session.onTurn({ commands: [], error });
  }

  #report(commands: readonly HostCommand[], error: Turn['error']): void {
    this.#session.onTurn({ commands: commands.map((command) => JSON.stringify(command)), error });
  }
}
