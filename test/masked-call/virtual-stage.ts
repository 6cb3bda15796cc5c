/**
 * A masked call over the real SIP layers and the real call layer, on a virtual network and clock; the media legs are
 * doubles that keep their plans. Driver and passenger are written by hand, so that they can say anything inside the call.
 */
import { expect } from 'vitest';
import { CallService } from '../../src/call/call-service.ts';
import { phoneSdp } from '../../src/call/test-support/descriptions.ts';
import { FakeDirectory, SERVICE_NUMBER } from '../../src/call/test-support/fake-directory.ts';
import { FakeMediaEngine } from '../../src/call/test-support/fake-media.ts';
import type { Call } from '../../src/call/types.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { scanForLeaks } from '../../src/privacy/leak-scan.ts';
import type { Secret } from '../../src/privacy/secret.ts';
import { parseMessage } from '../../src/sip/message/parse.ts';
import type { SipMessage, SipRequest } from '../../src/sip/message/types.ts';
import type { RawPeer } from '../../src/sip/user-agent/test-support/raw-peer.ts';
import { NOTHING_LEFT, scene } from '../../src/sip/user-agent/test-support/scene.ts';
import { trunk } from '../../src/sip/user-agent/test-support/settings.ts';
import { seededRandom } from '../kit/seeded-random.ts';

export const DRIVER = '+79031112233';
export const PASSENGER = '+79057654321';
export const DRIVER_HOST = '198.51.100.9';
export const PASSENGER_HOST = '198.51.100.1';

/** What the driver's phone says and the passenger must not find, and the other way round. */
const DRIVER_SECRETS: readonly Secret[] = [
  { kind: 'number', value: DRIVER },
  { kind: 'display-name', value: 'Real Driver' },
  { kind: 'host', value: DRIVER_HOST },
  { kind: 'host', value: 'driver-host.example' },
  { kind: 'tag', value: 'driver-tag' },
  { kind: 'call-id', value: 'driver-call-id' },
];
const PASSENGER_SECRETS: readonly Secret[] = [
  { kind: 'number', value: PASSENGER },
  { kind: 'display-name', value: 'Passenger Name' },
  { kind: 'host', value: PASSENGER_HOST },
  { kind: 'host', value: 'passenger-host.example' },
  { kind: 'tag', value: 'passenger-tag' },
];

/** One end of a dialog with the server, from the peer's point of view. */
export class Side {
  readonly peer: RawPeer;
  readonly #host: string;
  readonly #name: string;
  local = '';
  remote = '';
  target = '';
  callId = '';
  cseq = 1;
  #branches = 0;

  constructor(peer: RawPeer, host: string, name: string) {
    this.peer = peer;
    this.#host = host;
    this.#name = name;
  }

  /** A request inside the call, or its INVITE. Returns its CSeq number. */
  say(
    method: string,
    options: {
      cseq?: number;
      fields?: readonly string[];
      body?: string;
      from?: string;
      contentType?: string;
      refused?: true;
    } = {},
  ): number {
    if (options.cseq === undefined) this.cseq += 1;
    const cseq = options.cseq ?? this.cseq;
    // RFC 3261 §17.1.1.3: the ACK of a refusal belongs to the INVITE's own transaction.
    if (options.refused !== true) this.#branches += 1;
    const body = options.body ?? '';
    const lines = [
      `${method} ${this.target} SIP/2.0`,
      `Via: SIP/2.0/UDP ${this.#host}:5060;rport;branch=z9hG4bK-${this.#name}-${this.#branches}`,
      'Max-Forwards: 70',
      `From: ${options.from ?? this.local}`,
      `To: ${this.remote}`,
      `Call-ID: ${this.callId}`,
      `CSeq: ${cseq} ${method}`,
      `Contact: <sip:${this.#name}@${this.#host}:5060>`,
      'Allow: INVITE, ACK, BYE, CANCEL, UPDATE, REFER, NOTIFY, INFO, MESSAGE',
      ...(body === '' ? [] : [`Content-Type: ${options.contentType ?? 'application/sdp'}`]),
      ...(options.fields ?? []),
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    this.peer.send(parsed(`${lines.join('\r\n')}\r\n\r\n${body}`));
    return cseq;
  }

  answer(
    request: SipRequest,
    status: number,
    options: { fields?: readonly [string, string][]; body?: string } = {},
  ): void {
    const { body } = options;
    this.peer.reply(request, status, {
      toTag: `${this.#name}-tag`,
      fields: [
        ['Contact', `<sip:${this.#name}@${this.#host}:5060>`],
        ['Allow', 'INVITE, ACK, BYE, CANCEL, UPDATE, REFER, NOTIFY, INFO, MESSAGE'],
        ...(body === undefined ? [] : [['Content-Type', 'application/sdp'] as [string, string]]),
        ...(options.fields ?? []),
      ],
      ...(body === undefined ? {} : { body }),
    });
  }

  /** Every status that came to a request with this CSeq, 100 left out. */
  statuses(cseq: number, method: string): number[] {
    const is = `${cseq} ${method}`;
    return this.peer.responses
      .filter((response) => response.headers.get('CSeq') === is && response.status > 100)
      .map(({ status }) => status);
  }
}

/** The stage before anybody has called. `onRouted` decides what the server does; default: dial and join, as a taxi. */
export async function maskedStage() {
  const stage = await scene({
    trunks: [trunk({ allowedSources: ['198.51.100.0/24'], country: 'RU' })],
    hosts: { 'carrier.example': [PASSENGER_HOST] },
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
  const warnings: string[] = [];
  calls.observers.on('warning', ({ message }) => warnings.push(message));
  const legs: Call[] = [];
  calls.onRouted = ({ call: a, maxForwards }) => {
    const owner = { sessionId: 'session-a', media: engine.openSession() };
    calls.adopt(a, owner);
    const target = { kind: 'pstn' as const, number: PASSENGER };
    const b = calls.dial(
      {
        applicationId: 'taxi',
        target,
        callerid: SERVICE_NUMBER,
        displayName: '',
        headers: {},
        maxForwards: maxForwards - 1,
      },
      owner,
    );
    legs.push(a, b);
    b.events.on('ringing', () => a.ring());
    b.events.on('audioStarted', () => a.startEarlyMedia());
    b.events.on('connected', () => a.answer());
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      one.events.on('failed', () => other.hangup());
      one.events.on('disconnected', () => other.hangup());
    }
  };
  const driver = new Side(await stage.peer(DRIVER_HOST), DRIVER_HOST, 'driver');
  const passenger = new Side(await stage.peer(PASSENGER_HOST), PASSENGER_HOST, 'passenger');
  const { clock } = stage;

  /** The driver dials the service number with everything that a leaky server would copy. */
  const dial = (offer: string | undefined = phoneSdp({ host: DRIVER_HOST })): void => {
    Object.assign(driver, {
      target: `sip:${SERVICE_NUMBER}@192.0.2.1`,
      local: `"Real Driver" <sip:${DRIVER}@driver-host.example>;tag=driver-tag`,
      remote: `<sip:${SERVICE_NUMBER}@192.0.2.1>`,
      callId: 'driver-call-id',
    });
    driver.say('INVITE', {
      cseq: 1,
      fields: [`P-Asserted-Identity: "Real Driver" <sip:${DRIVER}@driver-host.example>`],
      ...(offer === undefined ? {} : { body: offer }),
    });
  };

  /** Takes what the 200 says of the dialog. */
  const driverKnows = (): void => {
    const { headers } = driver.peer.responses.findLast(({ status }) => status === 200)!;
    driver.remote = headers.get('To')!;
    driver.target = /<([^>]+)>/.exec(headers.get('Contact')!)![1]!;
  };
  const passengerKnows = (invite: SipRequest): void => {
    Object.assign(passenger, {
      local: `${invite.headers.get('To')};tag=passenger-tag`,
      remote: invite.headers.get('From')!,
      target: /<([^>]+)>/.exec(invite.headers.get('Contact')!)![1]!,
      callId: invite.headers.get('Call-ID')!,
      cseq: 100,
    });
  };
  const hangsUp = (side: Side) => (request: SipRequest) => {
    if (
      request.method === 'BYE' ||
      request.method === 'NOTIFY' ||
      request.method === 'MESSAGE' ||
      request.method === 'INFO'
    )
      side.answer(request, 200);
  };

  return {
    clock,
    engine,
    calls,
    legs,
    warnings,
    driver,
    passenger,
    dial,
    driverKnows,
    passengerKnows,

    /** Both are talking. */
    async connected(): Promise<void> {
      driver.peer.onRequest = hangsUp(driver);
      passenger.peer.onRequest = (request) => {
        hangsUp(passenger)(request);
        if (request.method !== 'INVITE') return;
        passengerKnows(request);
        passenger.answer(request, 200, {
          body: phoneSdp({ host: PASSENGER_HOST, port: 44_000 }),
          fields: [['P-Asserted-Identity', `"Passenger Name" <sip:${PASSENGER}@passenger-host.example>`]],
        });
      };
      dial();
      await clock.advance(100);
      driverKnows();
      driver.say('ACK', { cseq: 1 });
      await clock.advance(100);
      expect(legs.map(({ state }) => state)).toEqual(['CONNECTED', 'CONNECTED']);
    },

    /** [row 29] In everything that one side was sent there is nothing of the other, in any spelling. */
    expectNoLeak(): void {
      const packets = (side: Side, to: string) =>
        side.peer.texts.map((text) => ({ to, bytes: Buffer.from(text) }));
      expect(scanForLeaks({ secrets: DRIVER_SECRETS, packets: packets(passenger, 'passenger') })).toEqual([]);
      expect(scanForLeaks({ secrets: PASSENGER_SECRETS, packets: packets(driver, 'driver') })).toEqual([]);
      // That the scan finds what is there: the driver is sent its own From in every response.
      expect(scanForLeaks({ secrets: DRIVER_SECRETS, packets: packets(driver, 'driver') })).not.toEqual([]);
    },

    /** Everybody hangs up, and nothing is left. */
    async close(): Promise<void> {
      for (const call of calls.active) call.hangup();
      await clock.advance(41_000);
      expect(calls.active).toEqual([]);
      expect(engine.openLegs).toEqual([]);
      expect(await stage.close()).toEqual(NOTHING_LEFT);
    },
  };
}

function parsed(text: string): SipMessage {
  const result = parseMessage(Buffer.from(text));
  if (!result.ok) throw new Error(`the test says something malformed: ${result.reason}`);
  return result.message;
}
