import { callId, from, fromTag, to, toTag, vias } from '../sip/message/fields.ts';
import { parseNameAddr } from '../sip/message/name-addr.ts';
import { parseMessage } from '../sip/message/parse.ts';
import type { SipMessage, Uri } from '../sip/message/types.ts';
import { isSipUri, isTelUri, parseUri } from '../sip/message/uri.ts';
import { isNumber, type Secret, type SecretKind } from './secret.ts';

/** A packet of one leg, seen from the phone at its end. */
export interface LegPacket {
  readonly direction: 'sent' | 'received';
  readonly bytes: Uint8Array;
}

export interface SecretsOptions {
  /** What both sides may see, without case: service numbers, our own addresses, the shared domain, account names. */
  readonly mayBeSeen: Iterable<string>;
}

/**
 * All that one leg's SIP messages, RTP and RTCP say about its person, phone and call, to be looked for on the other
 * leg. What the phone sent is secret throughout; of what it received, the number under which it was called and the
 * identifiers of the dialog and the stream are, since the same one on both legs would tie the two together.
 */
export function secretsFromPackets(packets: Iterable<LegPacket>, options: SecretsOptions): Secret[] {
  const allowed = new Set([...options.mayBeSeen].map(normal));
  const found = new Map<string, Secret>();
  const add: Add = (kind, value) => {
    if (value === undefined || value === '' || allowed.has(normal(value))) return;
    const real: SecretKind = kind === 'account' && isNumber(value) ? 'number' : kind;
    found.set(`${real} ${value}`, { kind: real, value });
  };
  for (const { direction, bytes } of packets) {
    if (bytes.length >= 12 && bytes[0]! >> 6 === 2) {
      fromMedia(bytes, add);
      continue;
    }
    const parsed = parseMessage(bytes);
    if (parsed.ok) fromMessage(parsed.message, direction, add);
  }
  return [...found.values()];
}

type Add = (kind: SecretKind, value: string | undefined) => void;

/** Numbers compare by their digits, the rest without case. */
const normal = (value: string): string => (isNumber(value) ? value.replace(/\D/g, '') : value.toLowerCase());

/** Fields that name a person or a device (RFC 3261 §20, 3325, 5806, 7044, and what gateways add). */
const IDENTITY_FIELDS = [
  'Contact',
  'P-Asserted-Identity',
  'P-Preferred-Identity',
  'Remote-Party-ID',
  'Diversion',
  'History-Info',
  'Referred-By',
  'Reply-To',
];

function fromMessage(message: SipMessage, direction: 'sent' | 'received', add: Add): void {
  attempt(() => add('call-id', callId(message)));
  attempt(() => add('tag', fromTag(message)));
  attempt(() => add('tag', toTag(message)));
  attempt(() => {
    for (const via of vias(message)) add('branch', via.params.get('branch') ?? undefined);
  });
  if (direction === 'received') {
    if (message.kind !== 'request') return;
    attempt(() => fromUri(parseUri(message.uri), add));
    attempt(() => fromUri(to(message).uri, add));
    return;
  }
  const ownParty = message.kind === 'request' ? from : to;
  attempt(() => {
    add('display-name', ownParty(message).displayName);
    fromUri(ownParty(message).uri, add);
  });
  for (const name of IDENTITY_FIELDS) {
    for (const text of message.headers.getAll(name)) {
      attempt(() => {
        const party = parseNameAddr(text);
        add('display-name', party.displayName);
        fromUri(party.uri, add);
      });
    }
  }
  attempt(() => {
    // Ours is the last one; above it stand those of proxies, of which a phone has none.
    for (const via of message.kind === 'request' ? vias(message) : []) add('host', via.host);
  });
  add('user-agent', message.headers.get('User-Agent'));
  add('user-agent', message.headers.get('Server'));
  if (message.body.length > 0) fromSdp(Buffer.from(message.body).toString('utf8'), add);
}

function fromUri(uri: Uri, add: Add): void {
  if (isSipUri(uri)) {
    add('account', uri.user);
    add('host', uri.host);
  } else if (isTelUri(uri)) {
    add('account', uri.number);
  }
}

/** RFC 8866 §5, and the attributes that carry identifiers (RFC 5576, 8839, 8122). */
function fromSdp(sdp: string, add: Add): void {
  for (const line of sdp.split(/\r?\n/)) {
    const value = line.slice(2);
    const words = value.split(/\s+/);
    switch (line.slice(0, 2)) {
      case 'o=':
        add('session-text', words[0] === '-' ? undefined : words[0]);
        add('session-id', (words[1]?.length ?? 0) >= 6 ? words[1] : undefined);
        add('host', words[5]);
        break;
      case 's=':
        // `-` and a space mean no name at all.
        add('session-text', value.trim().length > 1 ? value.trim() : undefined);
        break;
      case 'i=':
      case 'u=':
      case 'e=':
      case 'p=':
        add(isNumber(value) ? 'number' : 'session-text', value.trim());
        break;
      case 'c=':
        add('host', words[2]?.split('/')[0]);
        break;
      case 'm=':
        add('media-port', words[1] === '0' ? undefined : `m=${words[0]} ${words[1]} `);
        break;
      case 'a=':
        fromAttribute(value, add);
    }
  }
}

function fromAttribute(value: string, add: Add): void {
  const [name = '', rest = ''] = value.split(/:(.*)/s);
  const words = rest.split(/\s+/);
  if (name === 'ice-ufrag' || name === 'ice-pwd' || name === 'fingerprint') add('ice', words.at(-1));
  if (name === 'crypto') for (const key of rest.matchAll(/inline:([^|;\s]+)/g)) add('media-key', key[1]);
  if (name === 'candidate') add('host', words[4]);
  if (name === 'ssrc') add('ssrc', words[0]);
  if (name === 'ssrc' && words[1]?.startsWith('cname:')) add('cname', words[1].slice(6));
}

/** SSRCs and CNAMEs of both directions (RFC 3550 §5.1, §6.5): ours are made per leg. */
function fromMedia(bytes: Uint8Array, add: Add): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isRtcp = bytes[1]! >= 192 && bytes[1]! <= 223;
  if (!isRtcp) {
    add('ssrc', String(view.getUint32(8)));
    return;
  }
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = 4 + view.getUint16(at + 2) * 4;
    const type = bytes[at + 1]!;
    add('ssrc', String(view.getUint32(at + 4)));
    if (type === SDES) fromDescription(bytes.subarray(at + 4, at + length), add);
    at += length;
  }
}

const SDES = 202;

function fromDescription(chunks: Uint8Array, add: Add): void {
  // Items follow the SSRC; a zero ends the chunk.
  for (let at = 4; at + 2 <= chunks.length && chunks[at] !== 0; ) {
    const length = chunks[at + 1]!;
    add('cname', Buffer.from(chunks.subarray(at + 2, at + 2 + length)).toString('utf8'));
    at += 2 + length;
  }
}

/** A malformed field holds no secret that could be read, and must not hide the others. */
function attempt(read: () => void): void {
  try {
    read();
  } catch {
    // Left out.
  }
}
