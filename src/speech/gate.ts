/**
 * The way to one provider: so many at once, the rest waits within the time-out; and after some failures in a row nobody
 * is sent there for a while (circuit breaker), so that a dead provider costs a script no time-out with each prompt.
 */
import type { Clock } from '../kernel/clock.ts';
import { SpeechError } from './speech-error.ts';

export interface GateOptions {
  /** For messages: `eSpeak NG`, `openai`. */
  readonly name: string;
  readonly clock: Clock;
  /** Pieces of work at once. */
  readonly parallel: number;
  /** Milliseconds that one piece may take, the waiting included. */
  readonly timeoutMs: number;
  /** Pieces that may wait; more are refused at once. Default 64. */
  readonly maxWaiting?: number;
}

/** Failures in a row after which the provider is given a rest. */
const TRIPS_AT = 3;
const REST_MS = 30_000;
const MAX_WAITING = 64;

export class Gate {
  readonly #options: GateOptions;
  readonly #waiting = new Set<() => void>();
  #running = 0;
  #failures = 0;
  /** Monotonic; nobody is let through before, then one is tried. */
  #restsUntil = 0;
  #trying = false;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Whether the provider is believed to work. Another one is asked first if not. */
  get isOpen(): boolean {
    if (this.#failures < TRIPS_AT) return true;
    return !this.#trying && this.#options.clock.monotonic() >= this.#restsUntil;
  }

  /**
   * Does one piece of work. Rejects with a `SpeechError` within the time-out, whatever the work does; `signal` aborts
   * when it is given up.
   */
  async run<T>(work: (signal: AbortSignal) => Promise<T>, outer?: AbortSignal): Promise<T> {
    const { name, clock, timeoutMs } = this.#options;
    if (!this.isOpen) throw new SpeechError(`${name} has failed several times and is given a rest.`);
    if (this.#failures >= TRIPS_AT) this.#trying = true;
    const aborted = new AbortController();
    const late = Promise.withResolvers<never>();
    const giveUp = (message: string, blame: 'provider' | 'request'): void => {
      late.reject(new SpeechError(message, blame));
      aborted.abort();
    };
    const timer = clock.setTimeout(
      () => giveUp(`${name} did not answer within ${timeoutMs / 1000} s.`, 'provider'),
      timeoutMs,
    );
    const onOuter = (): void => giveUp('The speech is not wanted any more.', 'request');
    outer?.addEventListener('abort', onOuter);
    if (outer?.aborted === true) onOuter();
    try {
      const value = await Promise.race([this.#inTurn(work, aborted.signal), late.promise]);
      this.#succeeded();
      return value;
    } catch (error) {
      this.#failed(error);
      throw error;
    } finally {
      clock.clearTimeout(timer);
      outer?.removeEventListener('abort', onOuter);
    }
  }

  /** A failure or success that became known outside of `run`, e.g. of a stream. */
  note(outcome: 'well' | 'failed'): void {
    if (outcome === 'well') this.#succeeded();
    else this.#failed(undefined);
  }

  async #inTurn<T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const { name, parallel, maxWaiting = MAX_WAITING } = this.#options;
    if (this.#running >= parallel) {
      if (this.#waiting.size >= maxWaiting)
        throw new SpeechError(`${name} has too much to do already.`, 'request');
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
        signal.addEventListener('abort', () => {
          if (this.#waiting.delete(resolve)) resolve();
        });
      });
    }
    if (signal.aborted) throw new SpeechError('The speech is not wanted any more.', 'request');
    this.#running++;
    try {
      return await work(signal);
    } finally {
      this.#running--;
      const [next] = this.#waiting;
      if (next !== undefined) {
        this.#waiting.delete(next);
        next();
      }
    }
  }

  #succeeded(): void {
    this.#failures = 0;
    this.#trying = false;
  }

  #failed(error: unknown): void {
    this.#trying = false;
    if (error instanceof SpeechError && error.blame === 'request') return;
    this.#failures++;
    if (this.#failures >= TRIPS_AT) this.#restsUntil = this.#options.clock.monotonic() + REST_MS;
  }
}
