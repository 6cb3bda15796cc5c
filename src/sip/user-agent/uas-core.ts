/**
 * What comes in outside any dialog, in the order of RFC 3261 §8.2: who is it, which method, what does it require, what
 * does it carry. Merged requests and CANCEL were dealt with below (PITFALLS rows 2 and 6).
 */
import type { Logger } from '../../kernel/logger.ts';
import type { Random } from '../../kernel/random.ts';
import type { DigestAuthenticator } from '../auth/authenticator.ts';
import type { ChallengeHook, Dialogs, DialogUser, UasParts } from '../dialog/types.ts';
import { callId, optionTags } from '../message/fields.ts';
import type { InviteServerTransaction, ServerTransaction } from '../transaction/types.ts';
import { CONTACT_USER, contactFor } from './contact.ts';
import type { Identification, PeerIdentifier } from './identify-peer.ts';
import { incomingCall, type Parties, partiesOf } from './incoming-call.ts';
import { answerOptions } from './options.ts';
import type { OwnCalls } from './own-calls.ts';
import type { KnownSources } from './quiet-gate.ts';
import type { Registrar } from './registrar.ts';
import { refusalOf, refusalOutside } from './request-checks.ts';
import type { Room, TrunkMeter } from './trunk-meter.ts';
import type { IncomingCall, Peer, UserAgentEvents } from './types.ts';
import { answerWith } from './uac-core.ts';

export interface UasCoreOptions {
  readonly dialogs: Dialogs;
  readonly peers: PeerIdentifier;
  readonly authenticator: DigestAuthenticator;
  readonly registrar: Registrar;
  readonly sources: KnownSources;
  readonly random: Random;
  readonly log: Logger;
  readonly domain: string;
  /** Answer OPTIONS of anybody. */
  readonly answerUnknownOptions: boolean;
  /** False while the node drains. */
  readonly acceptsCalls: () => boolean;
  readonly meter: TrunkMeter;
  readonly ownCalls: OwnCalls;
  /** Whether the user part is one that we gave to a provider as Contact. */
  isOwnContact(user: string): boolean;
  /** Which Call-ID a session has. */
  readonly onSignalling: (told: UserAgentEvents['signalling']) => void;
  /** False when nobody takes calls. */
  onCall(call: IncomingCall): boolean;
}

/** How long a source counts as known after an account has called or registered from it, ms. */
const KNOWN_FOR = 3_600_000;

export class UasCore implements DialogUser {
  readonly #options: UasCoreOptions;

  constructor(options: UasCoreOptions) {
    this.#options = options;
  }

  onInvite(transaction: InviteServerTransaction): void {
    const { request, flow } = transaction;
    const { peers, dialogs, sources, domain } = this.#options;
    // Row 44: the network has led our own call back to us.
    if (this.#options.ownCalls.hasCallId(callId(request))) {
      transaction.reply(482);
      return;
    }
    const peer = this.#peerOf(transaction, peers.identify(request, flow));
    if (peer === undefined) return;
    if (peer.kind === 'user') sources.remember(flow, KNOWN_FOR);
    const extensions = extensionsFor(peer);
    const refusal = refusalOf(request) ?? dialogs.refusal(request, extensions);
    if (refusal !== undefined) {
      transaction.reply(refusal.status, { fields: refusal.fields });
      return;
    }
    const parties = partiesOf(request, { peer, isOwnContact: (user) => this.#options.isOwnContact(user) });
    const room = this.#roomFor(transaction, peer, parties);
    if (room === undefined) return;
    const session = dialogs.acceptInvite(transaction, {
      contact: contactFor(flow, CONTACT_USER, /^sips:/i.test(request.uri) ? 'sips' : 'sip'),
      // A phone may be behind NAT; a trunk says where it wants to be asked.
      reach: peer.kind === 'user' ? 'flow' : 'target',
      ...extensions,
      ...this.#credentialsFor(peer),
    });
    room.follow(session);
    this.#options.onSignalling({ sipSession: session.id, callId: callId(request) });
    const call = incomingCall(request, { session, peer, domain, parties });
    this.#options.log.debug(
      { peer: peerName(peer), dialled: call.dialled, caller: call.caller },
      'a call has come in',
    );
    if (!this.#options.onCall(call)) session.reject(503);
  }

  /** What a call from a trunk takes there; undefined after it was refused. */
  #roomFor(transaction: ServerTransaction, peer: Peer, { caller, dialled }: Parties): Room | undefined {
    const { meter, ownCalls, log } = this.#options;
    if (peer.kind === 'user') return meter.free;
    const { trunk } = peer;
    meter.health.callSucceeded(trunk.id);
    // Row 44: the trunk sends our own call back, under another Call-ID.
    if (ownCalls.isEcho(caller, dialled)) {
      log.warn({ trunk: trunk.name, dialled }, 'a trunk sends our own call back to us');
      transaction.reply(482);
      return undefined;
    }
    const room = meter.enter(trunk, 'inbound');
    if (room === undefined) {
      log.warn({ trunk: trunk.name }, 'a call was refused: the trunk carries as many as it may');
      transaction.reply(503);
    }
    return room;
  }

  onRequest(transaction: ServerTransaction): void {
    const { method } = transaction.request;
    if (method === 'REGISTER') this.#register(transaction);
    else if (method === 'OPTIONS') this.#probe(transaction);
    else this.#refuseMethod(transaction);
  }

  /** §8.2.1 */
  #refuseMethod(transaction: ServerTransaction): void {
    const identity = this.#options.peers.identify(transaction.request, transaction.flow);
    if (this.#peerOf(transaction, identity) === undefined) return;
    const { status, fields } = refusalOutside(transaction.request);
    transaction.reply(status, { fields });
  }

  /** A trunk that challenges our calls may challenge our BYE as well. */
  #credentialsFor(peer: Peer): { onChallenge?: ChallengeHook } {
    if (peer.kind !== 'trunk' || peer.trunk.outboundAuth === undefined) return {};
    const account = { ...peer.trunk.outboundAuth, allowMd5: peer.trunk.allowMd5 };
    return { onChallenge: answerWith(account, this.#options.random) };
  }

  /** The peer, or undefined after the request was challenged or refused. */
  #peerOf(transaction: ServerTransaction, identity: Identification): Peer | undefined {
    if (identity.kind === 'peer') return identity.peer;
    if (identity.kind === 'challenge') {
      const { authenticator } = this.#options;
      const { host } = transaction.flow.remote;
      transaction.reply(401, { fields: authenticator.challenge(host, { stale: identity.stale }) });
      return undefined;
    }
    // §22.1: not 401 again, since a phone with a wrong password in it would try for ever.
    const { flow } = transaction;
    // Whoever is held back has been warned of; a flood of guesses must not become a flood of lines.
    if (!identity.heldBack) {
      this.#options.log.warn(
        { source: flow.remote.host, transport: flow.transport },
        'wrong credentials were refused',
      );
    }
    transaction.reply(403);
    return undefined;
  }

  /** §11.2. The gate before the transaction layer has dropped what strangers ask. */
  #probe(transaction: ServerTransaction): void {
    const { answerUnknownOptions, sources, peers } = this.#options;
    const { request, flow } = transaction;
    const known = answerUnknownOptions || sources.has(flow);
    if (known || this.#peerOf(transaction, peers.identify(request, flow)) !== undefined)
      answerOptions(transaction, this.#options.acceptsCalls());
  }

  #register(transaction: ServerTransaction): void {
    const { peers, registrar } = this.#options;
    const { request, flow } = transaction;
    const peer = this.#peerOf(transaction, peers.identifyUser(request, flow));
    if (peer?.kind !== 'user') return;
    const required = optionTags(request, 'Require');
    if (required.length > 0) {
      transaction.reply(420, { fields: [['Unsupported', required.join(', ')]] });
      return;
    }
    registrar
      .register(request, flow, peer.user)
      .then(({ status, options }) => {
        if (status === 200) this.#options.sources.remember(flow, KNOWN_FOR);
        if (transaction.open) transaction.reply(status, options);
      })
      .catch((error: unknown) => {
        this.#options.log.error({ err: error }, 'a registration could not be stored; look at the database');
        if (transaction.open) transaction.reply(500);
      });
  }
}

/** An account has none of its own: what its phone asks for, it gets. */
function extensionsFor(peer: Peer): Pick<UasParts, 'reliableProvisional'> {
  return peer.kind === 'trunk' ? { reliableProvisional: peer.trunk.reliableProvisional } : {};
}

function peerName(peer: Peer): string {
  return peer.kind === 'trunk' ? `trunk ${peer.trunk.name}` : `user ${peer.user.id}`;
}
