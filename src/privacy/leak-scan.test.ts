import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PhoneNumber } from '../kernel/phone-number.ts';
import { outgoingText, scanForLeaks } from './leak-scan.ts';
import { numberSecret, type Secret } from './secret.ts';

const NUMBER = '+79123456789';
const SECRET = numberSecret(PhoneNumber.parse(NUMBER));

const hash = (algorithm: string, text: string) => createHash(algorithm).update(text);
const scan = (secrets: readonly Secret[], bytes: Uint8Array) =>
  scanForLeaks({ secrets, packets: [{ to: 'passenger', bytes }] });

/** Every way in which a number has been seen to travel. */
const SPELLINGS: Record<string, string | Uint8Array> = {
  'E.164': NUMBER,
  'without plus': '79123456789',
  'with 00': '0079123456789',
  national: '89123456789',
  'national, spaced': '8 (912) 345-67-89',
  'tel: with separators': 'tel:+7-912-345-67-89',
  'tel: with dots': 'tel:+7.912.345.67.89',
  'one space per digit': '7 9 1 2 3 4 5 6 7 8 9',
  'no-break spaces': '+7\u00a0912\u00a0345\u00a067\u00a089',
  'en dashes': '+7 912–345–67–89',
  'percent-escaped plus': '%2B79123456789',
  'percent-escaped throughout': '%2b%37%39%31%32%33%34%35%36%37%38%39',
  'percent-escaped twice': '%252B%2537%2539%2531%2532%2533%2534%2535%2536%2537%2538%2539',
  'percent-escaped spaces': '+7%20912%20345%2067%2089',
  'quoted-printable': '=?utf-8?Q?=2B7912345=36789?=',
  'JSON escapes': '"\\u002b7912\\u0033456789"',
  base64: Buffer.from(NUMBER).toString('base64'),
  'base64, second alignment': Buffer.from(`x${NUMBER}`).toString('base64'),
  'base64, third alignment': Buffer.from(`xy${NUMBER}`).toString('base64'),
  'base64 of JSON with separators': Buffer.from('{"caller":"+7 (912) 345-67-89"}').toString('base64'),
  base64url: Buffer.from(`??>>${NUMBER}`).toString('base64url'),
  'base64, percent-escaped': encodeURIComponent(Buffer.from(`>${NUMBER}`).toString('base64')),
  'base64 of base64': Buffer.from(Buffer.from(NUMBER).toString('base64')).toString('base64'),
  'base64 in lines': Buffer.from(`{"from":"somebody","caller":"${NUMBER}"}`)
    .toString('base64')
    .replace(/.{20}/g, '$&\r\n'),
  hex: Buffer.from(NUMBER).toString('hex'),
  'hex, upper case': Buffer.from('9123456789').toString('hex').toUpperCase(),
  'UTF-16 LE': Buffer.from(NUMBER, 'utf16le'),
  'UTF-16 BE': Buffer.from(NUMBER, 'utf16le').swap16(),
  'UTF-16 with separators': Buffer.from('8 (912) 345-67-89', 'utf16le'),
  'SHA-256, hex': hash('sha256', NUMBER).digest('hex'),
  'SHA-256, upper-case hex': hash('sha256', '79123456789').digest('hex').toUpperCase(),
  'SHA-256, base64': hash('sha256', NUMBER).digest('base64'),
  'SHA-256, base64url': hash('sha256', '9123456789').digest('base64url'),
  'SHA-256, bytes': hash('sha256', NUMBER).digest(),
  'SHA-256 of the national form': hash('sha256', '89123456789').digest('hex'),
  'SHA-1, hex': hash('sha1', NUMBER).digest('hex'),
  'SHA-1, base64': hash('sha1', '79123456789').digest('base64'),
  'MD5, hex': hash('md5', NUMBER).digest('hex'),
  'MD5, base64': hash('md5', NUMBER).digest('base64'),
  'MD5 of a tel URI': hash('md5', `tel:${NUMBER}`).digest('hex'),
};

const HOST_TEXT = 'INVITE sip:+15550100@198.51.100.7 SIP/2.0\r\nX-Note: ';
const REST = '\r\nContent-Length: 0\r\n\r\n';
const plant = (planted: string | Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(HOST_TEXT), Buffer.from(planted as Uint8Array), Buffer.from(REST)]);

describe('[row 29] a number is found however it is written', () => {
  for (const [name, spelling] of Object.entries(SPELLINGS)) {
    test(name, () => {
      const leaks = scan([SECRET], plant(spelling));
      expect(leaks.length).toBeGreaterThan(0);
      for (const leak of leaks) {
        expect(leak.kind).toBe('number');
        expect(leak.to).toBe('passenger');
        expect(leak.offset).toBeGreaterThanOrEqual(HOST_TEXT.length - 3);
        expect(leak.offset).toBeLessThan(HOST_TEXT.length + spelling.length);
      }
      expect(JSON.stringify(leaks)).not.toContain('912345');
    });
  }

  test('a clean message has no leak', () => {
    expect(scan([SECRET], plant('+79123456788, %2B79123456780, 89123456787'))).toEqual([]);
  });

  test('the report says how it was written, where, and in which packet', () => {
    const packets = [outgoingText('log', 'nothing'), outgoingText('log', `caller ${NUMBER}`)];
    expect(scanForLeaks({ secrets: [SECRET], packets })).toEqual([
      { kind: 'number', secret: 'number +7••••••••89', spelling: 'digits', to: 'log', packet: 1, offset: 9 },
    ]);
    const wrapped = scan([SECRET], Buffer.from(Buffer.from(`ab${NUMBER}`).toString('base64')));
    expect(wrapped[0]?.spelling).toBe('digits (base64)');
  });

  test('every occurrence is shown once', () => {
    const leaks = scan([SECRET], Buffer.from(`${NUMBER} and ${NUMBER} and 8-912-345-67-89`));
    expect(leaks.map((leak) => leak.offset)).toEqual([2, 19, 36]);
  });
});

describe('other secrets', () => {
  const name: Secret = { kind: 'display-name', value: 'Иван Петров' };
  const cases: [string, Secret, string | Uint8Array][] = [
    ['display name', { kind: 'display-name', value: 'Ann Lee' }, 'From: "ANN LEE" <sip:x@y>'],
    ['display name, escaped', { kind: 'display-name', value: 'Ann Lee' }, 'name=ann%20lee'],
    ['Cyrillic name', name, 'X: Иван Петров'],
    ['Cyrillic name in capitals', name, 'X: ИВАН ПЕТРОВ'],
    ['Cyrillic name in UTF-16', name, Buffer.from('X: Иван Петров', 'utf16le')],
    ['Cyrillic name, RFC 2047', name, `=?utf-8?B?${Buffer.from('Иван Петров').toString('base64')}?=`],
    ['Cyrillic name, percent-escaped', name, encodeURIComponent('Иван Петров')],
    ['host', { kind: 'host', value: '203.0.113.9' }, 'c=IN IP4 203.0.113.9'],
    ['IPv6 host', { kind: 'host', value: '2001:db8::9' }, 'Contact: <sip:x@[2001:DB8::9]>'],
    ['user agent', { kind: 'user-agent', value: 'Acme 9000/1.2' }, 'Server: acme 9000/1.2'],
    ['Call-ID', { kind: 'call-id', value: 'a84b4c76e66710@pc33' }, 'In-Reply-To: a84b4c76e66710@pc33'],
    ['tag', { kind: 'tag', value: '1928301774' }, 'Replaces: x;from-tag=1928301774'],
    ['short tag', { kind: 'tag', value: 'a73k' }, ';from-tag=a73k;x'],
    ['CNAME', { kind: 'cname', value: 'ann@203.0.113.9' }, 'a=ssrc:1 cname:ann@203.0.113.9'],
    ['SSRC in SDP', { kind: 'ssrc', value: '3735928559' }, 'a=ssrc:3735928559 msid:x'],
  ];
  for (const [title, secret, text] of cases) {
    test(`${title} is found`, () => {
      expect(scan([secret], plant(text)).map((leak) => leak.kind)).toContain(secret.kind);
    });
  }

  test('short values count as whole words only', () => {
    const secret: Secret = { kind: 'display-name', value: 'Ann' };
    expect(scan([secret], Buffer.from('Cannot, annex, Hannah'))).toEqual([]);
    expect(scan([secret], Buffer.from('From: "ann" <sip:x@y>'))).toHaveLength(1);
    const host: Secret = { kind: 'host', value: '10.0.0.1' };
    expect(scan([host], Buffer.from('c=IN IP4 10.0.0.12'))).toEqual([]);
    expect(scan([host], Buffer.from('c=IN IP4 10.0.0.1\r\n'))).toHaveLength(1);
  });
});

describe('RTP and RTCP', () => {
  const ssrc: Secret = { kind: 'ssrc', value: String(0x55555555) };
  const rtp = (head: number[], payload: Uint8Array): Buffer => Buffer.concat([Buffer.from(head), payload]);

  test('an SSRC is found in the header, the CSRC list and the extension', () => {
    const sound = new Uint8Array(160);
    const own = [0x80, 8, 0, 1, 0, 0, 0, 1, 0x55, 0x55, 0x55, 0x55];
    expect(scan([ssrc], rtp(own, sound))[0]).toMatchObject({ spelling: 'ssrc', offset: 8 });
    const csrc = [0x81, 8, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 0x55, 0x55, 0x55, 0x55];
    expect(scan([ssrc], rtp(csrc, sound))[0]).toMatchObject({ offset: 12 });
    const extension = [0x90, 8, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 0xbe, 0xde, 0, 1, 0x55, 0x55, 0x55, 0x55];
    expect(scan([ssrc], rtp(extension, sound))[0]).toMatchObject({ offset: 16 });
  });

  test('sound is no SSRC: a quiet A-law payload consists of 0x55', () => {
    const header = [0x80, 8, 0, 1, 0x55, 0x55, 0x55, 0x55, 1, 2, 3, 4];
    expect(scan([ssrc], rtp(header, new Uint8Array(160).fill(0x55)))).toEqual([]);
  });

  test('a number in a header extension or a payload is found all the same', () => {
    const header = [0x80, 96, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4];
    expect(scan([SECRET], rtp(header, Buffer.from(NUMBER)))).toHaveLength(1);
  });

  test('SSRC and CNAME in RTCP', () => {
    const cname: Secret = { kind: 'cname', value: 'ann@10.1.2.3' };
    const sdes = Buffer.concat([
      Buffer.from([0x81, 202, 0, 5, 0x55, 0x55, 0x55, 0x55, 1, 12]),
      Buffer.from('ann@10.1.2.3'),
      Buffer.from([0, 0]),
    ]);
    const kinds = scan([cname, ssrc], sdes).map((leak) => leak.kind);
    expect(kinds.sort()).toEqual(['cname', 'ssrc']);
  });
});

describe('properties', () => {
  const wraps: ((bytes: Buffer) => Buffer)[] = [
    (bytes) => bytes,
    (bytes) => Buffer.from(bytes.toString('base64')),
    (bytes) => Buffer.from(bytes.toString('base64url')),
    (bytes) => Buffer.from(bytes.toString('hex')),
    (bytes) => Buffer.from([...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')),
    (bytes) => Buffer.from(bytes.toString('latin1'), 'utf16le'),
  ];
  const number = fc.integer({ min: 9_000_000_000, max: 9_999_999_999 }).map((digits) => `+7${digits}`);
  const separator = fc.constantFrom('', '', '-', ' ', '.', ') ', '(', ' - ', '\u00a0');

  test('no false negative: any number, separated anyhow, in up to two wrappings, anywhere', () => {
    const spelled = number.chain((value) =>
      fc.array(separator, { minLength: 12, maxLength: 12 }).map((gaps) => ({
        value,
        text: [...value].map((char, i) => (i < 2 ? char : `${gaps[i]}${char}`)).join(''),
      })),
    );
    fc.assert(
      fc.property(
        spelled,
        fc.array(fc.constantFrom(...wraps), { maxLength: 2 }),
        fc.stringMatching(/^[a-z0-9 :;=<>"\r\n]{0,60}$/),
        fc.stringMatching(/^[^0-9]{0,3}$/),
        ({ value, text }, wrapping, around, inner) => {
          let bytes: Buffer = Buffer.from(`${Buffer.from(inner).toString('latin1')} ${text} tail`);
          for (const wrap of wrapping) bytes = wrap(bytes);
          const whole = Buffer.concat([Buffer.from(`X-Any: ${around} `), bytes, Buffer.from(` ${around}`)]);
          const secret: Secret = { kind: 'number', value };
          return scan([secret], whole).length > 0;
        },
      ),
      { numRuns: 400, seed: 20_260 },
    );
  });

  test('no false positive in random sound, for the secrets of a call', () => {
    const secrets: Secret[] = [
      SECRET,
      { kind: 'ssrc', value: '3735928559' },
      { kind: 'tag', value: 'a73k' },
      { kind: 'display-name', value: 'Ann' },
      { kind: 'host', value: '10.0.0.1' },
    ];
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 160, maxLength: 160 }), (sound) => {
        const header = Buffer.from([0x80, 8, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4]);
        return scan(secrets, Buffer.concat([header, sound])).length === 0;
      }),
      { numRuns: 500, seed: 20_260 },
    );
  });
});
