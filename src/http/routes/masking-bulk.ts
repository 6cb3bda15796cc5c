import { type Static, Type } from 'typebox';
import { MaskingError } from '../../masking/ports.ts';
import type { MaskingSession, NewSession } from '../../masking/types.ts';
import { type Api, keyProblems } from '../api.ts';
import { applicationFor, keyOf } from '../authorize.ts';
import { IdempotencyHeaders, type NamedRequest, once } from '../idempotency.ts';
import { newSession } from '../masking-bodies.ts';
import { BulkBody, BulkCloseBody, SessionView } from '../masking-schemas.ts';
import { sessionView } from '../masking-views.ts';
import type { HttpServerOptions } from '../options.ts';
import { HttpError, type Problem, problemOf } from '../problems.ts';
import { Views } from '../views.ts';
import { makeOrFind, namedRequest, sessionId } from './masking-sessions.ts';

type Parts = Pick<HttpServerOptions, 'admin' | 'idempotency' | 'log' | 'masking' | 'settings'>;
type Item = Static<typeof Outcomes>['items'][number];
/** What is asked for, or why it cannot be. */
type Wanted = NewSession | MaskingError | HttpError;
type Outcome = MaskingSession | Problem;
/** What an Idempotency-Key keeps of a bulk request: of sessions their ids only. */
type Kept = { readonly id: string } | { readonly problem: Problem };

const Outcomes = Type.Object({
  succeeded: Type.Integer(),
  failed: Type.Integer(),
  items: Type.Array(
    Type.Object({
      session: Type.Optional(SessionView),
      problem: Type.Optional(Type.Ref('Problem#')),
    }),
    { description: 'In the order of the request; each has one of the two.' },
  ),
});

/** As many rows are read at once when the answer to a repeated request is put together. */
const READ_AT_ONCE = 20;

/** Many masking sessions in one request, each with its own outcome. */
export function maskingBulk(api: Api, parts: Parts): void {
  const { admin, masking, settings } = parts;

  api.post(
    '/v1/masking-sessions/bulk',
    {
      config: { access: 'sessions:write' },
      schema: {
        summary:
          'Makes up to 1000 masking sessions, each for itself: one that cannot be made stops no other.',
        description:
          'A request whose form is wrong makes none. What needs a closer look (a number that is none, no free service number) is the outcome of that one.',
        operationId: 'createMaskingSessions',
        tags: ['masking'],
        headers: IdempotencyHeaders,
        body: BulkBody,
        response: { 200: Outcomes, ...keyProblems(404, 409, 413, 415, 422, 503) },
      },
    },
    async (request) => {
      const key = keyOf(request);
      const { application, sessions } = request.body;
      const { id: applicationId } = applicationFor(admin, key, application);
      const header = request.headers['idempotency-key'];
      const named = namedRequest(key, header, ['createMaskingSessions', applicationId, sessions]);
      const views = new Views(key, settings.publicUrl);
      const wanted = sessions.map((body, index) =>
        attempt(() =>
          newSession(body, applicationId, named === undefined ? undefined : sessionId(named, index)),
        ),
      );
      const show = (made: readonly Outcome[]) =>
        outcomes(
          made.map((one) => (isSession(one) ? { session: sessionView(one, views) } : { problem: one })),
        );
      if (named === undefined) return show(told(await createAll(parts, wanted), request.id));
      return show(await createAllOnce(parts, wanted, { named, requestId: request.id, applicationId }));
    },
  );

  api.post(
    '/v1/masking-sessions/bulk-close',
    {
      config: { access: 'sessions:write' },
      schema: {
        summary: 'Closes up to 1000 masking sessions, each for itself.',
        operationId: 'closeMaskingSessions',
        tags: ['masking'],
        body: BulkCloseBody,
        response: { 200: Outcomes, ...keyProblems(413, 415) },
      },
    },
    async (request) => {
      const key = keyOf(request);
      const views = new Views(key, settings.publicUrl);
      const closed = await masking.sessions.closeMany(request.body.ids, key.applicationId);
      return outcomes(
        closed.map((one, index) =>
          one instanceof MaskingError
            ? { problem: problemAt(one, request.id, `body/ids/${index}`) }
            : { session: sessionView(one, views) },
        ),
      );
    },
  );
}

function outcomes(items: Item[]): Static<typeof Outcomes> {
  const failed = items.filter(({ problem }) => problem !== undefined).length;
  return { succeeded: items.length - failed, failed, items };
}

/** What a session was refused for; anything else is a fault. */
function refusalOf(error: unknown): MaskingError {
  if (error instanceof MaskingError) return error;
  throw error;
}

function attempt(read: () => NewSession): Wanted {
  try {
    return read();
  } catch (error) {
    if (error instanceof MaskingError || error instanceof HttpError) return error;
    throw error;
  }
}

/** What is wrong with one of many: fields are named from the body of the whole request. */
function problemAt(error: unknown, requestId: string, place: string): Problem {
  const { fields, ...problem } = problemOf(error, requestId);
  const named = (fields ?? [{ name: 'body', message: problem.detail }]).map(({ name, message }) => ({
    name: name.replace(/^body/, place),
    message,
  }));
  return { ...problem, fields: named };
}

async function createAll(
  { masking }: Parts,
  wanted: readonly Wanted[],
): Promise<readonly (MaskingSession | MaskingError | HttpError)[]> {
  const good = wanted.filter((one): one is NewSession => !(one instanceof Error));
  const made = (await masking.sessions.createMany(good)).values();
  // As many as there are good ones.
  return wanted.map((one) => (one instanceof Error ? one : (made.next().value as MaskingSession)));
}

function told(
  outcomes: readonly (MaskingSession | MaskingError | HttpError)[],
  requestId: string,
): readonly Outcome[] {
  return outcomes.map((one, index) =>
    one instanceof Error ? problemAt(one, requestId, `body/sessions/${index}`) : one,
  );
}

/**
 * As for a single session: the ids are those of the request. Whoever is second finds what the first has made, or is making at
 * this moment, and nobody takes the other's session for somebody else's that is in the way.
 */
async function createAllOnce(
  parts: Parts,
  wanted: readonly Wanted[],
  request: { readonly named: NamedRequest; readonly requestId: string; readonly applicationId: string },
): Promise<readonly Outcome[]> {
  const { named, requestId, applicationId } = request;
  const { sessions } = parts.masking;
  let made: readonly Outcome[] | undefined;
  const keep = (all: readonly (MaskingSession | MaskingError | HttpError)[]): readonly Kept[] => {
    made = told(all, requestId);
    return made.map((one) => (isSession(one) ? { id: one.id } : { problem: one }));
  };
  const again = async () =>
    keep(
      await inSteps(wanted, async (one) =>
        one instanceof Error ? one : await makeOrFind(sessions, one).catch(refusalOf),
      ),
    );
  const first = async () => {
    // When it breaks off, all that may be known is that it did; what is broken for good breaks once more.
    const tried = await createAll(parts, wanted).catch(() => undefined);
    if (tried === undefined) return await again();
    const found = await inSteps(tried, async (one, index) =>
      one instanceof MaskingError
        ? ((await sessions.get(sessionId(named, index), applicationId)) ?? one)
        : one,
    );
    return keep(found);
  };
  const kept = await once(parts, named, 200, first, { again });
  if (made !== undefined) return made;
  return await inSteps(kept, async (one) => {
    if ('problem' in one) return one.problem;
    const gone = new MaskingError('masking/unknown-session', 'The session was deleted.');
    return (await sessions.get(one.id, applicationId)) ?? problemOf(gone, requestId);
  });
}

function isSession(one: Outcome): one is MaskingSession {
  return 'parties' in one;
}

/** Some at a time, in order. */
async function inSteps<A, B>(
  items: readonly A[],
  step: (item: A, index: number) => Promise<B>,
): Promise<B[]> {
  const done: B[] = [];
  while (done.length < items.length) {
    const from = done.length;
    const next = items.slice(from, from + READ_AT_ONCE);
    done.push(...(await Promise.all(next.map((item, index) => step(item, from + index)))));
  }
  return done;
}
