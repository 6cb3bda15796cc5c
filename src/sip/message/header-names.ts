/** Names of header fields: one key per field, whatever its spelling (RFC 3261 §7.3.1, §7.3.3). */

/** Compact forms (RFC 3261 §7.3.3 and the IANA registry). */
const COMPACT: Readonly<Record<string, string>> = {
  a: 'accept-contact',
  b: 'referred-by',
  c: 'content-type',
  d: 'request-disposition',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  j: 'reject-contact',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  n: 'identity-info',
  o: 'event',
  r: 'refer-to',
  s: 'subject',
  t: 'to',
  u: 'allow-events',
  v: 'via',
  x: 'session-expires',
  y: 'identity',
};

/** Spellings seen most, so that a parsed name costs one look-up and no new string. */
const COMMON = [
  'Accept',
  'Accept-Encoding',
  'Accept-Language',
  'Alert-Info',
  'Allow',
  'Allow-Events',
  'Authorization',
  'CSeq',
  'Call-ID',
  'Call-Info',
  'Contact',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Language',
  'Content-Length',
  'Content-Type',
  'Date',
  'Diversion',
  'Error-Info',
  'Event',
  'Expires',
  'From',
  'History-Info',
  'In-Reply-To',
  'MIME-Version',
  'Max-Forwards',
  'Min-Expires',
  'Min-SE',
  'Organization',
  'P-Asserted-Identity',
  'P-Preferred-Identity',
  'Path',
  'Priority',
  'Privacy',
  'Proxy-Authenticate',
  'Proxy-Authorization',
  'Proxy-Require',
  'RAck',
  'RSeq',
  'Reason',
  'Record-Route',
  'Refer-To',
  'Reply-To',
  'Require',
  'Retry-After',
  'Route',
  'Server',
  'Service-Route',
  'Session-Expires',
  'Subject',
  'Supported',
  'Timestamp',
  'To',
  'Unsupported',
  'User-Agent',
  'Via',
  'WWW-Authenticate',
  'Warning',
];

const KEYS = new Map<string, string>();
for (const name of COMMON) {
  const key = intern(name.toLowerCase());
  KEYS.set(name, key);
  KEYS.set(key, key);
  KEYS.set(name.toUpperCase(), key);
}
KEYS.set('Call-Id', headerKey('call-id'));
KEYS.set('Cseq', headerKey('cseq'));
for (const [compact, long] of Object.entries(COMPACT)) {
  const key = headerKey(long);
  KEYS.set(compact, key);
  KEYS.set(compact.toUpperCase(), key);
}

/** One string object for all equal ones: the engine then compares two keys by their addresses. */
function intern(text: string): string {
  return Object.keys({ [text]: true })[0]!;
}

/** The key under which a field is found: lower case, compact forms spelled out. */
export function headerKey(name: string): string {
  const known = KEYS.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  return KEYS.get(lower) ?? lower;
}

/** Fields whose value is a comma-separated list, so that two lines and one line mean the same (RFC 3261 §7.3.1). */
const LISTS: ReadonlySet<string> = new Set([
  'accept',
  'accept-contact',
  'accept-encoding',
  'accept-language',
  'alert-info',
  'allow',
  'allow-events',
  'call-info',
  'contact',
  'content-encoding',
  'content-language',
  'diversion',
  'error-info',
  'history-info',
  'in-reply-to',
  'p-asserted-identity',
  'p-associated-uri',
  'p-preferred-identity',
  'path',
  'proxy-require',
  'reason',
  'record-route',
  'reject-contact',
  'require',
  'route',
  'service-route',
  'supported',
  'unsupported',
  'via',
  'warning',
]);

/** Whether a comma in the field's value separates values. Digest headers and dates hold commas and are not lists. */
export function isListHeader(key: string): boolean {
  return LISTS.has(key);
}
