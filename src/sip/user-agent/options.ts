/**
 * What we can do, as OPTIONS and refusals tell it (RFC 3261 §11.2, §8.2.1–8.2.3). No Server or User-Agent field: whom
 * we do not know, or who carries our calls, need not learn what we run.
 */
import type { ServerTransaction } from '../transaction/types.ts';

export const ALLOWED_METHODS = [
  'INVITE',
  'ACK',
  'CANCEL',
  'BYE',
  'OPTIONS',
  'INFO',
  'UPDATE',
  'REGISTER',
] as const;

export const ALLOW_FIELD: readonly [string, string] = ['Allow', ALLOWED_METHODS.join(', ')];
export const ACCEPT_FIELD: readonly [string, string] = ['Accept', 'application/sdp'];

/** 200 to OPTIONS, as an INVITE would be received at this moment (§11.2). */
export function answerOptions(transaction: ServerTransaction): void {
  transaction.reply(200, {
    fields: [
      ALLOW_FIELD,
      ACCEPT_FIELD,
      ['Accept-Encoding', 'identity'],
      ['Accept-Language', 'en'],
      ['Supported', ''],
    ],
  });
}
