/**
 * Outbound calls: from the closed list of an `OutboundInvite` to an INVITE. Nothing here sees an inbound request.
 */
import { MasklineError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Random } from '../../kernel/random.ts';
import { ClientCredentials, type DigestAccount } from '../auth/credentials.ts';
import type { ChallengeHook, Dialogs, ExtraHeaders, InviteParts, UacSession } from '../dialog/types.ts';
import type { Address, Flow, Target, Transport } from '../transport/types.ts';
import { contactFor } from './contact.ts';
import type { Attempt, DialPlan } from './dial-plan.ts';
import type { FailedTargets } from './failed-targets.ts';
import { identityHeaders } from './identity-headers.ts';
import { mayTryElsewhere, OutboundSession } from './outbound-session.ts';
import type { MediaPolicy, OutboundInvite } from './types.ts';

export interface UacCoreOptions {
  readonly dialogs: Dialogs;
  readonly transport: Pick<Transport, 'flowTo'>;
  readonly plan: DialPlan;
  readonly failures: FailedTargets;
  readonly random: Random;
  readonly log: Logger;
}

export type SdpFor = (localHost: string, media: MediaPolicy) => Promise<string>;

export class UacCore {
  readonly #options: UacCoreOptions;
  /** Call-IDs of our calls that live: an INVITE that comes in with one of them is our own (PITFALLS row 44). */
  readonly #callIds = new Set<string>();

  constructor(options: UacCoreOptions) {
    this.#options = options;
  }

  invite(invite: OutboundInvite, sdpFor: SdpFor): UacSession {
    const attempts = this.#options.plan.attempts(invite.target);
    const offer = onceEach(sdpFor);
    const session = new OutboundSession({
      id: this.#options.random.uuid(),
      next: (signal) => this.#next(invite, attempts, offer, signal),
      onListenerError: (error) =>
        this.#options.log.error({ err: error }, 'a listener of an outbound call failed'),
    });
    session.start();
    return session;
  }

  isOwnCallId(callId: string): boolean {
    return this.#callIds.has(callId);
  }

  /** The next place that can be reached; throws when there is none. Whatever cannot be connected to has not rung and is passed over. */
  async #next(
    invite: OutboundInvite,
    attempts: AsyncGenerator<Attempt>,
    offer: SdpFor,
    signal: { readonly ended: boolean },
  ): Promise<UacSession | undefined> {
    if (invite.maxForwards <= 0) throw new MasklineError('call/too-many-hops');
    let unreachable: unknown;
    for (;;) {
      const { value: attempt, done } = await attempts.next();
      if (signal.ended) return undefined;
      if (done === true) break;
      const flow = await this.#flow(attempt).catch((error: unknown) => {
        unreachable = error;
        this.#options.failures.failed(attempt.target);
        return undefined;
      });
      if (flow === undefined) continue;
      if (isOurs(flow)) throw new MasklineError('call/looped');
      const sdp = await offer(mediaHost(flow), attempt.media);
      if (signal.ended) return undefined;
      return this.#send(partsOf(invite, attempt, flow, sdp, this.#options.random), attempt.target);
    }
    throw new MasklineError(invite.target.kind === 'user' ? 'user/offline' : 'trunk/unreachable', undefined, {
      cause: unreachable,
    });
  }

  #flow(attempt: Attempt): Promise<Flow> {
    return this.#options.transport.flowTo(attempt.target);
  }

  #send(parts: InviteParts, target: Target): UacSession {
    const { dialogs, failures } = this.#options;
    const session = dialogs.invite(parts);
    this.#callIds.add(parts.callId);
    session.events.on('ended', (end) => {
      this.#callIds.delete(parts.callId);
      if (mayTryElsewhere(end)) failures.failed(target);
      else if (end.by === 'remote') failures.answered(target);
    });
    return session;
  }
}

function partsOf(
  invite: OutboundInvite,
  attempt: Attempt,
  flow: Flow,
  sdp: string,
  random: Random,
): InviteParts {
  const identity = identityHeaders(invite.identity, attempt.fromDomain, attempt.style);
  return {
    flow,
    requestUri: attempt.requestUri,
    from: identity.from,
    to: attempt.to,
    // RFC 3261 §8.1.1.4 recommends no host in it either: it would tell where we stand.
    callId: random.token(16),
    contact: contactFor(flow),
    reach: attempt.reach,
    maxForwards: invite.maxForwards,
    headers: [...identity.fields, ...extensionsOnly(invite.headers)],
    sdp,
    ...(attempt.account === undefined ? {} : { onChallenge: answerWith(attempt.account, random) }),
  };
}

/** The list was checked by whoever built it; a name outside of it still does not leave. */
function extensionsOnly(headers: ExtraHeaders): ExtraHeaders {
  return headers.filter(([name]) => /^x-[\w-]+$/i.test(name));
}

/** The dialog layer asks for each refused request; one without credentials is the first of its kind (row 27). */
export function answerWith(account: DigestAccount, random: Random): ChallengeHook {
  const credentials = new ClientCredentials(account, random);
  return (response, request) => {
    const refused = request.headers.has('Authorization') || request.headers.has('Proxy-Authorization');
    if (!refused) credentials.begin();
    const status = response.status === 407 ? 407 : 401;
    const name = status === 407 ? 'Proxy-Authenticate' : 'WWW-Authenticate';
    if (!credentials.accept(status, response.headers.getAll(name))) return undefined;
    return credentials.fields(request.method, request.uri, request.body);
  };
}

/** An offer opens a media leg: asked for once, and again only for another address of ours or another media policy. */
function onceEach(sdpFor: SdpFor): SdpFor {
  const made = new Map<string, Promise<string>>();
  return (host, media) => {
    const key = `${host} ${JSON.stringify(media)}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    const offer = sdpFor(host, media);
    made.set(key, offer);
    return offer;
  };
}

function isOurs(flow: Flow): boolean {
  return same(flow.remote, flow.advertised) || same(flow.remote, flow.local);
}

function same(a: Address, b: Address): boolean {
  return a.host === b.host && a.port === b.port;
}

/** A wildcard is no address to send media to. */
function mediaHost(flow: Flow): string {
  const { host } = flow.local;
  return host === '0.0.0.0' || host === '::' ? flow.advertised.host : host;
}
