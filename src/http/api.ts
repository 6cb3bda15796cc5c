import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import { Type } from 'typebox';

/** Fastify with types from schemas. */
export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

const PROBLEM = {
  description: 'A problem document.',
  content: { 'application/problem+json': { schema: Type.Ref('Problem#') } },
};

/** The answers of a route that are no success, for its schema: what every route may answer, and its own. */
export function problems<const S extends number>(...statuses: S[]): Record<S | 400 | 500, typeof PROBLEM> {
  const all = [...new Set<number>([400, ...statuses, 500])].sort((a, b) => a - b);
  return Object.fromEntries(all.map((status) => [status, PROBLEM])) as Record<S | 400 | 500, typeof PROBLEM>;
}

/** The same for routes that need a key. */
export function keyProblems<const S extends number>(...statuses: S[]) {
  return problems<S | 401 | 403 | 429>(401, 403, 429, ...statuses);
}
