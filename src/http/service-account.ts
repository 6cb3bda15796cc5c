import { verify } from 'node:crypto';
import type { Clock } from '../kernel/clock.ts';
import type { ApiKey, ApiKeys } from './ports.ts';

/** A token lives an hour at most (voximplant.com/docs/guides/managementapi/jwt). */
const MAX_LIFE_SECONDS = 3_600;
/** What clocks may differ by. */
const SKEW_SECONDS = 30;
/** With an RSA key of 4096 bits a token has about 1000 characters. */
const MAX_TOKEN = 4_096;
const FORM = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const KEY_ID = /^[\w-]{1,64}$/;

/** Why a token is refused. */
export type TokenProblem = 'format' | 'key' | 'signature' | 'issuer' | 'life' | 'future' | 'expired';

export type TokenVerdict = { readonly key: ApiKey } | { readonly problem: TokenProblem };

/** Whether a bearer secret is meant as a token; an API key has no dots. */
export const looksLikeToken = (secret: string): boolean => secret.includes('.');

/**
 * Tokens of service accounts: JWT (RFC 7519) signed with RS256 (RFC 7518 §3.3), `kid` in the header, and `iss` (the
 * account's number), `iat` and `exp` in the claims.
 */
export class ServiceAccounts {
  readonly #apiKeys: Pick<ApiKeys, 'findServiceAccount'>;
  readonly #clock: Clock;
  readonly #issuer: string | undefined;

  /** @param accountId undefined: no token is taken. */
  constructor(apiKeys: Pick<ApiKeys, 'findServiceAccount'>, clock: Clock, accountId: number | undefined) {
    this.#apiKeys = apiKeys;
    this.#clock = clock;
    this.#issuer = accountId === undefined ? undefined : String(accountId);
  }

  async verify(token: string): Promise<TokenVerdict> {
    if (token.length > MAX_TOKEN || !FORM.test(token)) return { problem: 'format' };
    const [head = '', body = '', signature = ''] = token.split('.');
    const header = parse(head);
    const claims = parse(body);
    // The algorithm is ours to say, not the token's (RFC 8725 §3.1).
    if (header === undefined || claims === undefined || header.alg !== 'RS256') return { problem: 'format' };
    const keyId = header.kid;
    if (typeof keyId !== 'string' || !KEY_ID.test(keyId)) return { problem: 'key' };
    const account = await this.#apiKeys.findServiceAccount(keyId);
    if (account === undefined) return { problem: 'key' };
    const signed = Buffer.from(`${head}.${body}`);
    if (!verify('RSA-SHA256', signed, account.publicKey, Buffer.from(signature, 'base64url'))) {
      return { problem: 'signature' };
    }
    const problem = this.#claimsProblem(claims);
    return problem === undefined ? { key: account.key } : { problem };
  }

  #claimsProblem({ iss, iat, exp }: Readonly<Record<string, unknown>>): TokenProblem | undefined {
    if (!['string', 'number'].includes(typeof iss) || String(iss) !== this.#issuer) return 'issuer';
    if (!isSeconds(iat) || !isSeconds(exp)) return 'format';
    const now = this.#clock.now() / 1_000;
    if (exp - iat > MAX_LIFE_SECONDS) return 'life';
    if (iat > now + SKEW_SECONDS) return 'future';
    return exp < now - SKEW_SECONDS ? 'expired' : undefined;
  }
}

const isSeconds = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

function parse(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
