/**
 * One run of a scenario: its sandbox, its calls, and everything that it made. Events go to the script in one order, its
 * commands come back and are carried out in one order (PITFALLS row 41). The session owns what the script made, and when
 * it ends, whatever the way, nothing of that is left.
 *
 *   running ──terminate, no calls for a while, service closes──▶ closing ──▶ last words ──▶ ended
 *      └──────────────── the script failed ──────────────────────────────────────────────▶ ended
 */
import type { RoutedCall } from '../call/types.ts';
import { ERRORS } from '../kernel/errors.ts';
import type { MediaSession } from '../media/engine.ts';
import { SessionAccess } from './host/access.ts';
import { BoundedWait } from './host/bounded-wait.ts';
import { runCallCommand } from './host/call-commands.ts';
import { factsOf } from './host/call-events.ts';
import { SessionRequests } from './host/http-commands.ts';
import { MediaCommands } from './host/media-commands.ts';
import { MediaGraph } from './host/media-graph.ts';
import { SessionParts } from './host/parts.ts';
import { ScriptLink } from './host/script-link.ts';
import { SessionCalls } from './host/session-calls.ts';
import type { LogLevel, SessionContext, SessionServices, Untimed } from './host/session-context.ts';
import { SessionTimers } from './host/timers.ts';
import { BadCommand, parseCommand } from './parse-command.ts';
import type { AccessUrls } from './parts/access-protocol.ts';
import type { SessionDoor, SessionOutcome, StartRequest } from './ports.ts';
import type { HostCommand, HostEvent, ScriptError, Turn } from './protocol.ts';
import type { Started } from './sandbox/runtime.ts';
import type { Sandboxes } from './sandbox/sandboxes.ts';
import { plainScripts } from './script-file.ts';

export interface SessionOptions {
  readonly sessionId: string;
  readonly request: StartRequest;
  readonly services: SessionServices;
  readonly media: MediaSession;
  readonly sandboxes: Sandboxes;
  /** Where the session is reached from outside, if anywhere. */
  readonly accessUrls: AccessUrls | undefined;
  readonly log: (level: LogLevel, message: string) => void;
  readonly onEnded: (outcome: SessionOutcome) => void;
}

/** Calls and recordings have this long to end properly once the session closes. */
const CLOSE_SECONDS = 5;

export class ScenarioSession {
  readonly #options: SessionOptions;
  readonly #context: SessionContext;
  readonly #link: ScriptLink;
  readonly #calls: SessionCalls;
  readonly #timers: SessionTimers;
  readonly #requests: SessionRequests;
  readonly #media: MediaCommands;
  readonly #parts: SessionParts;
  readonly #access: SessionAccess;
  readonly #aborted = new AbortController();
  readonly #wait: BoundedWait;
  readonly #ended = Promise.withResolvers<void>();
  #phase: 'running' | 'closing' | 'last-words' | 'ended' = 'running';
  #logged = 0;
  #lastRequest = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { sessionId, request, services, media } = options;
    this.#wait = new BoundedWait(services.clock);
    this.#access = new SessionAccess(services, (event) => this.#post(event));
    this.#context = {
      sessionId,
      request,
      services,
      media,
      graph: new MediaGraph(media),
      edgeOwners: new Map(),
      calls: new Map(),
      transfers: new Map(),
      access: this.#access,
      signal: this.#aborted.signal,
      post: (event) => this.#post(event),
      caughtUp: () => this.#link.caughtUp(),
      log: (level, message) => this.#log(level, message),
      own: (id, call) => this.#calls.own(id, call),
      holdEnd: (work) => this.#wait.hold(work),
    };
    this.#link = new ScriptLink({
      clock: services.clock,
      waitingEvents: services.limits.waitingEvents,
      onTurn: (turn) => this.#onTurn(turn),
      onTooSlow: () => this.#fail(tooSlow()),
    });
    this.#calls = new SessionCalls(this.#context, (reason) => this.#terminate(reason, true));
    this.#timers = new SessionTimers(this.#context);
    this.#requests = new SessionRequests(this.#context);
    this.#media = new MediaCommands(this.#context);
    this.#parts = new SessionParts(this.#context);
  }

  /** Resolves when nothing of the session is left. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Takes the call, then opens the sandbox: whoever hangs up meanwhile is heard of (PITFALLS row 40). */
  start(): void {
    const { request, sandboxes } = this.#options;
    const inbound = request.inbound?.call;
    if (inbound !== undefined) this.#calls.adopt(inbound);
    // Data that a softphone of the cloud attaches to its call has no counterpart in SIP.
    const first: Untimed<HostEvent>[] =
      inbound === undefined ? [] : [{ type: 'call-alerting', call: factsOf(inbound), customData: '' }];
    const scripts = plainScripts(request.route.scenarios);
    this.#link.open(sandboxes, { scripts, started: this.#started() }, first);
    this.#calls.watchIdle();
  }

  /** One more call comes in: only conferences get any. */
  admit({ call }: RoutedCall): 'taken' | 'full' | 'ending' {
    if (this.#phase !== 'running') return 'ending';
    if (this.#calls.incoming >= this.#options.services.limits.conferenceCalls) return 'full';
    this.#calls.adopt(call);
    this.#post({ type: 'call-alerting', call: factsOf(call), customData: '' });
    return 'taken';
  }

  get accessUrls(): AccessUrls | undefined {
    return this.#options.accessUrls;
  }

  /** The way in from outside; none once the session ends. */
  get door(): SessionDoor | undefined {
    if (this.#phase !== 'running') return undefined;
    return {
      request: (request) => this.#access.request(request),
      admit: (request) => this.#access.onWebSocket?.(request) ?? { refused: 403 },
    };
  }

  /** Ends the session from outside, e.g. at shutdown. Resolves when nothing is left, `ms` later at the most. */
  async close(reason: string, ms: number): Promise<void> {
    const done = this.#wait.hurryIn(ms);
    this.#terminate(reason, true);
    await this.ended;
    done();
  }

  #started(): Started {
    const { request, services, sessionId, accessUrls } = this.#options;
    const { applicationId, applicationName, ruleName } = request.route;
    const { clock, random, limits } = services;
    const { timers, players, httpTotal, queueRequests, calls, logLineChars } = limits;
    return {
      type: 'started',
      at: clock.now(),
      seed: random.int(0x100000000),
      sessionId,
      applicationId,
      applicationName,
      ruleName,
      customData: request.customData,
      ...(request.conferenceName === undefined ? {} : { conferenceName: request.conferenceName }),
      limits: { timers, players, httpTotal, queueRequests, calls, logLineChars },
      ...(accessUrls === undefined ? {} : { access: accessUrls }),
    };
  }

  #post(event: Untimed<HostEvent>): void {
    // Timers and other resources are gone once the last words are spoken; one answer to the last request may come.
    const last =
      event.type === 'terminating' ||
      event.type === 'terminated' ||
      event.type === 'http-response' ||
      event.type === 'calllist-answer';
    if (this.#phase !== 'last-words' || last) this.#link.post(event);
  }

  #onTurn(turn: Turn): void {
    for (const text of turn.commands) this.#execute(text);
    if (turn.error !== undefined) this.#fail(turn.error);
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
    if (command.type === 'unhandled-rejection') {
      this.#onRejection(command);
      return;
    }
    // Also from a handler that has just said `terminate`.
    if (command.type === 'access-answer') {
      this.#access.answer(command);
      return;
    }
    // Who was called is often known only when the call has ended, which `terminate` leads to as well.
    if (command.type === 'calllist-report' && this.#phase !== 'ended') {
      this.#parts.run(command);
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
      case 'http-refused':
        this.#requests.refuse(command.requestId, command.reason);
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
      case 'call-send-message':
      case 'call-hold':
      case 'call-unhold':
      case 'call-handle-transfer':
      case 'call-transfer-result':
        runCallCommand(this.#context, command);
        return;
      case 'call-play':
      case 'call-stop-playback':
      case 'call-record':
      case 'media-connect':
      case 'media-disconnect':
      case 'player-create':
      case 'player-pause':
      case 'player-resume':
      case 'player-stop':
      case 'player-mark':
      case 'recorder-create':
      case 'recorder-mute':
      case 'recorder-stop':
        this.#media.run(command);
        return;
      default:
        this.#parts.run(command);
    }
  }

  /** After `Terminating` a script may still tell its backend, once. */
  #lastWish(command: HostCommand): void {
    if (command.type !== 'http-request' || this.#lastRequest) return;
    this.#lastRequest = true;
    this.#requests.run(command);
  }

  #terminate(reason: string, systemError: boolean): void {
    if (this.#phase !== 'running') return;
    this.#phase = 'closing';
    void this.#closeDown(reason, systemError);
  }

  /** VoxEngine's order: pending requests are waited for, then `Terminating`, one more request, `Terminated`. */
  async #closeDown(reason: string, systemError: boolean): Promise<void> {
    const { limits } = this.#options.services;
    this.#timers.close();
    this.#requests.dropWaiting();
    this.#calls.end(480);
    this.#access.close();
    this.#parts.close();
    this.#media.close();
    await this.#wait.allHeld(CLOSE_SECONDS);
    await this.#wait.within(limits.pendingHttpSeconds, this.#requests.whenIdle());
    await this.#caughtUp();
    if (this.#phase === 'ended') return;
    this.#phase = 'last-words';
    this.#post({ type: 'terminating', systemError });
    await this.#caughtUp();
    await this.#wait.within(limits.lastWordsSeconds, this.#requests.whenIdle());
    this.#post({ type: 'terminated', systemError });
    await this.#caughtUp();
    await this.#end({ reason, error: undefined });
  }

  /** A caller must not wait for a handler that is gone; people who are talking must not be cut off for one. */
  #onRejection({ message, scenario, line }: Extract<HostCommand, { type: 'unhandled-rejection' }>): void {
    if (this.#phase === 'running' && !this.#calls.connected) {
      this.#fail({ kind: 'exception', message, scenario, line });
    } else {
      this.#log('warn', line === undefined ? message : `${message} (${scenario}:${line})`);
    }
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
    this.#timers.close();
    this.#link.close();
    this.#requests.abort();
    this.#aborted.abort();
    this.#calls.end(outcome.error === undefined ? 480 : 500);
    this.#access.close();
    this.#parts.close();
    this.#media.close();
    await this.#wait.allHeld(CLOSE_SECONDS);
    await this.#wait.within(
      CLOSE_SECONDS,
      this.#options.media.close().catch(() => {}),
    );
    this.#options.onEnded(outcome);
    this.#ended.resolve();
  }

  /** Bounded: a dead worker never answers. */
  #caughtUp(): Promise<void> {
    return this.#wait.within(CLOSE_SECONDS, this.#link.caughtUp());
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

function tooSlow(): ScriptError {
  return {
    kind: 'flood',
    message: 'The scenario is too slow for its events.',
    scenario: '',
    line: undefined,
  };
}
