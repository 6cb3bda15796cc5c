/**
 * The server side of digest (RFC 3261 §22.1–22.4): one request in, one verdict out. The digest is verified first and
 * the use of the nonce noted afterwards (PITFALLS row 26). An unknown user name costs the same work as a wrong password,
 * and its guesses are counted alike.
 */
import type { AuthParams } from './auth-header.ts';
import { parseDigestHeader } from './auth-header.ts';
import {
  type ChallengeOptions,
  challengeFields,
  type OfferedAlgorithms,
  SHA256_THEN_MD5,
} from './challenge.ts';
import { digestResponse, type Ha1Set, type Qop, readAlgorithm } from './digest.ts';
import type { CredentialSource, GuessGuard } from './guess-guard.ts';
import { equalTexts, type NonceStore } from './nonce-store.ts';

export interface AuthenticatedRequest {
  readonly method: string;
  /** The Request-URI as it stood on the wire. */
  readonly uri: string;
  readonly body: Uint8Array;
  /** Values of Authorization (or of Proxy-Authorization), each field on its own. */
  readonly credentials: readonly string[];
  readonly source: CredentialSource;
}

/** What is known of a user name. */
export interface Secrets {
  readonly ha1: Ha1Set;
  /** False: MD5 does not do for this one (PITFALLS row 28). */
  readonly allowMd5?: boolean;
}

/**
 * `absent`: nothing for our realm, to be challenged. `wrong`: unknown user, wrong password, malformed, or guessed too
 * often; the peer gets the same answer for all four. `stale`: right with a nonce that no longer counts, or not looked at
 * because the nonce is not one that this peer was given.
 */
export type AuthVerdict =
  | { readonly kind: 'absent' | 'stale' }
  /** `heldBack`: not looked at, since this path has guessed too often. For our own log alone. */
  | { readonly kind: 'wrong'; readonly heldBack?: boolean }
  | { readonly kind: 'ok'; readonly username: string };

/** Stands in for the secrets of a user who does not exist. */
const NOBODY: Secrets = { ha1: { md5: '0'.repeat(32), sha256: '0'.repeat(64) } };

export class DigestAuthenticator {
  readonly realm: string;
  readonly #nonces: NonceStore;
  readonly #guesses: GuessGuard;
  readonly #algorithms: OfferedAlgorithms;

  constructor(options: {
    realm: string;
    nonces: NonceStore;
    guesses: GuessGuard;
    algorithms?: OfferedAlgorithms;
  }) {
    this.realm = options.realm;
    this.#nonces = options.nonces;
    this.#guesses = options.guesses;
    this.#algorithms = options.algorithms ?? SHA256_THEN_MD5;
  }

  /** Header fields of a 401 or 407 with a fresh nonce for whoever is at `host`. */
  challenge(
    host: string,
    options: Partial<Pick<ChallengeOptions, 'stale' | 'status' | 'algorithms'>> = {},
  ): [string, string][] {
    return challengeFields({
      realm: this.realm,
      nonce: this.#nonces.issue(host),
      stale: options.stale ?? false,
      algorithms: options.algorithms ?? this.#algorithms,
      status: options.status ?? 401,
    });
  }

  /** `secretsOf` answers from memory; it is asked once per credentials of our realm. */
  check(request: AuthenticatedRequest, secretsOf: (username: string) => Secrets | undefined): AuthVerdict {
    let verdict: AuthVerdict = { kind: 'absent' };
    for (const text of request.credentials.slice(0, 4)) {
      const params = parseDigestHeader(text);
      // RFC 3261 §22.3: credentials for other realms may stand beside ours.
      if (params === undefined || params.get('realm') !== this.realm) continue;
      verdict = this.#checkOne(request, params, secretsOf);
      if (verdict.kind === 'ok' || verdict.kind === 'stale') return verdict;
    }
    return verdict;
  }

  #checkOne(
    request: AuthenticatedRequest,
    params: AuthParams,
    secretsOf: (username: string) => Secrets | undefined,
  ): AuthVerdict {
    const claim = readClaim(params);
    const offered = this.#algorithms.find((algorithm) => algorithm === claim?.algorithm);
    if (claim === undefined || offered === undefined || !sameUser(claim.uri, request.uri))
      return { kind: 'wrong' };
    const { source } = request;
    if (!this.#nonces.isOurs(claim.nonce, source.host)) return { kind: 'stale' };
    if (!this.#guesses.admits(source, claim.username)) return { kind: 'wrong', heldBack: true };
    const known = secretsOf(claim.username);
    const secrets = known ?? NOBODY;
    const expected = digestResponse({
      ...claim,
      algorithm: offered,
      ha1: offered === 'MD5' ? secrets.ha1.md5 : secrets.ha1.sha256,
      method: request.method,
      body: request.body,
    });
    const right = equalTexts(claim.response, expected);
    if (!right || known === undefined || (offered === 'MD5' && known.allowMd5 === false)) {
      this.#guesses.wrong(source, claim.username);
      return { kind: 'wrong' };
    }
    this.#guesses.right(source, claim.username);
    const fresh = this.#nonces.use(
      claim.nonce,
      claim.qop === 'none' ? undefined : Number.parseInt(claim.nc, 16),
      source.host,
    );
    return fresh === 'fresh' ? { kind: 'ok', username: claim.username } : { kind: 'stale' };
  }
}

interface Claim {
  readonly username: string;
  readonly nonce: string;
  readonly uri: string;
  readonly response: string;
  readonly algorithm: string;
  readonly session: boolean;
  readonly qop: Qop;
  readonly nc: string;
  readonly cnonce: string;
}

/** The parameters that RFC 7616 §3.4 makes mandatory, or undefined. */
function readClaim(params: AuthParams): Claim | undefined {
  const username = params.get('username');
  const nonce = params.get('nonce');
  const uri = params.get('uri');
  const response = params.get('response')?.toLowerCase();
  const named = readAlgorithm(params.get('algorithm'));
  if (username === undefined || nonce === undefined || uri === undefined || response === undefined)
    return undefined;
  if (named === undefined) return undefined;
  const qop = params.get('qop')?.toLowerCase() ?? 'none';
  if (qop !== 'none' && qop !== 'auth' && qop !== 'auth-int') return undefined;
  const nc = params.get('nc') ?? '';
  const cnonce = params.get('cnonce') ?? '';
  if (qop !== 'none' && (!/^[0-9a-f]{8}$/i.test(nc) || cnonce === '')) return undefined;
  return { username, nonce, uri, response, ...named, qop, nc, cnonce };
}

/**
 * The digest-uri and the Request-URI need not be equal, since a proxy on the way may rewrite host and parameters
 * (RFC 3261 §22.4). The user part must be, or captured credentials would dial another number.
 */
function sameUser(digestUri: string, requestUri: string): boolean {
  return userOf(digestUri) === userOf(requestUri);
}

function userOf(uri: string): string {
  const found = /^\s*(?:sips?|tel):([^@]*)@?/i.exec(uri);
  const user = uri.includes('@') || /^\s*tel:/i.test(uri) ? (found?.[1] ?? '') : '';
  return user
    .replace(/;.*$/, '')
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
