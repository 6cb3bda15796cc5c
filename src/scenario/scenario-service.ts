/** Scenario sessions of this node: starts them for calls that come in and for requests, and ends them. */
import type { Calls, RoutedCall } from '../call/types.ts';
import type { Clock } from '../kernel/clock.ts';
import { Emitter } from '../kernel/emitter.ts';
import { MasklineError } from '../kernel/errors.ts';
import { describeError, type Logger } from '../kernel/logger.ts';
import { maskNumbersIn } from '../kernel/phone-number.ts';
import type { Random } from '../kernel/random.ts';
import type { MediaEngine, MediaSession } from '../media/engine.ts';
import type { LogLevel, SessionServices } from './host/session-context.ts';
import { FencedHttp, type HttpClient } from './http/http-client.ts';
import { NetFence } from './http/net-fence.ts';
import { PlaybackCache } from './http/playback-cache.ts';
import type {
  KeyValueStore,
  RecordingRegistry,
  ScenarioSessionEvents,
  Scenarios,
  SessionOutcome,
  SpeechSynthesis,
  StartRequest,
} from './ports.ts';
import { DEFAULT_LIMITS, type ScenarioLimits } from './sandbox/limits.ts';
import type { Sandboxes } from './sandbox/sandboxes.ts';
import { WorkerSandboxes } from './sandbox/worker-sandboxes.ts';
import { ScenarioSession } from './scenario-session.ts';

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
  readonly storage?: KeyValueStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly settings: ScenarioSettings;
  /** Flows that are tested play sounds that nobody has to fetch. */
  readonly playbacks?: Pick<PlaybackCache, 'fetch'>;
  /** Tests answer requests by themselves. */
  readonly http?: HttpClient;
  /** Tests run scripts in their own thread. */
  readonly sandboxes?: Sandboxes;
}

export class ScenarioService implements Scenarios {
  readonly observers: Emitter<ScenarioSessionEvents>;
  readonly #options: ScenarioServiceOptions;
  readonly #services: SessionServices;
  readonly #sandboxes: Sandboxes;
  readonly #fenced: FencedHttp;
  readonly #sessions = new Map<string, ScenarioSession>();
  #closing = false;

  /** Takes over `calls.onRouted`: every call that a rule was found for starts a session. */
  constructor(options: ScenarioServiceOptions) {
    this.#options = options;
    const { calls, recordings, speech, clock, random, log, settings } = options;
    const limits = { ...DEFAULT_LIMITS, ...settings.limits };
    this.observers = new Emitter<ScenarioSessionEvents>((error) => {
      log.error({ err: describeError(error) }, 'an observer of scenario sessions failed');
    });
    const fenced = new FencedHttp({ fence: new NetFence(settings.httpAllowPrivate), clock });
    const http = options.http ?? fenced;
    this.#fenced = fenced;
    const playbacks =
      options.playbacks ?? new PlaybackCache({ folder: settings.playbackFolder, http });
    const { storage } = options;
    this.#services = {
      ...{ calls, recordings, speech, http, playbacks, clock, random, limits },
      ...(storage === undefined ? {} : { storage }),
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

  async start(request: StartRequest): Promise<{ readonly sessionId: string }> {
    return { sessionId: this.#begin(request) };
  }

  async close(ms: number): Promise<void> {
    this.#closing = true;
    await Promise.all(
      [...this.#sessions.values()].map((session) => session.close('the node is shutting down', ms)),
    );
    this.#fenced.close();
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

  /** The observers keep the line as the script wrote it, for its owner; the server's own log shows no number. */
  #log(sessionId: string, level: LogLevel, message: string): void {
    this.#options.log[level]({ sessionId, line: maskNumbersIn(message) }, 'scenario');
    this.observers.emit('log', { sessionId, level, message });
  }

  #onEnded(sessionId: string, outcome: SessionOutcome): void {
    this.#sessions.delete(sessionId);
    this.#options.log.info(
      { sessionId, reason: outcome.reason, failed: outcome.error !== undefined },
      'scenario session ended',
    );
    this.observers.emit('ended', { sessionId, ...outcome });
  }
}
