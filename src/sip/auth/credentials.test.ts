import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { parseDigestHeader } from './auth-header.ts';
import { ClientCredentials } from './credentials.ts';
import { digestResponse, ha1 } from './digest.ts';

function client(realm?: string): ClientCredentials {
  const account = { username: 'bob', password: 'zanzibar', ...(realm === undefined ? {} : { realm }) };
  return new ClientCredentials(account, seededRandom(4));
}

const md5 = 'Digest realm="a", nonce="n1", algorithm=MD5, qop="auth"';
const sha256 = 'Digest realm="a", nonce="n2", algorithm=SHA-256, qop="auth"';
const unknown = 'Digest realm="a", nonce="n3", algorithm=SHA3-512, qop="auth"';

function sent(credentials: ClientCredentials, index = 0) {
  const field = credentials.fields('INVITE', 'sip:x@y')[index];
  return { name: field?.[0], params: parseDigestHeader(field?.[1] ?? '') };
}

describe('digest, client side', () => {
  test.each([
    ['strongest last', [md5, sha256]],
    ['strongest first', [sha256, md5]],
    ['an unknown one first', [unknown, md5, sha256]],
  ])('[row 28] picks SHA-256: %s', (_, challenges) => {
    const bob = client();
    expect(bob.accept(401, challenges)).toBe(true);
    expect(sent(bob).params?.get('algorithm')).toBe('SHA-256');
    expect(sent(bob).params?.get('nonce')).toBe('n2');
  });

  test('[row 28] [RFC 8760 §2.4] an account for which MD5 does not do is not talked down to it', () => {
    const strict = (): ClientCredentials =>
      new ClientCredentials({ username: 'bob', password: 'zanzibar', allowMd5: false }, seededRandom(4));
    expect(strict().accept(401, [md5])).toBe(false);
    expect(strict().accept(401, ['Digest realm="a", nonce="n", qop="auth"'])).toBe(false);
    const bob = strict();
    expect(bob.accept(401, [md5, sha256])).toBe(true);
    expect(sent(bob).params?.get('algorithm')).toBe('SHA-256');
  });

  test('[row 28] only unknown algorithms: gives up at once', () => {
    expect(client().accept(401, [unknown])).toBe(false);
    expect(client().accept(401, [])).toBe(false);
    expect(client().accept(401, ['Basic realm="a"'])).toBe(false);
  });

  test('[RFC 3261 §22.4] [RFC 7616 §3.4] [row 27] the answer is right, and nc grows while the nonce is re-used', () => {
    const bob = client();
    bob.accept(407, ['Digest realm="a", nonce="n", algorithm=SHA-256, qop="auth-int,auth", opaque="o\\"p"']);
    for (const nc of ['00000001', '00000002']) {
      const { name, params } = sent(bob);
      expect(name).toBe('Proxy-Authorization');
      expect(params?.get('nc')).toBe(nc);
      expect(params?.get('opaque')).toBe('o"p');
      expect(params?.get('response')).toBe(
        digestResponse({
          algorithm: 'SHA-256',
          ha1: ha1('SHA-256', 'bob', 'a', 'zanzibar'),
          nonce: 'n',
          method: 'INVITE',
          uri: 'sip:x@y',
          qop: 'auth',
          nc,
          cnonce: params!.get('cnonce')!,
        }),
      );
    }
  });

  test('[row 27] a second 401 means a wrong password; stale gives one more try; then it ends', () => {
    const bob = client();
    expect(bob.accept(401, [sha256])).toBe(true);
    expect(bob.accept(401, [sha256])).toBe(false);
    const eve = client();
    expect(eve.accept(401, [sha256])).toBe(true);
    expect(eve.accept(401, [`${sha256}, stale=TRUE`])).toBe(true);
    expect(eve.accept(401, [`${sha256}, stale=true`])).toBe(false);
  });

  test('[row 27] attempts are counted per request: a kept nonce that has aged costs one round trip', () => {
    const bob = client();
    expect(bob.accept(401, [sha256])).toBe(true);
    bob.begin();
    expect(sent(bob).params?.get('nonce')).toBe('n2');
    const fresh = 'Digest realm="a", nonce="n9", algorithm=SHA-256, qop="auth", stale=true';
    expect(bob.accept(401, [fresh])).toBe(true);
    expect(sent(bob).params?.get('nonce')).toBe('n9');
    expect(sent(bob).params?.get('nc')).toBe('00000002');
  });

  test('[row 26] 407 of a proxy and 401 of the server both get their answer', () => {
    const bob = client();
    expect(bob.accept(407, ['Digest realm="proxy", nonce="p"'])).toBe(true);
    expect(bob.accept(401, [sha256])).toBe(true);
    expect(bob.fields('INVITE', 'sip:x@y').map(([name]) => name)).toEqual([
      'Proxy-Authorization',
      'Authorization',
    ]);
  });

  test('a challenge of another realm than the agreed one is not answered', () => {
    expect(client('carrier').accept(401, [sha256])).toBe(false);
    expect(client('a').accept(401, [sha256])).toBe(true);
  });

  test('without qop and algorithm the answer has none either', () => {
    const bob = client();
    bob.accept(401, ['Digest realm="a", nonce="n"']);
    expect([...sent(bob).params!.keys()]).toEqual(['username', 'realm', 'nonce', 'uri', 'response']);
  });
});
