import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import { bridge, sendMedia } from './bridge.ts';
import { phoneSdp } from './test-support/descriptions.ts';
import { callWorld } from './test-support/world.ts';

let clock = new VirtualClock();
let world = callWorld(clock, seededRandom(1));

beforeEach(() => {
  clock = new VirtualClock();
  world = callWorld(clock, seededRandom(1));
});

afterEach(async () => {
  for (const call of world.calls.active) call.hangup();
  await clock.advance(5_000);
  expect(world.engine.openLegs).toEqual([]);
  expect(clock.pending).toBe(0);
});

function pair() {
  const { session: caller, call: a } = world.callIn();
  const owner = world.ownerOf();
  world.calls.adopt(a, owner);
  const b = world.calls.dial(world.request(), owner);
  return { a, b, caller, media: owner.media };
}

/** Both legs open, both calls connected. */
async function talking() {
  const joined = pair();
  joined.a.answer();
  await clock.advance(0);
  world.userAgent.callee.answer(phoneSdp());
  const { leg: legA } = joined.a;
  const { leg: legB } = joined.b;
  if (legA === undefined || legB === undefined) throw new Error('a leg is missing');
  return { ...joined, legA, legB };
}

describe('a bridge', () => {
  it('joins two calls that talk, at once, and takes them apart', async () => {
    const { a, b, legA, legB, media } = await talking();
    const joined = bridge(a, b, media);
    expect([media.hears(legA, legB), media.hears(legB, legA)]).toEqual([true, true]);
    joined.undo();
    joined.undo();
    expect(media.edges.size).toBe(0);
  });

  it('[row 15] waits for the legs: early media of the callee, then the answer to the caller', async () => {
    const { a, b, media } = pair();
    bridge(a, b, media);
    await clock.advance(0);
    world.userAgent.callee.ring(183, phoneSdp());
    await clock.advance(0);
    expect(media.edges.size).toBe(0);
    a.answer();
    await clock.advance(0);
    expect(media.hears(a.leg!, b.leg!)).toBe(true);
    expect(media.hears(b.leg!, a.leg!)).toBe(true);
  });

  it('that is undone before the legs are there never joins', async () => {
    const { a, b, media } = pair();
    bridge(a, b, media).undo();
    a.answer();
    await clock.advance(0);
    expect(media.legs).toHaveLength(2);
    expect(media.edges.size).toBe(0);
  });

  it('can be undone one way, when something newer is to be heard', async () => {
    const { a, b, legA, legB, media } = await talking();
    const joined = bridge(a, b, media);
    joined.back.undo();
    expect([media.hears(legA, legB), media.hears(legB, legA)]).toEqual([false, true]);
  });

  it('does not take away an edge that came after it', async () => {
    const { a, b, legA, media } = await talking();
    const joined = bridge(a, b, media);
    const player = media.createPlayer({ kind: 'samples', samples: new Int16Array(160) }, { loop: false });
    media.connect(player, legA);
    joined.undo();
    expect(media.hears(legA, player)).toBe(true);
  });

  it('[row 40] ends with either call and leaves the other its leg', async () => {
    const { a, b, legB, media, caller } = await talking();
    const joined = bridge(a, b, media);
    caller.bye();
    await clock.advance(0);
    expect(media.edges.size).toBe(0);
    expect(media.openLegs).toEqual([legB]);
    joined.undo();
    expect(b.state).toBe('CONNECTED');
  });

  it('[row 40] a call that ended while the other was waited for is not joined', async () => {
    const { a, b, media, caller } = pair();
    bridge(a, b, media);
    await clock.advance(0);
    media.openLegMode = 'held';
    a.answer();
    await clock.advance(0);
    // The callee has a leg and hangs up; the caller's leg comes a moment later.
    world.userAgent.callee.answer(phoneSdp());
    world.userAgent.callee.bye();
    media.release();
    await clock.advance(0);
    expect([a.state, b.state, caller.state]).toEqual(['CONNECTED', 'TERMINATED', 'confirmed']);
    expect(media.edges.size).toBe(0);
  });

  it('sends sound one way too', async () => {
    const { a, b, legA, legB, media } = await talking();
    sendMedia(a, b, media);
    expect([media.hears(legA, legB), media.hears(legB, legA)]).toEqual([false, true]);
  });
});
