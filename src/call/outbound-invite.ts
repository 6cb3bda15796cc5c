import { isMaskedIdentity, type MaskedIdentity } from '../masking/masked-identity.ts';
import type { CallTarget, OutboundInvite } from '../sip/user-agent/types.ts';
import { allowHeaders } from './header-allow-list.ts';
import type { HeaderMap } from './types.ts';

/** Everything that an outbound leg is made from. There is no place here for anything of an inbound leg. */
export interface OutboundParts {
  readonly identity: MaskedIdentity;
  readonly target: CallTarget;
  /** What the script wants to add. */
  readonly headers: HeaderMap;
  readonly maxForwards: number;
}

/** Builds the closed list of what an outbound INVITE carries (ARCHITECTURE, privacy 3), and says what was left out of it. */
export function outboundInvite(parts: OutboundParts): {
  readonly invite: OutboundInvite;
  readonly dropped: readonly string[];
} {
  if (!isMaskedIdentity(parts.identity))
    throw new TypeError('the identity of a call was not made by masking');
  const { headers, dropped } = allowHeaders(parts.headers);
  const { identity, target, maxForwards } = parts;
  return { invite: { target, identity, headers, maxForwards }, dropped };
}

/** More digits than a flat or a car has, fewer than any subscriber number with its area. */
const NUMBER_LIKE = /\p{Nd}(?:[\s().-]{0,2}\p{Nd}){6,}/u;

/**
 * The display name that a script wants: one short line without controls. A name that looks like a telephone number is
 * left out, because a script that shows the caller's number that way would undo the masking.
 */
export function shownDisplayName(wanted: string): {
  readonly name: string;
  readonly dropped: readonly string[];
} {
  const name = wanted
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 64);
  if (!NUMBER_LIKE.test(name)) return { name, dropped: [] };
  return { name: '', dropped: ['display name left out: it holds what looks like a telephone number'] };
}
