import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';

import { phoneSdp } from './test-support/descriptions.ts';
import type { FakeMediaSession, OpenLegMode } from './test-support/fake-media.ts';
import { FakeUasSession } from './test-support/fake-sessions.ts';
import { join } from './test-support/join.ts';
import { type CallWorld, callWorld, eventsOf } from './test-support/world.ts';
import type { Call } from './types.ts';

/** One masked call: a caller, a script, a callee that is perhaps not dialled yet. */
interface Scene {
  readonly world: CallWorld;
  readonly caller: FakeUasSession;
  readonly inbound: Call;
  readonly media: FakeMediaSession;
  readonly dialled: Call[];
  readonly seen: { readonly call: Call; readonly events: ReturnType<typeof eventsOf> }[];
}

type Step = (scene: Scene) => void;

function dial(scene: Scene, callerid?: string): void {
  const owner = { sessionId: 'session-a', media: scene.media };
  const call = scene.world.calls.dial(scene.world.request(callerid === undefined ? {} : { callerid }), owner);
  scene.dialled.push(call);
  scene.seen.push({ call, events: eventsOf(call) });
  // What easyProcess does: join when answered, and end one with the other.
  call.events.on('connected', () => scene.inbound.answer());
  join(scene.inbound, call, scene.media);
  call.events.on('failed', () => scene.inbound.hangup());
  call.events.on('disconnected', () => scene.inbound.hangup());
  scene.inbound.events.on('disconnected', () => call.hangup());
  scene.inbound.events.on('failed', () => call.hangup());
}

const callee = (scene: Scene) => scene.world.userAgent.outbound.at(-1)?.session;

/** Everything that anybody may do at any time. */
const STEPS: Readonly<Record<string, Step>> = {
  'script adopts': ({ world, inbound, media }) =>
    world.calls.adopt(inbound, { sessionId: 'session-a', media }),
  'script rings': ({ inbound }) => inbound.ring(),
  'script starts early media': ({ inbound }) => inbound.startEarlyMedia(),
  'script answers': ({ inbound }) => inbound.answer(),
  'script rejects': ({ inbound }) => inbound.reject(486),
  'script hangs up the caller': ({ inbound }) => inbound.hangup(),
  'script dials': (scene) => dial(scene),
  'script dials with a stranger number': (scene) => dial(scene, '+79031112233'),
  'script hangs up the callee': ({ dialled }) => dialled.at(-1)?.hangup(),
  'caller hangs up': ({ caller }) => {
    caller.cancel();
    caller.bye();
  },
  'caller acknowledges': ({ caller }) => caller.ack(),
  'caller holds': ({ caller }) => void caller.peerReoffer(phoneSdp({ direction: 'sendonly' })),
  'caller asks for an offer': ({ caller }) => void caller.peerReoffer(undefined),
  'caller is lost': ({ caller }) => caller.fault(408),
  'callee rings': (scene) => callee(scene)?.ring(),
  'callee plays early media': (scene) => callee(scene)?.ring(183, phoneSdp()),
  'callee answers': (scene) => callee(scene)?.answer(phoneSdp({ port: 41_000 })),
  'callee answers nonsense': (scene) => callee(scene)?.answer('hello'),
  'callee declines': (scene) => callee(scene)?.refuse(603),
  'callee hangs up': (scene) => callee(scene)?.bye(),
  'callee re-invites': (scene) => void callee(scene)?.peerReoffer(phoneSdp({ port: 42_000 })),
  'callee is lost': (scene) => callee(scene)?.fault(503),
  'script holds the caller': ({ inbound }) => inbound.hold(),
  'script takes the caller back': ({ inbound }) => inbound.unhold(),
  'script holds the callee': ({ dialled }) => dialled.at(-1)?.hold(),
  'script writes to the caller': ({ inbound }) => inbound.sendMessage('at the gate'),
  'caller takes our offer': ({ caller }) =>
    caller.settleOffer({ kind: 'answered', sdp: phoneSdp({ direction: 'recvonly' }) }),
  'caller takes our offer with nonsense': ({ caller }) =>
    caller.settleOffer({ kind: 'answered', sdp: 'hello' }),
  'caller refuses our offer': ({ caller }) => caller.settleOffer({ kind: 'refused', status: 488 }),
  'our offer leaves again after glare': ({ caller }) => caller.sendOffer(),
  'callee takes our offer': (scene) => callee(scene)?.settleOffer({ kind: 'answered', sdp: phoneSdp() }),
  'caller wants a transfer': ({ caller }) => void caller.refer('tel:+79120000002'),
  'caller presses a key both ways': ({ caller, media }) => {
    caller.peerInfo('application/dtmf', '5');
    media.legs[0]?.press('5');
  },
  'a refresh moves the caller': ({ caller }) => {
    if (caller.state !== 'ended') caller.events.emit('answerChanged', { sdp: phoneSdp({ port: 43_000 }) });
  },
  'a port is there': ({ media }) => media.release(),
  'a port is refused': ({ media }) => media.release('refuse'),
  'the media session closes': ({ media }) => void media.close(),
};

async function play(plan: {
  readonly steps: readonly (readonly [name: string, wait: number])[];
  readonly mode: OpenLegMode;
  readonly lateOffer: boolean;
  readonly autoAck: boolean;
  readonly autoCancel: boolean;
}): Promise<void> {
  const clock = new VirtualClock();
  const world = callWorld(clock, seededRandom(7), { calls: 10, ringSeconds: 60 });
  world.userAgent.autoCancel = plan.autoCancel;
  const answerInAck = plan.lateOffer ? { answerInAck: phoneSdp() } : { offer: phoneSdp() };
  const caller = new FakeUasSession({ ...answerInAck, autoAck: plan.autoAck });
  const media = world.engine.openSession();
  media.openLegMode = plan.mode;
  const { call: inbound } = world.callIn(caller);
  const scene: Scene = {
    world,
    caller,
    inbound,
    media,
    dialled: [],
    seen: [{ call: inbound, events: eventsOf(inbound) }],
  };
  for (const [name, wait] of plan.steps) {
    STEPS[name]!(scene);
    if (wait > 0) await clock.advance(wait - 1);
    checkOrder(scene);
  }
  await end(scene, clock);
  await checkEnd(scene, clock);
}

/** The world stops: everybody hangs up, every peer answers, every port is decided. */
async function end(scene: Scene, clock: VirtualClock): Promise<void> {
  for (const call of scene.world.calls.active) call.hangup();
  for (const { session } of scene.world.userAgent.outbound) if (session.cancelling) session.cancelled();
  while (scene.media.heldCount > 0) scene.media.release();
  await clock.advance(100);
  for (const { session } of scene.world.userAgent.outbound) if (session.cancelling) session.cancelled();
  while (scene.media.heldCount > 0) scene.media.release();
  await clock.advance(5_000);
}

function terminals(events: readonly { readonly name: string }[]): number {
  return events.filter(({ name }) => name === 'failed' || name === 'disconnected').length;
}

/** At every moment: at most one end, nothing after it, `disconnected` only after `connected`. */
function checkOrder(scene: Scene): void {
  for (const { events } of scene.seen) {
    const names = events.map((one) => one.name);
    expect(terminals(events)).toBeLessThanOrEqual(1);
    if (terminals(events) === 1) expect(['failed', 'disconnected']).toContain(names.at(-1));
    if (names.includes('disconnected')) expect(names).toContain('connected');
    if (names.includes('failed')) expect(names).not.toContain('connected');
    expect(names.filter((name) => name === 'connected').length).toBeLessThanOrEqual(1);
  }
}

async function checkEnd(scene: Scene, clock: VirtualClock): Promise<void> {
  checkOrder(scene);
  const { world, caller } = scene;
  for (const { call, events } of scene.seen) {
    expect([call.state, terminals(events)]).toEqual(['TERMINATED', 1]);
    expect(await call.ended).toBe(events.at(-1)?.event);
  }
  expect(world.calls.active).toEqual([]);
  expect(world.engine.openLegs).toEqual([]);
  expect(scene.media.edges.size).toBe(0);
  expect(clock.pending).toBe(0);
  expect(caller.state).toBe('ended');
  expect(caller.offering).toBe(false);
  for (const { session } of world.userAgent.outbound) expect(session.state).toBe('ended');
  // Records: each call is created and ended once, or refused once.
  const count = (name: string): number => world.observed.filter((one) => one === name).length;
  expect(count('created')).toBe(count('ended'));
  expect(count('created') + count('refused')).toBe(scene.seen.length);
  // The caller got one final answer at most, and all our descriptions to them are of one version unless they asked.
  const finals = caller.sent.filter((one) => one.kind === 'accept' || one.kind === 'reject');
  expect(finals.length).toBeLessThanOrEqual(1);
}

const step = fc.tuple(fc.constantFrom(...Object.keys(STEPS)), fc.constantFrom(0, 0, 1, 1, 50, 20_001));

describe('interleavings', () => {
  it('[row 40] whoever does what when: one end each, no leg, no timer, no call is left', async () => {
    const plan = fc.record({
      steps: fc
        .array(step, { maxLength: 16 })
        .chain((steps) =>
          fc.boolean().map((adopt) => (adopt ? [['script adopts', 0] as const, ...steps] : steps)),
        ),
      mode: fc.constantFrom<OpenLegMode>('at-once', 'at-once', 'held', 'busy'),
      lateOffer: fc.boolean(),
      autoAck: fc.boolean(),
      autoCancel: fc.boolean(),
    });
    await fc.assert(fc.asyncProperty(plan, play), { numRuns: Number(process.env.INTERLEAVINGS ?? 1_500) });
  });

  it('[row 40] the media session closes between the answer and the join', async () => {
    await play({
      steps: [
        ['script adopts', 0],
        ['script dials', 1],
        ['callee answers', 0],
        ['the media session closes', 0],
        ['script adopts', 50],
      ],
      mode: 'at-once',
      lateOffer: false,
      autoAck: false,
      autoCancel: false,
    });
  });

  const STORY = [
    'script adopts',
    'script dials',
    'callee rings',
    'callee plays early media',
    'callee answers',
  ];

  it.each(STORY.flatMap((_, at) => (['at-once', 'held'] as const).map((mode) => [at + 1, mode] as const)))(
    '[row 40] the caller hangs up after step %d of a masked call, ports %s',
    async (at, mode) => {
      for (const wait of [0, 1]) {
        const steps = [
          ...STORY.slice(0, at),
          'caller hangs up',
          ...STORY.slice(at),
          'a port is there',
          'a port is there',
        ];
        await play({
          steps: steps.map((name) => [name, wait] as const),
          mode,
          lateOffer: false,
          autoAck: true,
          autoCancel: true,
        });
      }
    },
  );
});
