/** SRTP towards registered phones: what each is offered, and that one which insists on SRTP is asked again, once. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type MediaPolicy, mediaAfterRefusal, phoneMediaPolicy } from './media-policy.ts';
import { answering, registered, TO_PASSENGER } from './test-support/dialling.ts';
import type { RawPeer } from './test-support/raw-peer.ts';
import { NOTHING_LEFT, type Scene, scene } from './test-support/scene.ts';
import { account, trunk } from './test-support/settings.ts';

const DRIVER = account('driver', 'secret');

let stage: Scene;
/** One for each offer that was asked for. */
let asked: MediaPolicy['srtp'][];

beforeEach(async () => {
  stage = await scene({ users: [DRIVER], trunks: [trunk({ host: '198.51.100.9' })] });
  asked = [];
});
afterEach(async () => {
  await stage.clock.advance(1_000);
  expect(await stage.close()).toEqual(NOTHING_LEFT);
});

async function phone(host: string): Promise<RawPeer> {
  const peer = await stage.peer(host);
  await registered(stage, peer, DRIVER.id);
  return peer;
}

function dial(target: typeof TO_PASSENGER.target = { kind: 'user', username: 'driver' }) {
  const session = stage.agent.invite({ ...TO_PASSENGER, target }, async (_host, { srtp }) => {
    asked.push(srtp);
    return `v=0\r\ns=${srtp}\r\n`;
  });
  const seen: string[] = [];
  session.events.on('provisional', ({ status }) => seen.push(`${status} to ${offered(session.offered)}`));
  session.events.on('accepted', () => seen.push(`200 to ${offered(session.offered)}`));
  session.events.on('ended', ({ status }) => seen.push(`ended ${status}`));
  return { session, seen };
}

const offered = (sdp: string | undefined): string => /s=(\w+)/.exec(sdp ?? '')?.[1] ?? 'nothing';
const offersTo = (peer: RawPeer): string[] =>
  peer.got('INVITE').map(({ body }) => offered(Buffer.from(body).toString()));

/** Takes only what is offered by `wanted`; refuses all else with the status, after a 180 where `rings`. */
function takesOnly(peer: RawPeer, wanted: MediaPolicy['srtp'], status: number, rings = false): void {
  const accept = answering(peer, [180, 200]);
  const refuse = answering(peer, rings ? [180, status] : [status]);
  peer.onRequest = (request) => {
    const suits = request.method !== 'INVITE' || offered(Buffer.from(request.body).toString()) === wanted;
    (suits ? accept : refuse)(request);
  };
}

describe('a phone that insists on SRTP', () => {
  test.each([488, 606, 415])(
    '[RFC 4568 §7.1] [RFC 3261 §21.4.26] answers %s to RTP/AVP and is offered RTP/SAVP',
    async (status) => {
      const peer = await phone('198.51.100.1');
      takesOnly(peer, 'required', status);
      const { session, seen } = dial();
      await stage.clock.advance(50);
      expect(offersTo(peer)).toEqual(['optional', 'required']);
      expect(seen).toEqual(['180 to required', '200 to required']);
      // Another call to the same phone, and not another try of the same (RFC 3261 §8.1.3.5 leaves both open).
      expect(new Set(peer.got('INVITE').map(({ headers }) => headers.get('Call-ID'))).size).toBe(2);
      session.end();
      await stage.clock.advance(50);
    },
  );

  test('[row 39] is not asked again once it has rung', async () => {
    const peer = await phone('198.51.100.1');
    takesOnly(peer, 'required', 488, true);
    const { seen } = dial();
    await stage.clock.advance(50);
    expect(offersTo(peer)).toEqual(['optional']);
    expect(seen).toEqual(['180 to optional', 'ended 488']);
  });

  test('and refuses that as well: its answer stands, and nobody asks a third time', async () => {
    const peer = await phone('198.51.100.1');
    peer.onRequest = answering(peer, [488]);
    const { seen } = dial();
    await stage.clock.advance(50);
    expect(offersTo(peer)).toEqual(['optional', 'required']);
    expect(seen).toEqual(['ended 488']);
  });

  test('[row 40] whoever hangs up meanwhile is not called again', async () => {
    const peer = await phone('198.51.100.1');
    peer.onRequest = (request) => {
      if (request.method !== 'INVITE') return;
      session.end();
      peer.reply(request, 488);
    };
    const { session, seen } = dial();
    await stage.clock.advance(100);
    expect(offersTo(peer)).toEqual(['optional']);
    expect(seen).toEqual(['ended 487']);
  });

  test('[row 5] beside one that has none: both ring, each with its own offer, and the answer says which', async () => {
    const [plain, secure] = [await phone('198.51.100.1'), await phone('198.51.100.2')];
    plain.onRequest = answering(plain, [180]);
    takesOnly(secure, 'required', 488);
    const { session, seen } = dial();
    await stage.clock.advance(50);
    expect([offersTo(plain), offersTo(secure)]).toEqual([['optional'], ['optional', 'required']]);
    expect(seen).toEqual(['180 to optional', '180 to required', '200 to required']);
    expect(plain.got('CANCEL')).toHaveLength(1);
    expect(asked).toEqual(['optional', 'required']);
    session.end();
    await stage.clock.advance(50);
  });
});

test.each(['busy', 'trunk'])('[row 39] nobody else is asked twice: %s', async (who) => {
  const peer = who === 'trunk' ? await stage.peer('198.51.100.9') : await phone('198.51.100.1');
  peer.onRequest = answering(peer, [who === 'trunk' ? 488 : 486]);
  dial(who === 'trunk' ? TO_PASSENGER.target : undefined);
  await stage.clock.advance(50);
  expect(offersTo(peer)).toEqual(['optional']);
});

test('[RFC 8643 §3.1] a phone that registered over TLS is offered keys beside RTP/AVP, one without TLS is not', () => {
  const transports = ['udp', 'tcp', 'ws', 'tls', 'wss'] as const;
  expect(transports.map((transport) => phoneMediaPolicy(transport).srtp)).toEqual([
    'optional',
    'optional',
    'optional',
    'opportunistic',
    'opportunistic',
  ]);
  expect(mediaAfterRefusal(phoneMediaPolicy('tls'), 488)?.srtp).toBe('required');
  expect(mediaAfterRefusal({ ...phoneMediaPolicy('tls'), srtp: 'off' }, 488)).toBeUndefined();
});
