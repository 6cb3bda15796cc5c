import { describe, expect, test } from 'vitest';
import { ackFor, cancelFor, request, response } from './build.ts';
import { SipSyntaxError } from './errors.ts';
import {
  callId,
  contacts,
  cseq,
  from,
  fromTag,
  maxForwards,
  requestUri,
  topVia,
  toTag,
  vias,
} from './fields.ts';
import { Headers } from './headers.ts';
import { formatNameAddr, parseNameAddr } from './name-addr.ts';
import { parseMessage } from './parse.ts';
import { serialize } from './serialize.ts';
import type { SipMessage, SipRequest } from './types.ts';
import { formatUri, isSipUri, parseUri, sipUri, uriEquals } from './uri.ts';
import { validateRequest, validateResponse } from './validate.ts';
import { formatVia, parseVia } from './via.ts';

const invite = [
  'INVITE sip:+79121234567@trunk.example.com;user=phone SIP/2.0',
  'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK776;rport, SIP/2.0/TCP [2001:db8::9]:5070;branch=z9hG4bK775',
  'v: SIP/2.0/UDP 192.0.2.3;branch=z9hG4bK774',
  'Max-Forwards: 70',
  'f: "Bell, \\"A.\\" Graham" <sip:bell@example.com>;tag=88sja8x',
  't: <sip:watson@example.com>',
  'i: 987asjd97y7atg',
  'CSeq: 0986759 INVITE',
  'm: <sip:bell@192.0.2.1>, sip:other@192.0.2.1;q=0.5',
  'c: application/sdp',
  'Subject: one,',
  '  two',
  'l: 5',
  '',
  'v=0',
  '',
].join('\r\n');

function read(text: string | Uint8Array): SipMessage {
  const result = parseMessage(Buffer.from(text));
  if (!result.ok) throw new Error(result.reason);
  return result.message;
}

function readRequest(text: string): SipRequest {
  const message = read(text);
  if (message.kind !== 'request') throw new Error('not a request');
  return message;
}

/** The INVITE with one line replaced, or dropped. */
const withLine = (start: string, line?: string): SipRequest =>
  readRequest(
    invite
      .split('\r\n')
      .map((old) => (old.startsWith(start) ? line : old))
      .filter((kept) => kept !== undefined)
      .join('\r\n'),
  );

describe('parsing', () => {
  test('[RFC 3261 §7.3] reads folding, compact forms, lists and quoted strings', () => {
    const message = readRequest(`${invite}more than Content-Length says`);
    expect(message.method).toBe('INVITE');
    expect(requestUri(message)).toMatchObject({ user: '+79121234567', host: 'trunk.example.com' });
    expect(vias(message).map((via) => `${via.transport} ${via.host} ${via.port}`)).toEqual([
      'UDP 192.0.2.1 5060',
      'TCP 2001:db8::9 5070',
      'UDP 192.0.2.3 undefined',
    ]);
    expect(from(message).displayName).toBe('Bell, "A." Graham');
    expect(fromTag(message)).toBe('88sja8x');
    expect(toTag(message)).toBeUndefined();
    expect(callId(message)).toBe('987asjd97y7atg');
    expect(cseq(message)).toEqual({ sequence: 986759, method: 'INVITE' });
    expect(maxForwards(message)).toBe(70);
    expect(contacts(message).map((contact) => contact.params.get('q'))).toEqual([undefined, '0.5']);
    expect(message.headers.get('SUBJECT')).toBe('one, two');
    expect(Buffer.from(message.body).toString()).toBe('v=0\r\n');
    expect(validateRequest(message)).toEqual({ kind: 'ok' });
  });

  test('[row 20] a line that ends with CR or LF alone, or holds NUL, cannot be represented', () => {
    for (const evil of ['X: a\nVia: b', 'X: a\rVia: b', 'X: a\0b']) {
      expect(parseMessage(Buffer.from(invite.replace('Subject: one,', evil))).ok).toBe(false);
    }
    expect(parseMessage(Buffer.from('')).ok).toBe(false);
    expect(parseMessage(Buffer.from('hello')).ok).toBe(false);
    expect(parseMessage(Buffer.from('\r\n\r\n')).ok).toBe(false);
  });

  test('a header block that is not UTF-8 is read as ISO 8859-1', () => {
    const message = read(Buffer.from(invite.replace('Graham', 'Müller'), 'latin1'));
    expect(from(message).displayName).toBe('Bell, "A." Müller');
  });

  test('caches follow changes of the headers', () => {
    const message = readRequest(invite);
    expect(topVia(message).host).toBe('192.0.2.1');
    message.headers.replaceFirst('Via', 'SIP/2.0/UDP 192.0.2.77;branch=z9hG4bKnew');
    expect(vias(message).map((via) => via.host)).toEqual(['192.0.2.77', '2001:db8::9', '192.0.2.3']);
    expect(topVia(message).host).toBe('192.0.2.77');
  });
});

describe('writing', () => {
  test('[row 20] refuses CR, LF and NUL wherever a caller can put them', () => {
    for (const evil of ['a\r\nVia: x', 'a\nb', 'a\rb', 'a\0b']) {
      expect(() => new Headers([['Subject', evil]])).toThrow(SipSyntaxError);
      expect(() => new Headers().set('Subject', evil)).toThrow(SipSyntaxError);
      expect(() => new Headers().prepend('Subject', evil)).toThrow(SipSyntaxError);
      expect(() => new Headers().replaceFirst('Via', evil)).toThrow(SipSyntaxError);
      expect(() => new Headers([[evil, 'x']])).toThrow(SipSyntaxError);
      expect(() => serialize(request('OPTIONS', `sip:${evil}`))).toThrow(SipSyntaxError);
      expect(() => serialize(request(evil, 'sip:a@b'))).toThrow(SipSyntaxError);
      expect(() => serialize(response(readRequest(invite), 200, { reason: evil }))).toThrow(SipSyntaxError);
      expect(() => response(readRequest(invite), 200, { toTag: evil })).toThrow(SipSyntaxError);
    }
    expect(() => serialize(request('OPTIONS', 'sip:a b'))).toThrow(SipSyntaxError);
    expect(() => serialize(response(readRequest(invite), 99))).toThrow(SipSyntaxError);
  });

  test('[RFC 3261 §20.14] Content-Length is written, once, in bytes', () => {
    const text = Buffer.from(
      serialize(request('MESSAGE', 'sip:a@b', [['Content-Length', '999']], 'ü')),
    ).toString();
    expect(text).toBe('MESSAGE sip:a@b SIP/2.0\r\nContent-Length: 2\r\n\r\nü');
    expect(Buffer.from(serialize(request('OPTIONS', 'sip:a@b'))).toString()).toContain(
      'Content-Length: 0\r\n',
    );
  });

  test('[RFC 3261 §8.2.6.2] a response copies what it must and adds a To tag once', () => {
    const message = readRequest(
      invite.replace('Subject: one,', 'Record-Route: <sip:p.example;lr>\r\nTimestamp: 5'),
    );
    const ringing = response(message, 180, { toTag: 'abc', fields: [['Contact', '<sip:me@192.0.2.9>']] });
    expect(toTag(ringing)).toBe('abc');
    expect(vias(ringing)).toHaveLength(3);
    expect(ringing.headers.get('Record-Route')).toBe('<sip:p.example;lr>');
    expect(ringing.reason).toBe('Ringing');
    expect(validateResponse(ringing)).toBe(true);
    const trying = response(message, 100, { toTag: 'abc' });
    expect(toTag(trying)).toBeUndefined();
    expect(trying.headers.has('Record-Route')).toBe(false);
    expect(trying.headers.get('Timestamp')).toBe('5 two');
    const tagged = withLine('t:', 'To: <sip:watson@example.com>;tag=mine');
    expect(toTag(response(tagged, 200, { toTag: 'other' }))).toBe('mine');
    expect(response(message, 404).headers.has('Record-Route')).toBe(false);
  });

  test('[RFC 3261 §17.1.1.3] ACK for a non-2xx and [RFC 3261 §9.1] CANCEL repeat one Via and the CSeq number', () => {
    const message = withLine('Subject', 'Route: <sip:r1.example;lr>, <sip:r2.example;lr>\r\nSubject: one');
    const ack = ackFor(message, response(message, 486, { toTag: 'busy' }));
    expect(vias(ack)).toHaveLength(1);
    expect(topVia(ack).params.get('branch')).toBe('z9hG4bK776');
    expect(toTag(ack)).toBe('busy');
    expect(cseq(ack)).toEqual({ sequence: 986759, method: 'ACK' });
    expect(ack.headers.getAll('Route')).toEqual(['<sip:r1.example;lr>', '<sip:r2.example;lr>']);
    const cancel = cancelFor(message);
    expect(cancel.uri).toBe(message.uri);
    expect(toTag(cancel)).toBeUndefined();
    expect(cseq(cancel)).toEqual({ sequence: 986759, method: 'CANCEL' });
    expect(validateRequest(cancel).kind).toBe('ok');
  });
});

describe('judging', () => {
  test('[row 20] a missing mandatory field is answered 400, a missing Via is dropped', () => {
    for (const start of ['t:', 'f:', 'i:', 'CSeq']) {
      expect(validateRequest(withLine(start)), start).toMatchObject({ kind: 'reject', status: 400 });
    }
    const noVia = readRequest(invite.replace(/(Via|v): .*\r\n/g, ''));
    expect(validateRequest(noVia)).toEqual({ kind: 'drop', reason: 'Via is missing' });
  });

  test.each([
    ['CSeq', 'CSeq: 1 OPTIONS', 'CSeq names another method'],
    ['CSeq', 'CSeq: -1 INVITE', 'CSeq holds no number below 2^31'],
    ['CSeq', 'CSeq: 2147483648 INVITE', 'CSeq holds no number below 2^31'],
    ['Max-Forwards', 'Max-Forwards: 256', 'Max-Forwards is not a number below 256'],
    ['l:', 'Content-Length: -4', 'Content-Length is not a number'],
    ['l:', 'Content-Length: 6', 'the body is shorter than Content-Length'],
    ['l:', 'Content-Length: 5\r\nl: 3', 'Content-Length stands more than once'],
    ['t:', 'To: <sip:a@b>\r\nTo: <sip:c@d>', 'To stands more than once'],
    ['t:', 'To: "Mr. X <sip:a@b>', 'a quoted string does not end'],
    ['t:', 'To: "dangling \\" <sip:a@b>', 'a quoted string does not end'],
    ['v:', 'v: rubbish', 'a Via is not of the form SIP/2.0/transport host:port'],
    ['Subject', 'no colon here', 'a header line is malformed'],
    ['m:', 'Contact: sip:a@b?Route=c', 'a URI with a comma or question mark needs brackets'],
  ])('%s replaced by %j is answered 400', (start, line, reason) => {
    const message = withLine(start, line);
    expect(validateRequest(message)).toEqual({
      kind: 'reject',
      status: 400,
      reason: `Bad Request: ${reason}`,
    });
    expect(() => serialize(response(message, 400, { toTag: 'x' }))).not.toThrow();
  });

  test('an ACK is never answered, another version is 505, the same field twice is let pass', () => {
    const ack = readRequest(invite.replace('INVITE', 'ACK'));
    expect(validateRequest(ack).kind).toBe('drop');
    expect(validateRequest(readRequest(invite.replace('SIP/2.0\r', 'SIP/7.0\r')))).toMatchObject({
      status: 505,
    });
    expect(validateRequest(withLine('l:', 'l: 5\r\nContent-Length: 5')).kind).toBe('ok');
  });

  test('a response outside 100–699 or without CSeq cannot be used', () => {
    const answer = `SIP/2.0 200 OK\r\n${invite.split('\r\n').slice(1).join('\r\n')}`;
    expect(validateResponse(read(answer) as never)).toBe(true);
    expect(validateResponse(read(answer.replace('200', '4294967301')) as never)).toBe(false);
    expect(validateResponse(read(answer.replace(/CSeq.*\r\n/, '')) as never)).toBe(false);
    expect(read('SIP/2.0 200\r\n\r\n')).toMatchObject({ status: 200, reason: '' });
  });
});

describe('URIs', () => {
  test('[RFC 3261 §19.1.2] escapes are resolved, and written where they are needed', () => {
    const uri = parseUri(
      'sip:sips%3Auser%40example.com:p%3Aw@EXAMPLE.net:5061;transport=tcp;lr?Subject=a%20b&x=',
    );
    expect(uri).toMatchObject({
      user: 'sips:user@example.com',
      password: 'p:w',
      host: 'example.net',
      port: 5061,
    });
    if (!isSipUri(uri)) throw new Error('not SIP');
    expect([...uri.params]).toEqual([
      ['transport', 'tcp'],
      ['lr', null],
    ]);
    expect(formatUri({ ...uri })).toBe(
      'sip:sips%3Auser%40example.com:p%3Aw@example.net:5061;transport=tcp;lr?subject=a%20b&x=',
    );
  });

  test('what was read is written back byte by byte, also escapes that are no UTF-8', () => {
    for (const text of [
      'sip:%61lice%E9@Example.COM',
      'sip:null-%00-null@example.com',
      'SIP:[2001:DB8::1]:5060',
    ]) {
      expect(formatUri(parseUri(text))).toBe(text);
      const uri = parseUri(text);
      expect(parseUri(formatUri({ ...uri }))).toEqual(uri);
    }
  });

  test('[row 24] tel URIs keep their separators, compare without them and need no host', () => {
    const uri = parseUri('tel:+7-912-(345)67.89;phone-context=+7');
    expect(uri).toMatchObject({ scheme: 'tel', number: '+7-912-(345)67.89' });
    expect(formatUri({ ...uri })).toBe('tel:+7-912-(345)67.89;phone-context=+7');
    expect(uriEquals(uri, parseUri('tel:+79123456789;phone-context=+7'))).toBe(true);
    expect(uriEquals(uri, parseUri('tel:+79123456780;phone-context=+7'))).toBe(false);
    expect(uriEquals(uri, parseUri('tel:+79123456789'))).toBe(false);
    expect(parseNameAddr('<tel:112>').uri).toMatchObject({ number: '112' });
  });

  // The lists of RFC 3261 §19.1.4.
  test.each([
    ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp', true],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5', true],
    ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;newparam=5', true],
    [
      'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
      'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
      true,
    ],
    [
      'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
      'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
      true,
    ],
    ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP', false],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060', false],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp', false],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp', false],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting', false],
    ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off', false],
    ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4', false],
  ])('[RFC 3261 §19.1.4] %s and %s: %s', (a, b, same) => {
    expect(uriEquals(parseUri(a), parseUri(b))).toBe(same);
    expect(uriEquals(parseUri(b), parseUri(a))).toBe(same);
  });

  test.each([
    'example.com',
    'sip:',
    'sip:@host',
    'sip:a@',
    'sip:a@b@c',
    'sip:a@host:99999',
    'sip:a@[::1',
    'sip:a@[::1]x',
    'sip:a b@host',
    'sip:a%zz@host',
    'sip:a@::1',
    'tel:',
    'tel:abc<',
  ])('%s is no URI', (text) => {
    expect(() => parseUri(text)).toThrow(SipSyntaxError);
  });

  test('schemes that we do not route still parse', () => {
    expect(parseUri('soap.beep://192.0.2.103:3002')).toEqual({
      scheme: 'soap.beep',
      opaque: '//192.0.2.103:3002',
    });
  });
});

describe('name-addr and Via', () => {
  test.each([
    ['"A \\"B\\\\" <sip:a@b;lr>;tag=1;x="y;z"', 'A "B\\', '"A \\"B\\\\" <sip:a@b;lr>;tag=1;x="y;z"'],
    ['caller<sip:a@b>', 'caller', '"caller" <sip:a@b>'],
    ['sip:a@b;tag=9', undefined, '<sip:a@b>;tag=9'],
    ['<sip:a@b> ; q = 0.3 ;', undefined, '<sip:a@b>;q=0.3'],
    ['sip:a@b;x="<y>"', undefined, '<sip:a@b>;x="<y>"'],
  ])('%s', (text, displayName, written) => {
    expect(parseNameAddr(text).displayName).toBe(displayName);
    expect(formatNameAddr(parseNameAddr(text))).toBe(written);
  });

  test.each([
    'Bell, A <sip:a@b>',
    '"x" sip:a@b',
    '<sip:a@b',
    '< sip:a@b >',
    '<sip:a@b> tag=1',
    '<sip:a@b>;"q"',
  ])('%s is refused', (text) => {
    expect(() => parseNameAddr(text)).toThrow(SipSyntaxError);
  });

  test('[RFC 3261 §20.42] white space around the parts of a Via', () => {
    const via = parseVia(
      'SIP / 2.0 / UDP first.example.com : 4000;ttl=16 ;maddr=224.2.0.1 ;branch=z9hG4bKa7c6.1;rport',
    );
    expect(via).toMatchObject({ transport: 'UDP', host: 'first.example.com', port: 4000 });
    expect(formatVia(via)).toBe(
      'SIP/2.0/UDP first.example.com:4000;ttl=16;maddr=224.2.0.1;branch=z9hG4bKa7c6.1;rport',
    );
    expect(formatVia(parseVia('SIP/2.0/TCP [2001:db8::1]:5060;received=2001:db8::2'))).toBe(
      'SIP/2.0/TCP [2001:db8::1]:5060;received=2001:db8::2',
    );
  });

  test('sipUri builds from parts', () => {
    expect(formatUri(sipUri({ user: '+1 2', host: '2001:db8::1', port: 5060, params: { lr: null } }))).toBe(
      'sip:+1%202@[2001:db8::1]:5060;lr',
    );
  });
});
