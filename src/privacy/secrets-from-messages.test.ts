import { expect, test } from 'vitest';
import { type LegPacket, secretsFromPackets } from './secrets-from-messages.ts';

const message = (lines: string[], body = ''): Uint8Array =>
  Buffer.from(`${[...lines, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`);

const SDP = [
  'v=0',
  'o=ann 2890844526 2890844526 IN IP4 198.51.100.20',
  's=Ann at work',
  'i=about',
  'e=ann@example.org',
  'p=+7 912 345-67-89',
  'c=IN IP4 198.51.100.20',
  't=0 0',
  'm=audio 49170 RTP/AVP 8',
  'a=ice-ufrag:8hhY',
  'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4',
  'a=candidate:1 1 UDP 2130706431 192.0.2.77 49170 typ host',
  'a=ssrc:1234567890 cname:ann@198.51.100.20',
  '',
].join('\r\n');

const INVITE = message(
  [
    'INVITE sip:+15550100@pbx.example SIP/2.0',
    'Via: SIP/2.0/UDP 198.51.100.20:5060;branch=z9hG4bKann1',
    'From: "Ann Lee" <sip:+79123456789@pbx.example>;tag=anntag1',
    'To: <sip:+15550100@pbx.example>',
    'Call-ID: anncall@198.51.100.20',
    'CSeq: 1 INVITE',
    'Contact: <sip:ann-device@198.51.100.20:5060>',
    'P-Asserted-Identity: "A. Lee" <tel:+79000000001>',
    'Diversion: <sip:+79000000002@other.example>;reason=busy',
    'User-Agent: Acme 9000',
    'Content-Type: application/sdp',
  ],
  SDP,
);

const ANSWER = message([
  'SIP/2.0 200 OK',
  'Via: SIP/2.0/UDP 198.51.100.20:5060;branch=z9hG4bKann1',
  'From: "Ann Lee" <sip:+79123456789@pbx.example>;tag=anntag1',
  'To: <sip:+15550100@pbx.example>;tag=ourtag1',
  'Call-ID: anncall@198.51.100.20',
  'CSeq: 1 INVITE',
  'Server: Maskline',
]);

const values = (packets: LegPacket[], mayBeSeen: string[]): string[] =>
  secretsFromPackets(packets, { mayBeSeen }).map((secret) => `${secret.kind} ${secret.value}`);

test('[row 29] everything that names the caller, the phone or the call is a secret', () => {
  const found = values(
    [
      { direction: 'sent', bytes: INVITE },
      { direction: 'received', bytes: ANSWER },
    ],
    ['+15550100', 'pbx.example'],
  );
  expect(new Set(found)).toEqual(
    new Set([
      'call-id anncall@198.51.100.20',
      'tag anntag1',
      'tag ourtag1',
      'branch z9hG4bKann1',
      'display-name Ann Lee',
      'number +79123456789',
      'account ann-device',
      'host 198.51.100.20',
      'display-name A. Lee',
      'number +79000000001',
      'number +79000000002',
      'host other.example',
      'user-agent Acme 9000',
      'session-text ann',
      'session-id 2890844526',
      'session-text Ann at work',
      'session-text about',
      'session-text ann@example.org',
      'number +7 912 345-67-89',
      'media-port m=audio 49170 ',
      'ice 8hhY',
      'media-key WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz',
      'host 192.0.2.77',
      'ssrc 1234567890',
      'cname ann@198.51.100.20',
    ]),
  );
});

test('the number under which a phone is called is its secret; what may be seen is none, in any spelling', () => {
  const invite = message([
    'INVITE sip:+79998887766@10.0.0.5:5062 SIP/2.0',
    'From: <sip:15550100@pbx.example>;tag=x1',
    'To: <tel:+7-999-888-77-66>',
    'Call-ID: leg-b',
    'CSeq: 1 INVITE',
  ]);
  const found = values([{ direction: 'received', bytes: invite }], ['+1 555 0100', 'leg-b']);
  expect(found).toEqual(['tag x1', 'number +79998887766', 'host 10.0.0.5', 'number +7-999-888-77-66']);
});

test('SSRC of RTP in both directions, CNAME of RTCP', () => {
  const rtp = Buffer.from([0x80, 8, 0, 1, 0, 0, 0, 1, 0, 0, 0x10, 0x01, 1, 2]);
  const sdes = Buffer.concat([
    Buffer.from([0x80, 200, 0, 6, 0, 0, 0x10, 0x02, ...new Array(20).fill(0)]),
    Buffer.from([0x81, 202, 0, 3, 0, 0, 0x10, 0x02, 1, 3]),
    Buffer.from('a@b'),
    Buffer.from([0, 0, 0]),
  ]);
  const found = values(
    [
      { direction: 'sent', bytes: rtp },
      { direction: 'received', bytes: sdes },
    ],
    [],
  );
  expect(found).toEqual(['ssrc 4097', 'ssrc 4098', 'cname a@b']);
});

test('a malformed field hides no other, and what is no message is passed over', () => {
  const broken = message([
    'INVITE sip:x@y SIP/2.0',
    'From: "unclosed <sip:a@b',
    'Call-ID: broken-call',
    'User-Agent: Acme',
  ]);
  const packets: LegPacket[] = [
    { direction: 'sent', bytes: Buffer.from('\r\n\r\n') },
    { direction: 'sent', bytes: new Uint8Array([0x80, 200]) },
    { direction: 'sent', bytes: broken },
  ];
  expect(values(packets, [])).toEqual(['call-id broken-call', 'user-agent Acme']);
});
