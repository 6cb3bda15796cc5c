/**
 * Messages by the grammar of RFC 3261 §25.1, in all the ways in which it lets one thing be written: compact and
 * odd-cased names, folding, lists and repeated fields, quoted strings, escapes, parameters without end, numbers at the
 * edges. Most are valid; some of the choices are just outside of it. Dialogs, transactions and branches come from small
 * sets, so that messages meet each other.
 */
import type { Dice } from './dice.ts';

const METHODS = [
  ...['INVITE', 'INVITE', 'INVITE', 'ACK', 'BYE', 'CANCEL', 'OPTIONS', 'REGISTER', 'INFO', 'UPDATE', 'PRACK'],
  ...[
    'REFER',
    'MESSAGE',
    'NOTIFY',
    'SUBSCRIBE',
    'PUBLISH',
    'UNKNOWN',
    'invite',
    "!interesting-Method0123456789_*+`.%indeed'~",
  ],
];
const STATUSES = [
  100, 180, 181, 183, 199, 200, 200, 202, 299, 302, 401, 404, 407, 422, 481, 486, 487, 491, 500, 503, 603,
  699, 0, 99, 700, 4294967301,
];
const HOSTS = [
  '10.0.0.2',
  '10.0.0.3',
  'example.com',
  '[2001:db8::9:1]',
  'a.b.c.d.e.example',
  'localhost',
  '1.2.3.4.5',
  '',
];
const USERS = [
  'alice',
  '+79123456789',
  'a%20b',
  'user;par=u%40example.net',
  '%00',
  'ä',
  '"',
  '',
  "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
];
const TOKENS = ['a', 'z9hG4bK', '0', 'tag-1', 'tag-2', '%7e', 'x'.repeat(200), '~', '*', 'Ω'];
const NUMBERS = [
  '0',
  '1',
  '2',
  '70',
  '255',
  '256',
  '65535',
  '65536',
  '4294967295',
  '4294967296',
  '99999999999999999999',
  '-1',
  '1e3',
  '0x10',
  ' 7',
  '',
];
const QUOTED = [
  '"A \\" B"',
  '"\\\\"',
  '"unclosed',
  '""',
  '"tab\there"',
  '"<sip:x@y>, z"',
  'No Quotes Here',
  '"\\',
  '"€"',
];
const SPACES = ['', ' ', '  ', '\t', ' \t ', '\r\n ', '\r\n\t', '\r\n  \r\n '];

type Field = readonly [name: string, value: string];

const NAMES: Readonly<Record<string, readonly string[]>> = {
  Via: ['Via', 'v', 'VIA', 'via'],
  From: ['From', 'f', 'FROM'],
  To: ['To', 't', 'tO'],
  'Call-ID': ['Call-ID', 'i', 'call-id', 'CALL-ID'],
  CSeq: ['CSeq', 'cseq', 'CSEQ'],
  Contact: ['Contact', 'm', 'CONTACT'],
  'Content-Type': ['Content-Type', 'c'],
  'Content-Length': ['Content-Length', 'l', 'CONTENT-LENGTH'],
  Supported: ['Supported', 'k'],
};

export function grammarMessage(dice: Dice): Buffer {
  const method = dice.pick(METHODS);
  const isRequest = !dice.once(3);
  const body = bodyOf(dice);
  const fields: Field[] = [
    ...some(dice, 1, 3, (): Field => ['Via', via(dice)]),
    ['From', `${address(dice)};tag=${dice.pick(TOKENS)}`],
    ['To', `${address(dice)}${dice.once(2) ? `;tag=${dice.pick(TOKENS)}` : ''}`],
    ['Call-ID', `call-${dice.int(40)}@${dice.pick(HOSTS)}`],
    [
      'CSeq',
      `${dice.once(6) ? dice.pick(NUMBERS) : 1 + dice.int(5)} ${dice.once(12) ? dice.pick(METHODS) : method}`,
    ],
    ['Max-Forwards', dice.once(6) ? dice.pick(NUMBERS) : '70'],
    ...some(dice, 0, 2, (): Field => ['Contact', dice.once(9) ? '*' : address(dice)]),
    ...some(dice, 0, 4, () => extra(dice)),
    ...(body.length > 0 || dice.once(3) ? [['Content-Type', dice.pick(TYPES)] as const] : []),
    ['Content-Length', dice.once(9) ? dice.pick(NUMBERS) : String(body.length)],
  ];
  // Any one of them may be missing, doubled or elsewhere.
  if (dice.once(8)) fields.splice(dice.int(fields.length), 1);
  if (dice.once(8)) fields.push(dice.pick(fields));
  if (dice.once(4)) fields.reverse();
  const start = isRequest
    ? `${method}${dice.once(30) ? '  ' : ' '}${uri(dice)} ${dice.once(20) ? dice.pick(['SIP/7.0', 'sip/2.0', 'HTTP/1.1', 'SIP/2.0 ']) : 'SIP/2.0'}`
    : `SIP/2.0 ${dice.pick(STATUSES)} ${dice.pick(['OK', '', '=C2=B0', 'a'.repeat(300)])}`;
  const lines = fields.map(([name, value]) => {
    const names = NAMES[name];
    const written = names === undefined || !dice.once(3) ? name : dice.pick(names);
    return `${written}${dice.once(15) ? dice.pick(SPACES) : ''}:${dice.once(6) ? dice.pick(SPACES) : ' '}${value}`;
  });
  const end = dice.once(25) ? '\n' : '\r\n';
  return Buffer.concat([Buffer.from(`${start}${end}${lines.join(end)}${end}${end}`, 'utf8'), body]);
}

const TYPES = [
  'application/sdp',
  'application/sdp;charset=utf-8',
  'multipart/mixed;boundary=x',
  'text/plain',
  'x',
  '/',
  'message/sipfrag',
];

function extra(dice: Dice): Field {
  return dice.pick<() => Field>([
    () => ['Route', `<${uri(dice)};lr>`],
    () => ['Record-Route', `<${uri(dice)};lr>, <${uri(dice)}>`],
    () => ['Require', dice.pick(['100rel', 'nothingSupportsThis', '100rel, timer', ''])],
    () => ['Supported', dice.pick(['100rel,timer', 'replaces', '', ',,,'])],
    () => ['RSeq', dice.pick(NUMBERS)],
    () => ['RAck', `${dice.pick(NUMBERS)} ${dice.pick(NUMBERS)} ${dice.pick(METHODS)}`],
    () => ['Session-Expires', `${dice.pick(NUMBERS)};refresher=${dice.pick(['uac', 'uas', 'x'])}`],
    () => ['Min-SE', dice.pick(NUMBERS)],
    () => ['Expires', dice.pick(NUMBERS)],
    () => ['Retry-After', `${dice.pick(NUMBERS)} (busy) ;duration=${dice.pick(NUMBERS)}`],
    () => [
      'Authorization',
      `Digest username=${dice.pick(QUOTED)}, realm="r", nonce="n", uri="${uri(dice)}", response="x"`,
    ],
    () => [
      'WWW-Authenticate',
      `Digest realm=${dice.pick(QUOTED)}, nonce="n", algorithm=${dice.pick(['MD5', 'SHA-256', 'x'])}, qop="auth"`,
    ],
    () => ['P-Asserted-Identity', address(dice)],
    () => ['Refer-To', `<${uri(dice)}?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>`],
    () => ['Replaces', `call-${dice.int(40)};to-tag=a;from-tag=b`],
    () => ['Privacy', dice.pick(['id', 'header;user', 'none', ';;'])],
    () => ['X-Data', dice.pick(QUOTED)],
    () => [dice.pick(TOKENS), dice.pick(QUOTED)],
  ])();
}

function via(dice: Dice): string {
  const transport = dice.pick(['UDP', 'UDP', 'TCP', 'TLS', 'WS', 'udp', 'x']);
  const branch = dice.once(6) ? dice.pick(TOKENS) : `z9hG4bK${dice.int(60)}`;
  const more = dice.once(4) ? `;rport;received=${dice.pick(HOSTS)};ttl=${dice.pick(NUMBERS)}` : ';rport';
  return `SIP/2.0/${transport} ${dice.pick(HOSTS)}${port(dice)};branch=${branch}${more}${dice.once(15) ? `, SIP / 2.0 / UDP  ${dice.pick(HOSTS)}` : ''}`;
}

function address(dice: Dice): string {
  const parameters = dice.once(3) ? `;${dice.pick(TOKENS)}=${dice.pick([...TOKENS, ...QUOTED])}` : '';
  if (dice.once(3)) return `${uri(dice)}${parameters}`;
  return `${dice.once(2) ? dice.pick(QUOTED) : ''} <${uri(dice)}>${parameters}`;
}

function uri(dice: Dice): string {
  if (dice.once(10))
    return dice.pick([
      'tel:+1-212-555-0101;phone-context=x',
      'nobodyKnowsThisScheme:totallyopaque',
      'sips:',
      'sip:',
      '*',
      '<sip:a@b>',
      'http://x/',
      '',
    ]);
  const parameters = dice.once(3)
    ? `;${dice.pick(['lr', 'transport=tcp', 'maddr=1.2.3.4', 'ttl=999', 'lrx', 'unknownparam=%'])}`
    : '';
  const headers = dice.once(12) ? `?subject=${dice.pick(TOKENS)}&x=%0d%0a` : '';
  return `${dice.pick(['sip', 'sip', 'sips', 'SIP'])}:${dice.pick(USERS)}@${dice.pick(HOSTS)}${port(dice)}${parameters}${headers}`;
}

function port(dice: Dice): string {
  return dice.once(4) ? `:${dice.pick(NUMBERS)}` : '';
}

const SDP = [
  'v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n',
  'v=0\r\n',
  'm=audio 99999 RTP/AVP\r\n',
];

function bodyOf(dice: Dice): Buffer {
  if (!dice.once(3)) return Buffer.alloc(0);
  if (dice.once(2)) return Buffer.from(dice.pick(SDP));
  return Buffer.from(Array.from({ length: dice.int(80) }, () => dice.int(256)));
}

function some<T>(dice: Dice, least: number, most: number, make: () => T): T[] {
  return Array.from({ length: least + dice.int(most - least + 1) }, make);
}
