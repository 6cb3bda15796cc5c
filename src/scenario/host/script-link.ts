/**
 * The line between one session and its script: events go in, in order, each is answered by one turn. What happens before
 * the sandbox is asked for is kept, and told after the call was announced.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { HostEvent, Turn } from '../protocol.ts';
import type { OpenSandbox, Sandbox, Sandboxes } from '../sandbox/sandboxes.ts';
import type { Untimed } from './session-context.ts';

export interface ScriptLinkOptions {
  readonly clock: Clock;
  readonly waitingEvents: number;
  readonly onTurn: (turn: Turn) => void;
  /** The script is too far behind its events. */
  readonly onTooSlow: () => void;
}

export class ScriptLink {
  readonly #options: ScriptLinkOptions;
  #early: Untimed<HostEvent>[] | undefined = [];
  #sandbox: Sandbox | undefined;
  #waiting = 0;
  #caughtUp = Promise.withResolvers<void>();

  constructor(options: ScriptLinkOptions) {
    this.#options = options;
  }

  /** @param first events that come before whatever happened meanwhile. */
  open(
    sandboxes: Sandboxes,
    session: Omit<OpenSandbox, 'onTurn'>,
    first: readonly Untimed<HostEvent>[],
  ): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    this.#waiting++;
    this.#sandbox = sandboxes.open({ ...session, onTurn: (turn) => this.#onTurn(turn) });
    for (const event of [...first, ...early]) this.post(event);
  }

  post(event: Untimed<HostEvent>): void {
    const { clock, waitingEvents, onTooSlow } = this.#options;
    if (this.#early !== undefined) {
      this.#early.push(event);
      return;
    }
    if (this.#sandbox === undefined) return;
    if (this.#waiting >= waitingEvents) {
      onTooSlow();
      return;
    }
    this.#waiting++;
    this.#sandbox.post({ ...event, at: clock.now() } as HostEvent);
  }

  /** Resolves when the script has seen everything that it was told, or is gone. */
  caughtUp(): Promise<void> {
    return this.#waiting === 0 || this.#sandbox === undefined ? Promise.resolve() : this.#caughtUp.promise;
  }

  close(): void {
    this.#sandbox?.close();
    this.#sandbox = undefined;
    this.#caughtUp.resolve();
  }

  #onTurn(turn: Turn): void {
    if (this.#sandbox === undefined) return;
    this.#waiting--;
    this.#options.onTurn(turn);
    if (this.#waiting > 0) return;
    this.#caughtUp.resolve();
    this.#caughtUp = Promise.withResolvers();
  }
}
