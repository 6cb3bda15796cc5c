/**
 * SIP as a whole, wired: the layers below are handed in, `IncomingCall`s come out, `OutboundInvite`s go in.
 *
 *   new SipUserAgent({ transport, transactions, dialogs, resolver, directory, locations, clock, random, log, settings })
 */
import type { Clock } from '../../kernel/clock.ts';
import { Emitter } from '../../kernel/emitter.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Random } from '../../kernel/random.ts';
import { DigestAuthenticator } from '../auth/authenticator.ts';
import { MD5_ONLY, type OfferedAlgorithms, SHA256_ONLY, SHA256_THEN_MD5 } from '../auth/challenge.ts';
import { GuessGuard } from '../auth/guess-guard.ts';
import { NonceStore } from '../auth/nonce-store.ts';
import type { Dialogs, UacSession } from '../dialog/types.ts';
import type { Resolver } from '../resolver/types.ts';
import type { Transactions } from '../transaction/types.ts';
import type { Flow, Transport, TransportUser } from '../transport/types.ts';
import { DialPlan } from './dial-plan.ts';
import { FailedTargets } from './failed-targets.ts';
import { PeerIdentifier } from './identify-peer.ts';
import { OwnCalls } from './own-calls.ts';
import { KnownSources, quietGate } from './quiet-gate.ts';
import type { RegistrarLimits } from './register-request.ts';
import { Registrar } from './registrar.ts';
import { Trunks } from './trunks.ts';
import type {
  LocationStore,
  OutboundInvite,
  TrunkReport,
  TrunkStatus,
  UserAgent,
  UserAgentDirectory,
  UserAgentEvents,
} from './types.ts';
import { type SdpFor, UacCore } from './uac-core.ts';
import { UasCore } from './uas-core.ts';

export interface UserAgentSettings {
  /** SIP domain of our accounts, and the realm of every challenge. */
  readonly domain: string;
  /** Offer MD5 beside SHA-256. Default true: many phones know nothing else. */
  readonly allowMd5?: boolean;
  /** Offer SHA-256 beside MD5. Default true; some old phones give up at a challenge that they do not know. */
  readonly allowSha256?: boolean;
  /** Answer OPTIONS of anybody. Default false: scanners learn nothing. */
  readonly answerUnknownOptions?: boolean;
  /** Seconds that we ask a provider's registrar for. Default 600: a provider that restarts knows us again soon. */
  readonly registrationExpires?: number;
  /** Seconds since an outbound call began after which no further place is tried. Default 40: one silent target and the next. */
  readonly failoverSeconds?: number;
  readonly registrar?: RegistrarLimits;
  /** Key of our nonces, when several nodes answer for one domain. Default: random. */
  readonly nonceSecret?: Uint8Array;
}

export interface SipUserAgentOptions {
  readonly transport: Transport;
  readonly transactions: Transactions;
  readonly dialogs: Dialogs;
  readonly resolver: Resolver;
  readonly directory: UserAgentDirectory;
  readonly locations: LocationStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly settings: UserAgentSettings;
}

export class SipUserAgent implements UserAgent {
  readonly events: Emitter<UserAgentEvents>;
  readonly #trunks: Trunks;
  readonly #uac: UacCore;
  readonly #guesses: GuessGuard;
  #started = false;
  #draining = false;

  constructor(options: SipUserAgentOptions) {
    const { transport, transactions, dialogs, resolver, directory, clock, random, log, settings } = options;
    this.events = new Emitter((error) => log.error({ err: error }, 'a listener of the user agent failed'));
    const registrar = new Registrar({
      locations: options.locations,
      clock,
      ...(settings.registrar === undefined ? {} : { limits: settings.registrar }),
    });
    const expires = settings.registrationExpires ?? 600;
    const targets = new FailedTargets(clock);
    const sip = { directory, transport, transactions, resolver, clock, random, log };
    this.#trunks = new Trunks({ ...sip, expires, targets });
    const { meter, registrations } = this.#trunks;
    const ownCalls = new OwnCalls();
    const plan = new DialPlan({
      directory,
      resolver,
      domain: settings.domain,
      bindings: (userId) => registrar.bindings(userId),
      order: (found) => targets.order(found),
      choice: { random, isDown: (trunkId) => meter.health.isDown(trunkId) },
    });
    const failoverSeconds = settings.failoverSeconds ?? 40;
    this.#uac = new UacCore({
      onSignalling: (told) => this.events.emit('signalling', told),
      dialogs,
      transport,
      plan,
      meter,
      ownCalls,
      clock,
      random,
      log,
      failoverSeconds,
    });
    const sources = new KnownSources(clock);
    this.#guesses = new GuessGuard(clock);
    const authenticator = authenticatorOf(options, this.#guesses);
    const peers = new PeerIdentifier({
      directory,
      authenticator,
      trunkByContact: (user) => registrations.trunkByContact(user),
    });
    const answerUnknownOptions = settings.answerUnknownOptions ?? false;
    dialogs.user = new UasCore({
      dialogs,
      peers,
      authenticator,
      registrar,
      sources,
      random,
      log,
      domain: settings.domain,
      answerUnknownOptions,
      acceptsCalls: () => !this.#draining,
      meter,
      ownCalls,
      isOwnContact: (user) => registrations.trunkByContact(user) !== undefined,
      onSignalling: (told) => this.events.emit('signalling', told),
      onCall: (call) => {
        if (this.events.listenerCount('call') === 0) return false;
        this.events.emit('call', call);
        return true;
      },
    });
    const isKnown = (flow: Flow): boolean =>
      answerUnknownOptions || sources.has(flow) || peers.trunkAt(flow) !== undefined;
    if (transport.user === undefined)
      throw new Error('The user agent needs its transaction layer to be made first.');
    const onFlowClosed = (flow: Flow): void => {
      registrations.flowClosed(flow);
      registrar.flowClosed(flow).catch((error: unknown) => {
        log.error({ err: error }, 'registrations of a closed connection could not be removed');
      });
    };
    transport.user = this.#gate(transport.user, isKnown, onFlowClosed);
  }

  /** Begins the registrations and probes at providers. To be called once the transport listens. */
  start(): void {
    this.#trunks.sync();
    this.#started = true;
  }

  /** The directory has other trunks than before. Before `start` nothing is sent. */
  trunksChanged(): void {
    if (this.#started) this.#trunks.sync();
  }

  invite(invite: OutboundInvite, sdpFor: SdpFor): UacSession {
    return this.#uac.invite(invite, sdpFor);
  }

  setDraining(on: boolean): void {
    this.#draining = on;
  }

  trunkStatus(trunkId: string): TrunkStatus {
    return this.#trunks.status(trunkId);
  }

  /** What guessing of passwords came to, for metrics. */
  get guesses(): GuessGuard['counters'] {
    return this.#guesses.counters;
  }

  /** Every trunk with its numbers, for metrics. */
  trunkReports(): readonly TrunkReport[] {
    return this.#trunks.reports();
  }

  async close(): Promise<void> {
    await this.#trunks.close();
  }

  /** The transaction layer has made itself the transport's user; we stand in front of it. */
  #gate(
    inner: TransportUser,
    isKnown: (flow: Flow) => boolean,
    onFlowClosed: (flow: Flow) => void,
  ): TransportUser {
    const gate = quietGate(inner, isKnown);
    return {
      ...gate,
      isKnown,
      onFlowClosed: (flow, error) => {
        gate.onFlowClosed(flow, error);
        onFlowClosed(flow);
      },
    };
  }
}

function authenticatorOf(
  { clock, random, settings }: SipUserAgentOptions,
  guesses: GuessGuard,
): DigestAuthenticator {
  const realm = settings.domain;
  const nonces = new NonceStore({
    clock,
    random,
    realm,
    ...(settings.nonceSecret === undefined ? {} : { secret: settings.nonceSecret }),
  });
  return new DigestAuthenticator({
    realm,
    nonces,
    guesses,
    algorithms: offered(settings),
  });
}

function offered({ allowMd5, allowSha256 }: UserAgentSettings): OfferedAlgorithms {
  if (allowMd5 === false) return SHA256_ONLY;
  return allowSha256 === false ? MD5_ONLY : SHA256_THEN_MD5;
}
