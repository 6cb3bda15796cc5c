/**
 * Where a 3xx may lead (RFC 3261 §8.1.3.4). A redirect is an order from outside to call somebody: followed blindly it is
 * toll fraud for whoever can answer in a trunk's name, and it shows the other side whom we meant. So it is followed to
 * the hosts of the one that was called only, and to the same number unless the trunk is allowed more.
 */
import type { PhoneNumber } from '../../kernel/phone-number.ts';
import { contacts } from '../message/fields.ts';
import type { NameAddr, SipResponse, SipUri } from '../message/types.ts';
import { isSipUri } from '../message/uri.ts';
import type { InboundSpelling } from './number-format.ts';
import { numberOfUri } from './party-number.ts';
import { plainAddress } from './peer-match.ts';

export interface RedirectRules {
  /** Hosts that may be named; a name stands for those below it, too. */
  readonly hosts: readonly string[];
  /** Whether a number that was not called may be. Undefined: the same user part, and nothing else. */
  readonly number?: {
    readonly called: PhoneNumber;
    readonly spelling: InboundSpelling;
    readonly mayChangeTo: (number: PhoneNumber) => boolean;
  };
}

/** Redirects one after the other, and places in one of them: a chain is a loop sooner or later. */
export const MAX_REDIRECTS = 3;
const MAX_CONTACTS = 5;

/** The places of a 3xx that may be tried, by q. `asked` is the Request-URI that was refused. */
export function redirectsOf(response: SipResponse, asked: SipUri, rules: RedirectRules): SipUri[] {
  if (response.status < 300 || response.status > 399) return [];
  return readContacts(response)
    .slice(0, MAX_CONTACTS)
    .map((contact, index) => ({ uri: contact.uri, q: qOf(contact), index }))
    .sort((a, b) => b.q - a.q || a.index - b.index)
    .flatMap(({ uri }) =>
      isSipUri(uri) && uri.scheme === 'sip' && mayFollow(uri, asked, rules) ? [uri] : [],
    );
}

function mayFollow(uri: SipUri, asked: SipUri, { hosts, number }: RedirectRules): boolean {
  // §19.1.1: maddr overrides the host, and would lead wherever it likes.
  if (uri.params.has('maddr') || !isAmong(uri.host, hosts)) return false;
  if (uri.user === asked.user) return true;
  if (number === undefined) return false;
  const named = numberOfUri(uri, number.spelling);
  return named !== undefined && (named.equals(number.called) || number.mayChangeTo(named));
}

function isAmong(host: string, hosts: readonly string[]): boolean {
  const name = plainAddress(host).toLowerCase();
  return hosts.some((allowed) => {
    const wanted = plainAddress(allowed).toLowerCase();
    return name === wanted || (!/^[\d.]+$|:/.test(wanted) && name.endsWith(`.${wanted}`));
  });
}

function readContacts(response: SipResponse): readonly NameAddr[] {
  try {
    return contacts(response);
  } catch {
    return []; // What cannot be read leads nowhere.
  }
}

/** §20.10: absent is 1; what is malformed comes last. */
function qOf({ params }: NameAddr): number {
  const text = params.get('q');
  if (text === undefined) return 1;
  return text !== null && /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 0;
}
