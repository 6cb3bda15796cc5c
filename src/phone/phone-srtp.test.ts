import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import { VirtualNetwork } from '../../test/kit/virtual-network.ts';
import { Phone, sipUriOf } from './phone.ts';
import type { PhoneAudio } from './phone-context.ts';

/** Ann calls Ben, and they talk for two seconds. */
async function talk(ann: PhoneAudio, ben: PhoneAudio) {
  const clock = new VirtualClock();
  const network = new VirtualNetwork({ clock, random: seededRandom(7) });
  const phone = (username: string, host: string, seed: number, audio: PhoneAudio): Phone =>
    new Phone({
      network: network.host(host),
      clock,
      random: seededRandom(seed),
      local: { host, port: 5060 },
      identity: { username, domain: host },
      audio,
      answer: { answerAfterMs: 100 },
    });
  const [a, b] = [phone('ann', '10.0.0.1', 1, ann), phone('ben', '10.0.0.2', 2, ben)];
  await a.open();
  await b.open();
  const call = a.call(sipUriOf('ben', { host: '10.0.0.2', port: 5060 }));
  await clock.advance(2_000);
  const other = b.calls[0]!;
  return { call, other, close: () => [a, b].forEach((one) => void one.close()) };
}

describe('phones with SRTP', () => {
  test.each([
    ['required', 'required', 'RTP/SAVP'],
    ['required', 'optional', 'RTP/SAVP'],
    ['optional', 'optional', 'RTP/AVP'],
  ] as const)('[RFC 4568 §7.1] %s calls %s: both hear, over %s, with keys', async (ann, ben, profile) => {
    const { call, other, close } = await talk({ toneHz: 440, srtp: ann }, { toneHz: 950, srtp: ben });
    expect([call.state, other.state]).toEqual(['connected', 'connected']);
    expect([call.rtp.encrypted, other.rtp.encrypted]).toEqual([true, true]);
    expect([call.rtp.heard.isTone(950), other.rtp.heard.isTone(440)]).toEqual([true, true]);
    expect(other.remoteSdp?.secure).toBe(profile === 'RTP/SAVP');
    expect(call.rtp.unauthenticated + other.rtp.unauthenticated).toBe(0);
    close();
  });

  test('optional calls one without: plain RTP', async () => {
    const { call, other, close } = await talk({ toneHz: 440, srtp: 'optional' }, { toneHz: 950 });
    expect([call.rtp.encrypted, other.rtp.encrypted]).toEqual([false, false]);
    expect([call.rtp.heard.isTone(950), other.rtp.heard.isTone(440)]).toEqual([true, true]);
    close();
  });

  test.each([
    [{ srtp: 'required' }, {}],
    [{}, { srtp: 'required' }],
  ] as const)('no security in common is 488', async (ann, ben) => {
    const { call, close } = await talk(ann, ben);
    expect(call.end?.status).toBe(488);
    close();
  });
});

test('phones with G.722 hear each other', async () => {
  const { call, other, close } = await talk(
    { toneHz: 440, codecs: ['G722', 'PCMA'] },
    { toneHz: 950, codecs: ['G722'] },
  );
  expect([call.rtp.heard.isTone(950), other.rtp.heard.isTone(440)]).toEqual([true, true]);
  expect(call.remoteSdp?.codecs).toEqual([{ name: 'G722', payloadType: 9 }]);
  close();
});
