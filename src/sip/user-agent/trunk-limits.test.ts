import { afterEach, describe, expect, test } from 'vitest';
import { ERRORS } from '../../kernel/errors.ts';
import { answering, call } from './test-support/dialling.ts';
import type { RawPeer } from './test-support/raw-peer.ts';
import { NOTHING_LEFT, type Scene } from './test-support/scene.ts';
import { threeTrunks } from './test-support/three-trunks.ts';

describe('what a trunk may carry, what it sends back, and what is counted of it', () => {
  let stage: Scene;
  let a1: RawPeer;
  let b: RawPeer;
  let asked: () => number[];

  afterEach(async () => {
    expect(await stage.close()).toEqual(NOTHING_LEFT);
  });

  async function start(...settings: Parameters<typeof threeTrunks>) {
    const made = await threeTrunks(...settings);
    ({ stage, asked } = made);
    [a1, , b] = made.peers;
  }

  test('a trunk that carries as many calls as it may is passed over, and has room again afterwards', async () => {
    await start({ maxOutboundCalls: 1 });
    a1.onRequest = answering(a1, [180]);
    b.onRequest = answering(b, [180]);
    const first = call(stage);
    await stage.clock.advance(50);
    const second = call(stage);
    await stage.clock.advance(50);
    const third = call(stage);
    await stage.clock.advance(50);
    expect(asked()).toEqual([1, 0, 1, 1]);
    expect(third.ends).toMatchObject([{ status: 486 }]);
    expect(stage.agent.trunkStatus('a').calls).toEqual({ inbound: 0, outbound: 1 });
    for (const { session } of [first, second]) session.end();
    await stage.clock.advance(50);
    expect(stage.agent.trunkStatus('a').calls).toEqual({ inbound: 0, outbound: 0 });
    const fourth = call(stage);
    await stage.clock.advance(50);
    expect(asked()).toEqual([2, 0, 1, 1]);
    fourth.session.end();
    await stage.clock.advance(50);
  });

  test('[row 39] every trunk is full: 503 of its own, and nothing was sent', async () => {
    await start({ maxCalls: 1 });
    stage.trunks.splice(0, 1);
    for (const peer of [a1, b]) peer.onRequest = answering(peer, [180]);
    const running = [call(stage), call(stage)];
    await stage.clock.advance(50);
    const { ends } = call(stage);
    await stage.clock.advance(50);
    expect(asked()).toEqual([1, 0, 1, 0]);
    expect(ends).toMatchObject([
      { by: 'fault', status: 503, reason: ERRORS['trunk/busy'].title, retryable: true },
    ]);
    for (const { session } of running) session.end();
    await stage.clock.advance(50);
  });

  test('calls per second: a burst of one second, the rest elsewhere, and then the trunk again', async () => {
    await start({ callsPerSecond: 2 });
    for (let i = 0; i < 5; i++) call(stage);
    await stage.clock.advance(50);
    expect(asked()).toEqual([2, 0, 2, 1]);
    await stage.clock.advance(500);
    call(stage);
    await stage.clock.advance(50);
    expect(asked()).toEqual([3, 0, 2, 1]);
  });

  test('inbound calls count as well: beyond the limit 503, and no call', async () => {
    await start({ maxCalls: 1, allowedSources: ['198.51.100.3'] });
    const ask = () =>
      b.ask({ method: 'INVITE', uri: 'sip:+74951234567@192.0.2.1', from: '<sip:+79990001122@b>' });
    ask();
    await stage.clock.advance(50);
    ask();
    await stage.clock.advance(50);
    expect(stage.calls).toHaveLength(1);
    expect(b.finals).toEqual([503]);
    stage.calls[0]?.session.reject(480);
    await stage.clock.advance(50);
    ask();
    await stage.clock.advance(50);
    expect(stage.calls).toHaveLength(2);
    stage.calls[1]?.session.reject(480);
    await stage.clock.advance(50);
  });
  test('[row 44] a trunk that sends our own call back under another Call-ID gets 482', async () => {
    await start({ allowedSources: ['198.51.100.3'] });
    a1.onRequest = answering(a1, [100]);
    const { session } = call(stage);
    await stage.clock.advance(50);
    const echo = (from: string): string =>
      b.ask({ method: 'INVITE', uri: 'sip:+79121234567@192.0.2.1', from: `<sip:${from}@b>` });
    echo('+74951234567');
    await stage.clock.advance(50);
    expect(b.finals).toEqual([482]);
    expect(stage.calls).toEqual([]);
    // Somebody else who calls that number is somebody else.
    echo('+74950000000');
    await stage.clock.advance(50);
    expect(stage.calls).toHaveLength(1);
    stage.calls[0]?.session.reject(404);
    session.end();
    await stage.clock.advance(50);
    // Nobody calls there any more: now it would be a call like any other.
    echo('+74951234567');
    await stage.clock.advance(50);
    expect(stage.calls).toHaveLength(2);
    stage.calls[1]?.session.reject(404);
    await stage.clock.advance(50);
  });

  test('what a trunk did is counted by the hour', async () => {
    await start();
    a1.onRequest = answering(a1, [200]);
    const { session } = call(stage);
    await stage.clock.advance(50);
    const busy = call(stage);
    await stage.clock.advance(90_000);
    session.end();
    busy.session.end();
    a1.onRequest = answering(a1, [486]);
    call(stage);
    await stage.clock.advance(50);
    const report = stage.agent.trunkReports().find(({ name }) => name === 'a');
    expect(report?.outbound).toMatchObject({ offered: 3, answered: 2, failed: { '4xx': 1 } });
    expect(report?.hours?.current).toMatchObject({ offered: 3, most: 2, asr: 2 / 3 });
    expect(Math.round(report?.hours?.current.acdSeconds ?? 0)).toBe(90);
    await stage.clock.advance(3_600_000);
    const later = stage.agent.trunkReports().find(({ name }) => name === 'a');
    expect(later?.hours).toMatchObject({
      current: { offered: 0, most: 0 },
      busiest: { offered: 3, most: 2 },
    });
    await stage.clock.advance(25 * 3_600_000);
    const dayAfter = stage.agent.trunkReports().find(({ name }) => name === 'a');
    expect(dayAfter?.hours?.busiest.offered).toBe(0);
    expect(dayAfter?.outbound.offered).toBe(3);
  });
});
