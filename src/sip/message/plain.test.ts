import { describe, expect, it } from 'vitest';
import { parseMessage } from './parse.ts';
import { isToken, lowerCase, plainHeaderParams, plainNumber, plainUriParams } from './plain.ts';
import { plainSipUri } from './read-sip-uri.ts';
import { parseUri } from './uri.ts';

describe('plain readers', () => {
  it('read what is plain', () => {
    expect([...(plainHeaderParams(';Tag=a1;lr;;tag=2;x=', 0) ?? [])]).toEqual([
      ['tag', 'a1'],
      ['lr', null],
      ['x', ''],
    ]);
    expect(plainSipUri('sip:+447700900101@Host.Example:5060;user=phone')).toMatchObject({
      user: '+447700900101',
      host: 'host.example',
      port: 5060,
    });
    expect(plainNumber('00502', 0, 5)).toBe(502);
    expect([isToken('z9hG4bK-x.1'), isToken(''), isToken('a b')]).toEqual([true, false, false]);
    expect([lowerCase('a-b'), lowerCase('A-b'), lowerCase('É')]).toEqual(['a-b', 'a-b', 'é']);
  });

  it('leave to the full readers what is not', () => {
    for (const params of [';a="b"', '; a=b', ';a=<b>', ';=b', 'a=b', ';a=é', ';a\0=b'])
      expect(plainHeaderParams(params, 0), params).toBeUndefined();
    expect(plainUriParams(';a=%41', 0)).toBeUndefined();
    for (const uri of [
      'sips:a@b',
      'SIP:a@b',
      'sip:a:secret@b',
      'sip:a%20@b',
      'sip:@b',
      'sip:a@[::1]',
      'sip:a@-b',
      'sip:a@b:',
      'sip:a@b:65536',
      'sip:a@b?x=y',
      'sip:a@b c',
      'sip:',
    ])
      expect(plainSipUri(uri), uri).toBeUndefined();
    expect([plainNumber('1234567890', 0, 10), plainNumber('', 0, 0), plainNumber('1a', 0, 2)]).toEqual([
      -1, -1, -1,
    ]);
  });

  it('read the same as the full readers', () => {
    const quick = parseUri('sip:a@b:5070;lr;ttl=1');
    // The scheme's capitals are not plain.
    expect({ ...parseUri('SIP:a@b:5070;lr;ttl=1') }).toEqual({ ...quick });
  });

  it('[RFC 3261 §7.3.1] a line without a colon does not borrow that of a later one', () => {
    const text = 'OPTIONS sip:a@b SIP/2.0\r\nno colon here\r\nCSeq: 1 OPTIONS\r\n\r\n';
    const result = parseMessage(Buffer.from(text));
    expect(result.ok && result.message.defect).toBe('a header line is malformed');
    expect(result.ok && [...result.message.headers]).toEqual([['CSeq', '1 OPTIONS']]);
  });
});
