import { afterEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { answering, call } from './test-support/dialling.ts';
import type { RawPeer } from './test-support/raw-peer.ts';
import { NOTHING_LEFT, type Scene, scene } from './test-support/scene.ts';
import { trunk } from './test-support/settings.ts';
import { TrunkHealth } from './trunk-health.ts';
import type { TrunkSettings } from './types.ts';

describe('the health of a trunk', () => {
  let stage: Scene;
  let carrier: RawPeer;
  let backup: RawPeer;

  afterEach(async () => {
    expect(await stage.close()).toEqual(NOTHING_LEFT);
  });

  async function start(changes: Partial<TrunkSettings> = {}) {
    stage = await scene({
      trunks: [
        trunk({ name: 'first', host: '198.51.100.1', priority: 1, optionsSeconds: 60, ...changes }),
        trunk({ name: 'backup', host: '198.51.100.2', priority: 2 }),
      ],
    });
    carrier = await stage.peer('198.51.100.1');
    backup = await stage.peer('198.51.100.2');
    backup.onRequest = answering(backup, [486]);
    stage.agent.start();
  }

  const alive =
    (status = 200) =>
    (request: Parameters<NonNullable<RawPeer['onRequest']>>[0]) => {
      if (request.method === 'OPTIONS') carrier.reply(request, status);
      else if (request.method === 'INVITE') carrier.reply(request, 486);
    };
  const state = (): string => stage.agent.trunkStatus('first').health.state;

  async function callsGoTo(): Promise<RawPeer> {
    carrier.requests.length = 0;
    backup.requests.length = 0;
    call(stage);
    await stage.clock.advance(50);
    return carrier.got('INVITE').length > 0 ? carrier : backup;
  }

  test.each([200, 401, 404, 405, 481, 500])(
    '[RFC 3261 §11] OPTIONS answered with %s: it is there',
    async (status) => {
      await start();
      carrier.onRequest = alive(status);
      expect(state()).toBe('unknown');
      await stage.clock.advance(60_000);
      expect(state()).toBe('up');
      const [options] = carrier.got('OPTIONS');
      expect(options?.uri).toBe('sip:198.51.100.1');
      expect(options?.headers.get('From')).toMatch(/^<sip:maskline@198\.51\.100\.1>;tag=/);
    },
  );

  test('questions come about once in an interval, and not in step', async () => {
    await start();
    const times: number[] = [];
    const answer = alive();
    carrier.onRequest = (request) => {
      times.push(stage.clock.monotonic());
      answer(request);
    };
    await stage.clock.advance(3_600_000);
    expect(times.length).toBeGreaterThan(48);
    expect(times.length).toBeLessThan(80);
    const gaps = times.slice(1).map((time, index) => Math.round(time - times[index]!));
    expect(new Set(gaps).size).toBeGreaterThan(20);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(45_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(76_000);
  });

  test('[row 22] silent after it had answered: down, tried last, and first again when it answers', async () => {
    await start();
    carrier.onRequest = alive();
    await stage.clock.advance(60_000);
    expect(await callsGoTo()).toBe(carrier);
    carrier.onRequest = undefined;
    await stage.clock.advance(240_000);
    expect(stage.agent.trunkStatus('first').health).toMatchObject({
      state: 'down',
      reason: 'no answer to OPTIONS',
    });
    expect(await callsGoTo()).toBe(backup);
    carrier.onRequest = alive();
    await stage.clock.advance(120_000);
    expect(state()).toBe('up');
    expect(await callsGoTo()).toBe(carrier);
  });

  test('down is last and not never', async () => {
    await start();
    carrier.onRequest = alive();
    await stage.clock.advance(60_000);
    carrier.onRequest = undefined;
    await stage.clock.advance(240_000);
    carrier.onRequest = (request) => {
      if (request.method === 'INVITE') carrier.reply(request, 486);
    };
    backup.onRequest = answering(backup, [503]);
    expect(await callsGoTo()).toBe(carrier);
    // A call that got through says more than OPTIONS that did not.
    expect(state()).toBe('up');
  });

  test('a trunk that has never answered OPTIONS is unknown, and keeps its place', async () => {
    await start();
    carrier.onRequest = undefined;
    await stage.clock.advance(600_000);
    expect(carrier.got('OPTIONS').length).toBeGreaterThan(20);
    expect(state()).toBe('unknown');
    carrier.onRequest = (request) => {
      if (request.method === 'INVITE') carrier.reply(request, 486);
    };
    expect(await callsGoTo()).toBe(carrier);
  });

  test('[RFC 3261 §21.5.4] 503 to OPTIONS with Retry-After: down so long', async () => {
    await start();
    carrier.onRequest = (request) => carrier.reply(request, 503, { fields: [['Retry-After', '30']] });
    await stage.clock.advance(60_000);
    expect(carrier.got('OPTIONS').length).toBeGreaterThan(0);
    carrier.onRequest = alive();
    await stage.clock.advance(200_000);
    expect(state()).toBe('up');
  });

  test('without OPTIONS, calls alone tell: a failed one for half a minute, an answered one at once', async () => {
    await start({ optionsSeconds: 0 });
    expect(state()).toBe('unknown');
    carrier.onRequest = (request) => {
      if (request.method === 'INVITE') carrier.reply(request, 503);
    };
    call(stage);
    await stage.clock.advance(50);
    expect(stage.agent.trunkStatus('first').health).toMatchObject({
      state: 'down',
      reason: 'it answers 503',
    });
    await stage.clock.advance(31_000);
    expect(state()).toBe('unknown');
    carrier.onRequest = alive();
    expect(await callsGoTo()).toBe(carrier);
    expect(state()).toBe('up');
    expect(carrier.got('OPTIONS')).toEqual([]);
  });

  test('a trunk that is changed is asked anew, one that is gone no more', async () => {
    await start();
    carrier.onRequest = alive();
    await stage.clock.advance(60_000);
    stage.trunks[0] = { ...stage.trunks[0]!, optionsSeconds: 10 };
    stage.agent.trunksChanged();
    carrier.requests.length = 0;
    await stage.clock.advance(60_000);
    expect(carrier.got('OPTIONS').length).toBeGreaterThan(4);
    stage.trunks.shift();
    stage.agent.trunksChanged();
    carrier.requests.length = 0;
    await stage.clock.advance(600_000);
    expect(carrier.requests).toEqual([]);
    expect(stage.agent.trunkStatus('first')).toMatchObject({ lastError: 'There is no such trunk.' });
  });
});

test('a trunk changes its state once for each change, and says so', async () => {
  const clock = new VirtualClock();
  const said: string[] = [];
  const health = new TrunkHealth(clock, (id, state) => said.push(`${id} ${state}`));
  health.optionsAnswered('a');
  health.optionsAnswered('a');
  health.optionsFailed('a', 'no answer');
  expect(health.isDown('a')).toBe(false);
  health.optionsFailed('a', 'no answer');
  health.optionsFailed('a', 'no answer');
  expect(health.isDown('a')).toBe(true);
  health.callSucceeded('a');
  health.callFailed('a', 'it answers 503', 100_000);
  await clock.advance(599_000);
  expect(health.isDown('a')).toBe(true);
  // What OPTIONS say does not end a Retry-After.
  health.optionsAnswered('a');
  expect(health.isDown('a')).toBe(true);
  await clock.advance(2_000);
  expect(health.report('a').state).toBe('up');
  expect(said).toEqual(['a up', 'a down', 'a up', 'a down', 'a up']);
});
