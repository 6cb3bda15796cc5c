/** The header fields of session timers (RFC 4028 §4, §5), and who refreshes by table 2. Pure. */

import { optionTags } from '../message/fields.ts';
import type { SipMessage, SipRequest } from '../message/types.ts';
import type { ExtraHeaders, SessionTimerSettings } from './types.ts';

/** §5: no interval below this is ever valid, seconds. */
export const LEAST_EXPIRES = 90;

/** Longer than any call, and below what a timer takes, 2^31 ms. */
const MOST_EXPIRES = 2_000_000;

export interface SessionExpires {
  readonly seconds: number;
  /** Which side of the transaction that carries the field refreshes; absent where a UAC leaves the choice. */
  readonly refresher: 'uac' | 'uas' | undefined;
}

/** The Session-Expires of a message; undefined when absent or malformed. */
export function sessionExpires(message: SipMessage): SessionExpires | undefined {
  const text = message.headers.get('Session-Expires');
  const seconds = text === undefined ? undefined : deltaSeconds(text);
  if (text === undefined || seconds === undefined) return undefined;
  const refresher = /;\s*refresher\s*=\s*(uac|uas)\s*(?:;|$)/i.exec(text)?.[1]?.toLowerCase();
  return { seconds, refresher: refresher === 'uac' || refresher === 'uas' ? refresher : undefined };
}

/** The Min-SE of a message, seconds; §5: its default where there is none. */
export function minSe(message: SipMessage): number {
  const text = message.headers.get('Min-SE');
  return Math.max(LEAST_EXPIRES, (text === undefined ? undefined : deltaSeconds(text)) ?? 0);
}

export function supportsTimer(message: SipMessage): boolean {
  return (
    optionTags(message, 'Supported').includes('timer') || optionTags(message, 'Require').includes('timer')
  );
}

/** What a UAS makes of a session refresh request (§9). */
export type Negotiated =
  /** 422 with this Min-SE. */
  | { readonly kind: 'too-brief'; readonly minSeconds: number }
  /** No timer. */
  | { readonly kind: 'none' }
  | {
      readonly kind: 'timer';
      readonly seconds: number;
      readonly refresher: 'uac' | 'uas';
      readonly require: boolean;
    };

/**
 * §9 with table 2. A UAC that asked for a timer keeps the refreshing unless it says otherwise; one that only supports it is
 * refreshed by us. One that does not support it, where a proxy has put the field in, is refreshed by us as well, and
 * cannot be refused: an interval below ours is then no timer at all.
 */
export function negotiate(
  request: SipRequest,
  { expiresSeconds, minSeconds }: SessionTimerSettings,
): Negotiated {
  const asked = sessionExpires(request);
  const supported = supportsTimer(request);
  if (asked === undefined) {
    if (!supported) return { kind: 'none' };
    const seconds = Math.max(expiresSeconds, minSe(request));
    return { kind: 'timer', seconds: capped(seconds), refresher: 'uas', require: false };
  }
  if (asked.seconds < minSeconds) return supported ? { kind: 'too-brief', minSeconds } : { kind: 'none' };
  // It may be lowered, down to the Min-SE of the request, and never raised.
  const seconds = Math.min(asked.seconds, Math.max(expiresSeconds, minSe(request)));
  const refresher = supported ? (asked.refresher ?? 'uac') : 'uas';
  return { kind: 'timer', seconds: capped(seconds), refresher, require: refresher === 'uac' };
}

/** A response's interval as a UAC takes it: a broken one below the least counts as the least. */
export function capped(seconds: number): number {
  return Math.min(MOST_EXPIRES, Math.max(LEAST_EXPIRES, seconds));
}

export function timerFields(seconds: number, refresher: 'uac' | 'uas' | undefined): ExtraHeaders {
  return [['Session-Expires', `${seconds}${refresher === undefined ? '' : `;refresher=${refresher}`}`]];
}

function deltaSeconds(text: string): number | undefined {
  const digits = /^\s*(\d{1,10})\s*(?:;|$)/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
