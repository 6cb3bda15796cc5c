/**
 * One outbound call on its way through the places of the dial plan: which comes next, whether the trunk has room, what
 * an end means for the rest (RFC 3263 §4.3, RFC 3261 §8.1.3.4; PITFALLS rows 22, 39 and 44). `OutboundSession` asks, and
 * what it asks for begins an INVITE.
 */
import { MasklineError } from '../../kernel/errors.ts';
import type { SessionEnd, UacSession } from '../dialog/types.ts';
import type { SipResponse, SipUri } from '../message/types.ts';
import { formatUri } from '../message/uri.ts';
import type { Address, Flow } from '../transport/types.ts';
import type { Attempt, Stage } from './dial-plan.ts';
import { mediaAfterRefusal } from './media-policy.ts';
import type { Tried } from './outbound-session.ts';
import { MAX_REDIRECTS, redirectsOf } from './redirects.ts';
import { retryAfter } from './retry-after.ts';
import type { Room, TrunkMeter } from './trunk-meter.ts';
import { TRUNK_DEFAULTS } from './types.ts';

/** What the walk needs of the user agent. */
export interface WalkTools {
  flowTo(attempt: Attempt): Promise<Flow>;
  /** Places of a redirect; rejects when its host leads nowhere. */
  redirected(attempt: Attempt, uri: SipUri): Promise<readonly Attempt[]>;
  /** Sends the INVITE; undefined when the call ended while its offer was made. */
  begin(
    attempt: Attempt,
    flow: Flow,
    signal: { readonly ended: boolean },
    onRefused: (response: SipResponse) => void,
  ): Promise<UacSession | undefined>;
  /** One session of several phones. */
  ring(stage: Stage): UacSession;
  /** What became of an attempt, for the order of the next calls. */
  readonly meter: TrunkMeter;
  /** No place is tried after that, monotonic ms. */
  readonly deadline: number;
  monotonic(): number;
}

/** RFC 3263 §4.3: this target did not serve; another one of the same peer may. */
const NEXT_TARGET: ReadonlySet<number> = new Set([408, 503]);

export class OutboundWalk {
  readonly #stages: AsyncIterator<Stage>;
  readonly #tools: WalkTools;
  /** Places that redirects have led to; they come first. */
  #redirected: (() => Promise<readonly Attempt[]>)[] = [];
  #queue: Attempt[] = [];
  readonly #visited = new Set<string>();
  /** The trunk whose other targets would say the same. */
  #done: string | undefined;
  #unreachable: unknown;
  #full = false;
  /** Phones of ours were among the places. */
  #phones = false;

  constructor(stages: AsyncIterator<Stage>, tools: WalkTools) {
    this.#stages = stages;
    this.#tools = tools;
  }

  /** The next place that can be reached; throws when there is none. Whatever cannot be connected to has not rung and is passed over. */
  async next(signal: { readonly ended: boolean }): Promise<Tried | undefined> {
    for (;;) {
      const stage = await this.#nextStage();
      if (signal.ended) return undefined;
      if (stage === undefined) throw this.#nowhere();
      this.#phones ||= stage.every(({ reach }) => reach === 'flow');
      if (stage.length > 1) return tried(this.#tools.ring(stage));
      for (const attempt of stage) {
        const begun = await this.#try(attempt, signal);
        if (signal.ended) begun?.session.end();
        if (begun !== undefined || signal.ended) return begun;
      }
      // Connections that are waited for in vain take their time, too.
      if (this.#tools.monotonic() >= this.#tools.deadline) throw this.#nowhere();
    }
  }

  async #nextStage(): Promise<Stage | undefined> {
    for (let resolve = this.#redirected.shift(); resolve !== undefined; resolve = this.#redirected.shift()) {
      // A redirect to a name that leads nowhere is passed over.
      this.#queue.push(...(await resolve().catch(() => [])));
    }
    const waiting = this.#queue.shift();
    if (waiting !== undefined) return [waiting];
    const { value, done } = await this.#stages.next();
    return done === true ? undefined : value;
  }

  async #try(attempt: Attempt, signal: { readonly ended: boolean }): Promise<Tried | undefined> {
    const { trunk } = attempt;
    const { meter } = this.#tools;
    if (trunk !== undefined && trunk.id === this.#done && attempt.redirected === 0) return undefined;
    const flow = await this.#connect(attempt);
    if (flow === undefined || signal.ended) return undefined;
    if (isOurs(flow)) throw new MasklineError('call/looped');
    const room = trunk === undefined ? meter.free : meter.enter(trunk, 'outbound');
    if (room !== undefined) return await this.#begin(attempt, flow, room, signal);
    this.#full = true;
    return undefined;
  }

  /** Undefined where nobody can be connected to: nothing has rung there. */
  async #connect(attempt: Attempt): Promise<Flow | undefined> {
    try {
      return await this.#tools.flowTo(attempt);
    } catch (error) {
      this.#unreachable = error;
      this.#tools.meter.unreachable(attempt.target, attempt.isLast === true ? attempt.trunk : undefined);
      return undefined;
    }
  }

  async #begin(
    attempt: Attempt,
    flow: Flow,
    room: Room,
    signal: { readonly ended: boolean },
  ): Promise<Tried | undefined> {
    const { trunk, target, isLast } = attempt;
    const refusal = new Refusal();
    let session: UacSession | undefined;
    try {
      session = await this.#tools.begin(attempt, flow, signal, refusal.take);
    } catch (error) {
      // RFC 6157 §4: no offer of ours can be made for this peer; the next may speak the other IP version.
      if (!isNoAddress(error)) throw error;
      this.#unreachable = error;
    } finally {
      if (session === undefined) room.never();
    }
    if (session === undefined) return undefined;
    room.follow(session);
    session.events.on('ended', (end) => {
      const seconds = refusal.response === undefined ? undefined : retryAfter(refusal.response);
      this.#tools.meter.heard(target, isLast === true ? trunk : undefined, trunk, end, seconds);
    });
    return {
      session,
      failsOver: (end) => this.#failsOver(attempt, end, refusal.response),
      progressMs: (trunk?.progressSeconds ?? 0) * 1000,
    };
  }

  #failsOver(attempt: Attempt, end: SessionEnd, refusal: SipResponse | undefined): boolean {
    if (this.#tools.monotonic() >= this.#tools.deadline) return false;
    if (refusal !== undefined && this.#takeRedirects(attempt, refusal)) return true;
    if (this.#mayEncrypt(attempt, end)) return true;
    const { trunk, redirected, target, isLast } = attempt;
    if (end.by === 'fault') {
      // One that we cancelled for want of progress ended by our own hand as far as the meter saw.
      if (end.retryable && end.status === 408)
        this.#tools.meter.silent(target, isLast === true ? trunk : undefined);
      return end.retryable;
    }
    const failoverOn = trunk?.failoverOn ?? TRUNK_DEFAULTS.failoverOn;
    if (!failoverOn.includes(end.status)) return false;
    // Without a trunk the other targets are the same peer: only 503 says that another one may serve.
    if (trunk === undefined) return end.status === 503;
    if (!NEXT_TARGET.has(end.status) && redirected === 0) this.#done = trunk.id;
    return true;
  }

  /** A phone of ours that wants SRTP and nothing else says so by its refusal; a trunk says so in the settings. */
  #mayEncrypt(attempt: Attempt, { by, status }: SessionEnd): boolean {
    const media =
      attempt.reach === 'flow' && by === 'remote' ? mediaAfterRefusal(attempt.media, status) : undefined;
    if (media !== undefined) this.#queue.unshift({ ...attempt, media });
    return media !== undefined;
  }

  /** True when there is somewhere to go. */
  #takeRedirects(attempt: Attempt, refusal: SipResponse): boolean {
    if (attempt.redirected >= MAX_REDIRECTS) return false;
    this.#visited.add(formatUri(attempt.requestUri));
    const fresh = redirectsOf(refusal, attempt.requestUri, attempt.redirects).filter(
      (uri) => !this.#visited.has(formatUri(uri)),
    );
    for (const uri of fresh) this.#visited.add(formatUri(uri));
    this.#redirected.push(...fresh.map((uri) => () => this.#tools.redirected(attempt, uri)));
    return fresh.length > 0;
  }

  #nowhere(): MasklineError {
    if (isNoAddress(this.#unreachable)) return this.#unreachable;
    if (this.#phones) return new MasklineError('user/offline', undefined, { cause: this.#unreachable });
    const code = this.#full && this.#unreachable === undefined ? 'trunk/busy' : 'trunk/unreachable';
    return new MasklineError(code, undefined, { cause: this.#unreachable });
  }
}

/** A transaction keeps `take` for 64·T1: nothing but this may hang on it. */
class Refusal {
  response: SipResponse | undefined;
  readonly take = (response: SipResponse): void => {
    this.response = response;
  };
}

const isNoAddress = (error: unknown): error is MasklineError =>
  error instanceof MasklineError && error.code === 'media/no-address';

/** Phones that rang have rung: there is nobody else to try. */
function tried(session: UacSession): Tried {
  return { session, failsOver: () => false, progressMs: 0 };
}

function isOurs(flow: Flow): boolean {
  return same(flow.remote, flow.advertised) || same(flow.remote, flow.local);
}

function same(a: Address, b: Address): boolean {
  return a.host === b.host && a.port === b.port;
}
