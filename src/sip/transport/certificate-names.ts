/**
 * Who a certificate says it is, and whether that is whom we wanted (RFC 5922 §7). Pure: works on the text that Node
 * gives for a subjectAltName.
 */

/** What of Node's `PeerCertificate` is looked at. */
export interface CertificateSubject {
  /** `DNS:example.com, URI:sip:example.com, IP Address:192.0.2.1`; odd values stand in JSON quotes. */
  readonly subjectaltname?: string | undefined;
  readonly subject?: { readonly CN?: string | readonly string[] | undefined } | undefined;
}

/**
 * The identities of a certificate, in lower case (§7.1): domains of `sip:` URIs if there are any, else DNS names and
 * addresses; without any subjectAltName the common name.
 */
export function namesOf(certificate: CertificateSubject): readonly string[] {
  const entries = splitAltNames(certificate.subjectaltname ?? '');
  const uris = entries.filter(([kind]) => kind === 'URI').flatMap(([, value]) => domainOfSipUri(value));
  const plain = entries.filter(([kind]) => kind === 'DNS' || kind === 'IP Address').map(([, value]) => value);
  const addresses = entries.filter(([kind]) => kind === 'IP Address').map(([, value]) => value);
  // §7.1: DNS names count only where no sip: URI names a domain. Addresses are not of the RFC; trunks without names need them.
  const names = uris.length > 0 ? [...uris, ...addresses] : plain;
  if (entries.length > 0) return names.map(canonical);
  const common = certificate.subject?.CN;
  return (typeof common === 'string' ? [common] : (common ?? [])).map(canonical);
}

/**
 * Whether one of the names is the wanted one (§7.2): letter for letter, no wildcards. A wildcard in a certificate is
 * matched only by itself, for an operator who writes it down as the name to expect.
 */
export function carriesName(names: readonly string[], wanted: string): boolean {
  return names.includes(canonical(wanted));
}

function canonical(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
  return plain.includes(':') ? expandedIpv6(plain) : plain;
}

/** Node prints IPv6 addresses of certificates in full groups; settings hold the short form. */
function expandedIpv6(address: string): string {
  const [left = '', right] = address.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const head = groups(left);
  const tail = right === undefined ? [] : groups(right);
  const middle =
    right === undefined ? [] : Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  return [...head, ...middle, ...tail].map((group) => group.replace(/^0+(?=.)/, '')).join(':');
}

/** `sip:example.com`; a URI with a user part names a user and not a domain (§7.1). */
function domainOfSipUri(uri: string): string[] {
  const match = /^sip:([^@;?:]+|\[[^\]]+\])(?::\d+)?$/i.exec(uri);
  return match === null ? [] : [match[1]!];
}

/** Values that hold a comma or quotes are printed as JSON strings, so that one name cannot pass for two. */
function splitAltNames(text: string): [kind: string, value: string][] {
  const entries: [string, string][] = [];
  const entry = /\s*([^:,"]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:,|$)/y;
  for (;;) {
    const match = entry.exec(text);
    if (match === null) return entries;
    const [, kind, value] = match;
    entries.push([kind!.trim(), value!.startsWith('"') ? unquoted(value!) : value!.trim()]);
    if (entry.lastIndex >= text.length) return entries;
  }
}

function unquoted(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : '';
  } catch {
    return '';
  }
}
