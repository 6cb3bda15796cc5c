import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AdminStore, ApiKey, ApiKeys, ApplicationEntry, Scope } from './ports.ts';
import { HttpError } from './problems.ts';
import type { RateLimit } from './rate-limit.ts';
import { looksLikeToken, type ServiceAccounts } from './service-account.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a key must have to come in; `public` needs none. Every route says one; `app.ts` insists. */
    access?: Scope | 'public';
    /** The route shows the whole node; keys that are bound to an application are refused. */
    wholeNode?: boolean;
  }
  interface FastifyRequest {
    apiKey: ApiKey | null;
  }
}

/** RFC 6750 §2.1. */
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

/** Lets a request in, or throws 401, 403 or 429. Runs before the body is read, so that strangers cannot send megabytes. */
export function authorizer(
  apiKeys: ApiKeys,
  serviceAccounts: ServiceAccounts,
  limit: RateLimit,
): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  const find = async (secret: string): Promise<ApiKey | undefined> => {
    if (!looksLikeToken(secret)) return await apiKeys.find(secret);
    const verdict = await serviceAccounts.verify(secret);
    return 'key' in verdict ? verdict.key : undefined;
  };
  return async (request) => {
    const { access, wholeNode } = request.routeOptions.config;
    if (request.is404 || access === 'public') return;
    if (access === undefined) throw new HttpError('node/fault');
    const header = request.headers.authorization;
    const secret = header === undefined ? undefined : BEARER.exec(header)?.[1];
    limit.beforeLookUp(request.ip, secret);
    const key = secret === undefined ? undefined : await find(secret);
    if (key === undefined || secret === undefined) {
      limit.failed(request.ip);
      if (header === undefined) throw new HttpError('key/missing', undefined, challenge());
      throw new HttpError('key/unknown', undefined, challenge('invalid_token'));
    }
    limit.passed(key.id, secret);
    if (!key.scopes.includes(access)) {
      const detail = `The scope is ${access}.`;
      throw new HttpError('key/scope', detail, challenge('insufficient_scope', access));
    }
    if (wholeNode === true && key.applicationId !== undefined) throw new HttpError('key/application');
    // An object of this request's own: see disclosure.ts.
    request.apiKey = { ...key };
  };
}

/** RFC 6750 §3 and §3.1: no error code when there was no attempt to authenticate. */
function challenge(error?: string, scope?: Scope): { readonly headers: Readonly<Record<string, string>> } {
  const parts = ['Bearer realm="maskline"'];
  if (error !== undefined) parts.push(`error="${error}"`);
  if (scope !== undefined) parts.push(`scope="${scope}"`);
  return { headers: { 'www-authenticate': parts.join(', ') } };
}

/** The key of a request that was let in. */
export function keyOf(request: FastifyRequest): ApiKey {
  if (request.apiKey === null) throw new HttpError('node/fault');
  return request.apiKey;
}

/** Whether a key may know of a thing of that application. What has no application is for unbound keys. */
export function sees(key: ApiKey, applicationId: string | undefined): boolean {
  return key.applicationId === undefined || key.applicationId === applicationId;
}

/**
 * The application that a request is about: the one it names (id or name), else the key's own, else the only one there
 * is. Throws 404 for one that the key may not see, 422 when it is not clear.
 */
export function applicationFor(admin: AdminStore, key: ApiKey, named: string | undefined): ApplicationEntry {
  const visible = admin.applications().filter(({ id }) => sees(key, id));
  const wanted =
    named === undefined ? visible : visible.filter(({ id, name }) => id === named || name === named);
  if (wanted.length === 1 && wanted[0] !== undefined) return wanted[0];
  throw new HttpError(
    named === undefined && visible.length > 1 ? 'application/which' : 'application/unknown',
  );
}

/** The applications that a list covers: what the key sees, or of that the one that the request names. */
export function applicationFilter(
  admin: AdminStore,
  key: ApiKey,
  named: string | undefined,
): string | undefined {
  return named === undefined ? key.applicationId : applicationFor(admin, key, named).id;
}
