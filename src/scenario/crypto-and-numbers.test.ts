import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { phoneInfo } from './sandbox/phone-info.ts';
import { loadScript, logsFrom, logsOf } from './test-support/sandbox-kit.ts';

async function evaluate(expression: string): Promise<unknown> {
  const [line] = await logsFrom(`Logger.write(JSON.stringify(${expression}))`);
  return JSON.parse(line ?? 'null');
}

describe('Crypto (voximplant.com/docs/references/voxengine/crypto)', () => {
  it('md5 (RFC 1321 §A.5), sha1 (RFC 3174 §7.3), sha256 (RFC 6234 §8.5)', async () => {
    const long = '12345678901234567890123456789012345678901234567890123456789012345678901234567890';
    expect(
      await evaluate(`[Crypto.md5(''), Crypto.md5('abc'), Crypto.md5('${long}'), Crypto.sha1('abc'),
        Crypto.sha1('0123456701234567012345670123456701234567012345670123456701234567'.repeat(10)), Crypto.sha256('abc'),
        Crypto.sha256('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')]`),
    ).toEqual([
      'd41d8cd98f00b204e9800998ecf8427e',
      '900150983cd24fb0d6963f7d28e17f72',
      '57edf4a22be3c955ac49da2e2107b67a',
      'a9993e364706816aba3e25717850c26c9cd0d89d',
      'dea356a2cddd90c7a7ecedc5ebb563934f460452',
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ]);
  });

  it('hmac_sha256 (RFC 4231 §4)', async () => {
    // The keys of the RFC's first and third case are bytes.
    expect(
      await evaluate(`[Crypto.hmac_sha256(Array(20).fill(0x0b), 'Hi There'), Crypto.hmac_sha256('Jefe', 'what do ya want for nothing?'),
        Crypto.hmac_sha256(Array(131).fill(0xaa), 'Test Using Larger Than Block-Size Key - Hash Key First')]`),
    ).toEqual([
      'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ]);
  });

  it('texts of any length and script are as Node hashes them; what is no text is refused', async () => {
    const texts = [0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 1000].map((n) => 'ё'.repeat(n).slice(0, n));
    const found = (await evaluate(
      `${JSON.stringify(texts)}.map(t => [Crypto.md5(t), Crypto.sha1(t), Crypto.sha256(t), Crypto.hmac_sha256(t, t)])`,
    )) as string[][];
    for (const [i, text] of texts.entries()) {
      const hash = (name: string) => createHash(name).update(text).digest('hex');
      const mac = createHmac('sha256', text).update(text).digest('hex');
      expect(found[i], String(text.length)).toEqual([hash('md5'), hash('sha1'), hash('sha256'), mac]);
    }
    expect(
      await evaluate(
        `[Crypto.md5(['a', 'bc']), Crypto.md5([97, 98, 99]), Crypto.sha1(7) === Crypto.sha1('7')]`,
      ),
    ).toEqual(['900150983cd24fb0d6963f7d28e17f72', '900150983cd24fb0d6963f7d28e17f72', true]);
    const { turn } = await loadScript(`for (const bad of [undefined, null, {}, [256], [{}]])
      try { Crypto.sha256(bad); } catch (e) { Logger.write(e.name + ' ' + e.message); }`);
    expect(logsOf(turn)).toEqual(Array(5).fill('TypeError Crypto.sha256 needs a text'));
  });
});

describe('PhoneNumber.getInfo (voximplant.com/docs/references/voxengine/phonenumber)', () => {
  it('tells number, type, region, place and validity, at once', async () => {
    expect(
      await evaluate(`[PhoneNumber.getInfo('8 (912) 345-67-89', 'RU'), PhoneNumber.getInfo('+442079460123', 'RU'),
        PhoneNumber.getInfo('+18005551212'), PhoneNumber.getInfo('+12015550123', 'us').numberType]`),
    ).toEqual([
      {
        number: '+79123456789',
        numberType: 'MOBILE',
        region: 'RU',
        location: 'Russia',
        isPossibleNumber: true,
        isValidNumber: true,
        isValidNumberForRegion: true,
      },
      expect.objectContaining({
        numberType: 'FIXED_LINE',
        region: 'GB',
        isValidNumber: true,
        isValidNumberForRegion: false,
      }),
      expect.objectContaining({ numberType: 'TOLL_FREE', number: '+18005551212' }),
      'FIXED_LINE_OR_MOBILE',
    ]);
  });

  it('what is no number has an error and no digits', async () => {
    const nothing = { number: '', numberType: 'UNKNOWN', region: '', location: '' };
    const no = { isPossibleNumber: false, isValidNumber: false, isValidNumberForRegion: false };
    expect(
      await evaluate(`[PhoneNumber.getInfo('taxi'), PhoneNumber.getInfo('912'), PhoneNumber.getInfo('1', 'RU'),
        PhoneNumber.getInfo('123456789012345678901', 'DE'), PhoneNumber.getInfo('+7912', 'XX'), PhoneNumber.getInfo(), PhoneNumber.getInfo('9'.repeat(100000))].map(i => i.error)`),
    ).toEqual([
      'NOT_A_NUMBER',
      'INVALID_COUNTRY_CODE',
      ...['TOO_SHORT_NSN', 'TOO_LONG_NSN', 'INVALID_COUNTRY_CODE', 'NOT_A_NUMBER', 'INVALID_COUNTRY_CODE'],
    ]);
    expect(phoneInfo('taxi', '')).toEqual({ ...nothing, ...no, error: 'NOT_A_NUMBER' });
    expect(phoneInfo('+7912', '')).toMatchObject({
      isPossibleNumber: false,
      isValidNumber: false,
      region: 'RU',
    });
  });
});
