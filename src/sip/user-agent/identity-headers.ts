/**
 * Everything that an outbound INVITE says about who calls: From, P-Asserted-Identity, Remote-Party-ID, Privacy and the
 * display name, all written here, from a `ShownIdentity` and the trunk's settings and nothing else (PITFALLS row 29).
 * No header of another leg has a way in. Diversion, History-Info and Identity are never written: the first two name
 * whoever was called before, and a passport of the other leg names both parties (PITFALLS row 30).
 */
import { formatNameAddr } from '../message/name-addr.ts';
import type { NameAddr } from '../message/types.ts';
import { sipUri } from '../message/uri.ts';
import { isDialString, type NumberStyle, writeNumber } from './number-format.ts';
import { type ShownIdentity, TRUNK_DEFAULTS, type TrunkSettings } from './types.ts';

/** The part of a trunk that decides how our own identity is written. */
export type IdentityStyle = NumberStyle &
  Pick<TrunkSettings, 'assertIdentity' | 'callerIdIn' | 'fromUser' | 'userPhone' | 'outboundAuth'>;

export interface IdentityHeaders {
  /** Without a tag; the dialog adds its own. */
  readonly from: NameAddr;
  /** P-Asserted-Identity, Remote-Party-ID and Privacy, where they belong. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** Longer names are cut: they are for a phone's display, and our INVITE has to stay small (PITFALLS row 23). */
const MAX_DISPLAY_NAME = 64;

const NO_PARAMS: ReadonlyMap<string, string | null> = new Map();

/** `domain` is the host of our URIs towards this peer. Without `style` (a phone, a URI) nothing is asserted. */
export function identityHeaders(
  identity: ShownIdentity,
  domain: string,
  style: IdentityStyle = TRUNK_DEFAULTS,
): IdentityHeaders {
  if (identity.kind === 'anonymous') {
    // RFC 3323 §4.1.1.3: the anonymous From; RFC 3325 §9.3: `id` keeps the network from adding what it knows.
    const uri = sipUri({ user: 'anonymous', host: 'anonymous.invalid' });
    return { from: { displayName: 'Anonymous', uri, params: NO_PARAMS }, fields: [['Privacy', 'id']] };
  }
  const user = writeNumber(identity.number.reveal('present'), identity.number.isE164, style);
  const name = cleanDisplayName(identity.displayName);
  const party = (who: string): NameAddr => ({
    ...(name === '' ? {} : { displayName: name }),
    uri: partyUri(who, domain, style.userPhone),
    params: NO_PARAMS,
  });
  const shown = party(user);
  const account = style.fromUser ?? style.outboundAuth?.username;
  const from = style.callerIdIn === 'from' || account === undefined ? shown : party(account);
  return { from, fields: statements(formatNameAddr(shown), style) };
}

/** Whether the trunk's carrier lets us call in that name. */
export function mayShow(
  identity: ShownIdentity,
  { shownPrefixes }: Pick<TrunkSettings, 'shownPrefixes'>,
): boolean {
  if (shownPrefixes.length === 0) return true;
  if (identity.kind === 'anonymous') return false;
  const shown = identity.number.reveal('present');
  return shownPrefixes.some((prefix) => shown.startsWith(prefix));
}

/** It is the shown number once more, never another one. */
function statements(shown: string, style: IdentityStyle): [name: string, value: string][] {
  // RFC 3325 §9.1. For carriers that bill by it.
  const asserted = style.assertIdentity || style.callerIdIn === 'p-asserted-identity';
  return [
    ...(asserted ? [['P-Asserted-Identity', shown] as [string, string]] : []),
    // draft-ietf-sip-privacy-04 §5.1, never an RFC, and all that some old carriers look at.
    ...(style.callerIdIn === 'remote-party-id'
      ? [['Remote-Party-ID', `${shown};party=calling;screen=yes;privacy=off`] as [string, string]]
      : []),
  ];
}

/** RFC 3261 §19.1.1: `user=phone` says that the user part is a number; wrong on an account name. */
export function partyUri(user: string, host: string, userPhone: boolean): ReturnType<typeof sipUri> {
  return sipUri({ user, host, params: userPhone && isDialString(user) ? { user: 'phone' } : {} });
}

/** Removes control characters and line ends, joins white space, cuts the length. */
export function cleanDisplayName(text: string): string {
  return [...text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\s]+/gu, ' ').trim()]
    .slice(0, MAX_DISPLAY_NAME)
    .join('');
}
