import type { ApiKey, ApiKeys } from '../http/ports.ts';
import { HttpError } from '../http/problems.ts';
import type { RateLimit } from '../http/rate-limit.ts';
import { looksLikeToken, type ServiceAccounts, type TokenProblem } from '../http/service-account.ts';
import { PlatformError, type PlatformErrorCode } from './errors.ts';
import type { PlatformOptions } from './options.ts';
import type { RawParams } from './params.ts';

/** RFC 6750 §2.1. */
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

const TOKEN_ERRORS: Readonly<Record<TokenProblem, PlatformErrorCode>> = {
  format: 447,
  key: 433,
  signature: 100,
  issuer: 100,
  life: 454,
  future: 455,
  expired: 456,
};

/** What a request proves itself with. */
export type Credentials =
  | { readonly kind: 'bearer'; readonly secret: string }
  | { readonly kind: 'key'; readonly secret: string; readonly account: Readonly<Record<string, string>> };

const ACCOUNT_PARAMS = ['account_id', 'account_name', 'account_email'] as const;

/**
 * The header comes before parameters, as a client library sends it. undefined: there is nothing (yet), or what there is
 * names no account.
 */
export function credentialsOf(header: string | undefined, params: RawParams): Credentials | undefined {
  const bearer = header === undefined ? undefined : BEARER.exec(header)?.[1];
  if (bearer !== undefined) return { kind: 'bearer', secret: bearer };
  const secret = params.get('api_key');
  const account = ACCOUNT_PARAMS.flatMap((name) => {
    const value = params.get(name);
    return typeof value === 'string' && value !== '' ? [[name, value] as const] : [];
  });
  if (typeof secret !== 'string' || account.length === 0) return undefined;
  return { kind: 'key', secret, account: Object.fromEntries(account) };
}

/** Throws 100 and its kind, or 340. */
export type Authenticator = (credentials: Credentials | undefined, address: string) => Promise<ApiKey>;

/** Keys and tokens, with the limits of the REST API. */
export function authenticator(
  apiKeys: ApiKeys,
  serviceAccounts: ServiceAccounts,
  account: PlatformOptions['account'],
  limit: RateLimit,
): Authenticator {
  const find = async (credentials: Credentials | undefined): Promise<ApiKey | PlatformErrorCode> => {
    if (credentials === undefined) return 100;
    const { secret } = credentials;
    if (credentials.kind === 'bearer' && looksLikeToken(secret)) {
      const verdict = await serviceAccounts.verify(secret);
      return 'key' in verdict ? verdict.key : TOKEN_ERRORS[verdict.problem];
    }
    if (credentials.kind === 'key' && !isAccount(credentials.account, account)) return 100;
    return (await apiKeys.find(secret)) ?? 100;
  };
  return async (credentials, address) => {
    try {
      limit.beforeLookUp(address, remembered(credentials));
      const found = await find(credentials);
      if (typeof found === 'number') {
        limit.failed(address);
        throw new PlatformError(found);
      }
      limit.passed(found.id, remembered(credentials) ?? '');
      // An object of this request's own: see http/disclosure.ts.
      return { ...found };
    } catch (error) {
      if (!(error instanceof HttpError) || !error.code.startsWith('rate/')) throw error;
      throw new PlatformError(340, { headers: error.headers }, { cause: error });
    }
  };
}

/** Every name of the account that came must be its name. */
function isAccount(given: Readonly<Record<string, string>>, account: PlatformOptions['account']): boolean {
  const own: Readonly<Record<string, string>> = {
    account_id: String(account.id),
    account_name: account.name,
    account_email: account.email,
  };
  return Object.entries(given).every(([name, value]) => own[name]?.toLowerCase() === value.toLowerCase());
}

/** What a good client is known by when its address has failed too often: a token is new each time, its header is not. */
function remembered(credentials: Credentials | undefined): string | undefined {
  const secret = credentials?.secret;
  return secret !== undefined && looksLikeToken(secret) ? secret.split('.', 1)[0] : secret;
}
