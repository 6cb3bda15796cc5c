/** What a REGISTER asks for, judged but not applied (RFC 3261 §10.2–10.3, steps 5–7). */
import { contacts, expires } from '../message/fields.ts';
import type { NameAddr, SipRequest, SipUri } from '../message/types.ts';
import { formatUri, isSipUri } from '../message/uri.ts';
import type { ReplyOptions } from '../transaction/types.ts';

export interface RegistrarLimits {
  /** Seconds. Shorter ones are refused with 423, longer ones are cut. */
  readonly minExpires: number;
  readonly maxExpires: number;
  readonly defaultExpires: number;
  /** Phones of one account. */
  readonly maxBindings: number;
}

export interface RegisterReply {
  readonly status: number;
  readonly options?: ReplyOptions;
}

export interface ContactChange {
  readonly uri: SipUri;
  /** Seconds; 0 removes. */
  readonly expires: number;
  /** 0 to 1 in thousandths (§20.10). */
  readonly q: number;
}

export type RegisterChanges =
  | { readonly kind: 'some'; readonly changes: readonly ContactChange[] }
  /** `Contact: *` with `Expires: 0`. */
  | { readonly kind: 'all' }
  | { readonly kind: 'refused'; readonly reply: RegisterReply };

/** More in one request is a mistake or an attack. */
const MAX_CONTACTS = 8;
const MAX_CONTACT_LENGTH = 512;

/** No Contact at all is a query: an empty list of changes. */
export function readChanges(request: SipRequest, limits: RegistrarLimits, secure = false): RegisterChanges {
  let found: readonly NameAddr[];
  try {
    found = contacts(request);
  } catch {
    return refused(400);
  }
  if (found.length > MAX_CONTACTS) return refused(400);
  const common = expires(request);
  if (found.some(({ uri }) => uri.scheme === '*')) {
    // §10.3 step 6: `*` stands alone and removes.
    return found.length === 1 && common === 0 ? { kind: 'all' } : refused(400);
  }
  const changes: ContactChange[] = [];
  for (const contact of found) {
    const uri = reachable(contact, secure);
    // A phone may list `mailto:` beside its `sip:` (§10.2.1); what we cannot call is not stored.
    if (uri === undefined) continue;
    if (formatUri(uri).length > MAX_CONTACT_LENGTH) return refused(400);
    const asked = ownExpires(contact) ?? common ?? limits.defaultExpires;
    if (asked > 0 && asked < limits.minExpires) {
      return { kind: 'refused', reply: { status: 423, options: { fields: minExpiresField(limits) } } };
    }
    changes.push({ uri, expires: Math.min(asked, limits.maxExpires), q: qOf(contact) });
  }
  return { kind: 'some', changes };
}

/** A `sips:` Contact is called over TLS, so it must have come over TLS (RFC 3261 §26.2.2). */
function reachable({ uri }: NameAddr, secure: boolean): SipUri | undefined {
  if (!isSipUri(uri)) return undefined;
  return uri.scheme === 'sip' || secure ? uri : undefined;
}

function refused(status: number): RegisterChanges {
  return { kind: 'refused', reply: { status } };
}

function minExpiresField(limits: RegistrarLimits): [string, string][] {
  return [['Min-Expires', String(limits.minExpires)]];
}

/** §10.2.1.1: a malformed value counts as 3600, which is to say: as absent. */
function ownExpires(contact: NameAddr): number | undefined {
  const text = contact.params.get('expires');
  return text != null && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

function qOf(contact: NameAddr): number {
  const text = contact.params.get('q');
  if (text == null || !/^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text)) return 1;
  return Number(text);
}
