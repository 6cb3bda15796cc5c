import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { parseDigestHeader } from './auth-header.ts';
import { DigestAuthenticator } from './authenticator.ts';
import { type OfferedAlgorithms, SHA256_ONLY, SHA256_THEN_MD5 } from './challenge.ts';
import { ClientCredentials } from './credentials.ts';
import { digestResponse, ha1, ha1Set } from './digest.ts';
import { GuessGuard } from './guess-guard.ts';
import { NonceStore } from './nonce-store.ts';

const realm = 'maskline';
const body = new Uint8Array();
const secrets = ha1Set('bob', realm, 'zanzibar');
const lookup = (name: string) => (name === 'bob' ? { ha1: secrets } : undefined);
const HOST = '203.0.113.7';
const source = { transport: 'udp', host: HOST, port: 5060 };

function server(algorithms: OfferedAlgorithms = SHA256_THEN_MD5) {
  const clock = new VirtualClock();
  const nonces = new NonceStore({ clock, random: seededRandom(2), realm });
  const guesses = new GuessGuard(clock);
  return { clock, nonces, guesses, auth: new DigestAuthenticator({ realm, nonces, guesses, algorithms }) };
}

function challenges(auth: DigestAuthenticator, stale = false): string[] {
  return auth.challenge(HOST, { stale }).map(([, value]) => value);
}

function client(password = 'zanzibar', username = 'bob'): ClientCredentials {
  return new ClientCredentials({ username, password }, seededRandom(3));
}

const uri = 'sip:bob@maskline';

function ask(auth: DigestAuthenticator, from: ClientCredentials, at: Partial<typeof source> = {}) {
  const method = 'REGISTER';
  const target = uri;
  const credentials = from.fields(method, target, body).map(([, value]) => value);
  return auth.check({ method, uri: target, body, credentials, source: { ...source, ...at } }, lookup);
}

describe('digest, server side', () => {
  test('[row 28] [RFC 8760 §2.3] challenges in SHA-256 first and MD5 second, or SHA-256 alone', () => {
    const names = (algorithms: OfferedAlgorithms) =>
      challenges(server(algorithms).auth).map((text) => parseDigestHeader(text)?.get('algorithm'));
    expect(names(SHA256_THEN_MD5)).toEqual(['SHA-256', 'MD5']);
    expect(names(SHA256_ONLY)).toEqual(['SHA-256']);
  });

  test('401 and 407 carry their own field', () => {
    const { auth } = server();
    expect(auth.challenge(HOST).map(([name]) => name)).toEqual(['WWW-Authenticate', 'WWW-Authenticate']);
    expect(auth.challenge(HOST, { status: 407 })[0]?.[0]).toBe('Proxy-Authenticate');
  });

  test('the right password passes, again and again with a growing nc', () => {
    const { auth } = server();
    const bob = client();
    expect(ask(auth, bob)).toEqual({ kind: 'absent' });
    expect(bob.accept(401, challenges(auth))).toBe(true);
    for (let i = 0; i < 5; i++) expect(ask(auth, bob)).toEqual({ kind: 'ok', username: 'bob' });
  });

  test('[row 28] a client that only knows MD5 passes, and not when MD5 is switched off', () => {
    for (const [algorithms, kind] of [
      [SHA256_THEN_MD5, 'ok'],
      [SHA256_ONLY, 'wrong'],
    ] as const) {
      const { auth, nonces } = server(algorithms);
      const old = client();
      old.accept(401, [`Digest realm="${realm}", nonce="${nonces.issue(HOST)}", qop="auth"`]);
      expect(ask(auth, old).kind).toBe(kind);
    }
  });

  test('[row 26] wrong guesses with high nc values do not lock the owner of the nonce out', () => {
    const { auth } = server();
    const bob = client();
    const thief = client('guess');
    const both = challenges(auth);
    bob.accept(401, both);
    thief.accept(401, both);
    for (let i = 0; i < 100; i++) expect(ask(auth, thief, { port: 6060 }).kind).toBe('wrong');
    expect(ask(auth, bob).kind).toBe('ok');
  });

  test('[row 26] a replayed request is stale, and so is an old nonce; both only with the right password', async () => {
    const { auth, clock } = server();
    const bob = client();
    bob.accept(401, challenges(auth));
    const credentials = bob.fields('REGISTER', uri).map(([, value]) => value);
    const request = { method: 'REGISTER', uri, body, credentials, source };
    expect(auth.check(request, lookup).kind).toBe('ok');
    expect(auth.check(request, lookup).kind).toBe('stale');
    await clock.advance(301_000);
    expect(ask(auth, bob)).toEqual({ kind: 'stale' });
    const thief = client('guess');
    thief.accept(401, challenges(auth));
    await clock.advance(301_000);
    expect(ask(auth, thief).kind).toBe('wrong');
  });

  test('an unknown user and a wrong password look alike', () => {
    const { auth } = server();
    const nobody = client('zanzibar', 'eve');
    nobody.accept(401, challenges(auth));
    const wrong = client('guess');
    wrong.accept(401, challenges(auth));
    expect(ask(auth, nobody)).toEqual(ask(auth, wrong));
  });

  test('the stand-in for the secrets of an unknown user opens nothing', () => {
    const { auth, nonces } = server();
    const nonce = nonces.issue(HOST);
    const claim = { nonce, uri, qop: 'auth', nc: '00000001', cnonce: 'c' } as const;
    for (const [algorithm, length] of [
      ['MD5', 32],
      ['SHA-256', 64],
    ] as const) {
      const response = digestResponse({ ...claim, algorithm, ha1: '0'.repeat(length), method: 'REGISTER' });
      const text = `Digest username="eve", realm="${realm}", nonce="${nonce}", uri="${uri}", algorithm=${algorithm}, qop=auth, nc=00000001, cnonce="c", response="${response}"`;
      expect(auth.check({ method: 'REGISTER', uri, body, credentials: [text], source }, lookup).kind).toBe(
        'wrong',
      );
    }
    expect(nonces.remembered).toBe(0);
  });

  test('[row 26] auth-int is verified over the body', () => {
    const { auth, nonces } = server();
    const bob = client();
    bob.accept(401, [
      `Digest realm="${realm}", nonce="${nonces.issue(HOST)}", algorithm=SHA-256, qop="auth-int"`,
    ]);
    const sent = Buffer.from('v=0\r\n');
    const credentials = bob.fields('INVITE', uri, sent).map(([, value]) => value);
    const request = { method: 'INVITE', uri, credentials, source };
    expect(auth.check({ ...request, body: Buffer.from('v=1\r\n') }, lookup).kind).toBe('wrong');
    expect(auth.check({ ...request, body: sent }, lookup).kind).toBe('ok');
  });

  test('[RFC 2069] without qop the old form is accepted once per nonce', () => {
    const { auth, nonces } = server();
    const old = client();
    old.accept(401, [`Digest realm="${realm}", nonce="${nonces.issue(HOST)}"`]);
    expect(ask(auth, old).kind).toBe('ok');
    expect(ask(auth, old).kind).toBe('stale');
  });

  test('credentials for one number do not dial another; a rewritten host does not matter', () => {
    const { auth } = server();
    const bob = client();
    bob.accept(401, challenges(auth));
    const credentials = bob.fields('INVITE', 'sip:100@maskline').map(([, value]) => value);
    const request = { method: 'INVITE', body, credentials, source };
    expect(auth.check({ ...request, uri: 'sip:200@maskline' }, lookup).kind).toBe('wrong');
    expect(auth.check({ ...request, uri: 'sip:100@192.0.2.1;transport=udp' }, lookup).kind).toBe('ok');
  });

  test('credentials of other realms beside ours are passed over, broken ones are wrong', () => {
    const { auth, nonces } = server();
    const bob = client();
    bob.accept(401, challenges(auth));
    const [mine] = bob.fields('REGISTER', uri).map(([, value]) => value);
    const foreign = 'Digest username="x", realm="proxy", nonce="n", uri="sip:x", response="0"';
    const check = (...credentials: string[]) =>
      auth.check({ method: 'REGISTER', uri, body, credentials, source }, lookup);
    expect(check(foreign).kind).toBe('absent');
    expect(check(foreign, mine!).kind).toBe('ok');
    expect(check(`Digest realm="${realm}", username="bob"`).kind).toBe('wrong');
    const noCnonce = digestResponse({
      algorithm: 'MD5',
      ha1: ha1('MD5', 'bob', realm, 'zanzibar'),
      nonce: nonces.issue(HOST),
      method: 'REGISTER',
      uri,
      qop: 'auth',
    });
    expect(
      check(
        `Digest realm="${realm}", username="bob", nonce="n", uri="${uri}", qop=auth, response="${noCnonce}"`,
      ).kind,
    ).toBe('wrong');
  });
});
