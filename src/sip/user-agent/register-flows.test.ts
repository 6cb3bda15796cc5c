import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RawPeer } from './test-support/raw-peer.ts';
import { NOTHING_LEFT, type Scene, scene } from './test-support/scene.ts';
import { account, DOMAIN, trunk } from './test-support/settings.ts';

const URI = `sip:${DOMAIN}`;
const AOR = `Bob <sip:bob@${DOMAIN}>`;

/** The call flows of RFC 3665 §2, with a phone of one account and our registrar. */
describe('registration', () => {
  let stage: Scene;
  let phone: RawPeer;

  beforeEach(async () => {
    stage = await scene({ users: [account('bob', 'zanzibar')] });
    phone = await stage.peer('203.0.113.9', 5070);
  });

  afterEach(async () => {
    expect(await stage.close()).toEqual(NOTHING_LEFT);
  });

  async function register(fields: readonly string[]) {
    phone.ask({ method: 'REGISTER', uri: URI, from: AOR, to: AOR, callId: 'reg', fields });
    await stage.clock.advance(10);
    return phone.last;
  }

  async function authenticated(password = 'zanzibar') {
    const credentials = stage.credentials('bob', password);
    credentials.accept(await register([]));
    return (fields: readonly string[]) => register([...credentials.fields('REGISTER', URI), ...fields]);
  }

  test('[RFC 3665 §2.1] successful: challenged, then stored and listed', async () => {
    const challenge = await register(['Contact: <sip:bob@203.0.113.9:5070>']);
    expect(challenge.status).toBe(401);
    expect(challenge.headers.getAll('WWW-Authenticate')[0]).toContain(`realm="${DOMAIN}"`);
    expect(
      challenge.headers.getAll('WWW-Authenticate').map((text) => /algorithm=([\w-]+)/.exec(text)?.[1]),
    ).toEqual(['SHA-256', 'MD5']);
    const send = await authenticated();
    const answer = await send(['Contact: <sip:bob@203.0.113.9:5070>', 'Expires: 3600']);
    expect(answer.status).toBe(200);
    expect(answer.headers.getAll('Contact')).toEqual(['<sip:bob@203.0.113.9:5070>;expires=3600']);
    expect(answer.headers.get('To')).toMatch(/;tag=./);
  });

  test('[RFC 3665 §2.2] update of the contact list', async () => {
    const send = await authenticated();
    await send(['Contact: <sip:bob@203.0.113.9:5070>']);
    const answer = await send([
      'Contact: <mailto:bob@biloxi.example>',
      'Contact: <sip:bob@203.0.113.9:5071>;q=0.5',
    ]);
    expect(answer.headers.getAll('Contact').sort()).toEqual([
      '<sip:bob@203.0.113.9:5070>;expires=3600',
      '<sip:bob@203.0.113.9:5071>;q=0.5;expires=3600',
    ]);
  });

  test('[RFC 3665 §2.3] request for the current contact list', async () => {
    const send = await authenticated();
    await send(['Contact: <sip:bob@203.0.113.9:5070>']);
    const answer = await send([]);
    expect(answer.status).toBe(200);
    expect(answer.headers.getAll('Contact')).toHaveLength(1);
  });

  test('[RFC 3665 §2.4] cancellation', async () => {
    const send = await authenticated();
    await send(['Contact: <sip:bob@203.0.113.9:5070>']);
    const answer = await send(['Contact: *', 'Expires: 0']);
    expect(answer.status).toBe(200);
    expect(answer.headers.has('Contact')).toBe(false);
    expect(await stage.locations.list('user-bob')).toEqual([]);
  });

  test('[RFC 3665 §2.5] unsuccessful: a wrong password, and nothing is stored', async () => {
    const send = await authenticated('wrong');
    expect((await send(['Contact: <sip:bob@203.0.113.9:5070>'])).status).toBe(403);
    expect(await stage.locations.list('user-bob')).toEqual([]);
  });

  test('[row 26] a nonce that has aged is stale, and the phone gets through without asking its owner', async () => {
    const credentials = stage.credentials('bob', 'zanzibar');
    credentials.accept(await register([]));
    await stage.clock.advance(301_000);
    const refused = await register(credentials.fields('REGISTER', URI));
    expect(refused.status).toBe(401);
    expect(refused.headers.get('WWW-Authenticate')).toContain('stale=true');
    expect(credentials.accept(refused)).toBe(true);
    expect((await register(credentials.fields('REGISTER', URI))).status).toBe(200);
  });

  test('[RFC 3581 §4] the answer goes to where the request came from, whatever Via says', async () => {
    const before = phone.responses.length;
    phone.ask({ method: 'REGISTER', uri: URI, from: AOR, to: AOR });
    await stage.clock.advance(10);
    expect(phone.responses).toHaveLength(before + 1);
    expect(phone.last.headers.get('Via')).toContain('rport=5070');
  });

  test('a phone behind the address of a trunk still has to say who it is', async () => {
    stage.trunks.push(trunk({ allowedSources: ['203.0.113.0/24'] }));
    expect((await register([])).status).toBe(401);
  });
});
