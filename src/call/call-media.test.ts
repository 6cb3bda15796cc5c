import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { readSdp } from '../sdp/read.ts';
import { DEFAULT_MEDIA_POLICY, type MediaPolicy } from '../sip/user-agent/media-policy.ts';
import { CallMedia } from './call-media.ts';
import { phoneSdp } from './test-support/descriptions.ts';
import { FakeMediaEngine } from './test-support/fake-media.ts';

const KEY = (fill: number): string => `inline:${Buffer.alloc(30, fill).toString('base64')}`;
const SUITE = 'AES_CM_128_HMAC_SHA1_80';
const savp = (fill = 1, tag = 1): ReturnType<typeof readSdp> =>
  readSdp(`${phoneSdp().replace('RTP/AVP', 'RTP/SAVP')}a=crypto:${tag} ${SUITE} ${KEY(fill)}\r\n`);
const policy = (changes: Partial<MediaPolicy>): MediaPolicy => ({ ...DEFAULT_MEDIA_POLICY, ...changes });
const keysIn = (sdp: string): string[] => sdp.match(/inline:\S+/g) ?? [];

function stage() {
  const session = new FakeMediaEngine().openSession();
  const random = seededRandom(5);
  const nothing = (): void => {};
  const media = (): CallMedia =>
    new CallMedia(session, random, {
      opened: nothing,
      digit: nothing,
      firstPacket: nothing,
      silent: nothing,
      resumed: nothing,
      hold: nothing,
      signallingHost: () => undefined,
    });
  const planOf = (one: CallMedia) => session.legs.find((leg) => leg === one.leg)?.plan;
  return { media, planOf };
}

describe("a trunk's policy", () => {
  it('[row 34] required: keys of our own, those of the answer in the plan; a second trunk is shown others', async () => {
    const { media, planOf } = stage();
    const one = media();
    await one.open('192.0.2.1', policy({ srtp: 'required' }));
    const first = one.offer();
    expect(first).toContain('RTP/SAVP');
    await one.open('192.0.2.1', policy({ srtp: 'required' })); // the first trunk failed
    const second = one.offer();
    expect(keysIn(second)).toHaveLength(2);
    expect(keysIn(second).some((key) => keysIn(first).includes(key))).toBe(false);
    one.answered(savp());
    expect(planOf(one)?.srtp?.receive.keyAndSalt).toEqual(new Uint8Array(30).fill(1));
  });

  it('[row 34] a refresh with the same key does not touch the leg; the other key of a 200 does', async () => {
    const { media } = stage();
    const one = media();
    await one.open('192.0.2.1', policy({ srtp: 'required' }));
    one.offer();
    one.answered(savp(1));
    const leg = one.leg as unknown as { readonly plans: readonly unknown[] };
    one.answered(savp(1));
    expect(leg.plans).toHaveLength(1);
    one.answered(savp(2));
    expect(leg.plans).toHaveLength(2);
  });

  it('required refuses plain RTP and off refuses SRTP, without touching the leg', async () => {
    const { media, planOf } = stage();
    const refused = expect.objectContaining({ code: 'no-common-security' }) as Error;
    const [required, off] = [media(), media()];
    await required.open(undefined, policy({ srtp: 'required' }));
    await off.open(undefined, policy({ srtp: 'off' }));
    expect(() => required.answer(readSdp(phoneSdp()))).toThrow(refused);
    expect(() => off.answer(savp())).toThrow(refused);
    expect([planOf(required), planOf(off)]).toEqual([undefined, undefined]);
  });

  it('[row 32] known media addresses reach the leg', async () => {
    const { media, planOf } = stage();
    const one = media();
    await one.open(undefined, policy({ mediaSources: ['203.0.113.0/24'] }));
    one.answer(readSdp(phoneSdp()));
    expect(planOf(one)?.mediaSources).toEqual(['203.0.113.0/24']);
  });
});

describe('codecs of the two legs of a session', () => {
  it('the second leg is asked for what the first one speaks, and answers with it where it is offered', async () => {
    const { media, planOf } = stage();
    const [first, second, third] = [media(), media(), media()];
    await Promise.all([first.open(undefined), second.open(undefined), third.open(undefined)]);
    first.answer(readSdp(phoneSdp({ formats: '9 101' })));
    expect(second.offer()).toContain('RTP/AVP 9 8 0 101');
    third.answer(readSdp(phoneSdp({ formats: '8 0 9 101' })));
    expect(planOf(third)?.codec).toBe('G722');
  });

  it('a leg that is gone prefers nothing any more, and a leg keeps its own codec over a re-INVITE', async () => {
    const { media, planOf } = stage();
    const [first, second] = [media(), media()];
    await Promise.all([first.open(undefined), second.open(undefined)]);
    first.answer(readSdp(phoneSdp({ formats: '9 101' })));
    await first.close();
    second.answer(readSdp(phoneSdp({ formats: '0 9 101' })));
    expect(planOf(second)?.codec).toBe('PCMU');
    second.answer(readSdp(phoneSdp({ formats: '9 0 101' })));
    expect(planOf(second)?.codec).toBe('PCMU');
  });
});

it('[RFC 3261 §14.1] an offer of ours that was refused leaves the session as it was, and the next one is a new version', async () => {
  const { media, planOf } = stage();
  const one = media();
  await one.open(undefined);
  const version = (sdp: string): number => Number(/^o=- \d+ (\d+)/m.exec(sdp)?.[1]);
  const answer = one.answer(readSdp(phoneSdp()));
  const before = planOf(one);
  one.hold(true);
  const held = one.offer();
  one.withdrawn();
  one.hold(false);
  expect([one.offering, planOf(one)]).toEqual([false, before]);
  const next = one.answer(readSdp(phoneSdp()));
  expect([version(held) - version(answer), version(next) - version(held)]).toEqual([1, 1]);
  expect(planOf(one)).toBe(before);
});
