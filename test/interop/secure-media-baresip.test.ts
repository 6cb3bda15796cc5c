import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { parseSettings } from '../../src/config/load.ts';
import { toneShare } from '../../src/media/goertzel.ts';
import { ownLoopback } from '../kit/loopback.ts';
import { SERVICE, WholeServer } from '../kit/whole-server.ts';
import { Baresip, type BaresipOptions } from './baresip.ts';

/** SRTP and G.722 against a softphone whose SRTP and G.722 we did not write. */
let server: WholeServer;
let trunk: Baresip;
let softphone: Baresip | undefined;
const OVER_TRUNK = '+442071838750';
const BARESIP_TONE = 700;
const PHONE_TONE = 950;

beforeAll(async () => {
  trunk = await Baresip.start({
    username: OVER_TRUNK,
    host: ownLoopback(61),
    encryption: 'srtp-mand',
    toneHz: BARESIP_TONE,
  });
  const { host, port } = trunk.address;
  const { trunks } = parseSettings(
    `trunks: [{ name: secure, host: ${host}, port: ${port}, media: { srtp: required, codecs: [PCMA] } }]`,
    {},
  );
  server = await WholeServer.start({
    // Debian 12's baresip gives up where SHA-256 is offered, even beside MD5.
    settings: (settings) => ({ ...settings, trunks, sip: { ...settings.sip, allowSha256: false } }),
  });
});
afterEach(async () => {
  await softphone?.stop();
  softphone = undefined;
  await server.reset();
});
afterAll(async () => {
  await server?.stop();
  await trunk?.stop();
});

/** Sound of the middle of a call: beginnings and ends have silence of jitter buffers. */
const middle = (samples: Int16Array): Int16Array =>
  samples.subarray(samples.length >> 2, samples.length - (samples.length >> 2));

const CASES: readonly (readonly [string, Partial<BaresipOptions>, number])[] = [
  ['SRTP beside RTP/AVP', { encryption: 'srtp' }, 8000],
  ['RTP/SAVP', { encryption: 'srtp-mand' }, 8000],
  ['G.722 towards a phone with G.711', { codec: 'G722/16000/1' }, 16_000],
];

test.each(CASES)(
  '[RFC 8643 §3] [RFC 4568 §7.1] baresip calls with %s: both hear each other',
  async (_name, options, rate) => {
    softphone = await Baresip.start({
      username: 'driver',
      registrar: { address: server.maskline.sip[0]!, domain: 'maskline.local', password: 'driver-4711' },
      toneHz: BARESIP_TONE,
      ...options,
    });
    expect(await softphone.registration()).toBe('200 OK');
    const passenger = await server.phone('passenger', { toneHz: PHONE_TONE, answer: { answerAfterMs: 200 } });
    softphone.dial(`sip:${SERVICE}@maskline.local`);
    const call = await passenger.nextCall();
    await softphone.waitFor('CALL_ESTABLISHED');
    await call.waitUntil('the tone of baresip', () => call.sound?.heard.isTone(BARESIP_TONE) === true);
    await call.waitUntil('a second of talk', () => call.rtp.heard.seconds > 1.5);
    softphone.hangup();
    await Promise.all([call.waitFor('ended'), softphone.waitFor('CALL_CLOSED')]);
    const heard = middle(softphone.heard());
    expect(heard.length).toBeGreaterThan(2_000);
    expect(toneShare(heard, PHONE_TONE, rate)).toBeGreaterThan(0.7);
  },
);

test('[row 34] we offer RTP/SAVP to a trunk that is baresip with mandatory SRTP', async () => {
  server.backend.answer = () => ({
    kind: 'reply',
    status: 200,
    body: JSON.stringify({ connect: OVER_TRUNK }),
  });
  const driver = await server.phone('driver', { toneHz: PHONE_TONE });
  const call = driver.call(SERVICE);
  await call.waitFor('connected');
  await call.waitUntil('the tone of baresip', () => call.rtp.heard.isTone(BARESIP_TONE));
  await call.waitUntil('a second of talk', () => call.rtp.heard.seconds > 1.5);
  call.hangup();
  await trunk.waitFor('CALL_CLOSED');
  expect(toneShare(middle(trunk.heard()), PHONE_TONE)).toBeGreaterThan(0.7);
});

test('[RFC 4568 §7.1] an account’s baresip with mandatory SRTP is called: it refuses RTP/AVP and gets RTP/SAVP', async () => {
  softphone = await Baresip.start({
    username: 'passenger',
    registrar: { address: server.maskline.sip[0]!, domain: 'maskline.local', password: 'passenger-4711' },
    toneHz: BARESIP_TONE,
    encryption: 'srtp-mand',
  });
  expect(await softphone.registration()).toBe('200 OK');
  const driver = await server.phone('driver', { toneHz: PHONE_TONE });
  const call = driver.call(SERVICE);
  await call.waitFor('connected');
  await call.waitUntil('the tone of baresip', () => call.rtp.heard.isTone(BARESIP_TONE));
  await call.waitUntil('a second of talk', () => call.rtp.heard.seconds > 1.5);
  call.hangup();
  await softphone.waitFor('CALL_CLOSED');
  expect(toneShare(middle(softphone.heard()), PHONE_TONE)).toBeGreaterThan(0.7);
});
