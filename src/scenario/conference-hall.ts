/**
 * Conferences with sessions of their own, by application and name, on this node. The first call to one starts the
 * scenarios of the rule whose pattern its name matches; later calls come to that session, as further inbound calls.
 */
import type { Call, CallDirectory, HeaderMap, RoutedCall } from '../call/types.ts';
import type { Clock } from '../kernel/clock.ts';
import { MasklineError } from '../kernel/errors.ts';
import { describeError, type Logger } from '../kernel/logger.ts';
import { PhoneNumber } from '../kernel/phone-number.ts';
import type { Random } from '../kernel/random.ts';
import type { MediaEngine, MediaSession } from '../media/engine.ts';
import { localCall } from './local-call.ts';
import type { StartRequest } from './ports.ts';

/** A session that may be called. */
export interface HallSession {
  readonly sessionId: string;
  /** Takes one more inbound call. False: it is ending, or has as many as it may. */
  admit(routed: RoutedCall): 'taken' | 'full' | 'ending';
}

export interface HallOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly media: Pick<MediaEngine, 'openPair'>;
  readonly routes: Pick<CallDirectory, 'routeFor'>;
  /** Sessions at once of one application. */
  readonly maxSessions: number;
  /** Starts a session. Throws when none can be had. */
  readonly begin: (request: StartRequest) => HallSession;
}

export interface ConferenceCallRequest {
  readonly applicationId: string;
  readonly name: string;
  readonly callerid: string;
  readonly displayName: string;
  readonly headers: HeaderMap;
  readonly maxForwards: number;
  /** Of the session that calls. */
  readonly media: MediaSession;
  readonly warn: (message: string) => void;
}

export class ConferenceHall {
  readonly #options: HallOptions;
  readonly #running = new Map<string, HallSession>();

  constructor(options: HallOptions) {
    this.#options = options;
  }

  /** Never throws: a call that gets nowhere fails, later, with 404 (no rule), 483, 486 (full) or 503. */
  call(request: ConferenceCallRequest): Call {
    const { clock, random, media, log } = this.#options;
    const { name, callerid, displayName, headers, maxForwards, warn } = request;
    const { near, far } = localCall({
      clock,
      ids: { near: random.uuid(), far: random.uuid() },
      callerid,
      number: name,
      displayName,
      headers,
      media: request.media,
      openPair: (one, other) => media.openPair(one, other),
      warn,
      onListenerError: (error) =>
        log.error({ err: describeError(error) }, 'a listener of a call to a conference failed'),
    });
    // Who called has to hear of a failure after it owns the call.
    queueMicrotask(() => {
      if (near.state === 'TERMINATED') return;
      const code = maxForwards <= 0 ? 483 : this.#arrive(request, far);
      if (code !== undefined) near.fail(code);
    });
    return near;
  }

  /** Starts the conference of that name, or finds the one that runs. Throws when no session can be had. */
  start(request: StartRequest & { readonly conferenceName: string }): { readonly sessionId: string } {
    const key = keyOf(request.route.applicationId, request.conferenceName);
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    return this.#begin(key, request);
  }

  /** The session has ended, or does not take calls any more. */
  leave(sessionId: string): void {
    for (const [key, one] of this.#running) if (one.sessionId === sessionId) this.#running.delete(key);
  }

  #begin(key: string, request: StartRequest): HallSession {
    const { begin, maxSessions } = this.#options;
    const { applicationId } = request.route;
    const of = [...this.#running.keys()].filter((one) => one.startsWith(keyOf(applicationId, ''))).length;
    if (of >= maxSessions)
      throw new MasklineError('admission/full', `The application has ${of} conferences, as many as it may.`);
    const session = begin(request);
    this.#running.set(key, session);
    return session;
  }

  /** The status with which the call fails, if it does. */
  #arrive({ applicationId, name, maxForwards }: ConferenceCallRequest, call: Call): number | undefined {
    const key = keyOf(applicationId, name);
    const route = this.#options.routes.routeFor(applicationId, PhoneNumber.parse(name));
    if (route === undefined) return 404;
    const routed = { call, route, maxForwards };
    const outcome = this.#running.get(key)?.admit(routed) ?? 'ending';
    if (outcome === 'full') return 486;
    if (outcome === 'taken') return undefined;
    try {
      const customData = route.customData ?? '';
      const request = { route, customData, inbound: routed, conferenceName: name };
      this.#begin(key, request);
      return undefined;
    } catch (error) {
      this.#options.log.error({ err: describeError(error) }, 'no session could be started for a conference');
      return 503;
    }
  }
}

const keyOf = (applicationId: string, name: string): string => `${applicationId} ${name}`;
