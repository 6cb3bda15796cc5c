import { afterEach, describe, expect, test } from 'vitest';
import { ERRORS, MasklineError } from '../../kernel/errors.ts';
import { PhoneNumber } from '../../kernel/phone-number.ts';
import { answering, call, contactOf, OFFER, TO_PASSENGER } from './test-support/dialling.ts';
import type { RawPeer } from './test-support/raw-peer.ts';
import { NOTHING_LEFT, type Scene } from './test-support/scene.ts';
import { threeTrunks } from './test-support/three-trunks.ts';
import { TRUNK_DEFAULTS } from './types.ts';

describe('failover from trunk to trunk', () => {
  let stage: Scene;
  let a1: RawPeer;
  let a2: RawPeer;
  let b: RawPeer;
  let c: RawPeer;
  let asked: () => number[];

  afterEach(async () => {
    expect(await stage.close()).toEqual(NOTHING_LEFT);
  });

  async function start(...settings: Parameters<typeof threeTrunks>) {
    const made = await threeTrunks(...settings);
    ({ stage, asked } = made);
    [a1, a2, b, c] = made.peers;
  }

  test('[row 22] [RFC 3263 §4.3] 503 of one target: the next of the same trunk, then the next trunk; each refusal has its ACK', async () => {
    await start();
    a1.onRequest = answering(a1, [100, 503]);
    a2.onRequest = answering(a2, [503]);
    b.onRequest = answering(b, [180]);
    const { session, seen } = call(stage);
    await stage.clock.advance(50);
    expect(asked()).toEqual([1, 1, 1, 0]);
    expect([a1, a2].map((peer) => peer.got('ACK').length)).toEqual([1, 1]);
    expect(seen).toEqual(['180']);
    session.end();
    await stage.clock.advance(50);
    expect(asked()).toEqual([1, 1, 1, 0]);
  });

  test.each([500, 501, 502, 504, 505])(
    '[row 22] %s is of the trunk and not of one machine: its other target is left out',
    async (status) => {
      await start();
      a1.onRequest = answering(a1, [status]);
      const { ends } = call(stage);
      await stage.clock.advance(50);
      expect(asked()).toEqual([1, 0, 1, 0]);
      expect(ends).toMatchObject([{ status: 486, by: 'remote' }]);
    },
  );

  test.each([400, 403, 404, 480, 486, 488, 600, 603])(
    '[row 39] %s concerns the callee: nobody else is asked',
    async (status) => {
      await start();
      a1.onRequest = answering(a1, [status]);
      const { ends } = call(stage);
      await stage.clock.advance(50);
      expect(asked()).toEqual([1, 0, 0, 0]);
      expect(ends).toMatchObject([{ status, by: 'remote' }]);
    },
  );

  test('the statuses are the trunk’s own choice', async () => {
    await start({ failoverOn: [403] });
    a1.onRequest = answering(a1, [403]);
    b.onRequest = answering(b, [503]);
    const { ends } = call(stage);
    await stage.clock.advance(50);
    expect(asked()).toEqual([1, 0, 1, 0]);
    expect(ends).toMatchObject([{ status: 503 }]);
  });

  test.each([180, 181, 182, 183])('[row 39] never after a %s, whatever follows', async (progress) => {
    await start();
    a1.onRequest = answering(a1, [progress, 503]);
    const { ends } = call(stage);
    await stage.clock.advance(50);
    expect(asked()).toEqual([1, 0, 0, 0]);
    expect(ends).toMatchObject([{ status: 503, retryable: false }]);
    // It works, and stays the first.
    expect(stage.agent.trunkStatus('a').health.state).toBe('up');
  });

  test('[row 22] [RFC 3261 §20.33] a Retry-After is remembered: so long its target is last, and the trunk with it', async () => {
    await start();
    for (const peer of [a1, a2]) {
      peer.onRequest = answering(peer, [503], [['Retry-After', '120 (in maintenance);duration=3600']]);
    }
    call(stage);
    await stage.clock.advance(50);
    expect(asked()).toEqual([1, 1, 1, 0]);
    for (const [pause, expected] of [
      [60_000, [1, 1, 2, 0]],
      [50_000, [1, 1, 3, 0]],
      [12_000, [2, 2, 4, 0]],
    ] as const) {
      await stage.clock.advance(pause);
      call(stage);
      await stage.clock.advance(50);
      expect(asked()).toEqual(expected);
    }
    // It is last, and not never.
    b.onRequest = answering(b, [500]);
    c.onRequest = answering(c, [500]);
    call(stage);
    await stage.clock.advance(50);
    expect(asked()).toEqual([3, 3, 5, 1]);
  });

  test('[row 22] [row 1] silence for 64·T1, then the next; a 2xx that comes late gets ACK and BYE', async () => {
    await start();
    a1.onRequest = undefined;
    b.onRequest = undefined;
    a2.onRequest = answering(a2, [180, 200]);
    const { session, seen } = call(stage);
    await stage.clock.advance(31_000);
    expect(asked()[1]).toBe(0);
    await stage.clock.advance(2_000);
    expect(asked()[1]).toBe(1);
    expect(seen).toEqual(['180', 'accepted']);
    // Each repetition was the same INVITE; the peer was slow and answers now.
    const invite = a1.got('INVITE')[0]!;
    a1.onRequest = answering(a1, []);
    a1.reply(invite, 200, { fields: contactOf(a1), body: OFFER });
    await stage.clock.advance(50);
    expect(a1.got('ACK')).toHaveLength(1);
    expect(a1.got('BYE')).toHaveLength(1);
    expect(session.state).toBe('confirmed');
    session.end();
    await stage.clock.advance(50);
  });

  test('[row 22] an overall time limit: after it nobody else is tried', async () => {
    await start({}, { failoverSeconds: 30 });
    a1.onRequest = undefined;
    const { ends } = call(stage);
    await stage.clock.advance(40_000);
    expect(asked().slice(1)).toEqual([0, 0, 0]);
    expect(ends).toMatchObject([{ by: 'fault', status: 408 }]);
  });

  test('[row 29] a trunk carries only calls that show a number which its carrier gave us', async () => {
    await start({ shownPrefixes: ['+7499'] });
    call(stage);
    call(stage, { identity: { kind: 'anonymous' } });
    await stage.clock.advance(50);
    expect(asked()).toEqual([0, 0, 0, 2]);
    const own = PhoneNumber.parse('+74991112233');
    call(stage, { identity: { kind: 'number', number: own, displayName: '' } });
    await stage.clock.advance(50);
    expect(asked()).toEqual([1, 0, 0, 2]);
    stage.trunks.shift();
    const { ends } = call(stage);
    await stage.clock.advance(50);
    expect(ends).toMatchObject([{ status: 503, reason: ERRORS['trunk/none'].title }]);
  });

  test('each trunk is offered the media that it wants, and the offer is the newest', async () => {
    await start();
    const secure = { ...TRUNK_DEFAULTS.media, srtp: 'required' } as const;
    stage.trunks[1] = { ...stage.trunks[1]!, media: secure };
    for (const peer of [a1, a2, b, c]) peer.onRequest = answering(peer, [503]);
    let asked = 0;
    const session = stage.agent.invite(TO_PASSENGER, async (host, { srtp }) => {
      asked += 1;
      return `v=0\r\ns=${host} ${srtp} ${asked}\r\n`;
    });
    await stage.clock.advance(50);
    expect(session.state).toBe('ended');
    const offers = [a1, a2, b, c].map((peer) =>
      /s=.*/.exec(Buffer.from(peer.got('INVITE')[0]!.body).toString())?.[0].trim(),
    );
    expect(offers).toEqual([
      's=192.0.2.1 optional 1',
      's=192.0.2.1 optional 1',
      's=192.0.2.1 required 2',
      's=192.0.2.1 optional 3',
    ]);
  });

  test('[RFC 6157 §4] a trunk for whose IP version we have no address is passed over; 488 where it was the last', async () => {
    await start();
    for (const peer of [a1, a2, b]) peer.onRequest = answering(peer, [503]);
    const offer = (without: readonly string[]) => {
      let attempts = 0;
      return async (): Promise<string> => {
        attempts += 1;
        if (without.includes(String(attempts))) throw new MasklineError('media/no-address');
        return OFFER;
      };
    };
    stage.trunks.splice(0, 1); // c
    stage.trunks[0] = { ...stage.trunks[0]!, media: { ...TRUNK_DEFAULTS.media, srtp: 'required' } };
    const first = stage.agent.invite(TO_PASSENGER, offer(['1']));
    await stage.clock.advance(50);
    expect(asked()).toEqual([0, 0, 1, 0]);
    expect(first.state).toBe('ended');
    const ends: number[] = [];
    stage.agent.invite(TO_PASSENGER, offer(['1', '2'])).events.on('ended', ({ status }) => ends.push(status));
    await stage.clock.advance(50);
    expect(asked()).toEqual([0, 0, 1, 0]);
    expect(ends).toEqual([488]);
  });

  describe('progressSeconds', () => {
    test('[row 22] [row 39] nothing but 100: CANCEL, and the next trunk only when the first has closed', async () => {
      await start({ progressSeconds: 4 });
      let cancelled = (): void => {};
      a1.onRequest = (request) => {
        if (request.method === 'INVITE') a1.reply(request, 100);
        if (request.method !== 'CANCEL') return;
        a1.reply(request, 200);
        cancelled = () => a1.reply(a1.got('INVITE')[0]!, 487);
      };
      const { ends } = call(stage);
      await stage.clock.advance(3_900);
      expect(a1.got('CANCEL')).toEqual([]);
      await stage.clock.advance(5_000);
      expect(a1.got('CANCEL')).toHaveLength(1);
      expect(asked()).toEqual([1, 0, 0, 0]);
      cancelled();
      await stage.clock.advance(50);
      expect(a1.got('ACK')).toHaveLength(1);
      expect(asked()).toEqual([1, 1, 0, 0]);
      expect(ends).toMatchObject([{ status: 486 }]);
      // The next call does not wait for it again.
      call(stage);
      await stage.clock.advance(50);
      expect(asked()).toEqual([1, 2, 0, 0]);
    });

    test('[row 1] [row 39] a 2xx that crosses that CANCEL gets ACK and BYE, and nobody else is rung', async () => {
      await start({ progressSeconds: 4 });
      a1.onRequest = (request) => {
        if (request.method === 'INVITE') a1.reply(request, 100);
        else if (request.method !== 'ACK') a1.reply(request, 200);
        if (request.method !== 'CANCEL') return;
        a1.reply(a1.got('INVITE')[0]!, 200, { fields: contactOf(a1), body: OFFER });
      };
      const { ends } = call(stage);
      await stage.clock.advance(5_000);
      expect([a1.got('ACK').length, a1.got('BYE').length]).toEqual([1, 1]);
      expect(asked()).toEqual([1, 0, 0, 0]);
      expect(ends).toMatchObject([{ by: 'fault', status: 408, retryable: false }]);
    });

    test('[row 39] a 180 that crosses it has rung: nobody else is rung', async () => {
      await start({ progressSeconds: 4 });
      a1.onRequest = (request) => {
        if (request.method === 'INVITE') a1.reply(request, 100);
        if (request.method !== 'CANCEL') return;
        a1.reply(a1.got('INVITE')[0]!, 180, { fields: contactOf(a1) });
        a1.reply(request, 200);
        a1.reply(a1.got('INVITE')[0]!, 487);
      };
      const { ends } = call(stage);
      await stage.clock.advance(5_000);
      expect(asked()).toEqual([1, 0, 0, 0]);
      expect(ends).toMatchObject([{ status: 408, retryable: false }]);
    });

    test('[row 40] the caller hangs up while it is cancelled: no further attempt', async () => {
      await start({ progressSeconds: 4 });
      a1.onRequest = (request) => {
        if (request.method === 'INVITE') a1.reply(request, 100);
        else if (request.method === 'CANCEL') a1.reply(request, 200);
      };
      const { session, ends } = call(stage);
      await stage.clock.advance(4_500);
      session.end();
      a1.reply(a1.got('INVITE')[0]!, 487);
      await stage.clock.advance(50);
      expect(asked()).toEqual([1, 0, 0, 0]);
      expect(ends).toMatchObject([{ by: 'local', status: 487, retryable: false }]);
    });

    test('what rings in time may ring as long as it likes', async () => {
      await start({ progressSeconds: 4 });
      a1.onRequest = answering(a1, [100, 183]);
      const { session, seen } = call(stage);
      await stage.clock.advance(60_000);
      expect([seen, a1.got('CANCEL').length]).toEqual([['183'], 0]);
      session.end();
      await stage.clock.advance(50);
    });
  });
});
