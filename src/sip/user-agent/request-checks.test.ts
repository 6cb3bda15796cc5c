import { describe, expect, test } from 'vitest';
import { mayEnter } from './quiet-gate.ts';
import { refusalOf, refusalOutside } from './request-checks.ts';
import { requestOf } from './test-support/messages.ts';

function message(line: string, fields: readonly string[] = [], body = '', toTag = '') {
  const method = line.split(' ')[0];
  return requestOf(
    [
      `${line} SIP/2.0`,
      'Via: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK1',
      'From: <sip:a@b>;tag=1',
      `To: <sip:a@b>${toTag}`,
      'Call-ID: 1',
      `CSeq: 1 ${method}`,
      ...fields,
    ],
    body,
  );
}

const invite = (fields: readonly string[] = [], body = '') => message('INVITE sip:1@x', fields, body);

describe('what an INVITE may ask for', () => {
  test('an ordinary one, with or without an offer', () => {
    expect(refusalOf(invite())).toBeUndefined();
    expect(refusalOf(invite(['Content-Type: application/sdp'], 'v=0\r\n'))).toBeUndefined();
    expect(refusalOf(message('INVITE tel:+7'))).toBeUndefined();
  });

  test('[row 44] [RFC 7332 §4] Max-Forwards 0 is 483, 1 is not', () => {
    expect(refusalOf(invite(['Max-Forwards: 0']))?.status).toBe(483);
    expect(refusalOf(invite(['Max-Forwards: 1']))).toBeUndefined();
  });

  test('[RFC 3261 §8.2.2.1] an unknown scheme is 416', () => {
    expect(refusalOf(message('INVITE nobodyKnowsThisScheme:totallyopaquecontent'))?.status).toBe(416);
  });

  test('[RFC 3261 §8.2.2.3] a required extension is 420 and named', () => {
    expect(refusalOf(invite(['Require: 100rel, foo', 'Require: bar']))).toEqual({
      status: 420,
      fields: [['Unsupported', 'foo, bar']],
    });
    expect(refusalOf(invite(['Require: 100rel, timer']))).toBeUndefined();
  });

  test('[RFC 3891 §3] a call that is to replace another is no call of its own: 420 where that is required, else 481', () => {
    const replaces = 'Replaces: 12345@x;to-tag=a;from-tag=b';
    expect(refusalOf(invite([replaces, 'Require: replaces']))).toEqual({
      status: 420,
      fields: [['Unsupported', 'replaces']],
    });
    expect(refusalOf(invite([replaces]))?.status).toBe(481);
    expect(refusalOf(invite([replaces, 'Supported: replaces']))?.status).toBe(481);
    expect(refusalOf(invite([replaces, replaces]))?.status).toBe(400);
    expect(refusalOf(invite(['Join: 12345@x;to-tag=a;from-tag=b']))?.status).toBe(481);
  });

  test('[RFC 3515 §2.4.2] [RFC 6665 §4.1.3] REFER without a call is 603, NOTIFY without a subscription 481 or 489, others 405', () => {
    expect(refusalOutside(message('REFER sip:1@x')).status).toBe(603);
    expect(refusalOutside(message('NOTIFY sip:1@x', ['Event: refer;id=7'])).status).toBe(481);
    expect(refusalOutside(message('NOTIFY sip:1@x', ['Event: message-summary'])).status).toBe(489);
    expect(refusalOutside(message('NOTIFY sip:1@x')).status).toBe(489);
    const { status, fields } = refusalOutside(message('PUBLISH sip:1@x'));
    expect([status, fields[0]?.[0]]).toEqual([405, 'Allow']);
  });

  test('[RFC 5621 §3.1] an offer may be a part of a multipart body', () => {
    const type = ['Content-Type: multipart/mixed;boundary=b'];
    const part = '--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--\r\n';
    expect(refusalOf(invite(type, part))).toBeUndefined();
    expect(refusalOf(invite(type, part.replace('sdp', 'isup')))?.status).toBe(415);
  });

  test('[RFC 3261 §8.2.3] a body that we cannot read is 415 with Accept', () => {
    expect(refusalOf(invite(['Content-Type: application/isup'], 'x'))).toEqual({
      status: 415,
      fields: [['Accept', 'application/sdp']],
    });
    const packed = ['Content-Type: application/sdp', 'Content-Encoding: gzip'];
    expect(refusalOf(invite(packed, 'x'))?.fields).toEqual([['Accept-Encoding', 'identity']]);
  });
});

describe('the gate for strangers', () => {
  test.each(['INVITE', 'REGISTER', 'ACK', 'CANCEL', 'BYE'])('[row 42] %s passes', (method) => {
    expect(mayEnter(message(`${method} sip:1@x`))).toBe(true);
  });

  test.each(['OPTIONS', 'SUBSCRIBE', 'MESSAGE', 'INFO', 'FOO'])(
    '[row 42] %s of a stranger does not',
    (method) => {
      expect(mayEnter(message(`${method} sip:1@x`))).toBe(false);
      expect(mayEnter(message(`${method} sip:1@x`, [], '', ';tag=2'))).toBe(true);
      expect(mayEnter(message(`${method} sip:1@x`, ['Authorization: Digest realm="x"']))).toBe(true);
    },
  );
});
