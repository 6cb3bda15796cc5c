import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { toneShare } from '../../src/media/goertzel.ts';
import { Phone, type PhoneOptions } from '../../src/phone/phone.ts';
import { NodeNetwork } from '../../src/sip/transport/node-network.ts';
import { Baresip, type BaresipOptions } from './baresip.ts';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of cleanUp.splice(0).reverse()) await one();
});

async function openPhone(options: Partial<PhoneOptions> = {}): Promise<Phone> {
  const phone = new Phone({
    network: new NodeNetwork(),
    clock: systemClock,
    random: systemRandom,
    local: { host: '127.0.0.1', port: 0 },
    identity: { username: 'phone', displayName: 'Own phone', domain: '127.0.0.1' },
    audio: { toneHz: 950 },
    ...options,
  });
  cleanUp.push(() => phone.close());
  await phone.open();
  return phone;
}

async function startBaresip(options: Partial<BaresipOptions> = {}): Promise<Baresip> {
  const baresip = await Baresip.start({ username: 'bob', ...options });
  cleanUp.push(() => baresip.stop());
  return baresip;
}

/** Sound of the middle of a call: beginnings and ends have silence of jitter buffers. */
const middle = (samples: Int16Array): Int16Array =>
  samples.subarray(samples.length >> 2, samples.length - (samples.length >> 2));

test('the phone calls baresip: each hears the other', async () => {
  const baresip = await startBaresip({ toneHz: 700 });
  const phone = await openPhone();
  const call = phone.call(baresip.uri);
  await call.waitFor('connected');
  await call.waitUntil('the tone of baresip', () => call.rtp.heard.isTone(700));
  await call.waitUntil('a second of talk', () => call.rtp.heard.seconds > 1);
  call.hangup();
  await baresip.waitFor('CALL_CLOSED');
  const heard = middle(baresip.heard());
  expect(heard.length).toBeGreaterThan(2_000);
  expect(toneShare(heard, 950)).toBeGreaterThan(0.8);
});

test('baresip calls the phone and hangs up', async () => {
  const phone = await openPhone({ answer: { ringAfterMs: 0, answerAfterMs: 50 } });
  const baresip = await startBaresip({ username: 'carol' });
  baresip.dial(phone.uri);
  const call = await phone.nextCall();
  expect(call.shown.number).toBe('carol');
  await baresip.waitFor('CALL_ESTABLISHED');
  await call.waitUntil('sound', () => (call.sound?.heard.packets ?? 0) > 10);
  baresip.hangup();
  await call.waitFor('ended');
  expect(call.end).toMatchObject({ by: 'remote', reason: 'BYE' });
});

test('baresip is asked, and answers by hand', async () => {
  const baresip = await startBaresip({ autoAnswer: false });
  const phone = await openPhone();
  const call = phone.call(baresip.uri);
  await baresip.waitFor('CALL_INCOMING');
  await call.waitFor('ringing');
  baresip.answer();
  await call.waitFor('connected');
  const held = await call.hold();
  expect(held).toBe(200);
  call.hangup();
  await baresip.waitFor('CALL_CLOSED');
});
