import type { IncomingMessage } from 'node:http';
import type { SessionDoors } from '../../scenario/ports.ts';
import type { Api } from '../api.ts';
import { HttpError } from '../problems.ts';

/** Bytes of a request's body. It becomes an event of the script, whose heap is not large. */
const MAX_BODY = 256 * 1024;
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** The part of a request that a script is told of. */
type Told = Parameters<NonNullable<ReturnType<SessionDoors['find']>>['request']>[0];

/**
 * `/session/<secret>`: what asks here asks the script of that session (`AppEvents.HttpRequest`). Who knows the secret needs
 * no key. It is in no document, since its URLs are given out one by one; docs/guide/web-sockets.md tells of it.
 */
export function sessionAccess(api: Api, doors: SessionDoors | undefined): void {
  if (doors === undefined) return;
  void api.register(async (scope) => {
    // Whatever the body is, the script gets it as text.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string', bodyLimit: MAX_BODY }, (_request, body, done) =>
      done(null, body),
    );
    for (const url of ['/session/:token', '/session/:token/*']) {
      scope.route<{ Params: { token: string } }>({
        method: [...METHODS],
        url,
        config: { access: 'public' },
        schema: { hide: true },
        handler: async (request, reply) => {
          const door = doors.find(request.params.token);
          if (door === undefined) throw new HttpError('session/unknown');
          const content = typeof request.body === 'string' ? request.body : '';
          const answer = await door.request(toldOf(request.raw, content));
          if (answer.kind === 'too-many')
            throw new HttpError('session/too-many', undefined, { headers: { 'retry-after': '1' } });
          const type = answer.json ? 'application/json' : 'text/plain';
          return reply.type(`${type}; charset=utf-8`).send(answer.body);
        },
      });
    }
  });
}

/** Headers that begin with `X-` only, as in the cloud (voximplant.com/docs/references/voxengine/appevents). */
export function toldOf(request: IncomingMessage, content: string): Told {
  const { rawHeaders, method = '', url = '' } = request;
  const headers: { key: string; value: string }[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const key = rawHeaders[i] as string;
    if (/^x-/i.test(key)) headers.push({ key, value: rawHeaders[i + 1] as string });
  }
  return { method, path: url, content, headers };
}
