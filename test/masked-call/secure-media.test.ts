import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { holdsBothTones, leaksBetween, measureRecording } from '../../src/cli/demo/measure.ts';
import { parseSettings } from '../../src/config/load.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { Phone } from '../../src/phone/phone.ts';
import type { PhoneCall } from '../../src/phone/phone-call.ts';
import type { PhoneAudio } from '../../src/phone/phone-context.ts';
import { NodeNetwork } from '../../src/sip/transport/node-network.ts';
import { ownLoopback } from '../kit/loopback.ts';
import { HOST, SERVICE, WholeServer } from '../kit/whole-server.ts';

/** Reached over a trunk that wants SRTP, and over one that speaks G.722 and tells its media addresses. */
const OVER_SECURE = '+442071838750';
const OVER_WIDE = '+442071838760';
const CARRIER_HOST = ownLoopback(51);
const MAY_BE_SEEN = [SERVICE, HOST, CARRIER_HOST, 'maskline.local'];
const TONES = { driver: 440, other: 1020 };

let server: WholeServer;
const carriers: Phone[] = [];

/** A phone that is a trunk's other end: it takes whatever number is called. */
async function carrier(audio: PhoneAudio): Promise<Phone> {
  const phone = new Phone({
    network: new NodeNetwork(),
    clock: systemClock,
    random: systemRandom,
    local: { host: CARRIER_HOST, port: 0 },
    identity: { username: 'carrier', domain: CARRIER_HOST },
    audio: { toneHz: TONES.other, ...audio },
    answer: { ringAfterMs: 0, answerAfterMs: 50 },
  });
  await phone.open();
  carriers.push(phone);
  return phone;
}

beforeAll(async () => {
  const secure = await carrier({ srtp: 'required' });
  const wide = await carrier({ codecs: ['G722'] });
  const trunks = `
trunks:
  - name: secure
    host: ${CARRIER_HOST}
    port: ${secure.address.port}
    prefixes: ["${OVER_SECURE}"]
    media: { srtp: required, codecs: [PCMU] }
  - name: wide
    host: ${CARRIER_HOST}
    port: ${wide.address.port}
    prefixes: ["${OVER_WIDE}"]
    media: { srtp: off, codecs: [G722], sources: ["${CARRIER_HOST}/32"] }
`;
  server = await WholeServer.start({
    settings: (settings) => ({ ...settings, trunks: parseSettings(trunks, {}).trunks }),
  });
});
afterEach(() => server.reset());
afterAll(async () => {
  await server?.stop();
  for (const phone of carriers) phone.close();
});

/** The driver's call, and the call that arrives for it. */
async function connect(audio: PhoneAudio, target?: string): Promise<{ call: PhoneCall; other: PhoneCall }> {
  const answers = target === OVER_SECURE ? carriers[0]! : carriers[1]!;
  if (target !== undefined)
    server.backend.answer = () => ({ kind: 'reply', status: 200, body: JSON.stringify({ connect: target }) });
  const driver = await server.phone('driver', { toneHz: TONES.driver, audio });
  const callee =
    target === undefined
      ? await server.phone('passenger', { toneHz: TONES.other, answer: { answerAfterMs: 50 } })
      : answers;
  const call = driver.call(SERVICE);
  const other = await callee.nextCall();
  await Promise.all([call.waitFor('connected'), other.waitFor('connected')]);
  return { call, other };
}

/** Both hear each other, nothing of one is at the other, and the recording has both. */
async function expectGoodCall({ call, other }: { call: PhoneCall; other: PhoneCall }): Promise<void> {
  const hears = (one: PhoneCall, hz: number): Promise<unknown> =>
    one.waitUntil(`a tone of ${hz} Hz`, () => one.rtp.heard.isTone(hz) && one.rtp.heard.seconds > 1.2);
  await Promise.all([hears(call, TONES.other), hears(other, TONES.driver)]);
  expect(call.rtp.unauthenticated + other.rtp.unauthenticated).toBe(0);
  call.hangup();
  await other.waitFor('ended');
  expect(leaksBetween(call, other, MAY_BE_SEEN)).toEqual([]);
  const [recording] = (await server.closedRecord()).recordings;
  const path = join(server.data, 'recordings', recording!.path);
  const tones = { left: TONES.driver, right: TONES.other };
  expect(holdsBothTones(await measureRecording(path, tones))).toBe(true);
  expect(readFileSync(path).length).toBeGreaterThan(16_000);
}

/** What follows `inline:` in everything that a phone got or sent. */
function keysIn(call: PhoneCall, direction: 'sent' | 'received'): string[] {
  return call.packets.sip
    .filter((entry) => entry.direction === direction)
    .flatMap(({ bytes }) => [
      ...Buffer.from(bytes)
        .toString('latin1')
        .matchAll(/inline:([\w+/=]+)/g),
    ])
    .map((match) => match[1]!);
}

describe('SRTP by SDES', () => {
  test.each(['required', 'optional'] as const)(
    '[RFC 4568 §7.1] a driver with SRTP (%s) and a passenger without talk',
    async (srtp) => {
      const { call, other } = await connect({ srtp });
      expect([call.rtp.encrypted, other.rtp.encrypted]).toEqual([true, false]);
      expect(call.remoteSdp?.secure).toBe(srtp === 'required');
      await expectGoodCall({ call, other });
    },
  );

  test('[RFC 4568 §7.1] [row 39] a passenger that insists on SRTP refuses RTP/AVP, is asked once more, and rings once', async () => {
    const driver = await server.phone('driver', { toneHz: TONES.driver });
    const passenger = await server.phone('passenger', {
      toneHz: TONES.other,
      audio: { srtp: 'required' },
      answer: { ringAfterMs: false, answerAfterMs: 20 },
    });
    const call = driver.call(SERVICE);
    const refused = await passenger.nextCall();
    const other = await passenger.nextCall();
    await Promise.all([call.waitFor('connected'), other.waitFor('connected')]);
    expect(refused.end?.status).toBe(488);
    expect(keysIn(refused, 'received')).toEqual([]);
    expect(other.remoteSdp?.secure).toBe(true);
    expect([call.rtp.encrypted, other.rtp.encrypted]).toEqual([false, true]);
    await expectGoodCall({ call, other });
    expect(passenger.calls).toHaveLength(2);
  });

  test('[row 34] both legs, each with keys of its own: none crosses, none is logged; hold and a refresh change no key', async () => {
    const { call, other } = await connect({ srtp: 'required' }, OVER_SECURE);
    expect([call.rtp.encrypted, other.rtp.encrypted]).toEqual([true, true]);
    expect(await call.hold(true)).toBe(200);
    expect(await call.hold(false)).toBe(200);
    await expectGoodCall({ call, other });
    const ours = new Set([...keysIn(call, 'received'), ...keysIn(other, 'received')]);
    const theirs = new Set([...keysIn(call, 'sent'), ...keysIn(other, 'sent')]);
    // One of ours towards the driver, two offered to the carrier.
    expect([ours.size, theirs.size]).toEqual([3, 2]);
    expect(keysIn(other, 'received').some((key) => keysIn(call, 'received').includes(key))).toBe(false);
    for (const key of theirs) expect(ours.has(key)).toBe(false);
    const logged = server.logLines.join('\n');
    for (const key of [...ours, ...theirs]) expect(logged.includes(key)).toBe(false);
  });
});

describe('codecs', () => {
  test('G.711 and a trunk with G.722 alone and known media addresses: both hear each other', async () => {
    await expectGoodCall(await connect({ codecs: ['PCMA'] }, OVER_WIDE));
  });

  test('SRTP on one leg, G.722 on the other', async () => {
    await expectGoodCall(await connect({ codecs: ['PCMU'], srtp: 'required' }, OVER_WIDE));
  });

  test('G.722 on both: the passenger is asked for what the trunk speaks already', async () => {
    const { call, other } = await connect({ codecs: ['PCMA', 'G722'] }, OVER_WIDE);
    expect(other.remoteSdp?.codecs.map(({ name }) => name)).toEqual(['G722']);
    expect(call.remoteSdp?.codecs.map(({ name }) => name)).toEqual(['G722']);
    await expectGoodCall({ call, other });
  });
});
