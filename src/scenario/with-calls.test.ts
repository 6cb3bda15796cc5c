/** Scenarios on the real call layer: only SIP, RTP and the backend are played by the test. In both kinds of sandbox. */

import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { CallService } from '../call/call-service.ts';
import { phoneSdp } from '../call/test-support/descriptions.ts';
import { FakeDirectory } from '../call/test-support/fake-directory.ts';
import { FakeMediaEngine } from '../call/test-support/fake-media.ts';
import { FakeUasSession } from '../call/test-support/fake-sessions.ts';
import { FakeUserAgent } from '../call/test-support/fake-user-agent.ts';
import { systemClock } from '../kernel/clock.ts';
import { silentLogger } from '../kernel/logger.ts';
import type { SessionOutcome } from './ports.ts';
import { DEFAULT_LIMITS } from './sandbox/limits.ts';
import { LocalSandboxes } from './sandbox/local-sandboxes.ts';
import type { Sandboxes } from './sandbox/sandboxes.ts';
import { WorkerSandboxes } from './sandbox/worker-sandboxes.ts';
import { ScenarioService } from './scenario-service.ts';
import { FakeHttp } from './test-support/session-kit.ts';
import { soundFolder } from './test-support/sound-folder.ts';

const taxi = readFileSync(new URL('./test-support/fixtures/taxi-async.js', import.meta.url), 'utf8');
const limits = DEFAULT_LIMITS;
const KINDS: readonly [string, () => Sandboxes][] = [
  ['in this thread', () => new LocalSandboxes({ limits, warm: 2 })],
  [
    'in a worker',
    () => new WorkerSandboxes({ workers: 1, limits, warm: 2, clock: systemClock, log: silentLogger }),
  ],
];

async function world(sandboxes: Sandboxes, source: string) {
  const [clock, random, log] = [systemClock, seededRandom(1), silentLogger];
  const [userAgent, directory, media, http] = [
    new FakeUserAgent(),
    new FakeDirectory(),
    new FakeMediaEngine(),
    new FakeHttp(),
  ];
  directory.scenarios = [{ name: 'taxi', source }];
  const calls = new CallService({
    userAgent,
    directory,
    clock,
    random,
    log,
    limits: { calls: 10, ringSeconds: 60 },
  });
  const service = new ScenarioService({
    calls,
    media,
    recordings: {
      begin: ({ callId }) => ({ recordingId: callId, path: '/nowhere', url: `http://r/${callId}` }),
      finish: () => {},
    },
    speech: { say: () => Promise.reject(new Error('no voice')) },
    clock,
    random,
    log,
    settings: { workers: 1, warm: 2, limits: {}, httpAllowPrivate: [], playbackFolder: soundFolder() },
    http,
    sandboxes,
  });
  await service.ready;
  const outcomes: SessionOutcome[] = [];
  service.observers.on('ended', (ended) => outcomes.push(ended));
  const caller = new FakeUasSession({ offer: phoneSdp() });
  userAgent.incoming(caller);
  return { userAgent, calls, media, http, service, caller, outcomes };
}

let close: () => Promise<void> = () => Promise.resolve();
afterEach(() => close());

describe.each(KINDS)('a call with its scenario %s', (_name, make) => {
  it('is asked about, dialled, joined, recorded, and ended', async () => {
    const { userAgent, calls, media, http, service, caller, outcomes } = await world(make(), taxi);
    close = () => service.close(0);
    await expect.poll(() => http.requests.length).toBe(1);
    expect(http.requests[0]?.body).toBe('{"caller":"+79031112233"}');
    await http.answer(200, '{"passenger":"+79120000002"}');
    await expect.poll(() => userAgent.outbound.length).toBe(1);
    await expect.poll(() => userAgent.callee.offer).toBeDefined();
    userAgent.callee.ring();
    userAgent.callee.answer(phoneSdp());
    await expect.poll(() => caller.kinds()).toEqual(['provisional 180', 'accept']);
    const [session] = media.sessions;
    await expect.poll(() => session?.edges.size).toBeGreaterThanOrEqual(2);
    await expect.poll(() => session?.recorders.length).toBe(1);
    caller.bye();
    await expect.poll(() => userAgent.callee.kinds().at(-1)).toBe('bye');
    await expect.poll(() => service.activeSessions).toBe(0);
    expect(outcomes[0]).toMatchObject({ reason: 'the scenario terminated', error: undefined });
    expect([calls.active, media.openLegs, session?.closed]).toEqual([[], [], true]);
  });

  it('is answered directly: the two are joined all the same', async () => {
    const script = `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call, destination }) => {
      const other = VoxEngine.callPSTN('+79120000002', destination);
      other.addEventListener(CallEvents.Connected, () => call.answerDirect(other)); });`;
    const { userAgent, media, service, caller } = await world(make(), script);
    close = () => service.close(0);
    await expect.poll(() => userAgent.callee.offer).toBeDefined();
    userAgent.callee.answer(phoneSdp());
    await expect.poll(() => caller.kinds()).toEqual(['accept']);
    await expect.poll(() => media.sessions[0]?.edges.size).toBe(2);
    caller.bye();
    userAgent.callee.bye();
  });

  it('[row 40] is left by the caller while the backend is asked', async () => {
    const { userAgent, calls, media, http, service, caller } = await world(make(), taxi);
    close = () => service.close(0);
    caller.cancel();
    await expect.poll(() => http.requests.length).toBe(1);
    await http.answer(200, '{"passenger":"+79120000002"}');
    await expect.poll(() => service.activeSessions).toBe(0);
    expect(userAgent.outbound.every(({ session }) => session.state === 'ended')).toBe(true);
    expect([calls.active, media.openLegs]).toEqual([[], []]);
  });

  it('is refused when the script wants to show a number that is not ours', async () => {
    const script = `VoxEngine.addEventListener(AppEvents.CallAlerting, e => {
      VoxEngine.easyProcess(e.call, VoxEngine.callPSTN('+79120000002', e.callerid)); });`;
    const { userAgent, service, caller } = await world(make(), script);
    close = () => service.close(0);
    await expect.poll(() => caller.kinds()).toEqual(['reject 403']);
    expect(userAgent.outbound).toEqual([]);
    await expect.poll(() => service.activeSessions).toBe(0);
  });

  it.each([
    ['a syntax error', 'var a = ;'],
    ['an exception', 'null.x'],
    ['an endless loop', 'for (;;) {}'],
  ])('gets 500 when the scenario has %s', async (_what, source) => {
    const { service, caller, outcomes } = await world(make(), source);
    close = () => service.close(0);
    await expect.poll(() => caller.kinds(), { timeout: 15_000 }).toEqual(['reject 500']);
    await expect.poll(() => outcomes[0]?.error?.scenario).toBe('taxi');
  });
});
