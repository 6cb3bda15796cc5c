import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { toneShare } from '../../src/media/goertzel.ts';
import { expectNewRecords, knownRecords } from '../kit/new-records.ts';
import { SERVICE, WholeServer } from '../kit/whole-server.ts';
import { Baresip } from './baresip.ts';

/** A softphone that we did not write, with an account at the whole server; at the other end a phone of the kit. */
let server: WholeServer;
let baresip: Baresip | undefined;

beforeAll(async () => {
  // Debian 12's baresip gives up where SHA-256 is offered, even beside MD5.
  server = await WholeServer.start({
    settings: (settings) => ({ ...settings, sip: { ...settings.sip, allowSha256: false } }),
  });
});
afterEach(async () => {
  await baresip?.stop();
  baresip = undefined;
});
afterAll(() => server?.stop());

const BARESIP_TONE = 700;
const PHONE_TONE = 950;

async function softphone(username: 'driver' | 'passenger', transport: 'udp' | 'tcp'): Promise<Baresip> {
  baresip = await Baresip.start({
    username,
    transport,
    registrar: {
      address: server.maskline.sip.find((address) => address.transport === transport)!,
      domain: 'maskline.local',
      password: `${username}-4711`,
    },
    toneHz: BARESIP_TONE,
  });
  expect(await baresip.registration()).toBe('200 OK');
  return baresip;
}

/** Sound of the middle of a call: beginnings and ends have silence of jitter buffers. */
const middle = (samples: Int16Array): Int16Array =>
  samples.subarray(samples.length >> 2, samples.length - (samples.length >> 2));

describe.each(['udp', 'tcp'] as const)('baresip over %s, registered by digest', (transport) => {
  test('as the passenger: answers, shows the service number, and both hear each other', async () => {
    const earlier = await knownRecords(server);
    const passenger = await softphone('passenger', transport);
    const driver = await server.phone('driver', { toneHz: PHONE_TONE, transport });
    const call = driver.call(SERVICE);
    await call.waitFor('connected');
    const incoming = await passenger.waitFor('CALL_ESTABLISHED');
    expect(incoming.peeruri).toBe(`sip:${SERVICE}@maskline.local`);
    await call.waitUntil('the tone of baresip', () => call.rtp.heard.isTone(BARESIP_TONE));
    await call.waitUntil('a second of talk', () => call.rtp.heard.seconds > 1.2);
    call.hangup();
    await passenger.waitFor('CALL_CLOSED');
    const heard = middle(passenger.heard());
    expect(heard.length).toBeGreaterThan(2_000);
    expect(toneShare(heard, PHONE_TONE)).toBeGreaterThan(0.7);
    const [record] = await expectNewRecords(server, earlier, 1);
    expect(record).toMatchObject({ status: 'completed', reason: 'connected, the caller hung up' });
  });

  test('as the driver: dials the service number, both hear each other, and it hangs up', async () => {
    const earlier = await knownRecords(server);
    const passenger = await server.phone('passenger', {
      toneHz: PHONE_TONE,
      transport,
      answer: { ringAfterMs: 0, answerAfterMs: 200 },
    });
    const driver = await softphone('driver', transport);
    driver.dial(`sip:${SERVICE}@maskline.local`);
    const call = await passenger.nextCall();
    expect(call.shown).toMatchObject({ number: SERVICE });
    await driver.waitFor('CALL_ESTABLISHED');
    await call.waitUntil('the tone of baresip', () => call.sound?.heard.isTone(BARESIP_TONE) === true);
    await call.waitUntil('a second of talk', () => call.rtp.heard.seconds > 1.2);
    driver.hangup();
    await call.waitFor('ended');
    const [record] = await expectNewRecords(server, earlier, 1);
    expect(record).toMatchObject({ status: 'completed', reason: 'connected, the caller hung up' });
    const heard = middle(driver.heard());
    expect(heard.length).toBeGreaterThan(2_000);
    expect(toneShare(heard, PHONE_TONE)).toBeGreaterThan(0.7);
  });
});

test('[row 26] baresip with a wrong password is not registered', async () => {
  baresip = await Baresip.start({
    username: 'passenger',
    registrar: { address: server.maskline.sip[0]!, domain: 'maskline.local', password: 'a guess' },
  });
  expect(await baresip.registration()).toBe('403 Forbidden');
});
