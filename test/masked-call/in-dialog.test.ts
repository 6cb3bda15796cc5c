import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { phoneSdp } from '../../src/call/test-support/descriptions.ts';
import type { FakeLeg } from '../../src/call/test-support/fake-media.ts';
import type { TransferProgress } from '../../src/call/types.ts';
import type { SipRequest } from '../../src/sip/message/types.ts';
import { DRIVER, DRIVER_HOST, maskedStage, PASSENGER, PASSENGER_HOST } from './virtual-stage.ts';

let stage: Awaited<ReturnType<typeof maskedStage>>;

beforeEach(async () => {
  stage = await maskedStage();
});

afterEach(async () => {
  await stage.close();
  stage.expectNoLeak();
});

const planOf = (at: number) => (stage.legs[at]!.leg as FakeLeg).plans;
const namesOf = (at: number): string[] => {
  const names: string[] = [];
  for (const name of [
    'onHold',
    'offHold',
    'reinviteReceived',
    'reinviteAccepted',
    'reinviteRejected',
  ] as const)
    stage.legs[at]!.events.on(name, () => names.push(name));
  return names;
};
const directionOf = (request: SipRequest | undefined): string | undefined =>
  /^a=(sendrecv|sendonly|recvonly|inactive)/m.exec(Buffer.from(request?.body ?? []).toString())?.[1];

describe('who one of the two really is, said inside the call', () => {
  const IDENTITY = {
    driver: [
      `P-Asserted-Identity: "Real Driver" <sip:${DRIVER}@driver-host.example>`,
      `Remote-Party-ID: "Real Driver" <sip:${DRIVER}@driver-host.example>;party=calling;screen=yes`,
      'Supported: from-change',
    ],
    passenger: [
      `P-Asserted-Identity: "Passenger Name" <tel:${PASSENGER}>`,
      `Remote-Party-ID: "Passenger Name" <sip:${PASSENGER}@passenger-host.example>;party=called`,
      'Supported: from-change',
    ],
  };

  it.each(['INVITE', 'UPDATE'])(
    '[row 29] [RFC 4916 §4.4] never crosses: %s with another From, PAI, Remote-Party-ID',
    async (method) => {
      await stage.connected();
      for (const [name, side] of [
        ['driver', stage.driver],
        ['passenger', stage.passenger],
      ] as const) {
        const other = side === stage.driver ? stage.passenger : stage.driver;
        const [heard, from] = [
          other.peer.texts.length,
          side.local.replace(
            /<sip:[^>]*>/,
            `<sip:${name === 'driver' ? DRIVER : PASSENGER}@${name}-host.example>`,
          ),
        ];
        const host = side === stage.driver ? DRIVER_HOST : PASSENGER_HOST;
        const cseq = side.say(method, {
          from,
          fields: IDENTITY[name],
          body: phoneSdp({ host, version: 2, port: 45_000 }),
        });
        await stage.clock.advance(100);
        expect(side.statuses(cseq, method)).toEqual([200]);
        if (method === 'INVITE') side.say('ACK', { cseq });
        await stage.clock.advance(5_000);
        // Each leg is negotiated by itself: the other is not even told that something happened (rows 11 and 15).
        expect(other.peer.texts).toHaveLength(heard);
      }
    },
  );

  it('[row 29] [RFC 4916 §4.3] nor in the answer to an offer of ours', async () => {
    await stage.connected();
    const { driver, passenger, legs } = stage;
    const before = driver.peer.texts.length;
    passenger.peer.onRequest = (request) => {
      const body = phoneSdp({ host: PASSENGER_HOST, port: 44_000, direction: 'recvonly' });
      const fields = [
        ['P-Asserted-Identity', `"Passenger Name" <sip:${PASSENGER}@passenger-host.example>`],
      ] as [string, string][];
      if (request.method === 'INVITE') passenger.answer(request, 200, { body, fields });
      if (request.method === 'BYE') passenger.answer(request, 200);
    };
    legs[1]!.hold();
    await stage.clock.advance(100);
    expect(directionOf(passenger.peer.got('INVITE').at(-1))).toBe('sendonly');
    expect(planOf(1).at(-1)?.direction).toBe('sendonly');
    expect(driver.peer.texts).toHaveLength(before);
  });
});

describe('the media of one leg', () => {
  it('[row 11] [row 15] changes codec and address by re-INVITE, and the other leg stays as it is', async () => {
    await stage.connected();
    const { driver, passenger } = stage;
    const before = planOf(1).length;
    const cseq = driver.say('INVITE', {
      body: phoneSdp({ host: DRIVER_HOST, port: 47_000, formats: '0 101', version: 2 }),
    });
    await stage.clock.advance(100);
    driver.say('ACK', { cseq });
    expect(planOf(0).at(-1)).toMatchObject({ codec: 'PCMU', remote: { host: DRIVER_HOST, port: 47_000 } });
    expect(planOf(1)).toHaveLength(before);
    expect(planOf(1).at(-1)).toMatchObject({ codec: 'PCMA' });
    expect(passenger.peer.got('INVITE')).toHaveLength(1);
  });

  it('[RFC 3311 §5.2] changes by UPDATE as well, and a refused one changes nothing', async () => {
    await stage.connected();
    const { passenger } = stage;
    const good = passenger.say('UPDATE', {
      body: phoneSdp({ host: PASSENGER_HOST, port: 48_000, version: 2 }),
    });
    const bad = passenger.say('UPDATE', {
      body: phoneSdp({ host: PASSENGER_HOST, formats: '99', version: 3 }),
    });
    await stage.clock.advance(100);
    expect([passenger.statuses(good, 'UPDATE'), passenger.statuses(bad, 'UPDATE')]).toEqual([[200], [488]]);
    expect(planOf(1).at(-1)?.remote.port).toBe(48_000);
    expect(planOf(0)).toHaveLength(1);
  });

  it('[row 14] a re-INVITE without SDP gets our offer, and its answer counts for that leg alone', async () => {
    await stage.connected();
    const { driver, passenger } = stage;
    const cseq = driver.say('INVITE');
    await stage.clock.advance(100);
    expect(Buffer.from(driver.peer.last.body).toString()).toContain('m=audio');
    driver.say('ACK', { cseq, body: phoneSdp({ host: DRIVER_HOST, port: 49_000, version: 2 }) });
    await stage.clock.advance(100);
    expect(planOf(0).at(-1)?.remote.port).toBe(49_000);
    expect(passenger.peer.got('INVITE')).toHaveLength(1);
  });

  it('[row 14] a call without an offer is answered with ours, and connected by the answer in the ACK', async () => {
    const { driver, passenger, legs } = stage;
    passenger.peer.onRequest = (request) => {
      if (request.method === 'INVITE')
        passenger.answer(request, 200, { body: phoneSdp({ host: PASSENGER_HOST, port: 44_000 }) });
      if (request.method === 'BYE') passenger.answer(request, 200);
    };
    driver.peer.onRequest = (request) => driver.answer(request, 200);
    stage.dial('');
    await stage.clock.advance(100);
    stage.driverKnows();
    expect(legs.map(({ state }) => state)).toEqual(['ALERTING', 'CONNECTED']);
    driver.say('ACK', { cseq: 1, body: phoneSdp({ host: DRIVER_HOST, port: 46_000 }) });
    await stage.clock.advance(100);
    expect(legs.map(({ state }) => state)).toEqual(['CONNECTED', 'CONNECTED']);
    expect(legs.map(({ leg }) => (leg as FakeLeg).plan?.remote.port)).toEqual([46_000, 44_000]);
  });

  it('[row 5] [row 15] early media of several forks: the newest is heard, and the caller keeps its one answer', async () => {
    const { driver, passenger, legs } = stage;
    driver.peer.onRequest = (request) => driver.answer(request, 200);
    const say = (request: SipRequest, status: number, tag: string, port: number): void => {
      passenger.peer.reply(request, status, {
        toTag: `passenger-tag-${tag}`,
        fields: [
          ['Contact', `<sip:${tag}@${PASSENGER_HOST}:5060>`],
          ['Content-Type', 'application/sdp'],
        ],
        body: phoneSdp({ host: PASSENGER_HOST, port }),
      });
    };
    passenger.peer.onRequest = (request) => {
      if (request.method === 'BYE') passenger.answer(request, 200);
    };
    stage.dial();
    await stage.clock.advance(100);
    const invite = passenger.peer.got('INVITE')[0]!;
    const heard: (number | undefined)[] = [];
    for (const [status, tag, port] of [
      [183, 'a', 50_000],
      [183, 'b', 50_002],
      [180, 'c', 50_004],
      [200, 'b', 50_006],
    ] as const) {
      say(invite, status, tag, port);
      await stage.clock.advance(100);
      heard.push((legs[1]!.leg as FakeLeg).plan?.remote.port);
    }
    expect(heard).toEqual([50_000, 50_002, 50_004, 50_006]);
    stage.driverKnows();
    driver.say('ACK', { cseq: 1 });
    await stage.clock.advance(100);
    const answers = driver.peer.responses
      .map(({ body }) => Buffer.from(body).toString())
      .filter((text) => text !== '');
    expect(answers.length).toBeGreaterThan(1);
    expect(new Set(answers).size).toBe(1);
    expect(planOf(0)).toHaveLength(1);
    expect(legs.map(({ state }) => state)).toEqual(['CONNECTED', 'CONNECTED']);
  });
});

describe('hold', () => {
  it('[row 17] by the driver: the passenger is told nothing, and hears what the script lets it hear', async () => {
    await stage.connected();
    const { driver, passenger } = stage;
    const [names, others] = [namesOf(0), namesOf(1)];
    for (const direction of ['sendonly', 'sendrecv']) {
      const cseq = driver.say('INVITE', {
        body: phoneSdp({ host: DRIVER_HOST, direction, version: driver.cseq + 1 }),
      });
      await stage.clock.advance(100);
      driver.say('ACK', { cseq });
    }
    expect(names).toEqual(['reinviteReceived', 'onHold', 'reinviteReceived', 'offHold']);
    expect(others).toEqual([]);
    expect(planOf(0).map(({ direction }) => direction)).toEqual(['sendrecv', 'recvonly', 'sendrecv']);
    expect(passenger.peer.got('INVITE')).toHaveLength(1);
  });

  it('[row 11] [RFC 3261 §14.1] by us and by the driver at once: both get 491, and in the end both hold', async () => {
    await stage.connected();
    const { driver, legs } = stage;
    const names = namesOf(0);
    let refused = 0;
    driver.peer.onRequest = (request) => {
      if (request.method === 'BYE') driver.answer(request, 200);
      if (request.method !== 'INVITE') return;
      if (refused === 0) driver.answer(request, 491);
      else
        driver.answer(request, 200, {
          body: phoneSdp({ host: DRIVER_HOST, direction: 'inactive', version: 3 }),
        });
      refused += 1;
    };
    legs[0]!.hold();
    const offer = phoneSdp({ host: DRIVER_HOST, direction: 'sendonly', version: 2 });
    const first = driver.say('INVITE', { body: offer });
    await stage.clock.advance(20);
    expect(driver.statuses(first, 'INVITE')).toEqual([491]);
    driver.say('ACK', { cseq: first, refused: true });
    // The owner of the Call-ID waits longer than we do (§14.1), so ours goes first; then its own again.
    await stage.clock.advance(4_100);
    const second = driver.say('INVITE', { body: offer });
    await stage.clock.advance(100);
    driver.say('ACK', { cseq: second });
    await stage.clock.advance(5_000);
    expect(driver.statuses(second, 'INVITE')).toEqual([200]);
    expect(names).toContain('reinviteAccepted');
    expect(names).toContain('onHold');
    expect(planOf(0).at(-1)?.direction).toBe('inactive');
    const versions = driver.peer.texts
      .map((text) => /^o=- \d+ (\d+)/m.exec(text)?.[1])
      .flatMap((one) => (one === undefined ? [] : [Number(one)]));
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
  });

  it('[RFC 3261 §14.1] refused by a phone: it goes on as it was', async () => {
    await stage.connected();
    const { passenger, legs } = stage;
    const names = namesOf(1);
    passenger.peer.onRequest = (request) => {
      if (request.method === 'INVITE') passenger.answer(request, 488);
      if (request.method === 'BYE') passenger.answer(request, 200);
    };
    legs[1]!.hold();
    await stage.clock.advance(1_000);
    expect(names).toEqual(['reinviteRejected']);
    expect(legs[1]!.state).toBe('CONNECTED');
    expect(planOf(1)).toHaveLength(1);
  });
});

describe('a transfer that the driver asks for', () => {
  const TARGET = '+79120000002';
  const refer = (fields: readonly string[] = []): number =>
    stage.driver.say('REFER', {
      fields: [
        `Refer-To: <sip:${TARGET}@192.0.2.1;user=phone>`,
        `Referred-By: <sip:${DRIVER}@driver-host.example>`,
        ...fields,
      ],
    });
  const fragments = (): string[] =>
    stage.driver.peer
      .got('NOTIFY')
      .map(
        (request) =>
          `${Buffer.from(request.body).toString().trim()} ${request.headers.get('Subscription-State')?.split(';')[0]}`,
      );

  it('[RFC 3515 §2.4.4] is told to the script of that leg, and its outcome to the driver; the passenger finds nothing of it', async () => {
    await stage.connected();
    const { legs, passenger, clock } = stage;
    const targets: string[] = [];
    let progress: TransferProgress | undefined;
    legs[0]!.events.on('transferRequested', (request) => {
      targets.push(request.target);
      progress = request.accept();
    });
    const before = passenger.peer.texts.length;
    const cseq = refer();
    await clock.advance(100);
    expect(stage.driver.statuses(cseq, 'REFER')).toEqual([202]);
    progress?.progress(180);
    await clock.advance(100);
    progress?.progress(200);
    await clock.advance(100);
    expect(targets).toEqual([TARGET]);
    expect(fragments()).toEqual([
      'SIP/2.0 100 Trying active',
      'SIP/2.0 180 Ringing active',
      'SIP/2.0 200 OK terminated',
    ]);
    expect(passenger.peer.texts).toHaveLength(before);
  });

  it('[RFC 3515 §2.4.4] is refused with 603 when nobody takes it, and when it is attended (RFC 3891)', async () => {
    await stage.connected();
    const plain = refer();
    const attended = stage.driver.say('REFER', {
      fields: [`Refer-To: <sip:${TARGET}@192.0.2.1?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2>`],
    });
    await stage.clock.advance(100);
    expect(stage.driver.statuses(plain, 'REFER')).toEqual([603]);
    expect(stage.driver.statuses(attended, 'REFER')).toEqual([603]);
    expect(stage.legs[0]!.state).toBe('CONNECTED');
  });
});

describe('texts inside the call', () => {
  it('[row 29] MESSAGE and INFO go to the script of their leg and from it, and never cross by themselves', async () => {
    await stage.connected();
    const { driver, passenger, legs, clock } = stage;
    const heard: unknown[] = [];
    legs[0]!.events.on('message', ({ text, headers }) => heard.push([text, headers]));
    legs[0]!.events.on('info', ({ mimeType, body }) => heard.push([mimeType, body]));
    const before = passenger.peer.texts.length;
    const body = `call me: ${DRIVER}`;
    const message = driver.say('MESSAGE', {
      body,
      contentType: 'text/plain',
      fields: ['X-Order: 7', `P-Asserted-Identity: <sip:${DRIVER}@x>`],
    });
    const info = driver.say('INFO', { body: '{}', contentType: 'application/json' });
    await clock.advance(100);
    expect([driver.statuses(message, 'MESSAGE'), driver.statuses(info, 'INFO')]).toEqual([[200], [200]]);
    expect(heard).toEqual([
      [body, { 'X-Order': '7' }],
      ['application/json', '{}'],
    ]);
    expect(passenger.peer.texts).toHaveLength(before);
    legs[1]!.sendMessage('your car is at the gate: ворота', { 'X-Order': '7', 'P-Asserted-Identity': 'x' });
    legs[1]!.sendInfo('application/json', '{"a":1}');
    await clock.advance(100);
    const sent = passenger.peer.got('MESSAGE')[0]!;
    expect(Buffer.from(sent.body).toString()).toBe('your car is at the gate: ворота');
    expect([sent.headers.get('Content-Type'), sent.headers.get('X-Order')]).toEqual([
      'text/plain;charset=UTF-8',
      '7',
    ]);
    expect(sent.headers.get('P-Asserted-Identity')).toBeUndefined();
    expect(passenger.peer.got('INFO')).toHaveLength(1);
    expect(stage.warnings).toHaveLength(1);
  });
});
