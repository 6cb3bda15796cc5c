/** Scenario sessions of this node: starts them for calls that come in and for requests, and ends them. */
import type { CallDirectory, Calls, RoutedCall } from '../call/types.ts';
import type { Clock } from '../kernel/clock.ts';
import { Emitter } from '../kernel/emitter.ts';
import { MasklineError } from '../kernel/errors.ts';
import { describeError, type Logger } from '../kernel/logger.ts';
import { maskNumbersIn } from '../kernel/phone-number.ts';
import type { Random } from '../kernel/random.ts';
import type { MaskedCalls } from '../masking/masking-service.ts';
import { ProgramDecoder } from '../media/decode/decoder.ts';
import type { MediaEngine, MediaSession } from '../media/engine.ts';
import type { Recognition } from '../speech/recognition.ts';
import { ConferenceHall, type HallSession } from './conference-hall.ts';
import type { LogLevel, SessionServices } from './host/session-context.ts';
import { FencedHttp, type HttpClient } from './http/http-client.ts';
import { NetFence } from './http/net-fence.ts';
import { PlaybackCache } from './http/playback-cache.ts';
import { FencedWebSockets, type WebSockets } from './http/web-socket-client.ts';
import { SmtpMailer } from './mail/smtp-mailer.ts';
import type { AccessUrls } from './parts/access-protocol.ts';
import {
  type CallListReports,
  type KeyValueStore,
  type Mailer,
  NODE_STOPS,
  type RecordingRegistry,
  type ScenarioSessionEvents,
  type Scenarios,
  type SessionDoor,
  type SessionDoors,
  type SessionOutcome,
  type SpeechSynthesis,
  type StartRequest,
} from './ports.ts';
import { DEFAULT_LIMITS, type ScenarioLimits } from './sandbox/limits.ts';
import type { Sandboxes } from './sandbox/sandboxes.ts';
import { WorkerSandboxes } from './sandbox/worker-sandboxes.ts';
import { ScenarioSession } from './scenario-session.ts';
import { hideTokens, SessionTokens } from './session-tokens.ts';

export interface ScenarioSettings {
  /** Scenario worker threads. */
  readonly workers: number;
  /** Sandboxes that each worker keeps ready; about 0.5 MB each. */
  readonly warm: number;
  readonly limits: Partial<ScenarioLimits>;
  /** Hosts and CIDRs of private networks that scenarios may reach over HTTP. */
  readonly httpAllowPrivate: readonly string[];
  /** Where fetched sounds are kept; made when the first one comes. */
  readonly playbackFolder: string;
}

export interface ScenarioServiceOptions {
  readonly calls: Calls;
  readonly media: MediaEngine;
  readonly recordings: RecordingRegistry;
  readonly speech: SpeechSynthesis;
  readonly recognition?: Recognition;
  /** Which scenarios a conference has; without it nobody can call one. */
  readonly routes?: Pick<CallDirectory, 'routeFor'>;
  readonly storage?: KeyValueStore;
  /** The dialler, when it runs here. */
  readonly callLists?: CallListReports;
  readonly masking?: MaskedCalls;
  /** Tests take mails by themselves. */
  readonly mailer?: Mailer;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly settings: ScenarioSettings;
  /** Flows that are tested play sounds that nobody has to fetch. */
  readonly playbacks?: Pick<PlaybackCache, 'fetch'>;
  /** Tests answer requests by themselves. */
  readonly http?: HttpClient;
  readonly webSockets?: WebSockets;
  /** Where this node is reached from outside (`http.publicUrl`); without it sessions have no URL. */
  readonly publicUrl?: () => string;
  /** Tests run scripts in their own thread. */
  readonly sandboxes?: Sandboxes;
}

/** What a session that is ended gets for its last words, milliseconds. */
const END_MS = 5_000;

export class ScenarioService implements Scenarios, SessionDoors {
  readonly observers: Emitter<ScenarioSessionEvents>;
  readonly #options: ScenarioServiceOptions;
  readonly #services: SessionServices;
  readonly #sandboxes: Sandboxes;
  readonly #fenced: FencedHttp;
  readonly #decoder: ProgramDecoder;
  readonly #hall: ConferenceHall | undefined;
  readonly #sessions = new Map<string, ScenarioSession>();
  readonly #tokens: SessionTokens;
  #closing = false;

  /** Takes over `calls.onRouted`: every call that a rule was found for starts a session. */
  constructor(options: ScenarioServiceOptions) {
    this.#options = options;
    const { calls, recordings, speech, clock, random, log, settings } = options;
    const limits = { ...DEFAULT_LIMITS, ...settings.limits };
    this.observers = new Emitter<ScenarioSessionEvents>((error) => {
      log.error({ err: describeError(error) }, 'an observer of scenario sessions failed');
    });
    this.#tokens = new SessionTokens(random, options.publicUrl ?? (() => ''));
    const fence = new NetFence(settings.httpAllowPrivate);
    const mailer = options.mailer ?? new SmtpMailer({ fence });
    const webSockets = options.webSockets ?? new FencedWebSockets({ fence, clock });
    const fenced = new FencedHttp({ fence, clock });
    const http = options.http ?? fenced;
    this.#fenced = fenced;
    this.#decoder = new ProgramDecoder({ clock });
    const sounds = { folder: settings.playbackFolder, http, decoder: this.#decoder };
    const playbacks = options.playbacks ?? new PlaybackCache(sounds);
    const { storage, callLists, masking, recognition, routes, media } = options;
    const begin = (request: StartRequest): HallSession => this.#beginConference(request);
    this.#hall =
      routes === undefined
        ? undefined
        : new ConferenceHall({
            clock,
            random,
            log,
            media,
            routes,
            begin,
            maxSessions: limits.conferenceSessions,
          });
    this.#services = {
      ...{ calls, recordings, speech, http, webSockets, mailer, playbacks, clock, random, limits },
      ...(storage === undefined ? {} : { storage }),
      ...(callLists === undefined ? {} : { callLists }),
      ...(masking === undefined ? {} : { masking }),
      ...(recognition === undefined ? {} : { recognition }),
      ...(this.#hall === undefined ? {} : { conferences: this.#hall }),
    };
    const { workers, warm } = settings;
    this.#sandboxes = options.sandboxes ?? new WorkerSandboxes({ workers, warm, limits, clock, log });
    calls.onRouted = (routed) => this.#onRouted(routed);
  }

  /** Resolves when sandboxes are warm; `main.ts` listens for calls after that. */
  get ready(): Promise<void> {
    return this.#sandboxes.ready;
  }

  get activeSessions(): number {
    return this.#sessions.size;
  }

  async start(request: StartRequest): Promise<{ readonly sessionId: string; readonly access?: AccessUrls }> {
    const { conferenceName } = request;
    const sessionId =
      conferenceName === undefined || this.#hall === undefined
        ? this.#begin(request)
        : this.#hall.start({ ...request, conferenceName }).sessionId;
    const access = this.#sessions.get(sessionId)?.accessUrls;
    return { sessionId, ...(access === undefined ? {} : { access }) };
  }

  find(token: string): SessionDoor | undefined {
    return this.#sessions.get(this.#tokens.sessionOf(token) ?? '')?.door;
  }

  /** Ends a session, if it runs, as if its script had; the script hears why by `systemError`. */
  end(sessionId: string, reason: string): void {
    void this.#sessions.get(sessionId)?.close(reason, END_MS);
  }

  async close(ms: number): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#sessions.values()].map((session) => session.close(NODE_STOPS, ms)));
    this.#fenced.close();
    this.#decoder.close();
    await this.#sandboxes.close();
  }

  #onRouted(routed: RoutedCall): void {
    try {
      this.#begin({ route: routed.route, customData: routed.route.customData ?? '', inbound: routed });
    } catch (error) {
      const code = error instanceof MasklineError ? error.meaning : undefined;
      this.#options.log.error(
        { err: describeError(error) },
        'no scenario session could be started for a call',
      );
      routed.call.reject(code !== undefined && 'sip' in code && code.sip !== undefined ? code.sip : 503);
    }
  }

  /** Everything up to here happens before anything is awaited, so the call is owned from its first moment. */
  #begin(request: StartRequest): string {
    if (this.#closing) throw new MasklineError('admission/draining');
    const media: MediaSession = this.#options.media.openSession();
    const sessionId = this.#services.random.uuid();
    const session = new ScenarioSession({
      sessionId,
      request,
      services: this.#services,
      media,
      sandboxes: this.#sandboxes,
      accessUrls: this.#tokens.issue(sessionId),
      log: (level, message) => this.#log(sessionId, level, message),
      onEnded: (outcome) => this.#onEnded(sessionId, outcome),
    });
    this.#sessions.set(sessionId, session);
    const { applicationId, ruleName, scenarios } = request.route;
    this.observers.emit('started', {
      sessionId,
      applicationId,
      ruleName,
      scenario: scenarios.map(({ name }) => name).join(', '),
      inbound: request.inbound !== undefined,
    });
    session.start();
    return sessionId;
  }

  #beginConference(request: StartRequest): HallSession {
    const sessionId = this.#begin(request);
    return { sessionId, admit: (routed) => this.#sessions.get(sessionId)?.admit(routed) ?? 'ending' };
  }

  /** The observers keep the line as the script wrote it, for its owner; the server's own log shows no number. */
  #log(sessionId: string, level: LogLevel, line: string): void {
    const message = hideTokens(line);
    this.#options.log[level]({ sessionId, line: maskNumbersIn(message) }, 'scenario');
    this.observers.emit('log', { sessionId, level, message });
  }

  #onEnded(sessionId: string, outcome: SessionOutcome): void {
    this.#sessions.delete(sessionId);
    this.#tokens.revoke(sessionId);
    this.#hall?.leave(sessionId);
    this.#options.log.info(
      { sessionId, reason: outcome.reason, failed: outcome.error !== undefined },
      'scenario session ended',
    );
    this.observers.emit('ended', { sessionId, ...outcome });
  }
}
