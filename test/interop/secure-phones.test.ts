import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { toneShare } from '../../src/media/goertzel.ts';
import { createAuthority } from '../kit/certificates.ts';
import { expectNewRecords, knownRecords } from '../kit/new-records.ts';
import { HOST, SERVICE, WholeServer } from '../kit/whole-server.ts';
import { Baresip, type BaresipOptions } from './baresip.ts';
import { Linphone } from './linphone.ts';
import { middle } from './wav.ts';

/** Softphones that we did not write over TLS with SRTP; at the other end a phone of the kit with neither. */
const SOFTPHONE_TONE = 700;
const PHONE_TONE = 950;
const folder = mkdtempSync(join(tmpdir(), 'maskline-tls-'));
const ca = join(folder, 'ca.pem');

let server: WholeServer;
const cleanUp: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const authority = createAuthority();
  const issued = authority.issue(`IP:${HOST},DNS:maskline.local`);
  authority.close();
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
  for (const [file, text] of [
    [ca, authority.ca],
    [certificate, issued.certificate],
    [key, issued.key],
  ] as const)
    writeFileSync(file, text);
  server = await WholeServer.start({
    settings: (settings) => ({
      ...settings,
      sip: {
        ...settings.sip,
        allowSha256: false,
        listen: [...settings.sip.listen, { transport: 'tls', host: HOST, port: 0, certificate, key }],
      },
    }),
  });
});
afterEach(async () => {
  for (const one of cleanUp.splice(0)) await one();
  await server.reset();
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

type Username = 'driver' | 'passenger';
const account = (username: Username) => ({
  username,
  password: `${username}-4711`,
  domain: 'maskline.local',
});
const registrar = () => server.maskline.sip.find((address) => address.transport === 'tls')!;

async function linphone(username: Username, srtp: boolean): Promise<Linphone> {
  const started = await Linphone.start({
    ...account(username),
    registrar: registrar(),
    transport: 'tls',
    ca,
    srtp,
    toneHz: SOFTPHONE_TONE,
  });
  cleanUp.push(() => started.stop());
  await started.registered();
  return started;
}

async function baresip(username: Username, encryption?: BaresipOptions['encryption']): Promise<Baresip> {
  const { domain, password } = account(username);
  const started = await Baresip.start({
    username,
    transport: 'tls',
    registrar: { address: registrar(), domain, password },
    ca,
    toneHz: SOFTPHONE_TONE,
    ...(encryption === undefined ? {} : { encryption }),
  });
  cleanUp.push(() => started.stop());
  expect(await started.registration()).toBe('200 OK');
  return started;
}

/** The softphone dials; the phone of the kit answers, hears its tone, and ends the call. */
async function calledBySoftphone(dial: () => void): Promise<void> {
  const passenger = await server.phone('passenger', {
    toneHz: PHONE_TONE,
    answer: { ringAfterMs: 0, answerAfterMs: 100 },
  });
  dial();
  const call = await passenger.nextCall();
  await call.waitUntil('the softphone', () => call.sound?.heard.isTone(SOFTPHONE_TONE) === true);
  await call.waitUntil('a second of talk', () => call.rtp.heard.seconds > 1.5);
  call.hangup();
}

const completed = { status: 'completed', reason: 'connected, the called party hung up' };

describe('[RFC 3261 §26.2.1] over TLS, with the server certificate checked', () => {
  test('[RFC 4568 §6.1] linphone dials with SRTP alone: both hear each other', async () => {
    const earlier = await knownRecords(server);
    const driver = await linphone('driver', true);
    await calledBySoftphone(() => driver.dial(`sip:${SERVICE}@maskline.local`));
    await driver.says(/Call 1 with .* ended/);
    expect(driver.shareHeard(PHONE_TONE)).toBeGreaterThan(0.7);
    expect((await expectNewRecords(server, earlier, 1))[0]).toMatchObject(completed);
  });

  test('[RFC 4568 §6.1] baresip dials with SRTP alone: both hear each other', async () => {
    const earlier = await knownRecords(server);
    const driver = await baresip('driver', 'srtp-mand');
    await calledBySoftphone(() => driver.dial(`sip:${SERVICE}@maskline.local`));
    await driver.waitFor('CALL_CLOSED');
    expect(toneShare(middle(driver.heard()), PHONE_TONE)).toBeGreaterThan(0.7);
    expect((await expectNewRecords(server, earlier, 1))[0]).toMatchObject(completed);
  });

  test('[row 8] linphone is called over the connection that it registered on', async () => {
    const earlier = await knownRecords(server);
    const passenger = await linphone('passenger', false);
    const driver = await server.phone('driver', { toneHz: PHONE_TONE });
    const call = driver.call(SERVICE);
    await call.waitFor('connected');
    await call.waitUntil('linphone', () => call.rtp.heard.isTone(SOFTPHONE_TONE));
    await call.waitUntil('a second of talk', () => call.rtp.heard.seconds > 1.5);
    call.hangup();
    await passenger.says(/Call 1 with .* ended/);
    expect(passenger.shareHeard(PHONE_TONE)).toBeGreaterThan(0.7);
    expect((await expectNewRecords(server, earlier, 1))[0]).toMatchObject({ status: 'completed' });
  });
});
