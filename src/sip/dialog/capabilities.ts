import { optionTags } from '../message/fields.ts';
import type { ServerTransaction } from '../transaction/types.ts';
import type { ExtraHeaders } from './types.ts';

/** Methods that a dialog of ours answers (§20.5). */
export const ALLOWED_METHODS = ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS', 'INFO', 'UPDATE'] as const;

export const ALLOW: ExtraHeaders = [['Allow', ALLOWED_METHODS.join(', ')]];

/** Extensions that a request may `Require` of us. 100rel is not among them, so PRACK never comes by right. */
const SUPPORTED_TAGS: ReadonlySet<string> = new Set<string>();

/** §8.2.2.3: answers 420 to a request that requires an extension we do not have. True when it did. */
export function refuseUnknownExtensions(transaction: ServerTransaction): boolean {
  const unknown = optionTags(transaction.request, 'Require').filter((tag) => !SUPPORTED_TAGS.has(tag));
  if (unknown.length === 0) return false;
  transaction.reply(420, { fields: [['Unsupported', unknown.join(', ')]] });
  return true;
}
