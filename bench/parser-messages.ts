/** The messages of bench/parser.ts: what an operator's trunk and a softphone send, in many copies that differ. */

const SDP = [
  'v=0',
  'o=- 3904732801 3904732801 IN IP4 198.51.100.7',
  's=-',
  'c=IN IP4 198.51.100.7',
  't=0 0',
  'm=audio 18024 RTP/AVP 8 0 9 101',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:9 G722/8000',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-16',
  'a=ptime:20',
  'a=sendrecv',
  '',
].join('\r\n');

function message(lines: readonly string[], body = ''): Buffer {
  return Buffer.from([...lines, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n'));
}

const id = (n: number): string => (n * 2654435761).toString(36).padStart(9, '0');

function invite(n: number): Buffer {
  return message(
    [
      'INVITE sip:+442079460123@203.0.113.5:5060;user=phone SIP/2.0',
      `Via: SIP/2.0/UDP 198.51.100.7:5060;rport;branch=z9hG4bKPj${id(n)}`,
      `Via: SIP/2.0/UDP 198.51.100.9:5060;received=198.51.100.9;branch=z9hG4bK${id(n + 7)}.0`,
      'Record-Route: <sip:198.51.100.7;lr;ftag=as7>',
      'Max-Forwards: 69',
      `From: "Driver" <sip:+447700900101@198.51.100.7;user=phone>;tag=as${id(n + 1)}`,
      'To: <sip:+442079460123@203.0.113.5;user=phone>',
      `Call-ID: ${id(n)}${id(n + 3)}@198.51.100.7:5060`,
      'CSeq: 102 INVITE',
      'Contact: <sip:+447700900101@198.51.100.7:5060>',
      'P-Asserted-Identity: "Driver" <sip:+447700900101@198.51.100.7>',
      'Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH, MESSAGE',
      'Supported: replaces, timer, 100rel',
      'Session-Expires: 1800;refresher=uac',
      'User-Agent: Operator SBC 7.2',
      'Date: Sun, 01 Mar 2026 10:00:00 GMT',
      'Content-Type: application/sdp',
    ],
    SDP,
  );
}

function okToInvite(n: number): Buffer {
  return message(
    [
      'SIP/2.0 200 OK',
      `Via: SIP/2.0/UDP 203.0.113.5:5060;received=203.0.113.5;rport=5060;branch=z9hG4bK${id(n)}`,
      'Record-Route: <sip:198.51.100.7;lr>',
      `From: <sip:+442079460123@203.0.113.5>;tag=${id(n + 1)}`,
      `To: <sip:+447700900202@198.51.100.7>;tag=gK0${id(n + 2)}`,
      `Call-ID: ${id(n)}${id(n + 3)}`,
      'CSeq: 1 INVITE',
      'Contact: <sip:+447700900202@198.51.100.7:5060>',
      'Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, UPDATE, PRACK, INFO',
      'Supported: timer',
      'Content-Type: application/sdp',
    ],
    SDP,
  );
}

function register(n: number): Buffer {
  const nonce = `${id(n + 4)}${id(n + 5)}`;
  return message([
    'REGISTER sip:maskline.local SIP/2.0',
    `Via: SIP/2.0/UDP 192.0.2.33:51372;branch=z9hG4bK${id(n)};rport`,
    'Max-Forwards: 70',
    `From: <sip:driver@maskline.local>;tag=${id(n + 1)}`,
    'To: <sip:driver@maskline.local>',
    `Call-ID: ${id(n + 2)}${id(n + 3)}`,
    `CSeq: ${1 + (n % 900)} REGISTER`,
    'Contact: <sip:driver@192.0.2.33:51372;ob>;expires=300',
    'Expires: 300',
    `Authorization: Digest username="driver", realm="maskline.local", nonce="${nonce}", uri="sip:maskline.local", response="0f${nonce.padEnd(30, '3')}", algorithm=SHA-256, qop=auth, cnonce="${id(n + 6)}", nc=00000001`,
    'User-Agent: Softphone 3.21',
    'Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY, MESSAGE',
  ]);
}

/** `copies` of each of the three, by turns; no two are equal. */
export function sampleMessages(copies: number): Buffer[] {
  return Array.from({ length: copies }, (_, n) => [
    invite(3 * n),
    okToInvite(3 * n + 1),
    register(3 * n + 2),
  ]).flat();
}
