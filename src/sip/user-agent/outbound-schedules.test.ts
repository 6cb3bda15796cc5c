import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import type { Random } from '../../kernel/random.ts';
import type { SipRequest } from '../message/types.ts';
import { call, contactOf, OFFER, PASSENGER, registered } from './test-support/dialling.ts';
import type { RawPeer } from './test-support/raw-peer.ts';
import { NOTHING_LEFT, scene } from './test-support/scene.ts';
import { account, trunk } from './test-support/settings.ts';

/** More by hand: RUNS=20000 vitest run src/sip/user-agent/outbound-schedules.test.ts */
const RUNS = Number(process.env.RUNS ?? 60);

/** What a peer was seen to do with one INVITE. */
interface Story {
  readonly peer: RawPeer;
  readonly invitedAt: number;
  rangAt?: number;
  answered: boolean;
  cancelled: boolean;
  done: boolean;
}

/** A peer that answers each INVITE at odd times with odd things, and CANCEL as the RFC says. */
function oddPeer(peer: RawPeer, random: Random, clock: Clock, stories: Story[]): void {
  const byCall = new Map<string, Story & { invite: SipRequest }>();
  const final = (story: Story & { invite: SipRequest }, status: number): void => {
    if (story.done) return;
    story.done = true;
    story.answered = status < 300;
    peer.reply(story.invite, status, { fields: contactOf(peer), ...(status < 300 ? { body: OFFER } : {}) });
  };
  peer.onRequest = (request) => {
    const callId = request.headers.get('Call-ID') ?? '';
    const known = byCall.get(callId);
    if (request.method === 'BYE') peer.reply(request, 200);
    if (request.method === 'CANCEL' && known !== undefined) {
      peer.reply(request, 200);
      known.cancelled = true;
      final(known, 487);
    }
    if (request.method !== 'INVITE' || known !== undefined) return;
    const invitedAt = clock.monotonic();
    const story = { peer, invite: request, invitedAt, answered: false, cancelled: false, done: false };
    byCall.set(callId, story);
    stories.push(story);
    for (const { at, status } of script(random)) {
      clock.setTimeout(() => {
        if (story.done) return;
        if (status >= 200) return final(story, status);
        if (status > 100) (story as Story).rangAt ??= clock.monotonic();
        peer.reply(request, status, { fields: contactOf(peer) });
      }, at);
    }
  };
}

type Clock = Awaited<ReturnType<typeof scene>>['clock'];

function script(random: Random): { at: number; status: number }[] {
  const pick = <T>(values: readonly T[]): T => values[random.int(values.length)]!;
  const steps = [{ at: random.int(200), status: 100 }];
  if (random.int(10) === 0) return []; // Silent.
  if (random.int(3) === 0) steps.push({ at: 200 + random.int(3_000), status: pick([180, 183]) });
  if (random.int(6) !== 0) {
    steps.push({ at: random.int(6_000), status: pick([200, 200, 486, 500, 503, 503, 603, 404, 408, 302]) });
  }
  return steps;
}

async function run(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const toPhones = random.int(2) === 0;
  const progressSeconds = random.int(2) * 2;
  const stage = await scene({
    users: [account('bob', 'p', toPhones ? { number: PASSENGER } : {})],
    trunks: [1, 2, 3].map((n) =>
      trunk({ name: `t${n}`, host: `198.51.100.${n}`, priority: n, progressSeconds }),
    ),
  });
  const stories: Story[] = [];
  const peers: RawPeer[] = [];
  for (const n of [1, 2, 3]) {
    const peer = await stage.peer(`198.51.100.${n}`);
    peers.push(peer);
    oddPeer(peer, random, stage.clock, stories);
    if (toPhones) await registered(stage, peer, 'user-bob', { callId: `r${n}` });
  }
  const { session, seen, ends } = call(stage);
  const hangUpAt = random.int(3) === 0 ? undefined : random.int(9_000);
  if (hangUpAt !== undefined) stage.clock.setTimeout(() => session.end(), hangUpAt);
  await stage.clock.advance(80_000);
  if (ends.length === 0) {
    session.end();
    await stage.clock.advance(80_000);
  }
  const what = `seed ${seed}`;
  expect(ends, what).toHaveLength(1);
  expect(seen.filter((one) => one === 'accepted').length, what).toBeLessThanOrEqual(1);
  for (const peer of peers) {
    // Every 2xx has its ACK and its BYE: the call's own, the forks', and those that crossed a CANCEL.
    const answered = stories.filter((story) => story.peer === peer && story.answered).length;
    const count = (method: string): number =>
      new Set(peer.got(method).map(({ headers }) => headers.get('Call-ID'))).size;
    expect(count('BYE'), what).toBe(answered);
    expect(count('ACK'), what).toBe(stories.filter((story) => story.peer === peer && story.done).length);
  }
  if (!toPhones) {
    // Row 39: once one has rung or answered, nobody else is asked.
    for (const [index, story] of stories.entries()) {
      if (index < stories.length - 1)
        expect([story.rangAt, story.answered], what).toEqual([undefined, false]);
    }
  } else
    expect(
      stories.every(({ invitedAt }) => invitedAt === stories[0]?.invitedAt),
      what,
    ).toBe(true);
  expect(await stage.close(), what).toEqual(NOTHING_LEFT);
}

describe('an outbound call, however its peers answer', () => {
  test('[row 1] [row 5] [row 22] [row 39] [row 40] ends once, rings nobody twice, and leaves no 2xx without ACK and BYE', async () => {
    for (let seed = 1; seed <= RUNS; seed++) await run(seed);
  }, 600_000);
});
