/**
 * Everything that an outbound INVITE says about who calls: From, P-Asserted-Identity, Privacy and the display name, all
 * written here, from a `ShownIdentity` and nothing else (PITFALLS row 29). No header of another leg has a way in.
 */
import { formatNameAddr } from '../message/name-addr.ts';
import type { NameAddr } from '../message/types.ts';
import { sipUri } from '../message/uri.ts';
import { writeNumber } from './trunk-select.ts';
import type { ShownIdentity, TrunkSettings } from './types.ts';

/** The part of a trunk that decides how our own identity is written. */
export type IdentityStyle = Pick<TrunkSettings, 'numberFormat' | 'assertIdentity'>;

export interface IdentityHeaders {
  /** Without a tag; the dialog adds its own. */
  readonly from: NameAddr;
  /** P-Asserted-Identity and Privacy, where they belong. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** Longer names are cut: they are for a phone's display, and our INVITE has to stay small (PITFALLS row 23). */
const MAX_DISPLAY_NAME = 64;

const NO_PARAMS: ReadonlyMap<string, string | null> = new Map();

/** `domain` is the host of our URIs towards this peer. Without `style` (a phone, a URI) nothing is asserted. */
export function identityHeaders(
  identity: ShownIdentity,
  domain: string,
  style: IdentityStyle = { numberFormat: 'e164', assertIdentity: false },
): IdentityHeaders {
  if (identity.kind === 'anonymous') {
    // RFC 3323 §4.1.1.3: the anonymous From; RFC 3325 §9.3: `id` keeps the network from adding what it knows.
    const uri = sipUri({ user: 'anonymous', host: 'anonymous.invalid' });
    return { from: { displayName: 'Anonymous', uri, params: NO_PARAMS }, fields: [['Privacy', 'id']] };
  }
  const user = writeNumber(identity.number.reveal('present'), identity.number.isE164, style.numberFormat);
  const name = cleanDisplayName(identity.displayName);
  const shown: NameAddr = {
    ...(name === '' ? {} : { displayName: name }),
    uri: sipUri({ user, host: domain }),
    params: NO_PARAMS,
  };
  // RFC 3325 §9.1. For carriers that bill by it; it is the shown number once more, never another one.
  return {
    from: shown,
    fields: style.assertIdentity ? [['P-Asserted-Identity', formatNameAddr(shown)]] : [],
  };
}

/** Removes control characters and line ends, joins white space, cuts the length. */
export function cleanDisplayName(text: string): string {
  return [...text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\s]+/gu, ' ').trim()]
    .slice(0, MAX_DISPLAY_NAME)
    .join('');
}
