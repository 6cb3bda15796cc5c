import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { expectNewRecords, knownRecords } from '../kit/new-records.ts';
import { SERVICE, WholeServer } from '../kit/whole-server.ts';
import { Linphone } from './linphone.ts';

/** linphone with an account at the whole server; at the other end a phone of the kit. */
let server: WholeServer;
let linphone: Linphone | undefined;

beforeAll(async () => {
  // With SHA-256 in the challenge: linphone, unlike Debian's baresip, knows it.
  server = await WholeServer.start({
    settings: (settings) => ({ ...settings, sip: { ...settings.sip, allowSha256: true } }),
  });
});
afterEach(async () => {
  await linphone?.stop();
  linphone = undefined;
  await server.expectIdle();
});
afterAll(() => server?.stop());

const LINPHONE_TONE = 700;
const PHONE_TONE = 950;

async function softphone(username: 'driver' | 'passenger', transport: 'udp' | 'tcp'): Promise<Linphone> {
  linphone = await Linphone.start({
    username,
    password: `${username}-4711`,
    domain: 'maskline.local',
    registrar: server.maskline.sip.find((address) => address.transport === transport)!,
    transport,
    toneHz: LINPHONE_TONE,
  });
  await linphone.registered();
  return linphone;
}

describe.each(['udp', 'tcp'] as const)('linphone over %s, registered by digest', (transport) => {
  test('as the passenger: answers, and both hear each other', async () => {
    const earlier = await knownRecords(server);
    const passenger = await softphone('passenger', transport);
    const driver = await server.phone('driver', { toneHz: PHONE_TONE, transport });
    const call = driver.call(SERVICE);
    await call.waitFor('connected');
    await call.waitUntil('the tone of linphone', () => call.rtp.heard.isTone(LINPHONE_TONE));
    await call.waitUntil('a second of talk', () => call.rtp.heard.seconds > 1.5);
    call.hangup();
    await passenger.says(/Call 1 with .* ended/);
    expect(passenger.shareHeard(PHONE_TONE)).toBeGreaterThan(0.7);
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
    await driver.says(/Call 1 with .* connected/);
    await call.waitUntil('the tone of linphone', () => call.sound?.heard.isTone(LINPHONE_TONE) === true);
    await call.waitUntil('a second of talk', () => call.rtp.heard.seconds > 1.5);
    driver.hangup();
    await call.waitFor('ended');
    expect(driver.shareHeard(PHONE_TONE)).toBeGreaterThan(0.7);
    const [record] = await expectNewRecords(server, earlier, 1);
    expect(record).toMatchObject({ status: 'completed', reason: 'connected, the caller hung up' });
  });
});
