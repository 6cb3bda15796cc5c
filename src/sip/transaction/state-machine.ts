import type { Clock, TimerHandle } from '../../kernel/clock.ts';

/** A transition that is not in the figure: a fault of ours, never of the peer's. */
export class IllegalTransition extends Error {
  override readonly name = 'IllegalTransition';
}

/**
 * A figure: states, the arrows between them, and timers that belong to the state in which they were armed. Leaving a
 * state clears its timers, save those that an arrow carries over (`keep`).
 */
export class StateMachine<S extends string> {
  readonly #arrows: Readonly<Record<S, readonly S[]>>;
  readonly #clock: Clock;
  readonly #timers = new Map<string, TimerHandle>();
  #state: S;

  constructor(initial: S, arrows: Readonly<Record<S, readonly S[]>>, clock: Clock) {
    this.#state = initial;
    this.#arrows = arrows;
    this.#clock = clock;
  }

  get state(): S {
    return this.#state;
  }

  /** Follows an arrow; throws `IllegalTransition` where the figure has none. */
  enter(state: S, keep: readonly string[] = []): void {
    if (!this.#arrows[this.#state].includes(state))
      throw new IllegalTransition(`there is no arrow from ${this.#state} to ${state}`);
    this.#state = state;
    for (const name of [...this.#timers.keys()]) if (!keep.includes(name)) this.disarm(name);
  }

  /**
   * Starts (or restarts) a timer of the present state. `undefined` starts none; 0 fires now, in this call, which is what
   * table 4 means by "0s for TCP/SCTP".
   */
  arm(name: string, ms: number | undefined, fire: () => void): void {
    this.disarm(name);
    if (ms === undefined) return;
    if (ms === 0) {
      fire();
      return;
    }
    const handle = this.#clock.setTimeout(() => {
      this.#timers.delete(name);
      fire();
    }, ms);
    this.#timers.set(name, handle);
  }

  disarm(name: string): void {
    this.#clock.clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }
}
