import { afterEach, describe, expect, test } from 'vitest';
import type { RawPeer } from './test-support/raw-peer.ts';
import { NOTHING_LEFT, type Scene, scene } from './test-support/scene.ts';
import { account, DOMAIN } from './test-support/settings.ts';

const ATTACKER = '198.51.100.66';
const NAT = '203.0.113.7';

describe('[row 26] [row 42] guessing passwords over REGISTER', () => {
  let stage: Scene;

  afterEach(async () => {
    expect(await stage.close()).toEqual(NOTHING_LEFT);
  });

  async function start() {
    stage = await scene({ users: [account('bob', 'zanzibar')] });
  }

  const ask = async (peer: RawPeer, username: string, fields: string[] = []): Promise<number> => {
    peer.ask({
      method: 'REGISTER',
      uri: `sip:${DOMAIN}`,
      from: `<sip:${username}@${DOMAIN}>`,
      to: `<sip:${username}@${DOMAIN}>`,
      fields: [`Contact: <sip:${username}@${peer.address.host}:${peer.address.port}>`, ...fields],
    });
    await stage.clock.advance(10);
    return peer.last.status;
  };

  /** A challenge, and the answer to it. */
  async function login(peer: RawPeer, username: string, password: string): Promise<number> {
    expect(await ask(peer, username)).toBe(401);
    const credentials = stage.credentials(username, password);
    credentials.accept(peer.last);
    return ask(peer, username, credentials.fields('REGISTER', `sip:${DOMAIN}`));
  }

  test('locks the one that guesses, and neither the phone elsewhere nor one behind the same NAT', async () => {
    await start();
    const attacker = await stage.peer(ATTACKER);
    const phone = await stage.peer(NAT, 5061);
    for (let i = 0; i < 30; i++) expect(await login(attacker, 'bob', `guess-${i}`)).toBe(403);
    expect(await login(attacker, 'bob', 'zanzibar')).toBe(403);
    expect(await login(phone, 'bob', 'zanzibar')).toBe(200);
    const inside = await stage.peer(NAT, 5062);
    for (let i = 0; i < 30; i++) expect(await login(inside, 'bob', `guess-${i}`)).toBe(403);
    expect(await login(phone, 'bob', 'zanzibar')).toBe(200);
    expect(await login(await stage.peer(NAT, 5063), 'bob', 'zanzibar')).toBe(200);
    await stage.clock.advance(61_000);
    expect(await login(attacker, 'bob', 'zanzibar')).toBe(200);
    expect(stage.agent.guesses).toMatchObject({ locks: expect.any(Number), refused: expect.any(Number) });
  });

  test('an unknown name gets, word for word, what a wrong password gets', async () => {
    await start();
    const seen = await Promise.all(
      (['bob', 'nobody'] as const).map(async (name, index) => {
        const peer = await stage.peer(ATTACKER, 6000 + index);
        for (let i = 0; i < 8; i++) await login(peer, name, `guess-${i}`);
        return peer.texts.map((text) =>
          text.replace(/^(Via|To|From|Call-ID|CSeq):.*$/gm, '$1').replace(/nonce="[^"]*"/g, 'nonce'),
        );
      }),
    );
    expect(seen[0]).toEqual(seen[1]);
  });

  test('a nonce that was given to somebody else opens nothing and tells nothing, and locks nobody', async () => {
    await start();
    const attacker = await stage.peer(ATTACKER);
    const phone = await stage.peer(NAT);
    await ask(attacker, 'bob');
    for (const password of ['zanzibar', 'guess']) {
      const stolen = stage.credentials('bob', password);
      stolen.accept(attacker.last);
      for (let i = 0; i < 10; i++) {
        expect(await ask(phone, 'bob', stolen.fields('REGISTER', `sip:${DOMAIN}`))).toBe(401);
      }
    }
    expect(await login(phone, 'bob', 'zanzibar')).toBe(200);
  });
});
