/**
 * The client side of digest (RFC 3261 §22.2–22.3): answers 401 and 407 for one user name and password. Attempts are
 * counted, never inferred from the header fields of a request (PITFALLS row 27).
 */
import type { Random } from '../../kernel/random.ts';
import { type AuthParams, formatDigestHeader, parseDigestHeader, quoted } from './auth-header.ts';
import { ALGORITHMS, digestResponse, ha1, type NamedAlgorithm, type Qop, readAlgorithm } from './digest.ts';

export interface DigestAccount {
  readonly username: string;
  readonly password: string;
  /** Answer challenges of this realm only; absent: of any. */
  readonly realm?: string;
  /** False: a challenge that knows MD5 alone is not answered (PITFALLS row 28). Default true. */
  readonly allowMd5?: boolean;
}

/** A challenge that we took up, and how often its nonce was used. */
interface Accepted {
  readonly header: 'Authorization' | 'Proxy-Authorization';
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly named: NamedAlgorithm;
  /** Whether the challenge named `algorithm`; one that did not gets an answer without it, as RFC 2069 peers expect. */
  readonly namesAlgorithm: boolean;
  readonly qop: Qop;
  used: number;
}

/** Tries per realm and request: one, and a second one when the server says that only the nonce was old. */
const CAP = 2;

/** Realms that we hold at once; a hostile peer may invent as many as it likes. */
const MAX_REALMS = 4;

export class ClientCredentials {
  readonly #account: DigestAccount;
  readonly #random: Random;
  readonly #accepted = new Map<string, Accepted>();
  readonly #attempts = new Map<string, number>();

  constructor(account: DigestAccount, random: Random) {
    this.#account = account;
    this.#random = random;
  }

  /** A new request begins: its attempts are counted from zero. Nonces of earlier ones are kept and re-used. */
  begin(): void {
    this.#attempts.clear();
  }

  /**
   * Looks at the challenges of a 401 (WWW-Authenticate) or 407 (Proxy-Authenticate). True: send the request again, with
   * a new CSeq and branch and the fields of `fields()`. False: give up; trying again would not help.
   */
  accept(status: 401 | 407, challenges: readonly string[]): boolean {
    const header = status === 401 ? 'Authorization' : 'Proxy-Authorization';
    const best = strongestPerRealm(challenges.slice(0, 16), this.#account);
    let progress = false;
    for (const [realm, challenge] of best) {
      const key = `${header} ${realm}`;
      const attempts = this.#attempts.get(key) ?? 0;
      // A second 401 without stale means that the password is wrong (RFC 7616 §3.3). The first of a request may
      // come although we sent credentials at once: those were made with an old nonce.
      if (attempts >= CAP || (attempts > 0 && !challenge.stale)) continue;
      if (!this.#accepted.has(key) && this.#accepted.size >= MAX_REALMS) continue;
      this.#attempts.set(key, attempts + 1);
      this.#accepted.set(key, { ...challenge, header, realm, used: 0 });
      progress = true;
    }
    return progress;
  }

  /** Authorization and Proxy-Authorization for the next request; each call counts one use of each nonce. */
  fields(method: string, uri: string, body: Uint8Array = new Uint8Array()): [name: string, value: string][] {
    return [...this.#accepted.values()].map((accepted) => [
      accepted.header,
      this.#answer(accepted, method, uri, body),
    ]);
  }

  #answer(accepted: Accepted, method: string, uri: string, body: Uint8Array): string {
    const { realm, nonce, qop, named } = accepted;
    accepted.used += 1;
    const nc = accepted.used.toString(16).padStart(8, '0');
    const cnonce = this.#random.token(8);
    const { username, password } = this.#account;
    const response = digestResponse({
      ...named,
      ha1: ha1(named.algorithm, username, realm, password),
      nonce,
      method,
      uri,
      qop,
      nc,
      cnonce,
      body,
    });
    const algorithm = `${named.algorithm}${named.session ? '-sess' : ''}`;
    return formatDigestHeader([
      ['username', quoted(username)],
      ['realm', quoted(realm)],
      ['nonce', quoted(nonce)],
      ['uri', quoted(uri)],
      ['response', quoted(response)],
      ...(accepted.namesAlgorithm ? [['algorithm', algorithm] as const] : []),
      ...(qop !== 'none' || named.session ? [['cnonce', quoted(cnonce)] as const] : []),
      // RFC 7616 §3.4: qop and nc stand without quotation marks in an answer.
      ...(qop !== 'none'
        ? ([
            ['qop', qop],
            ['nc', nc],
          ] as const)
        : []),
      ...(accepted.opaque !== undefined ? [['opaque', quoted(accepted.opaque)] as const] : []),
    ]);
  }
}

type Challenge = Omit<Accepted, 'header' | 'realm' | 'used'> & { readonly stale: boolean };

/** Unknown algorithms are skipped wherever they stand; of the known ones the strongest counts (PITFALLS row 28). */
function strongestPerRealm(
  values: readonly string[],
  { realm: onlyRealm, allowMd5 = true }: DigestAccount,
): Map<string, Challenge> {
  const best = new Map<string, Challenge>();
  for (const value of values) {
    const params = parseDigestHeader(value);
    const realm = params?.get('realm');
    if (params === undefined || realm === undefined) continue;
    if (onlyRealm !== undefined && realm !== onlyRealm) continue;
    const challenge = readChallenge(params);
    if (challenge === undefined || (!allowMd5 && challenge.named.algorithm === 'MD5')) continue;
    const held = best.get(realm);
    if (held === undefined || rank(challenge) > rank(held)) best.set(realm, challenge);
  }
  return best;
}

function rank(challenge: Challenge): number {
  return ALGORITHMS.indexOf(challenge.named.algorithm);
}

function readChallenge(params: AuthParams): Challenge | undefined {
  const nonce = params.get('nonce');
  const named = readAlgorithm(params.get('algorithm'));
  if (nonce === undefined || named === undefined) return undefined;
  const offered = params
    .get('qop')
    ?.toLowerCase()
    .split(',')
    .map((option) => option.trim());
  const qop = chooseQop(offered);
  if (qop === undefined) return undefined;
  return {
    nonce,
    opaque: params.get('opaque'),
    named,
    namesAlgorithm: params.has('algorithm'),
    qop,
    stale: params.get('stale')?.toLowerCase() === 'true',
  };
}

/** `auth` where there is a choice: `auth-int` breaks when a middle box touches the SDP. */
function chooseQop(offered: readonly string[] | undefined): Qop | undefined {
  if (offered === undefined) return 'none';
  if (offered.includes('auth')) return 'auth';
  return offered.includes('auth-int') ? 'auth-int' : undefined;
}
