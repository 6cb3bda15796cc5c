import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import fastify, { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';
import { describeError } from '../kernel/logger.ts';
import type { Api } from './api.ts';
import { auditRequests } from './audit.ts';
import { authorizer } from './authorize.ts';
import { refuseBrokenHttp } from './broken-http.ts';
import { describeRoutes } from './openapi.ts';
import type { HttpServerOptions } from './options.ts';
import { type FieldProblem, HttpError, problemOf } from './problems.ts';
import { RATE_LIMITS, RateLimit } from './rate-limit.ts';
import { registerRoutes } from './routes/index.ts';
import { ProblemSchema } from './schemas.ts';
import { ServiceAccounts } from './service-account.ts';
import { isSessionUpgrade } from './session-sockets.ts';
import { refuseBrokenText } from './well-formed.ts';

const BODY_LIMIT = 1024 * 1024;
/** A request has this long to arrive as a whole; its header less. Node's own defaults are five minutes and one. */
const REQUEST_MS = 30_000;
const HEADERS_MS = 10_000;
/** A connection on which nothing moves: a download that nobody reads any more. */
const IDLE_MS = 60_000;
const KEEP_ALIVE_MS = 15_000;

/** The API without a socket; `server.ts` gives it one, tests inject into it. */
export async function createApp(options: HttpServerOptions): Promise<Api> {
  const { log, random, apiKeys, clock, settings } = options;
  const limit = new RateLimit({ ...RATE_LIMITS, ...settings.rateLimits }, clock);
  const app = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_MS,
    connectionTimeout: IDLE_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: {
      headersTimeout: HEADERS_MS,
      maxHeaderSize: 16 * 1024,
      connectionsCheckingInterval: 2_000,
      shouldUpgradeCallback: (request) => options.doors !== undefined && isSessionUpgrade(request),
    },
    routerOptions: { maxParamLength: 256 },
    // A UUID, which the log's search for numbers leaves whole.
    genReqId: () => random.uuid(),
    forceCloseConnections: 'idle',
    clientErrorHandler: refuseBrokenHttp,
    frameworkErrors: (error, request, reply) => answerProblem(error, request, reply as FastifyReply),
    schemaErrorFormatter: (errors, place) =>
      new HttpError('request/invalid', undefined, {
        fields: errors.flatMap((one) => fieldProblems(place, one)),
      }),
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  app.removeContentTypeParser('text/plain');
  app.decorateRequest('apiKey', null);
  app.addSchema(ProblemSchema);

  const answerProblem = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const problem = problemOf(error, request.id);
    if (problem.status >= 500) {
      log.error({ err: describeError(error), requestId: request.id }, 'a request failed');
    }
    if (error instanceof HttpError) reply.headers(error.headers);
    reply
      .code(problem.status)
      .header('cache-control', 'no-store')
      .header('content-type', 'application/problem+json')
      .serializer(JSON.stringify)
      .send(problem);
  };
  app.setErrorHandler((error: FastifyError, request, reply) => answerProblem(error, request, reply));

  const methods = new Map<string, Set<string>>();
  app.addHook('onRoute', (route) => {
    if (route.config?.access === undefined) throw new Error(`${route.url} does not say who may use it`);
    const known = methods.get(route.url) ?? new Set();
    for (const method of [route.method].flat()) known.add(method);
    methods.set(route.url, known);
  });
  app.setNotFoundHandler((request, reply) => {
    const allowed = allowedMethods(methods, request.url);
    const error =
      allowed === undefined
        ? new HttpError('route/unknown')
        : new HttpError('route/method', undefined, { headers: { allow: allowed } });
    answerProblem(error, request, reply);
  });

  const serviceAccounts = new ServiceAccounts(apiKeys, clock, options.account?.id);
  app.addHook('onRequest', authorizer(apiKeys, serviceAccounts, limit));
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  });
  auditRequests(app, options.audit, clock);
  refuseBrokenText(app);
  // Neither query values nor bodies nor the path itself: any of them may hold what a client should not have put there.
  app.addHook('onResponse', async (request, reply) => {
    const { url, config } = request.routeOptions;
    const fields = {
      requestId: request.id,
      method: request.method,
      route: request.is404 ? 'none' : url,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      ...(request.apiKey === null ? {} : { apiKeyId: request.apiKey.id }),
    };
    if (config.access === 'public' || config.access === 'metrics:read') log.debug(fields, 'request');
    else log.info(fields, 'request');
  });

  await describeRoutes(app);
  await app.register(async (api) => registerRoutes(api.withTypeProvider<TypeBoxTypeProvider>(), options));
  for (const mount of options.mounts ?? []) await mount(app, { limit, serviceAccounts });
  await app.ready();
  return app;
}

/** What a validator found, with the names of the fields and never their values. */
function fieldProblems(
  place: string,
  error: { readonly instancePath?: string; readonly message?: string; readonly params?: unknown },
): FieldProblem[] {
  // A field that no schema knows is reported twice: with its name, and as one that `false` refuses.
  if (error.message === 'schema is false') return [];
  const path = `${place === 'querystring' ? 'query' : place}${error.instancePath ?? ''}`;
  const params = (error.params ?? {}) as Record<string, unknown>;
  const inner = [params.requiredProperties, params.additionalProperties].find(Array.isArray) as
    | unknown[]
    | undefined;
  const message = error.message ?? 'is not valid';
  if (inner === undefined) return [{ name: path, message }];
  const text = params.requiredProperties === undefined ? 'is not known here' : 'is missing';
  return inner.slice(0, 20).map((name) => ({ name: `${path}/${String(name).slice(0, 100)}`, message: text }));
}

/** The methods of the route that the URL belongs to, for the Allow header (RFC 9110 §15.5.6). */
function allowedMethods(methods: ReadonlyMap<string, ReadonlySet<string>>, url: string): string | undefined {
  const path = url.split('?', 1)[0] ?? '';
  for (const [pattern, known] of methods) {
    const parts = pattern
      .split('/')
      .map((part) => (part.startsWith(':') ? '[^/]+' : part.replaceAll('.', '\\.')));
    if (new RegExp(`^${parts.join('/')}$`).test(path)) return [...known].sort().join(', ');
  }
  return undefined;
}
