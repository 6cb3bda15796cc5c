import type { Clock } from '../../src/kernel/clock.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from '../../src/scenario/http/http-client.ts';
import type { BackendPlan } from './plan.ts';

/** As `http-client.ts` has them, in seconds. */
const TOTAL_SECONDS = 90;

/** The customer's backend behind an HTTP client that keeps the time-outs of the real one. */
export class BackendDouble implements HttpClient {
  readonly #clock: Clock;
  readonly #plan: BackendPlan;
  readonly #numbers: readonly string[];
  #running = 0;

  constructor(clock: Clock, plan: BackendPlan, numbers: readonly string[]) {
    this.#clock = clock;
    this.#plan = plan;
    this.#numbers = numbers;
  }

  get running(): number {
    return this.#running;
  }

  request({ timeoutSeconds, signal }: HttpRequest): Promise<HttpAnswer> {
    this.#running += 1;
    const { promise, resolve } = Promise.withResolvers<HttpAnswer>();
    const timers = [
      this.#clock.setTimeout(
        () => answer({ code: 0, headers: [], body: new Uint8Array(), error: 'timed out' }),
        (timeoutSeconds ?? TOTAL_SECONDS) * 1000,
      ),
    ];
    let done = false;
    const answer = (what: HttpAnswer): void => {
      if (done) return;
      done = true;
      for (const timer of timers) this.#clock.clearTimeout(timer);
      this.#running -= 1;
      resolve(what);
    };
    signal.addEventListener('abort', () =>
      answer({ code: 0, headers: [], body: new Uint8Array(), error: 'aborted' }),
    );
    if (this.#plan.answer !== 'never')
      timers.push(this.#clock.setTimeout(() => answer(this.#answer()), this.#plan.delay));
    return promise;
  }

  #answer(): HttpAnswer {
    const [connect, ...more] = this.#numbers;
    const text = (code: number, body: string): HttpAnswer => ({ code, headers: [], body: Buffer.from(body) });
    switch (this.#plan.answer) {
      case 'not-found':
        return text(404, 'nobody');
      case 'error':
        return text(500, 'out of order');
      case 'nonsense':
        return text(200, '<html>');
      case 'broken':
        return { code: 0, headers: [], body: new Uint8Array(), error: 'connect ECONNREFUSED' };
      default:
        return text(200, JSON.stringify({ connect, more }));
    }
  }
}
