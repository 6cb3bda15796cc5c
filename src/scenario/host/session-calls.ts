/** The calls of one session: whose events it forwards, which of them live, and the two rules about time. */
import type { Call } from '../../call/types.ts';
import type { TimerHandle } from '../../kernel/clock.ts';
import { ERRORS } from '../../kernel/errors.ts';
import { LocalCall } from '../local-call.ts';
import { forwardEvents } from './call-events.ts';
import type { SessionCall, SessionContext } from './session-context.ts';

export class SessionCalls {
  readonly #context: SessionContext;
  readonly #onIdle: (reason: string) => void;
  #idle: TimerHandle | undefined;
  readonly #unanswered = new Set<TimerHandle>();
  #closed = false;

  constructor(context: SessionContext, onIdle: (reason: string) => void) {
    this.#context = context;
    this.#onIdle = onIdle;
  }

  own(id: string, call: Call): SessionCall {
    const owned: SessionCall = {
      id,
      call,
      tones: false,
      handlesTransfers: false,
      playback: undefined,
    };
    const { calls, transfers, graph, post, holdEnd } = this.#context;
    calls.set(id, owned);
    const key = `call:${id}`;
    call.whenMedia().then(
      (leg) => {
        if (call.state === 'TERMINATED') return;
        graph.addSource(key, leg);
        graph.addSink(key, leg);
      },
      () => {},
    );
    forwardEvents(owned, transfers, post, () => {
      owned.playback?.stop();
      graph.remove(key);
      this.watchIdle();
    });
    // Late events (a recording that is finished) still find the script's call; commands do not find this one any more.
    holdEnd(call.ended.then(() => calls.delete(id)));
    this.watchIdle();
    return owned;
  }

  /** Takes a call that came in; it has a limited time to be answered. */
  adopt(call: Call): void {
    const { services, sessionId, media } = this.#context;
    const { clock, limits } = services;
    this.own(call.id, call);
    if (call instanceof LocalCall) call.adopt(media);
    else services.calls.adopt(call, { sessionId, media });
    const timer = clock.setTimeout(() => this.#rejectSilent(call), limits.unansweredSeconds * 1000);
    this.#unanswered.add(timer);
    const answered = (): void => {
      clock.clearTimeout(timer);
      this.#unanswered.delete(timer);
    };
    for (const event of ['connected', 'failed', 'disconnected'] as const) call.events.on(event, answered);
  }

  /** Starts the wait for the end of a session without calls, or calls it off. */
  watchIdle(): void {
    const { clock, limits } = this.#context.services;
    clock.clearTimeout(this.#idle);
    this.#idle = undefined;
    if (this.#closed || this.#live().length > 0) return;
    const { idleSeconds } = limits;
    this.#idle = clock.setTimeout(() => this.#onIdle(`no calls for ${idleSeconds} s`), idleSeconds * 1000);
  }

  /** Ends every call: with the code those that were never answered, with a hang-up the others. */
  end(code: number): void {
    this.#closed = true;
    const { clock } = this.#context.services;
    clock.clearTimeout(this.#idle);
    for (const timer of this.#unanswered) clock.clearTimeout(timer);
    this.#unanswered.clear();
    for (const call of this.#live()) {
      if (call.incoming && call.state === 'ALERTING') call.reject(code);
      else call.hangup();
    }
  }

  /** Whether somebody is talking. */
  get connected(): boolean {
    return this.#live().some(({ state }) => state === 'CONNECTED');
  }

  /** How many calls that came in are alive. */
  get incoming(): number {
    return this.#live().filter(({ incoming }) => incoming).length;
  }

  #live(): Call[] {
    return [...this.#context.calls.values()]
      .map(({ call }) => call)
      .filter(({ state }) => state !== 'TERMINATED');
  }

  #rejectSilent(call: Call): void {
    if (call.state !== 'ALERTING') return;
    const { title, hint, sip } = ERRORS['scenario/silent'];
    this.#context.log('warn', `${title} ${hint}`);
    call.reject(sip);
    if (this.#live().length === 0) this.#onIdle(title);
  }
}
