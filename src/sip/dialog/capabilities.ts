/** What a dialog of ours can do (RFC 3261 §20.5, §20.37), as requests and responses say it. */
import { optionTags } from '../message/fields.ts';
import type { ServerTransaction } from '../transaction/types.ts';
import type { ExtraHeaders, ReliableProvisional } from './types.ts';

/** Methods that a dialog of ours answers (§20.5). */
export const ALLOWED_METHODS = [
  'INVITE',
  'ACK',
  'CANCEL',
  'BYE',
  'OPTIONS',
  'INFO',
  'UPDATE',
  'PRACK',
  'REFER',
  'MESSAGE',
] as const;

export const ALLOW: ExtraHeaders = [['Allow', ALLOWED_METHODS.join(', ')]];

/**
 * Extensions that a request may `Require` of us: reliable provisionals (RFC 3262), session timers (RFC 4028), no
 * subscription on REFER (RFC 4488), 199 (RFC 6228). Not `replaces` (RFC 3891): whoever needs it gets 420.
 */
export const SUPPORTED_TAGS = ['100rel', 'timer', 'norefersub', '199'] as const;

export interface Extensions {
  readonly reliableProvisional: ReliableProvisional;
  readonly sessionTimer: boolean;
}

/** The Supported and Require fields of an INVITE that begins a dialog. */
export function inviteExtensions({ reliableProvisional, sessionTimer }: Extensions): ExtraHeaders {
  const supported = SUPPORTED_TAGS.filter(
    (tag) => (tag !== 'timer' || sessionTimer) && (tag !== '100rel' || reliableProvisional === 'supported'),
  );
  const require: ExtraHeaders = reliableProvisional === 'required' ? [['Require', '100rel']] : [];
  return [['Supported', supported.join(', ')], ...require];
}

/** The Supported field of everything else inside a dialog: 18x of a re-INVITE need not be reliable. */
export function dialogExtensions(sessionTimer: boolean): ExtraHeaders {
  return [['Supported', sessionTimer ? 'timer, norefersub' : 'norefersub']];
}

/** §8.2.2.3: answers 420 to a request that requires an extension we do not have. True when it did. */
export function refuseUnknownExtensions(
  transaction: ServerTransaction,
  lacking: readonly string[] = [],
): boolean {
  const known = SUPPORTED_TAGS.filter((tag) => !lacking.includes(tag)) as readonly string[];
  const unknown = optionTags(transaction.request, 'Require').filter((tag) => !known.includes(tag));
  if (unknown.length === 0) return false;
  transaction.reply(420, { fields: [['Unsupported', unknown.join(', ')]] });
  return true;
}
