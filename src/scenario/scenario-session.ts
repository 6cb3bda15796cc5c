/**
 * One run of a scenario: its sandbox, its calls, and everything that it made. Events go to the script in one order, its
 * commands come back and are carried out in one order (PITFALLS row 41). The session owns what the script made, and when
 * it ends, whatever the way, nothing of that is left.
 *
 *   running ──terminate, no calls for a while, service closes──▶ closing ──▶ last words ──▶ ended
 *      └──────────────── the script failed ──────────────────────────────────────────────▶ ended
 */
import type { Call } from '../call/types.ts';
import type { TimerHandle } from '../kernel/clock.ts';
import { ERRORS } from '../kernel/errors.ts';
import type { MediaSession } from '../media/engine.ts';
import { runCallCommand } from './host/call-commands.ts';
import { factsOf, forwardEvents } from './host/call-events.ts';
import { SessionRequests } from './host/http-commands.ts';
import { MediaCommands } from './host/media-commands.ts';
import { MediaGraph } from './host/media-graph.ts';
import type {
  LogLevel,
  SessionCall,
  SessionContext,
  SessionServices,
  Untimed,
} from './host/session-context.ts';
import { SessionTimers } from './host/timers.ts';
import { BadCommand, parseCommand } from './parse-command.ts';
import type { SessionOutcome, StartRequest } from './ports.ts';
import type { HostCommand, HostEvent, ScriptError, Turn } from './protocol.ts';
import type { Sandbox, Sandboxes } from './sandbox/sandboxes.ts';

export interface SessionOptions {
  readonly sessionId: string;
  readonly request: StartRequest;
  readonly services: SessionServices;
  readonly media: MediaSession;
  readonly sandboxes: Sandboxes;
  readonly log: (level: LogLevel, message: string) => void;
  readonly onEnded: (outcome: SessionOutcome) => void;
}

/** Calls and recordings have this long to end properly once the session closes. */
const CLOSE_SECONDS = 5;

export class ScenarioSession {
  readonly #options: SessionOptions;
  readonly #context: SessionContext;
  readonly #timers: SessionTimers;
  readonly #requests: SessionRequests;
  readonly #media: MediaCommands;
  readonly #aborted = new AbortController();
  readonly #held = new Set<Promise<unknown>>();
  #sandbox: Sandbox | undefined;
  #phase: 'running' | 'closing' | 'last-words' | 'ended' = 'running';
  #waiting = 0;
  #onTurnsDone: (() => void) | undefined;
  #logged = 0;
  #lastRequest = false;
  #idle: TimerHandle | undefined;
  #unanswered: TimerHandle | undefined;
  readonly #ended = Promise.withResolvers<void>();
  readonly #hurry = Promise.withResolvers<void>();

  constructor(options: SessionOptions) {
    this.#options = options;
    const { sessionId, request, services, media } = options;
    this.#context = {
      sessionId,
      request,
      services,
      media,
      graph: new MediaGraph(media),
      calls: new Map(),
      signal: this.#aborted.signal,
      post: (event) => this.#post(event),
      log: (level, message) => this.#log(level, message),
      own: (id, call) => this.#own(id, call),
      holdEnd: (work) => this.#hold(work),
    };
    this.#timers = new SessionTimers(this.#context);
    this.#requests = new SessionRequests(this.#context);
    this.#media = new MediaCommands(this.#context);
  }

  /** Resolves when nothing of the session is left. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Takes the call, then opens the sandbox: whoever hangs up meanwhile is heard of (PITFALLS row 40). */
  start(): void {
    const { request, services, sessionId, media } = this.#options;
    const inbound = request.inbound?.call;
    if (inbound !== undefined) {
      this.#own(inbound.id, inbound);
      services.calls.adopt(inbound, { sessionId, media });
      this.#unanswered = services.clock.setTimeout(
        () => this.#rejectSilent(inbound),
        services.limits.unansweredSeconds * 1000,
      );
      const answered = (): void => services.clock.clearTimeout(this.#unanswered);
      for (const event of ['connected', 'failed', 'disconnected'] as const)
        inbound.events.on(event, answered);
    }
    const early = this.#early ?? [];
    this.#openSandbox();
    if (inbound !== undefined) {
      // Data that a softphone of the cloud attaches to its call has no counterpart in SIP.
      this.#post({ type: 'call-alerting', call: factsOf(inbound), customData: '' });
    }
    for (const event of early) this.#post(event);
    this.#watchIdle();
  }

  /** Ends the session from outside, e.g. at shutdown. Resolves when nothing is left, `ms` later at the most. */
  async close(reason: string, ms: number): Promise<void> {
    const timer = this.#options.services.clock.setTimeout(() => this.#hurry.resolve(), ms);
    this.#terminate(reason, true);
    await this.ended;
    this.#options.services.clock.clearTimeout(timer);
  }

  /** What a call said before the sandbox was asked for; it may fail inside `adopt`. */
  #early: Untimed<HostEvent>[] | undefined = [];

  #openSandbox(): void {
    const { request, services, sessionId, sandboxes } = this.#options;
    const { route, customData } = request;
    const { limits, clock, random } = services;
    this.#early = undefined;
    this.#waiting++;
    this.#sandbox = sandboxes.open({
      scripts: route.scenarios,
      started: {
        type: 'started',
        at: clock.now(),
        seed: random.int(0x100000000),
        sessionId,
        applicationId: route.applicationId,
        applicationName: route.applicationName,
        ruleName: route.ruleName,
        customData,
        limits: {
          timers: limits.timers,
          players: limits.players,
          httpTotal: limits.httpTotal,
          calls: limits.calls,
          logLineChars: limits.logLineChars,
        },
      },
      onTurn: (turn) => this.#onTurn(turn),
    });
  }

  #post(event: Untimed<HostEvent>): void {
    if (this.#early !== undefined) {
      this.#early.push(event);
      return;
    }
    if (this.#sandbox === undefined || this.#phase === 'ended') return;
    // Timers and other resources are gone once the last words are spoken; one answer to the last request may come.
    if (this.#phase === 'last-words' && !['terminating', 'terminated', 'http-response'].includes(event.type))
      return;
    if (this.#waiting >= this.#options.services.limits.waitingEvents) {
      this.#fail({
        kind: 'flood',
        message: 'The scenario is too slow for its events.',
        scenario: '',
        line: undefined,
      });
      return;
    }
    this.#waiting++;
    this.#sandbox.post({ ...event, at: this.#options.services.clock.now() } as HostEvent);
  }

  #onTurn(turn: Turn): void {
    if (this.#phase === 'ended') return;
    this.#waiting--;
    for (const text of turn.commands) this.#execute(text);
    if (turn.error !== undefined) this.#fail(turn.error);
    else if (this.#waiting === 0) this.#onTurnsDone?.();
  }

  #execute(text: string): void {
    try {
      this.#run(parseCommand(text));
    } catch (error) {
      if (error instanceof BadCommand) this.#log('warn', `A command was not carried out: ${error.message}`);
      else this.#log('error', `A command failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #run(command: HostCommand): void {
    if (command.type === 'log') {
      this.#log(command.level, command.message);
      return;
    }
    if (this.#phase === 'last-words') {
      this.#lastWish(command);
      return;
    }
    if (this.#phase !== 'running') return;
    switch (command.type) {
      case 'terminate':
        this.#terminate('the scenario terminated', false);
        return;
      case 'timer-set':
        this.#timers.set(command.timerId, command.ms, command.repeat);
        return;
      case 'timer-clear':
        this.#timers.clear(command.timerId);
        return;
      case 'http-request':
        this.#requests.run(command);
        return;
      case 'dial':
      case 'call-answer':
      case 'call-ring':
      case 'call-early-media':
      case 'call-hangup':
      case 'call-reject':
      case 'call-handle-tones':
      case 'call-send-digits':
      case 'call-send-info':
        runCallCommand(this.#context, command);
        return;
      default:
        this.#media.run(command);
    }
  }

  /** After `Terminating` a script may still tell its backend, once. */
  #lastWish(command: HostCommand): void {
    if (command.type !== 'http-request' || this.#lastRequest) return;
    this.#lastRequest = true;
    this.#requests.run(command);
  }

  #own(id: string, call: Call): SessionCall {
    const owned: SessionCall = { id, call, tones: false, playback: undefined };
    const { calls, graph } = this.#context;
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
    forwardEvents(
      owned,
      (event) => this.#post(event),
      () => {
        owned.playback?.stop();
        graph.remove(key);
        this.#watchIdle();
      },
    );
    // Late events (a recording that is finished) still find the script's call; commands do not find this one any more.
    this.#hold(call.ended.then(() => calls.delete(id)));
    this.#watchIdle();
    return owned;
  }

  #hold(work: Promise<unknown>): void {
    const done = work.catch(() => {}).finally(() => this.#held.delete(done));
    this.#held.add(done);
  }

  #liveCalls(): Call[] {
    return [...this.#context.calls.values()]
      .map(({ call }) => call)
      .filter(({ state }) => state !== 'TERMINATED');
  }

  #watchIdle(): void {
    const { clock, limits } = this.#options.services;
    clock.clearTimeout(this.#idle);
    this.#idle = undefined;
    if (this.#phase !== 'running' || this.#liveCalls().length > 0) return;
    this.#idle = clock.setTimeout(
      () => this.#terminate(`no calls for ${limits.idleSeconds} s`, true),
      limits.idleSeconds * 1000,
    );
  }

  #rejectSilent(call: Call): void {
    if (call.state !== 'ALERTING') return;
    const { title, hint, sip } = ERRORS['scenario/silent'];
    this.#log('warn', `${title} ${hint}`);
    call.reject(sip);
  }

  #terminate(reason: string, systemError: boolean): void {
    if (this.#phase !== 'running') return;
    this.#phase = 'closing';
    void this.#closeDown(reason, systemError);
  }

  /** VoxEngine's order: pending requests are waited for, then `Terminating`, one more request, `Terminated`. */
  async #closeDown(reason: string, systemError: boolean): Promise<void> {
    const { limits } = this.#options.services;
    this.#stopWatching();
    this.#requests.dropWaiting();
    this.#endCalls(480);
    this.#media.close();
    await this.#within(CLOSE_SECONDS, Promise.all(this.#held));
    await this.#within(limits.pendingHttpSeconds, this.#requests.whenIdle());
    await this.#turnsDone();
    if (this.#phase === 'ended') return;
    this.#phase = 'last-words';
    this.#post({ type: 'terminating', systemError });
    await this.#turnsDone();
    await this.#within(limits.lastWordsSeconds, this.#requests.whenIdle());
    this.#post({ type: 'terminated', systemError });
    await this.#turnsDone();
    await this.#end({ reason, error: undefined });
  }

  /** The script is dead; there are no last words. */
  #fail(error: ScriptError): void {
    if (this.#phase === 'ended') return;
    const where =
      error.scenario === '' ? '' : ` (${error.scenario}${error.line === undefined ? '' : `:${error.line}`})`;
    this.#log('error', `${error.message}${where}`);
    const { message, scenario, line } = error;
    void this.#end({ reason: ERRORS['scenario/failed'].title, error: { message, scenario, line } });
  }

  async #end(outcome: SessionOutcome): Promise<void> {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    this.#onTurnsDone?.();
    this.#stopWatching();
    this.#sandbox?.close();
    this.#requests.abort();
    this.#aborted.abort();
    this.#endCalls(outcome.error === undefined ? 480 : 500);
    this.#media.close();
    await this.#within(CLOSE_SECONDS, Promise.all(this.#held));
    await this.#within(
      CLOSE_SECONDS,
      this.#options.media.close().catch(() => {}),
    );
    this.#options.onEnded(outcome);
    this.#ended.resolve();
  }

  #endCalls(code: number): void {
    for (const call of this.#liveCalls()) {
      if (call.incoming && call.state === 'ALERTING') call.reject(code);
      else call.hangup();
    }
  }

  #stopWatching(): void {
    const { clock } = this.#options.services;
    clock.clearTimeout(this.#idle);
    clock.clearTimeout(this.#unanswered);
    this.#timers.close();
  }

  /** Until the work is done, the time is up, or the service is in a hurry. */
  async #within(seconds: number, work: Promise<unknown>): Promise<void> {
    const { clock } = this.#options.services;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = clock.setTimeout(resolve, seconds * 1000);
    await Promise.race([work, promise, this.#hurry.promise]);
    clock.clearTimeout(timer);
  }

  /** Until the script has seen everything that it was told. Bounded: a dead worker never answers. */
  async #turnsDone(): Promise<void> {
    if (this.#waiting === 0 || this.#phase === 'ended') return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onTurnsDone = resolve;
    await this.#within(CLOSE_SECONDS, promise);
    this.#onTurnsDone = undefined;
  }

  #log(level: LogLevel, message: string): void {
    const { logTotalChars } = this.#options.services.limits;
    if (this.#logged > logTotalChars) return;
    this.#logged += message.length;
    if (this.#logged > logTotalChars)
      this.#options.log(
        'warn',
        `The log of this session is longer than ${logTotalChars} characters; the rest is dropped.`,
      );
    else this.#options.log(level, message);
  }
}
