import { describe, expect, test, vi } from 'vitest';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { DigestAuthenticator } from './authenticator.ts';
import { ClientCredentials } from './credentials.ts';
import { type DigestInput, ha1Set } from './digest.ts';
import { type CredentialSource, GuessGuard, type GuessLimits } from './guess-guard.ts';
import { NonceStore } from './nonce-store.ts';

/** How often a digest was computed. */
const work = vi.hoisted(() => ({ digests: 0 }));
vi.mock(import('./digest.ts'), async (original) => {
  const real = await original();
  const digestResponse = (input: DigestInput): string => {
    work.digests += 1;
    return real.digestResponse(input);
  };
  return { ...real, digestResponse };
});

const realm = 'maskline';
const uri = 'sip:bob@maskline';
const body = new Uint8Array();
const bob = ha1Set('bob', realm, 'zanzibar');
const NAT = '203.0.113.7';

function server(limits: Partial<GuessLimits> = {}, allowMd5 = true) {
  const clock = new VirtualClock();
  const guesses = new GuessGuard(clock, limits);
  const nonces = new NonceStore({ clock, random: seededRandom(2), realm });
  const auth = new DigestAuthenticator({ realm, nonces, guesses });
  let looked = 0;
  const secretsOf = (name: string) => {
    looked += 1;
    return name === 'bob' ? { ha1: bob, allowMd5 } : undefined;
  };
  /** Asks for a challenge from `host` and answers it from `at`. */
  const login = (password: string, at: Partial<CredentialSource> = {}, name = 'bob', from = NAT): string => {
    const client = new ClientCredentials({ username: name, password }, seededRandom(looked));
    client.accept(
      401,
      auth.challenge(from).map(([, value]) => value),
    );
    const credentials = client.fields('REGISTER', uri, body).map(([, value]) => value);
    const source = { transport: 'udp', host: NAT, port: 5060, ...at };
    return auth.check({ method: 'REGISTER', uri, body, credentials, source }, secretsOf).kind;
  };
  return { clock, guesses, login, looked: () => looked };
}

describe('[row 26] whoever guesses passwords', () => {
  test('is locked after a few tries, for a time that doubles up to a minute; then the right one passes', async () => {
    const { clock, guesses, login, looked } = server();
    for (let i = 0; i < 5; i++) expect(login('guess')).toBe('wrong');
    const seen = looked();
    expect(login('zanzibar')).toBe('wrong');
    expect(looked()).toBe(seen);
    expect(guesses.counters).toMatchObject({ locks: 1, refused: 1 });
    let guessesInAnHour = 0;
    for (let second = 0; second < 3_600; second += 2) {
      await clock.advance(2_000);
      const before = looked();
      login('guess');
      guessesInAnHour += looked() - before;
    }
    expect(guessesInAnHour).toBeLessThan(75);
    await clock.advance(60_000);
    expect(login('zanzibar')).toBe('ok');
    for (let i = 0; i < 4; i++) expect(login('typo')).toBe('wrong');
    expect(login('zanzibar')).toBe('ok');
  });

  test('locks out neither the phone elsewhere nor one behind the same NAT', () => {
    const { login } = server();
    for (let i = 0; i < 200; i++) login('guess', { host: '198.51.100.66' }, 'bob', '198.51.100.66');
    expect(login('zanzibar')).toBe('ok');
    for (let i = 0; i < 200; i++) login('guess', { port: 10_000 + i });
    expect(login('zanzibar', { port: 40_000 })).toBe('ok');
    expect(login('zanzibar', { port: 5_060 })).toBe('ok');
  });

  test('has one try for each further port, once an address has guessed often', () => {
    const { login, looked } = server();
    for (let i = 0; i < 20; i++) login('guess', { port: 10_000 + i });
    const before = looked();
    for (let i = 0; i < 10; i++) login('guess', { port: 20_000 });
    expect(looked() - before).toBe(1);
  });

  test('cannot lock a phone that has registered, not even from its own address and port', () => {
    const { login } = server();
    expect(login('zanzibar')).toBe('ok');
    for (let i = 0; i < 100; i++) expect(login('guess')).toBe('wrong');
    expect(login('zanzibar')).toBe('ok');
  });

  test('learns nothing with nonces of another address, and forged addresses lock nobody', () => {
    const { guesses, login, looked } = server();
    for (let i = 0; i < 50; i++) {
      expect(login('guess', {}, 'bob', '198.51.100.66')).toBe('stale');
      expect(login('zanzibar', {}, 'bob', '198.51.100.66')).toBe('stale');
    }
    expect(looked()).toBe(0);
    expect(guesses.counters.remembered).toBe(0);
    expect(login('zanzibar')).toBe('ok');
  });

  test('cannot tell an unknown name from a wrong password, before a lock, in it and after it', async () => {
    const { clock, login } = server();
    for (let i = 0; i < 30; i++) {
      expect(login('guess', { port: 1_000 }, 'nobody')).toBe(login('guess', { port: 2_000 }));
      await clock.advance(700);
    }
  });

  test('fills no memory', () => {
    const { guesses, login } = server({ capacity: 50 });
    for (let i = 0; i < 500; i++) login('guess', { port: i }, `name-${i}`);
    expect(guesses.counters.remembered).toBe(100);
  });

  test('is forgotten after an hour', async () => {
    const { clock, guesses, login } = server();
    for (let i = 0; i < 4; i++) login('guess');
    await clock.advance(3_700_000);
    for (let i = 0; i < 4; i++) login('guess');
    expect(guesses.counters.locks).toBe(0);
  });

  test('cannot read from the time of an answer whether a name exists: the hashes are the same', () => {
    const { login } = server();
    const workFor = (name: string): number => {
      const before = work.digests;
      expect(login('guess', {}, name)).toBe('wrong');
      return work.digests - before;
    };
    // One of the client, one of ours.
    expect([workFor('bob'), workFor('eve')]).toEqual([2, 2]);
  });
});

test('[row 28] a trunk for which MD5 does not do: SHA-256 passes, MD5 is wrong', () => {
  for (const [allowMd5, kind] of [
    [true, 'ok'],
    [false, 'wrong'],
  ] as const) {
    const clock = new VirtualClock();
    const nonces = new NonceStore({ clock, random: seededRandom(2), realm });
    const auth = new DigestAuthenticator({ realm, nonces, guesses: new GuessGuard(clock) });
    const source = { transport: 'udp', host: NAT, port: 1 };
    const answer = (algorithm: string): string => {
      const client = new ClientCredentials({ username: 'bob', password: 'zanzibar' }, seededRandom(1));
      client.accept(401, [
        `Digest realm="${realm}", nonce="${nonces.issue(NAT)}", algorithm=${algorithm}, qop="auth"`,
      ]);
      const credentials = client.fields('INVITE', uri, body).map(([, value]) => value);
      return auth.check({ method: 'INVITE', uri, body, credentials, source }, () => ({ ha1: bob, allowMd5 }))
        .kind;
    };
    expect(answer('SHA-256')).toBe('ok');
    expect(answer('MD5')).toBe(kind);
  }
});
