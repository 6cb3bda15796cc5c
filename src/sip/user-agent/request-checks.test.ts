import { describe, expect, test } from 'vitest';
import { mayEnter } from './quiet-gate.ts';
import { refusalOf } from './request-checks.ts';
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
      fields: [['Unsupported', '100rel, foo, bar']],
    });
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
