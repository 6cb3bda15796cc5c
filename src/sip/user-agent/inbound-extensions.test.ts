/** What a known peer asks of us by Require, Replaces, Session-Expires, REFER and NOTIFY, and what a stranger does not learn. */
import { afterEach, describe, expect, test } from 'vitest';
import type { RawPeer } from './test-support/raw-peer.ts';
import { NOTHING_LEFT, type Scene, scene } from './test-support/scene.ts';
import { trunk } from './test-support/settings.ts';

const CALLED = 'sip:+74951234567@192.0.2.1';
const OFFER = 'v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nt=0 0\r\n';

describe('extensions of a call that comes in', () => {
  let stage: Scene;

  afterEach(async () => {
    for (const { session } of stage.calls) session.end();
    await stage.clock.advance(100_000);
    expect(await stage.close()).toEqual(NOTHING_LEFT);
  });

  async function at(host: string): Promise<RawPeer> {
    stage = await scene({
      trunks: [trunk({ allowedSources: ['198.51.100.0/24'] })],
      sessionTimer: { expiresSeconds: 1800, minSeconds: 120 },
    });
    return stage.peer(host);
  }

  async function answerTo(peer: RawPeer, method: string, ...fields: string[]): Promise<number> {
    peer.ask({ method, uri: CALLED, fields, ...(method === 'INVITE' ? { body: OFFER } : {}) });
    await stage.clock.advance(10);
    return peer.last.status;
  }

  test('[row 12] [RFC 4028 §9] a session timer that is too brief is 422 with Min-SE, and no call begins', async () => {
    const peer = await at('198.51.100.7');
    expect(await answerTo(peer, 'INVITE', 'Supported: timer', 'Session-Expires: 100')).toBe(422);
    expect(peer.last.headers.get('Min-SE')).toBe('120');
    expect(stage.calls).toHaveLength(0);
  });

  test('[row 13] [row 12] a caller that requires 100rel and timer gets both', async () => {
    const peer = await at('198.51.100.7');
    const fields = ['Require: 100rel, timer', 'Session-Expires: 600'];
    peer.ask({ method: 'INVITE', uri: CALLED, fields, body: OFFER });
    await stage.clock.advance(10);
    stage.calls[0]?.session.provisional(180);
    await stage.clock.advance(10);
    expect([peer.last.status, peer.last.headers.get('Require')]).toEqual([180, '100rel']);
    stage.calls[0]?.session.accept({ sdp: OFFER });
    await stage.clock.advance(10);
    expect([peer.last.status, peer.last.headers.get('Session-Expires')]).toEqual([200, '600;refresher=uac']);
  });

  test('[RFC 3891 §3] an INVITE that is to replace a call begins none', async () => {
    const peer = await at('198.51.100.7');
    const replaces = 'Replaces: 12345@x;to-tag=a;from-tag=b';
    expect(await answerTo(peer, 'INVITE', replaces, 'Require: replaces')).toBe(420);
    expect(await answerTo(peer, 'INVITE', replaces)).toBe(481);
    expect(stage.calls).toHaveLength(0);
  });

  test('[RFC 3515 §2.4.2] [RFC 6665 §4.1.3] REFER and NOTIFY outside a call: 603, 489, 481; a stranger hears nothing of it', async () => {
    const peer = await at('198.51.100.7');
    expect(await answerTo(peer, 'REFER', 'Refer-To: <sip:a@b>')).toBe(603);
    expect(await answerTo(peer, 'NOTIFY', 'Event: message-summary')).toBe(489);
    expect(await answerTo(peer, 'NOTIFY', 'Event: refer')).toBe(481);
    const stranger = await stage.peer('203.0.113.9');
    stranger.ask({ method: 'REFER', uri: CALLED, fields: ['Refer-To: <sip:a@b>'] });
    await stage.clock.advance(10);
    expect(stranger.responses).toHaveLength(0);
  });
});
