/**
 * `/platform_api/<Command>`, `/platform_api/<Command>/` and `/platform_api?cmd=<Command>`, GET and POST, for tools made for
 * Voximplant. Whatever happens the HTTP status is 200 and the answer JSON: `{"result":…}` or `{"error":{"code","msg"}}`.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Mount } from '../http/options.ts';
import { Views } from '../http/views.ts';
import { describeError } from '../kernel/logger.ts';
import { authenticator, credentialsOf } from './authenticate.ts';
import { COMMANDS } from './commands/index.ts';
import { PlatformError } from './errors.ts';
import type { PlatformOptions } from './options.ts';
import type { RawParams } from './params.ts';
import { bodyParams, queryParams } from './request-params.ts';
import { platformErrorOf } from './storage-errors.ts';

/** A script of a quarter of a million characters, each percent-encoded. Who sends its key in the body may send this. */
const STRANGER_BYTES = 2 * 1024 * 1024;
/** A table of people to call. */
const MAX_BYTES = 16 * 1024 * 1024;

const PATHS = ['/platform_api', '/platform_api/', '/platform_api/:command', '/platform_api/:command/'];

/** What the API serves beside its own routes; see `http/options.ts`. */
export function platformApi(options: PlatformOptions): Mount {
  return async (app, { limit, serviceAccounts }) => {
    const authenticate = authenticator(options.apiKeys, serviceAccounts, options.account, limit);
    await app.register(async (api) => {
      readBodiesAsBytes(api);
      api.setErrorHandler((error, request, reply) => answerError(options, error, request, reply));
      // Who shows its key before the body may send more of it.
      api.addHook('onRequest', async (request) => {
        const credentials = credentialsOf(request.headers.authorization, queryParams(request));
        if (credentials !== undefined) request.apiKey = await authenticate(credentials, request.ip);
      });
      const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
        const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
        const params = await bodyParams(queryParams(request), request.headers['content-type'], body);
        request.apiKey ??= await authenticate(
          credentialsOf(request.headers.authorization, params),
          request.ip,
        );
        return reply.send(await run(options, request, params));
      };
      for (const url of PATHS) {
        api.route({
          method: ['GET', 'POST'],
          url,
          // HEAD would start a scenario, too.
          exposeHeadRoute: false,
          config: { access: 'public' },
          schema: { hide: true },
          bodyLimit: MAX_BYTES,
          handler: handle,
        });
      }
    });
  };
}

async function run(options: PlatformOptions, request: FastifyRequest, params: RawParams): Promise<unknown> {
  const key = request.apiKey;
  if (key === null) throw new PlatformError(100);
  const { command: path } = request.params as { readonly command?: string };
  const name = path ?? params.get('cmd');
  if (typeof name !== 'string' || name === '') throw new PlatformError(102);
  const command = COMMANDS.get(name);
  if (command === undefined) throw new PlatformError(103);
  if (command.scope !== undefined && !key.scopes.includes(command.scope)) {
    throw new PlatformError(104, { detail: `the key has no scope ${command.scope}` });
  }
  if (command.wholeAccount === true && key.applicationId !== undefined) {
    throw new PlatformError(104, { detail: 'the key is bound to an application' });
  }
  const views = new Views(key, options.publicUrl());
  return await command.run({ ...options, key, views }, params);
}

function answerError(
  options: PlatformOptions,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  let known = platformErrorOf(error);
  const status = (error as { statusCode?: unknown } | undefined)?.statusCode;
  // What the framework refuses is the client's: a body that is too long, or that broke off.
  if (known === undefined && typeof status === 'number' && status < 500) known = new PlatformError(101);
  if (known === undefined) {
    options.log.error({ err: describeError(error), requestId: request.id }, 'a platform command failed');
    known = new PlatformError(2);
  } else options.log.debug({ code: known.code, requestId: request.id }, 'a platform command was refused');
  reply
    .code(200)
    .headers(known.headers)
    .type('application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send({ error: { code: known.code, msg: known.message } });
}

/** Every type of body, within the limit for who sends it. */
function readBodiesAsBytes(api: FastifyInstance): void {
  api.removeAllContentTypeParsers();
  api.addContentTypeParser('*', async (request: FastifyRequest, payload: AsyncIterable<Buffer>) => {
    const most = request.apiKey === null ? STRANGER_BYTES : MAX_BYTES;
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of payload) {
      bytes += chunk.length;
      if (bytes > most) throw new PlatformError(101, { detail: 'the request is too long' });
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  });
}
