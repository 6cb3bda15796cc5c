/**
 * Outbound calls: from the closed list of an `OutboundInvite` to an INVITE. Nothing here sees an inbound request.
 */
import type { Clock } from '../../kernel/clock.ts';
import { MasklineError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Random } from '../../kernel/random.ts';
import { ClientCredentials, type DigestAccount } from '../auth/credentials.ts';
import type { ChallengeHook, Dialogs, ExtraHeaders, InviteParts, UacSession } from '../dialog/types.ts';
import type { SipUri } from '../message/types.ts';
import { INVITE_HEAD_BYTES, isLargeForUdp } from '../transport/size-policy.ts';
import type { Flow, Transport } from '../transport/types.ts';
import { CONTACT_USER, contactFor } from './contact.ts';
import type { Attempt, DialPlan, Stage } from './dial-plan.ts';
import { ForkedSession } from './forked-session.ts';
import { identityHeaders } from './identity-headers.ts';
import { OutboundSession } from './outbound-session.ts';
import { OutboundWalk, type WalkTools } from './outbound-walk.ts';
import type { OwnCalls } from './own-calls.ts';
import { numberOfUri } from './party-number.ts';
import type { TrunkMeter } from './trunk-meter.ts';
import type { MediaPolicy, OutboundInvite, UserAgentEvents } from './types.ts';

export interface UacCoreOptions {
  readonly dialogs: Dialogs;
  readonly transport: Pick<Transport, 'flowTo' | 'flowForLarge'>;
  readonly plan: DialPlan;
  readonly meter: TrunkMeter;
  readonly ownCalls: OwnCalls;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** No further place is tried after this time since the call began. */
  readonly failoverSeconds: number;
  /** Which Call-ID an attempt of a session has, before its INVITE leaves. */
  readonly onSignalling: (told: UserAgentEvents['signalling']) => void;
}

export type SdpFor = (localHost: string, media: MediaPolicy) => Promise<string>;

export class UacCore {
  readonly #options: UacCoreOptions;
  /** The session that whoever dialled sees; attempts and forks inside it have sessions of their own. */
  readonly #sessionIds = new WeakMap<OutboundInvite, string>();

  constructor(options: UacCoreOptions) {
    this.#options = options;
  }

  invite(invite: OutboundInvite, sdpFor: SdpFor): UacSession {
    const { plan, clock, failoverSeconds } = this.#options;
    const deadline = clock.monotonic() + failoverSeconds * 1000;
    const stages =
      invite.maxForwards > 0 ? plan.stages(invite) : nowhere(new MasklineError('call/too-many-hops'));
    const session = this.#session(stages, invite, onceEach(sdpFor), deadline);
    this.#sessionIds.set(invite, session.id);
    return session;
  }

  #session(
    stages: AsyncIterator<Stage>,
    invite: OutboundInvite,
    offer: SdpFor,
    deadline: number,
  ): OutboundSession {
    const { plan, meter, clock, transport } = this.#options;
    const tools: WalkTools = {
      flowTo: ({ target }) => transport.flowTo(target),
      redirected: async (attempt, uri) =>
        mayLeadTo(invite, attempt, uri) ? await plan.redirected(attempt, uri) : [],
      begin: async (attempt, flow, signal, onRefused) => {
        const sdp = await offer(mediaHost(flow), attempt.media);
        const best = await this.#flowFor(attempt, flow, sdp, invite);
        if (signal.ended) return undefined;
        return this.#send(
          { ...partsOf(invite, attempt, best, sdp, this.#options.random), onRefused },
          invite,
        );
      },
      ring: (stage) =>
        new ForkedSession({
          ...this.#listening(),
          branches: stage.map((attempt) => this.#session(only([attempt]), invite, offer, deadline)),
        }),
      meter,
      deadline,
      monotonic: () => clock.monotonic(),
    };
    const walk = new OutboundWalk(stages, tools);
    const session = new OutboundSession({
      ...this.#listening(),
      clock,
      next: (signal) => walk.next(signal),
    });
    session.start();
    return session;
  }

  /** RFC 3261 §18.1.1 as far as it helps (PITFALLS row 23): TCP for what is too large, where the target takes it. */
  async #flowFor(attempt: Attempt, flow: Flow, sdp: string, { headers }: OutboundInvite): Promise<Flow> {
    const extra = headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
    if (flow.transport !== 'udp' || !isLargeForUdp(INVITE_HEAD_BYTES + sdp.length + extra)) return flow;
    return (await this.#options.transport.flowForLarge?.(attempt.target)) ?? flow;
  }

  #listening(): { id: string; onListenerError: (error: unknown) => void } {
    const { random, log } = this.#options;
    return {
      id: random.uuid(),
      onListenerError: (error) => log.error({ err: error }, 'a listener of an outbound call failed'),
    };
  }

  #send(parts: InviteParts, invite: OutboundInvite): UacSession {
    const { identity, target } = invite;
    const sipSession = this.#sessionIds.get(invite);
    if (sipSession !== undefined) this.#options.onSignalling({ sipSession, callId: parts.callId });
    const session = this.#options.dialogs.invite(parts);
    const dialled = target.kind === 'trunk' ? target.number : undefined;
    session.events.on('ended', this.#options.ownCalls.began(parts.callId, identity, dialled));
    return session;
  }
}

/** A redirect to another number is a call to that number. */
function mayLeadTo(invite: OutboundInvite, { requestUri, redirects }: Attempt, uri: SipUri): boolean {
  if (invite.mayLeadTo === undefined || uri.user === requestUri.user) return true;
  const number = numberOfUri(uri, redirects.number?.spelling);
  const called = redirects.number?.called;
  return number === undefined || called?.equals(number) === true || invite.mayLeadTo(number);
}

async function* only(stage: Stage): AsyncGenerator<Stage> {
  yield stage;
}

// biome-ignore lint/correctness/useYield: a plan that leads nowhere.
async function* nowhere(error: MasklineError): AsyncGenerator<Stage> {
  throw error;
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
    contact: contactFor(flow, CONTACT_USER, attempt.requestUri.scheme),
    reach: attempt.reach,
    maxForwards: invite.maxForwards,
    headers: [...identity.fields, ...extensionsOnly(invite.headers)],
    sdp,
    reliableProvisional: attempt.trunk?.reliableProvisional,
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

/**
 * An offer opens a media leg: asked for once, and again only for another address of ours or another media policy. Only the
 * last one is held: an earlier one is no longer what the media leg would be answered to.
 */
function onceEach(sdpFor: SdpFor): SdpFor {
  let last: { readonly key: string; readonly offer: Promise<string> } | undefined;
  return (host, media) => {
    const key = `${host} ${JSON.stringify(media)}`;
    if (last?.key !== key) last = { key, offer: sdpFor(host, media) };
    return last.offer;
  };
}

/** A wildcard is no address to send media to. */
function mediaHost(flow: Flow): string {
  const { host } = flow.local;
  return host === '0.0.0.0' || host === '::' ? flow.advertised.host : host;
}
