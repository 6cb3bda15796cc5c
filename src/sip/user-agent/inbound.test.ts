import { afterEach, describe, expect, test } from 'vitest';
import { ha1Set } from '../auth/digest.ts';
import type { SipResponse } from '../message/types.ts';
import type { RawPeer } from './test-support/raw-peer.ts';
import { NOTHING_LEFT, type Scene, type SceneOptions, scene } from './test-support/scene.ts';
import { account, DOMAIN, trunk } from './test-support/settings.ts';

const CALLED = 'sip:+74951234567@192.0.2.1';
const OFFER = 'v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nt=0 0\r\n';

describe('a call that comes in', () => {
  let stage: Scene;

  afterEach(async () => {
    for (const { session } of stage.calls) session.end();
    await stage.clock.advance(10);
    expect(await stage.close()).toEqual(NOTHING_LEFT);
  });

  async function at(host: string, options: SceneOptions): Promise<RawPeer> {
    stage = await scene(options);
    return stage.peer(host);
  }

  const carrier = trunk({ allowedSources: ['198.51.100.0/24'], country: 'RU' });

  test('of a trunk known by its address: values, and the request stays behind', async () => {
    const peer = await at('198.51.100.7', { trunks: [carrier] });
    peer.ask({
      method: 'INVITE',
      uri: CALLED,
      from: '"Ann" <sip:89121234567@198.51.100.7>',
      fields: ['X-Order: 7'],
      body: OFFER,
    });
    await stage.clock.advance(10);
    const [call] = stage.calls;
    expect(call?.peer).toEqual({ kind: 'trunk', trunk: carrier });
    expect(call?.dialled.reveal('leak-scan')).toBe('+74951234567');
    expect(call?.caller.reveal('leak-scan')).toBe('+79121234567');
    expect(call?.displayName).toBe('Ann');
    expect(call?.headers).toEqual([['X-Order', '7']]);
    expect(call?.session.offer).toBe(OFFER);
    call?.session.provisional(180);
    await stage.clock.advance(10);
    // Row 8: our Contact is the listener that the INVITE came in on, and no number.
    expect(peer.last.status).toBe(180);
    expect(peer.last.headers.get('Contact')).toBe('<sip:maskline@192.0.2.1:5060>');
    expect(peer.last.headers.has('Server')).toBe(false);
  });

  const byDigest = trunk({
    inboundAuth: { username: 'pbx', ha1: ha1Set('pbx', DOMAIN, 'secret') },
  });

  async function dial(peer: RawPeer, username: string, password: string): Promise<SipResponse> {
    peer.ask({ method: 'INVITE', uri: CALLED, body: OFFER });
    await stage.clock.advance(10);
    const credentials = stage.credentials(username, password);
    expect(peer.last.status).toBe(401);
    credentials.accept(peer.last);
    peer.ask({ method: 'INVITE', uri: CALLED, body: OFFER, fields: credentials.fields('INVITE', CALLED) });
    await stage.clock.advance(10);
    return peer.last;
  }

  test('of a trunk known by digest', async () => {
    const peer = await at('203.0.113.1', { trunks: [byDigest] });
    await dial(peer, 'pbx', 'secret');
    expect(stage.calls[0]?.peer).toMatchObject({ kind: 'trunk', trunk: { name: 'carrier' } });
  });

  test('of an account known by digest', async () => {
    const peer = await at('203.0.113.1', { users: [account('bob', 'zanzibar')] });
    await dial(peer, 'bob', 'zanzibar');
    expect(stage.calls[0]?.peer).toMatchObject({ kind: 'user', user: { username: 'bob' } });
    expect(stage.calls[0]?.caller.reveal('leak-scan')).toBe('bob');
  });

  test('[row 42] a stranger gets the same answers whether the name exists or not', async () => {
    const peer = await at('203.0.113.1', { trunks: [byDigest], users: [account('bob', 'zanzibar')] });
    const outcomes: string[] = [];
    for (const [username, password] of [
      ['bob', 'guess'],
      ['nobody', 'guess'],
      ['pbx', 'guess'],
    ] as const) {
      const answer = await dial(peer, username, password);
      const fields = [...answer.headers].map(([name]) => name).join(' ');
      outcomes.push(`${answer.status} ${answer.reason} ${fields}`);
    }
    expect(new Set(outcomes)).toEqual(new Set([outcomes[0]]));
    expect(outcomes[0]).toMatch(/^403 /);
    expect(stage.calls).toEqual([]);
  });

  test('[row 42] a stranger is challenged for whatever number it dials', async () => {
    const peer = await at('203.0.113.1', { trunks: [byDigest], users: [account('bob', 'zanzibar')] });
    for (const uri of [CALLED, 'sip:bob@192.0.2.1', 'sip:nobody@192.0.2.1', 'nonsense:x']) {
      peer.ask({ method: 'INVITE', uri, to: '<sip:x@y>', fields: ['Require: foo'] });
      await stage.clock.advance(10);
    }
    expect(peer.finals).toEqual([401, 401, 401, 401]);
  });

  test.each([
    [{}, ['SHA-256', 'MD5']],
    [{ allowMd5: false }, ['SHA-256']],
    [{ allowSha256: false }, ['MD5']],
  ])('[row 28] the challenge offers what %o says', async (settings, algorithms) => {
    const peer = await at('203.0.113.1', { users: [account('bob', 'zanzibar')], settings });
    peer.ask({ method: 'INVITE', uri: CALLED, body: OFFER });
    await stage.clock.advance(10);
    const offered = peer.last.headers.getAll('WWW-Authenticate');
    expect(offered.map((text) => /algorithm=([\w-]+)/.exec(text)?.[1])).toEqual(algorithms);
  });

  test('[row 42] other requests of strangers get no answer and leave no trace', async () => {
    const peer = await at('203.0.113.1', { trunks: [carrier] });
    for (const method of ['OPTIONS', 'SUBSCRIBE', 'MESSAGE', 'FOO'])
      peer.ask({ method, uri: 'sip:192.0.2.1' });
    await stage.clock.advance(10);
    expect(stage.transactions.counts).toEqual({ live: 0, finished: 0 });
    await stage.clock.advance(40_000);
    expect(peer.texts).toEqual([]);
  });

  test('[RFC 3261 §11.2] OPTIONS of a trunk, of a registered phone, and of anybody where that is set', async () => {
    const peer = await at('198.51.100.7', { trunks: [carrier], users: [account('bob', 'zanzibar')] });
    peer.ask({ method: 'OPTIONS', uri: 'sip:192.0.2.1' });
    await stage.clock.advance(10);
    expect(peer.last.status).toBe(200);
    expect(peer.last.headers.get('Allow')).toBe('INVITE');
    expect(peer.last.headers.getAll('Allow')).toContain('REGISTER');
    expect(peer.last.headers.get('Accept')).toBe('application/sdp');

    const phone = await stage.peer('203.0.113.1');
    const credentials = stage.credentials('bob', 'zanzibar');
    const uri = `sip:${DOMAIN}`;
    const aor = `<sip:bob@${DOMAIN}>`;
    phone.ask({ method: 'REGISTER', uri, to: aor });
    await stage.clock.advance(10);
    credentials.accept(phone.last);
    phone.ask({ method: 'REGISTER', uri, to: aor, fields: credentials.fields('REGISTER', uri) });
    await stage.clock.advance(10);
    phone.ask({ method: 'OPTIONS', uri });
    await stage.clock.advance(10);
    expect(phone.finals).toEqual([401, 200, 200]);
    expect(await stage.close()).toEqual(NOTHING_LEFT);

    const stranger = await at('203.0.113.2', { settings: { answerUnknownOptions: true } });
    stranger.ask({ method: 'OPTIONS', uri: 'sip:192.0.2.1' });
    await stage.clock.advance(10);
    expect(stranger.last.status).toBe(200);
  });

  test('[RFC 3261 §11.2] while the node drains, OPTIONS is answered as an INVITE would be: 503, and 200 again afterwards', async () => {
    const peer = await at('198.51.100.7', { trunks: [carrier] });
    for (const [draining, status] of [
      [true, 503],
      [false, 200],
    ] as const) {
      stage.agent.setDraining(draining);
      peer.ask({ method: 'OPTIONS', uri: CALLED });
      await stage.clock.advance(10);
      expect(peer.last.status).toBe(status);
      expect(peer.last.headers.get('Retry-After')).toBe(draining ? '30' : undefined);
    }
  });

  test('[RFC 3261 §8.2.1] an unknown method of a known peer is 405 with Allow', async () => {
    const peer = await at('198.51.100.7', { trunks: [carrier] });
    peer.ask({ method: 'MESSAGE', uri: CALLED });
    await stage.clock.advance(10);
    expect(peer.last.status).toBe(405);
    expect(peer.last.headers.getAll('Allow')).toContain('INVITE');
  });

  test('[row 44] Max-Forwards 0 is 483; [RFC 3261 §8.2.2.3] a required extension is 420', async () => {
    const peer = await at('198.51.100.7', { trunks: [carrier] });
    peer.ask({ method: 'INVITE', uri: CALLED, fields: ['Max-Forwards: 0'] });
    await stage.clock.advance(10);
    peer.ask({ method: 'INVITE', uri: CALLED, fields: ['Require: foo'] });
    await stage.clock.advance(10);
    expect(peer.finals).toEqual([483, 420]);
    expect(peer.last.headers.getAll('Unsupported')).toEqual(['foo']);
    expect(stage.calls).toEqual([]);
  });

  test('[row 6] the same INVITE by a second path is 482 while the first is at work, and welcome afterwards', async () => {
    const peer = await at('198.51.100.7', { trunks: [carrier] });
    const same = { method: 'INVITE', uri: CALLED, callId: 'merged', cseq: 1, body: OFFER } as const;
    peer.ask({ ...same, branch: 'z9hG4bK-path-1' });
    await stage.clock.advance(10);
    peer.ask({ ...same, branch: 'z9hG4bK-path-2' });
    await stage.clock.advance(10);
    expect(peer.finals).toEqual([482]);
    expect(stage.calls).toHaveLength(1);
    stage.calls[0]?.session.reject(486);
    await stage.clock.advance(10);
    peer.ask({ ...same, branch: 'z9hG4bK-path-3' });
    await stage.clock.advance(10);
    expect(stage.calls).toHaveLength(2);
  });

  test('nobody takes calls: 503', async () => {
    const peer = await at('198.51.100.7', { trunks: [carrier], deaf: true });
    peer.ask({ method: 'INVITE', uri: CALLED, body: OFFER });
    await stage.clock.advance(10);
    expect(peer.finals).toEqual([503]);
  });
});
