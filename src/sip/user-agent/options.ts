/**
 * What we can do, as OPTIONS and refusals tell it (RFC 3261 §11.2, §8.2.1–8.2.3). No Server or User-Agent field: whom
 * we do not know, or who carries our calls, need not learn what we run.
 */
import { ALLOWED_METHODS as IN_DIALOGS, SUPPORTED_TAGS } from '../dialog/capabilities.ts';
import type { ServerTransaction } from '../transaction/types.ts';

/** What a dialog takes, some of it only there, and REGISTER. */
export const ALLOWED_METHODS = [...IN_DIALOGS, 'REGISTER'] as const;

export const ALLOW_FIELD: readonly [string, string] = ['Allow', ALLOWED_METHODS.join(', ')];
export const ACCEPT_FIELD: readonly [string, string] = ['Accept', 'application/sdp'];

/** Seconds after which a dispatcher may ask again (RFC 3261 §20.33). */
const RETRY_AFTER_SECONDS = 30;

/**
 * As an INVITE would be answered at this moment (§11.2): 200, or 503 while no new calls are taken, by which a dispatcher in
 * front takes this node out.
 */
export function answerOptions(transaction: ServerTransaction, acceptsCalls: boolean): void {
  if (!acceptsCalls) {
    transaction.reply(503, { fields: [['Retry-After', String(RETRY_AFTER_SECONDS)]] });
    return;
  }
  transaction.reply(200, {
    fields: [
      ALLOW_FIELD,
      ACCEPT_FIELD,
      ['Accept-Encoding', 'identity'],
      ['Accept-Language', 'en'],
      ['Supported', SUPPORTED_TAGS.join(', ')],
    ],
  });
}
