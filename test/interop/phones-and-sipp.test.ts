import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { Phone, type PhoneOptions } from '../../src/phone/phone.ts';
import { NodeNetwork } from '../../src/sip/transport/node-network.ts';
import { runSipp, Sipp } from './sipp.ts';

/**
 * SIPp and our phone prove each other here, scenario by scenario, before the whole server stands between them
 * (masked-call.test.ts).
 */
const phones: Phone[] = [];
afterEach(() => {
  for (const phone of phones.splice(0)) phone.close();
});

async function openPhone(options: Partial<PhoneOptions> = {}): Promise<Phone> {
  const phone = new Phone({
    network: new NodeNetwork(),
    clock: systemClock,
    random: systemRandom,
    local: { host: '127.0.0.1', port: 0 },
    identity: { username: 'phone', domain: '127.0.0.1' },
    audio: { toneHz: 950 },
    ...options,
  });
  phones.push(phone);
  await phone.open();
  return phone;
}

const uriOf = (sipp: Sipp, user = 'passenger'): string =>
  `sip:${user}@${sipp.address.host}:${sipp.address.port}`;

describe('SIPp calls the phone', () => {
  for (const transport of ['udp', 'tcp'] as const) {
    test(`over ${transport}: answered, its tone is heard, hung up`, async () => {
      const phone = await openPhone({ transport, answer: { ringAfterMs: 0, answerAfterMs: 100 } });
      const sipp = await Sipp.start({
        scenario: 'driver-calls-service-number',
        transport,
        remote: phone.address,
        service: '100',
        keys: { caller: '5550101', caller_name: 'Dan' },
        toneHz: 440,
      });
      const call = await phone.nextCall();
      expect(call.shown).toMatchObject({ displayName: 'Dan', number: '5550101' });
      await call.waitFor('connected');
      await call.waitUntil('the tone of SIPp', () => call.rtp.heard.isTone(440));
      await call.waitFor('ended');
      expect(call.end).toMatchObject({ by: 'remote', reason: 'BYE' });
      expect((await sipp.succeeded()).errors).toBe('');
    });
  }

  test('the phone is busy', async () => {
    const phone = await openPhone({ answer: { decline: { status: 486 } } });
    await runSipp({ scenario: 'driver-is-refused', remote: phone.address, settings: { final: 486 } });
    expect(phone.calls[0]!.end).toMatchObject({ by: 'local', status: 486 });
  });

  test('the caller gives up while it rings', async () => {
    const phone = await openPhone({ answer: { ringAfterMs: 0 } });
    await runSipp({
      scenario: 'caller-cancels-while-ringing',
      remote: phone.address,
      settings: { talk_ms: 300 },
    });
    expect(phone.calls[0]!.end).toMatchObject({ by: 'remote', status: 487 });
  });

  test('the phone hangs up', async () => {
    const phone = await openPhone({ answer: { answerAfterMs: 0, hangupAfterAnswerMs: 200 } });
    await runSipp({ scenario: 'driver-is-hung-up', remote: phone.address });
    expect(phone.calls[0]!.end).toMatchObject({ by: 'local' });
  });

  test('20 calls, 5 at once', async () => {
    const phone = await openPhone({ answer: { answerAfterMs: 0 } });
    await runSipp({
      scenario: 'driver-calls-service-number',
      remote: phone.address,
      calls: 20,
      atOnce: 5,
      rate: 20,
      settings: { talk_ms: 200 },
    });
    expect(phone.calls).toHaveLength(20);
    expect(
      phone.calls.filter((call) => call.states.some((entry) => entry.state === 'connected')),
    ).toHaveLength(20);
  });
});

describe('the phone calls SIPp', () => {
  test('which answers: its tone is heard', async () => {
    const sipp = await Sipp.start({ scenario: 'passenger-answers', toneHz: 700 });
    const call = (await openPhone()).call(uriOf(sipp));
    await call.waitFor('ringing');
    await call.waitFor('connected');
    await call.waitUntil('the tone of SIPp', () => call.rtp.heard.isTone(700));
    call.hangup();
    await sipp.succeeded();
  });

  test('which sends early media', async () => {
    const sipp = await Sipp.start({
      scenario: 'passenger-answers-with-early-media',
      toneHz: 700,
      settings: { ring_ms: 1_500 },
    });
    const call = (await openPhone()).call(uriOf(sipp));
    await call.waitFor('early-media');
    await call.waitUntil('the tone of SIPp', () => call.rtp.heard.isTone(700));
    expect(call.state).toBe('early-media');
    await call.waitFor('connected');
    call.hangup();
    await sipp.succeeded();
  });

  test('which hangs up', async () => {
    const sipp = await Sipp.start({ scenario: 'passenger-hangs-up', settings: { talk_ms: 300 } });
    const call = (await openPhone()).call(uriOf(sipp));
    await call.waitFor('ended');
    expect(call.end).toMatchObject({ by: 'remote', reason: 'BYE' });
    await sipp.succeeded();
  });

  for (const [scenario, status] of [
    ['passenger-busy', 486],
    ['passenger-declines', 603],
  ] as const) {
    test(`${scenario}: ${status}`, async () => {
      const sipp = await Sipp.start({ scenario });
      const call = (await openPhone()).call(uriOf(sipp));
      await call.waitFor('ended');
      expect(call.end).toMatchObject({ by: 'remote', status });
      await sipp.succeeded();
    });
  }

  test('which does not answer: CANCEL, 487', async () => {
    const sipp = await Sipp.start({ scenario: 'passenger-no-answer' });
    const call = (await openPhone()).call(uriOf(sipp));
    await call.waitFor('ringing');
    call.hangup();
    await call.waitFor('ended');
    expect(call.end).toMatchObject({ by: 'local', status: 487 });
    await sipp.succeeded();
  });

  test('which answers in the moment of the CANCEL: ACK, BYE', async () => {
    const sipp = await Sipp.start({ scenario: 'callee-200-crosses-cancel' });
    const call = (await openPhone()).call(uriOf(sipp));
    await call.waitFor('ringing');
    call.hangup();
    await call.waitFor('connected');
    await call.waitFor('ended');
    await sipp.succeeded();
  });
});

test('a scenario that does not go as written is told with what SIPp saw', async () => {
  const phone = await openPhone({ answer: { decline: { status: 486 } } });
  const run = runSipp({ scenario: 'driver-calls-service-number', remote: phone.address });
  await expect(run).rejects.toThrow(/ended with 1[\s\S]*486/);
});
