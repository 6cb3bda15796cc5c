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

describe('several phones that ring', () => {
  it('[row 15] [RFC 6157 §4] each has an offer of its own, and what one answers is not taken for the answer of another', async () => {
    const { media, planOf } = stage();
    const one = media();
    const plain = await one.offerTo('192.0.2.1', policy({ srtp: 'opportunistic' }));
    const secure = await one.offerTo('192.0.2.1', policy({ srtp: 'required' }));
    const six = await one.offerTo('2001:db8::1', policy({}));
    expect([plain, secure, six].map((sdp) => /m=audio \d+ (\S+)/.exec(sdp)?.[1])).toEqual([
      'RTP/AVP',
      'RTP/SAVP',
      'RTP/AVP',
    ]);
    expect([plain, six].map((sdp) => /c=IN (IP\d)/.exec(sdp)?.[1])).toEqual(['IP4', 'IP6']);
    const offeredKeys = new Set([...keysIn(plain), ...keysIn(secure)]);
    expect(offeredKeys.size).toBe(4);
    one.answered(savp(), secure);
    expect(planOf(one)?.srtp?.receive.keyAndSalt).toEqual(new Uint8Array(30).fill(1));
    one.answered(readSdp(phoneSdp()), plain);
    expect(planOf(one)?.srtp).toBeUndefined();
    // RFC 3264 §6.1: the profile of the offer is kept, so that nobody can talk us down.
    expect(() => one.answered(readSdp(phoneSdp()), secure)).toThrow(
      expect.objectContaining({ code: 'no-common-security' }) as Error,
    );
    expect(() => one.answered(readSdp(phoneSdp()), six)).toThrow(/another IP version/);
    expect(one.offer()).toContain('IN IP4');
  });

  it('[RFC 8643 §3.1] keys beside RTP/AVP: used where the answer has some', async () => {
    const { media, planOf } = stage();
    const one = media();
    const offer = await one.offerTo('192.0.2.1', policy({ srtp: 'opportunistic' }));
    one.answered(readSdp(`${phoneSdp()}a=crypto:1 ${SUITE} ${KEY(1)}\r\n`), offer);
    expect(planOf(one)?.srtp?.receive.keyAndSalt).toEqual(new Uint8Array(30).fill(1));
    const again = one.offer();
    expect(again).toContain('RTP/AVP');
    expect(keysIn(again)).toEqual(keysIn(offer).slice(0, 1));
  });

  it('[RFC 3264 §8.4] a peer of the other IP version that is on hold by 0.0.0.0 is not refused', async () => {
    const { media } = stage();
    const one = media();
    const offer = await one.offerTo('2001:db8::1', policy({}));
    one.answered(readSdp(phoneSdp().replace(/c=IN IP4 \S+/, 'c=IN IP4 0.0.0.0')), offer);
    expect(one.configured).toBe(true);
  });
});
