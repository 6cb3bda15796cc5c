import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/kernel/clock.ts';
import { PhoneNumber } from '../../src/kernel/phone-number.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { Phone } from '../../src/phone/phone.ts';
import { numberSecret } from '../../src/privacy/secret.ts';
import { NodeNetwork } from '../../src/sip/transport/node-network.ts';
import { ownLoopback } from '../kit/loopback.ts';
import { type CapturedLeg, scanCapture } from './capture-leak-scan.ts';
import { DRIVER_HOST, PASSENGER_HOST } from './masked-calls.ts';
import { Sipp } from './sipp.ts';
import { Capture } from './tshark.ts';

const DRIVER_NUMBER = '+79123456789';
const FIRST = ownLoopback(31);
const SECOND = ownLoopback(32);
const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of cleanUp.splice(0).reverse()) await one();
});

describe('a call that hides nothing, SIPp directly to the phone', () => {
  for (const transport of ['udp', 'tcp'] as const) {
    test(`over ${transport}: tshark sees it, and the scan of the capture finds every secret of the caller`, async () => {
      const capture = await Capture.start(`host ${DRIVER_HOST} or host ${PASSENGER_HOST}`);
      cleanUp.push(() => capture.discard());
      const phone = new Phone({
        network: new NodeNetwork(),
        clock: systemClock,
        random: systemRandom,
        local: { host: PASSENGER_HOST, port: 0 },
        transport,
        identity: { username: 'passenger', domain: PASSENGER_HOST },
        audio: { toneHz: 950 },
        answer: { answerAfterMs: 0 },
      });
      cleanUp.push(() => phone.close());
      const sipp = await Sipp.start({
        scenario: 'driver-calls-service-number',
        host: DRIVER_HOST,
        transport,
        remote: await phone.open(),
        service: '100',
        keys: { caller: DRIVER_NUMBER, caller_name: 'Dan the driver' },
        settings: { talk_ms: 400 },
      });
      await (await phone.nextCall()).waitFor('ended');
      await sipp.succeeded();
      const packets = await capture.finish();

      const leg = (name: string, host: string): CapturedLeg => ({
        name,
        owns: (address) => address.host === host,
      });
      const result = scanCapture({
        packets,
        legs: [
          { ...leg('driver', DRIVER_HOST), secrets: [numberSecret(PhoneNumber.parse(DRIVER_NUMBER))] },
          leg('passenger', PASSENGER_HOST),
        ],
        mayBeSeen: ['100', 'service'],
      });
      expect(result.legs.driver?.sent).toBeGreaterThan(15);
      expect(result.legs.passenger?.secrets).toBeGreaterThan(5);
      const toPassenger = new Set(
        result.leaks.filter((leak) => leak.to === 'passenger').map((leak) => leak.kind),
      );
      for (const kind of [
        'number',
        'display-name',
        'host',
        'user-agent',
        'call-id',
        'tag',
        'ssrc',
        'session-text',
      ]) {
        expect(toPassenger).toContain(kind);
      }

      const invites = await capture.decode('sip.Method == "INVITE"', ['sip.from.user', 'sip.Call-ID']);
      expect(invites[0]?.[0]).toBe(DRIVER_NUMBER);
      const sipCallId = invites[0]?.[1] ?? '';
      expect(packets.some((packet) => packet.bytes.includes(`Call-ID: ${sipCallId}`))).toBe(true);
    });
  }
});

test('two calls that know nothing of each other leak nothing', async () => {
  const capture = await Capture.start(`host ${FIRST} or host ${SECOND}`);
  cleanUp.push(() => capture.discard());
  for (const [host, caller] of [
    [FIRST, '+79123456789'],
    [SECOND, '+79876543210'],
  ] as const) {
    const phone = new Phone({
      network: new NodeNetwork(),
      clock: systemClock,
      random: systemRandom,
      local: { host, port: 0 },
      identity: { username: caller, domain: host },
      audio: { toneHz: 500 },
    });
    cleanUp.push(() => phone.close());
    await phone.open();
    const sipp = await Sipp.start({ scenario: 'passenger-answers', host });
    const call = phone.call(`sip:100@${host}:${sipp.address.port}`);
    await call.waitUntil('sound', () => (call.sound?.heard.packets ?? 0) > 10);
    call.hangup();
    await sipp.succeeded();
  }
  const result = scanCapture({
    packets: await capture.finish(),
    legs: [FIRST, SECOND].map((host) => ({
      name: host,
      owns: (address) => address.host === host,
    })),
    // SIPp gives all its streams one SSRC, 0xca110000. Both peers are the same programs with the same names; only what belongs to one call may differ.
    mayBeSeen: [
      '100',
      'Maskline-Phone',
      'SIPp-passenger',
      'passenger-device',
      'passenger-sdp',
      'passenger-call',
      '73655765',
      String(0xca110000),
    ],
  });
  expect(result.leaks).toEqual([]);
  expect(result.legs[FIRST]?.secrets).toBeGreaterThan(8);
});
