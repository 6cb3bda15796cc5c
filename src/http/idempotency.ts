import { createHmac } from 'node:crypto';
import { Type } from 'typebox';
import { describeError } from '../kernel/logger.ts';
import { MaskingError } from '../masking/ports.ts';
import type { HttpServerOptions } from './options.ts';
import { HttpError } from './problems.ts';

/** For routes that do something once (draft-ietf-httpapi-idempotency-key-header). */
export const IdempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: '^[\\u0021-\\u007e]{1,255}$',
      description: 'Names this request: sent again with the same key, it does nothing again.',
    }),
  ),
});

export interface NamedRequest {
  readonly apiKeyId: string;
  /** The Idempotency-Key. */
  readonly key: string;
  /** Of what the request asks for; another one under the same key is refused. */
  readonly hash: string;
}

/**
 * A request's hash for the database. Bodies hold numbers, of which there are too few for a plain hash to hide: it is keyed
 * with the Idempotency-Key, of which the database has a hash only.
 */
export function requestHash(key: string, ...parts: readonly unknown[]): string {
  return createHmac('sha256', key).update(JSON.stringify(parts)).digest('base64url');
}

/**
 * An id that the same request under the same key always gets, so that its row can be there once only, whatever died when.
 * A version 8 UUID (RFC 9562 §5.8).
 *
 * @param index for requests that make several things.
 */
export function idOf({ apiKeyId, key, hash }: NamedRequest, index = 0): string {
  const digest = createHmac('sha256', key)
    .update(JSON.stringify([apiKeyId, hash, index]))
    .digest();
  digest[6] = (digest[6]! & 0x0f) | 0x80;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  const hex = digest.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/**
 * Does something at most once per Idempotency-Key, also across restarts (PITFALLS row 39). What was refused did nothing, so its
 * key is free again. What succeeded and could not be noted keeps the key.
 *
 * @param status of the answer.
 * @param act resolves with what is kept for 24 hours and given back to the same request: it must hold no numbers.
 * @param options.again what to do when the earlier request has not ended, its process died, or the database broke off. Default:
 *   409, for nobody knows; and then whatever fails counts as refused.
 */
export async function once<T>(
  { idempotency, log }: Pick<HttpServerOptions, 'idempotency' | 'log'>,
  request: NamedRequest,
  status: number,
  act: () => Promise<T>,
  options: { readonly again?: () => Promise<T> } = {},
): Promise<T> {
  const { apiKeyId, key, hash } = request;
  const replay = await idempotency.begin(apiKeyId, key, hash);
  if (replay.kind === 'other-request') throw new HttpError('request/other-body');
  if (replay.kind === 'answered') return replay.body as T;
  if (replay.kind === 'unfinished' && options.again === undefined) throw new HttpError('request/unfinished');
  let answer: T;
  try {
    answer = await (replay.kind === 'unfinished' ? (options.again ?? act) : act)();
  } catch (error) {
    if (options.again === undefined || error instanceof MaskingError)
      await idempotency.release(apiKeyId, key);
    throw error;
  }
  try {
    await idempotency.finish(apiKeyId, key, { status, body: answer });
  } catch (error) {
    log.error({ err: describeError(error) }, 'an Idempotency-Key was not noted');
  }
  return answer;
}
