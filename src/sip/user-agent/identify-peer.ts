/**
 * Who sent a request: a trunk by its address, a trunk or an account by digest, or nobody that we know. Whoever is not
 * known learns nothing: a name that exists and one that does not get the same answer.
 */
import type { DigestAuthenticator, Secrets } from '../auth/authenticator.ts';
import { requestUri } from '../message/fields.ts';
import type { SipRequest } from '../message/types.ts';
import { isSipUri } from '../message/uri.ts';
import type { Flow } from '../transport/types.ts';
import { trunkByCertificate, trunkBySource } from './peer-match.ts';
import type { Peer, TrunkSettings, UserAccount, UserAgentDirectory } from './types.ts';

/**
 * `challenge`: 401. `refuse`: the credentials are wrong, 403; the same for an unknown name and a wrong password.
 */
export type Identification =
  | { readonly kind: 'peer'; readonly peer: Peer }
  | { readonly kind: 'challenge'; readonly stale: boolean }
  | { readonly kind: 'refuse'; readonly heldBack: boolean };

export interface PeerIdentifierOptions {
  readonly directory: UserAgentDirectory;
  readonly authenticator: DigestAuthenticator;
  /** The trunk at which we registered with this Contact user, if any. */
  trunkByContact(user: string): TrunkSettings | undefined;
}

export class PeerIdentifier {
  readonly #options: PeerIdentifierOptions;

  constructor(options: PeerIdentifierOptions) {
    this.#options = options;
  }

  /** The trunk whose certificate was shown, or whose address this is; without asking for anything. */
  trunkAt(flow: Pick<Flow, 'remote' | 'peerNames'>): TrunkSettings | undefined {
    const trunks = this.#options.directory.trunks();
    return trunkByCertificate(trunks, flow.peerNames) ?? trunkBySource(trunks, flow.remote.host);
  }

  /** For a call, or any other request that a trunk may send. */
  identify(request: SipRequest, flow: Flow): Identification {
    const trunk = this.trunkAt(flow) ?? this.#registeredTrunk(request);
    if (trunk !== undefined) return { kind: 'peer', peer: { kind: 'trunk', trunk } };
    return this.#byDigest(request, flow, (name) => this.#userPeer(name) ?? this.#trunkPeer(name));
  }

  /** For REGISTER: an account, always by digest, also when its phone stands behind a trunk's address. */
  identifyUser(request: SipRequest, flow: Flow): Identification {
    return this.#byDigest(request, flow, (name) => this.#userPeer(name));
  }

  /** Our Contact towards a provider holds a random token that only the provider has seen. */
  #registeredTrunk(request: SipRequest): TrunkSettings | undefined {
    const uri = requestUri(request);
    if (!isSipUri(uri) || uri.user === undefined) return undefined;
    return this.#options.trunkByContact(uri.user);
  }

  #byDigest(
    request: SipRequest,
    { transport, remote }: Flow,
    peerOf: (name: string) => KnownPeer | undefined,
  ): Identification {
    const verdict = this.#options.authenticator.check(
      {
        method: request.method,
        uri: request.uri,
        body: request.body,
        credentials: request.headers.getAll('Authorization'),
        source: { transport, ...remote },
      },
      peerOf,
    );
    if (verdict.kind === 'absent') return { kind: 'challenge', stale: false };
    if (verdict.kind === 'stale') return { kind: 'challenge', stale: true };
    const known = verdict.kind === 'ok' ? peerOf(verdict.username) : undefined;
    if (known !== undefined) return { kind: 'peer', peer: known.peer };
    return { kind: 'refuse', heldBack: verdict.kind === 'wrong' && verdict.heldBack === true };
  }

  #userPeer(name: string): KnownPeer | undefined {
    const user: UserAccount | undefined = this.#options.directory.userByName(name);
    return user === undefined ? undefined : { peer: { kind: 'user', user }, ha1: user.ha1 };
  }

  #trunkPeer(name: string): KnownPeer | undefined {
    for (const trunk of this.#options.directory.trunks()) {
      if (trunk.inboundAuth?.username === name)
        return {
          peer: { kind: 'trunk', trunk },
          ha1: trunk.inboundAuth.ha1,
          allowMd5: trunk.allowMd5,
        };
    }
    return undefined;
  }
}

interface KnownPeer extends Secrets {
  readonly peer: Peer;
}
