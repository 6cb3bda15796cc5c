import { afterEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { silentLogger } from '../kernel/logger.ts';
import type { SipRequest } from '../sip/message/types.ts';
import type { RawPeer } from '../sip/user-agent/test-support/raw-peer.ts';
import { NOTHING_LEFT, type Scene, scene } from '../sip/user-agent/test-support/scene.ts';
import { trunk } from '../sip/user-agent/test-support/settings.ts';

import { CallService } from './call-service.ts';
import { phoneSdp } from './test-support/descriptions.ts';
import { FakeDirectory, SERVICE_NUMBER } from './test-support/fake-directory.ts';
import { FakeMediaEngine } from './test-support/fake-media.ts';
import { join } from './test-support/join.ts';
import type { Call, CallEnd } from './types.ts';

const DRIVER = '+79031112233';
const PASSENGER = '+79057654321';
const DRIVER_HOST = '198.51.100.9';
const CARRIER_HOST = '198.51.100.1';

/** Calls over the real SIP layers, on a virtual network; only media is played by hand. */
async function stageOf() {
  const stage = await scene({
    trunks: [trunk({ allowedSources: ['198.51.100.0/24'], country: 'RU' })],
    hosts: { 'carrier.example': [CARRIER_HOST] },
  });
  const engine = new FakeMediaEngine();
  const calls = new CallService({
    userAgent: stage.agent,
    directory: new FakeDirectory(),
    clock: stage.clock,
    random: seededRandom(3),
    log: silentLogger,
    limits: { calls: 10, ringSeconds: 60 },
  });
  const driver = await stage.peer(DRIVER_HOST);
  const carrier = await stage.peer(CARRIER_HOST);
  return { stage, engine, calls, driver, carrier };
}

/** What the taxi's script does: dial, answer when answered, join, and end one with the other. */
function connectEverybody(
  calls: CallService,
  engine: FakeMediaEngine,
): { readonly legs: Call[]; readonly ends: CallEnd[] } {
  const legs: Call[] = [];
  const ends: CallEnd[] = [];
  calls.onRouted = ({ call: a, maxForwards }) => {
    const owner = { sessionId: 'session-a', media: engine.openSession() };
    calls.adopt(a, owner);
    const b = calls.dial(
      {
        applicationId: 'taxi',
        target: { kind: 'pstn', number: PASSENGER },
        callerid: SERVICE_NUMBER,
        displayName: '',
        headers: {},
        maxForwards: maxForwards - 1,
      },
      owner,
    );
    legs.push(a, b);
    join(a, b, owner.media);
    b.events.on('ringing', () => a.ring());
    b.events.on('connected', () => a.answer());
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      one.events.on('failed', () => other.hangup());
      one.events.on('disconnected', () => other.hangup());
      void one.ended.then((end) => ends.push(end));
    }
  };
  return { legs, ends };
}

/** The driver dials the service number, with everything on the INVITE that a leaky server would copy. */
function dial(driver: RawPeer): string {
  return driver.ask({
    method: 'INVITE',
    uri: `sip:${SERVICE_NUMBER}@192.0.2.1`,
    from: `"Real Driver" <sip:${DRIVER}@driver-host.example>`,
    callId: 'driver-call-id',
    cseq: 1,
    fields: [
      `P-Asserted-Identity: <sip:${DRIVER}@driver-host.example>`,
      `Diversion: <sip:${DRIVER}@driver-host.example>`,
      `Identity: driver-passport;info=<https://driver-host.example>`,
      `X-Driver: ${DRIVER}`,
      'User-Agent: DriverPhone/1.0',
      'Subject: driver-subject',
    ],
    body: phoneSdp({ host: DRIVER_HOST }),
  });
}

function inDialog(driver: RawPeer, method: string, cseq: number): void {
  const to = driver.last.headers.get('To');
  driver.ask({
    method,
    uri: 'sip:maskline@192.0.2.1',
    callId: 'driver-call-id',
    cseq,
    ...(to === undefined ? {} : { to }),
  });
}

describe('calls over real SIP', () => {
  let stage: Scene;
  let engine: FakeMediaEngine;
  let calls: CallService;
  let driver: RawPeer;
  let carrier: RawPeer;

  const start = async () => {
    ({ stage, engine, calls, driver, carrier } = await stageOf());
    return connectEverybody(calls, engine);
  };

  afterEach(async () => {
    expect(calls.active).toEqual([]);
    expect(engine.openLegs).toEqual([]);
    expect(await stage.close()).toEqual(NOTHING_LEFT);
  });

  /** The passenger's phone, behind the carrier. */
  const passenger = (...statuses: number[]) => {
    carrier.onRequest = (request: SipRequest) => {
      if (request.method === 'BYE' || request.method === 'CANCEL') carrier.reply(request, 200);
      if (request.method !== 'INVITE') return;
      for (const status of statuses) {
        const answer = {
          fields: [['Contact', '<sip:passenger-contact@198.51.100.1>']] as [string, string][],
        };
        const leaky = [
          ['P-Asserted-Identity', `"Passenger Name" <sip:${PASSENGER}@passenger-host.example>`],
          ['Server', 'PassengerPhone/1.0'],
        ] as [string, string][];
        const body = { body: Buffer.from(phoneSdp({ host: '203.0.113.44', port: 44_000 })) };
        const fields = [
          ...answer.fields,
          ...leaky,
          ...(status === 200 ? [['Content-Type', 'application/sdp'] as [string, string]] : []),
        ];
        carrier.reply(request, status, {
          fields,
          reason: 'passenger-reason',
          ...(status === 200 ? body : {}),
        });
      }
    };
  };

  it('[row 29] connects two strangers, and neither finds anything of the other in any packet', async () => {
    const { legs, ends } = await start();
    passenger(180, 200);
    dial(driver);
    await stage.clock.advance(100);
    expect(driver.responses.map((one) => one.status)).toEqual(expect.arrayContaining([180, 200]));
    inDialog(driver, 'ACK', 1);
    await stage.clock.advance(100);
    expect(legs.map((leg) => leg.state)).toEqual(['CONNECTED', 'CONNECTED']);
    expect(engine.sessions[0]!.hears(legs[0]!.leg!, legs[1]!.leg!)).toBe(true);
    expect(carrier.got('INVITE')[0]?.headers.get('From')).toContain(SERVICE_NUMBER);
    expect(carrier.got('INVITE')[0]?.headers.get('Max-Forwards')).toBe('69');
    inDialog(driver, 'BYE', 2);
    await stage.clock.advance(500);
    expect(carrier.got('BYE')).toHaveLength(1);
    expect(ends.map((end) => [end.code, end.by])).toEqual([
      [200, 'remote'],
      [200, 'local'],
    ]);
    const toPassenger = carrier.texts.join('\n');
    for (const secret of ['9031112233', 'driver', 'Driver', DRIVER_HOST, 'SecretPhone', 'from-1', 'X-']) {
      expect(toPassenger).not.toContain(secret);
    }
    const toDriver = driver.texts.join('\n');
    for (const secret of [
      '9057654321',
      'assenger',
      '203.0.113.44',
      '44000',
      CARRIER_HOST,
      `tag-${CARRIER_HOST}`,
      'SecretPhone 8000',
    ]) {
      expect(toDriver).not.toContain(secret);
    }
  });

  it('[row 40] a caller who gives up while the phone rings stops the ringing', async () => {
    const { ends } = await start();
    passenger(180);
    dial(driver);
    await stage.clock.advance(5_000);
    driver.ask({
      method: 'CANCEL',
      uri: `sip:${SERVICE_NUMBER}@192.0.2.1`,
      from: `"Real Driver" <sip:${DRIVER}@driver-host.example>`,
      callId: 'driver-call-id',
      cseq: 1,
      branch: `z9hG4bK-${DRIVER_HOST}-1`,
    });
    await stage.clock.advance(100);
    expect(carrier.got('CANCEL').length).toBeGreaterThan(0);
    carrier.reply(carrier.got('INVITE')[0]!, 487);
    await stage.clock.advance(1_000);
    expect(driver.finals).toEqual(expect.arrayContaining([200, 487]));
    expect(ends.map((end) => [end.code, end.by])).toEqual([
      [487, 'remote'],
      [487, 'local'],
    ]);
  });

  it('a busy passenger ends the call of the driver, in our words', async () => {
    const { ends } = await start();
    passenger(486);
    dial(driver);
    await stage.clock.advance(1_000);
    expect(ends[0]).toMatchObject({ code: 486, reason: 'Busy', by: 'remote' });
    expect(driver.finals).toContain(480);
    expect(driver.texts.join('\n')).not.toContain('passenger-reason');
  });

  it('a carrier that does not answer is reported as such, and may be tried again', async () => {
    const { ends } = await start();
    carrier.onRequest = undefined;
    dial(driver);
    await stage.clock.advance(40_000);
    expect(ends[0]).toMatchObject({ code: 408, by: 'fault', retryable: true });
    expect(driver.finals).toContain(480);
  });

  it('[row 14] a caller without SDP gets our offer and answers in the ACK', async () => {
    const { legs } = await start();
    passenger(200);
    driver.ask({
      method: 'INVITE',
      uri: `sip:${SERVICE_NUMBER}@192.0.2.1`,
      callId: 'driver-call-id',
      cseq: 1,
    });
    await stage.clock.advance(100);
    const to = driver.last.headers.get('To')!;
    driver.ask({
      method: 'ACK',
      uri: 'sip:maskline@192.0.2.1',
      to,
      callId: 'driver-call-id',
      cseq: 1,
      body: phoneSdp({ host: DRIVER_HOST, port: 46_000 }),
    });
    await stage.clock.advance(100);
    expect(legs[0]?.state).toBe('CONNECTED');
    expect(engine.sessions[0]?.legs.map((leg) => leg.plan?.remote.port).sort()).toEqual([44_000, 46_000]);
    for (const leg of legs) leg.hangup();
    await stage.clock.advance(100);
    driver.reply(driver.got('BYE')[0]!, 200);
    await stage.clock.advance(100);
  });
});
