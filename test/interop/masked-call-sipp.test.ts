import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Settings } from '../../src/config/schema.ts';
import type { CallRecord } from '../../src/records/ports.ts';
import { freePort } from '../kit/free-port.ts';
import { expectNewRecords, knownRecords } from '../kit/new-records.ts';
import { trunkEntry } from '../kit/trunk-entry.ts';
import { HOST, SERVICE, WholeServer } from '../kit/whole-server.ts';
import { shareOf, soundsAt } from './captured-sound.ts';
import { until } from './child.ts';
import {
  DRIVER_HOST,
  type MaskedCallsOptions,
  type MaskedCallsResult,
  PASSENGER_HOST,
  runMaskedCalls,
} from './masked-calls.ts';
import { Sipp, type SippOptions } from './sipp.ts';

/**
 * The whole server between two SIPp, over trunks that are known by address: peers that we did not write, and a capture
 * of what they received that tshark made.
 */
const MANY = 100;
const driverNumber = (index: number): string => `+7912345${String(6_000 + index)}`;
const passengerNumber = (index: number): string => `+7987654${String(3_000 + index)}`;
/** Numbers of the carrier that is reached over TCP. */
const tcpPassenger = '+79777654321';
const DRIVERS = Array.from({ length: MANY }, (_, index) => driverNumber(index));
const PASSENGERS = Array.from({ length: MANY }, (_, index) => passengerNumber(index));
const DRIVER_TONE = 440;
const PASSENGER_TONE = 700;

let server: WholeServer;
let passengerPort: number;
let earlier: ReadonlySet<string>;
/** Whom the backend connects a caller with. */
let orders: ReadonlyMap<string, string>;
const started: Sipp[] = [];

beforeAll(async () => {
  passengerPort = await freePort(PASSENGER_HOST);
  server = await WholeServer.start({ settings: withTrunks });
  server.backend.answer = (question) => {
    const { caller } = JSON.parse(question) as { caller: string };
    const connect = orders.get(caller);
    return connect === undefined
      ? { kind: 'reply', status: 404, body: '{}' }
      : { kind: 'reply', status: 200, body: JSON.stringify({ connect }) };
  };
});
afterEach(async () => {
  for (const sipp of started.splice(0)) await sipp.stop();
  await server.expectIdle();
});
afterAll(() => server?.stop());

function withTrunks(settings: Settings): Settings {
  const {
    name: _,
    host: __,
    ...trunk
  } = trunkEntry({
    ...{ name: 'any', host: PASSENGER_HOST },
    // SIPp takes an OPTIONS that it does not wait for as a failure.
    optionsSeconds: 0,
  });
  const passengers = { ...trunk, host: PASSENGER_HOST, port: passengerPort };
  return {
    ...settings,
    // RFC 3261 gives a silent peer 64·T1; with the default T1 that is 32 s.
    sip: { ...settings.sip, t1Ms: 60 },
    media: { ...settings.media, ports: { min: 9_000, max: 9_999 } },
    limits: { ...settings.limits, ringSeconds: 5 },
    trunks: [
      { ...trunk, name: 'drivers', host: DRIVER_HOST, allowedSources: [DRIVER_HOST], prefixes: ['+7912'] },
      { ...passengers, name: 'passengers', prefixes: ['+7987'] },
      { ...passengers, name: 'passengers-tcp', prefixes: ['+7977'], transport: 'tcp' },
    ],
    applications: settings.applications.map((application) => ({
      ...application,
      users: [],
      // The passengers' numbers are Russian, the service number is British.
      fence: { ...application.fence, countries: ['RU'] },
    })),
  };
}

interface Run extends Partial<Omit<MaskedCallsOptions, 'server' | 'passenger'>> {
  /** How the passenger's side goes; default: answered, and hung up by the other side. */
  readonly passengerScenario?: string;
  readonly passengerSettings?: SippOptions['settings'];
}

/** Makes the calls, waits until nothing of them is left, and checks what holds for all of them. */
async function run(
  options: Run = {},
): Promise<MaskedCallsResult & { readonly records: readonly CallRecord[] }> {
  const transport = options.transport ?? 'udp';
  const calls = options.calls ?? 1;
  const drivers = DRIVERS.slice(0, calls);
  const passengers = transport === 'tcp' ? [tcpPassenger] : PASSENGERS.slice(0, calls);
  orders = new Map(drivers.map((driver, index) => [driver, passengers[index]!]));
  earlier = await knownRecords(server);
  const passenger = await Sipp.start({
    scenario: options.passengerScenario ?? 'passenger-answers',
    host: PASSENGER_HOST,
    port: passengerPort,
    transport,
    calls,
    atOnce: options.atOnce ?? 1,
    toneHz: PASSENGER_TONE,
    settings: options.passengerSettings ?? { ring_ms: 50 },
    timeoutSeconds: 40,
  });
  started.push(passenger);
  const result = await runMaskedCalls({
    ...options,
    server: {
      sip: server.maskline.sip.find((address) => address.transport === transport)!,
      serviceNumber: SERVICE,
      mayBeSeen: [HOST, 'maskline.local'],
    },
    passenger,
    driverNumber: drivers,
    passengerNumber: passengers,
    timeoutSeconds: 40,
  });
  expect(result.scan.leaks).toEqual([]);
  // A scan of nothing proves nothing.
  for (const leg of Object.values(result.scan.legs)) expect(leg.secrets).toBeGreaterThan(5 * calls);
  expectNoTextOfTheOther(result, drivers, passengers);
  expect(result.passengersCalled.toSorted()).toEqual(passengers);
  expect(result.passengerSaw).toHaveLength(1);
  expect(result.passengerSaw[0]).toMatch(new RegExp(`^From: <sip:\\${SERVICE}@${PASSENGER_HOST}>$`));
  await server.expectIdle();
  return { ...result, records: await expectNewRecords(server, earlier, calls) };
}

/** The same question as the scan's, asked with nothing but a search in the captured bytes. */
function expectNoTextOfTheOther(
  { packets }: MaskedCallsResult,
  drivers: readonly string[],
  passengers: readonly string[],
): void {
  const sides = [
    {
      to: DRIVER_HOST,
      of: [...passengers, 'passenger-device', 'SIPp-passenger', 'passenger-sdp', PASSENGER_HOST],
    },
    { to: PASSENGER_HOST, of: [...drivers, 'Driver', 'SIPp-driver', 'driver-sdp', DRIVER_HOST] },
  ];
  for (const { to, of } of sides) {
    const received = packets.filter((packet) => packet.to.host === to).map((packet) => packet.bytes);
    expect(received.length).toBeGreaterThan(0);
    const text = Buffer.concat(received).toString('latin1');
    expect(of.filter((word) => text.includes(word.replace(/^\+7/, '')))).toEqual([]);
  }
}

test('[row 29] a masked call: sound both ways, and neither side receives anything of the other', async () => {
  const { packets, records } = await run({ settings: { talk_ms: 1_500 } });
  const [atDriver, atPassenger] = [soundsAt(packets, DRIVER_HOST), soundsAt(packets, PASSENGER_HOST)];
  expect([atDriver.size, atPassenger.size]).toEqual([1, 1]);
  for (const sound of atDriver.values()) expect(shareOf(sound, PASSENGER_TONE)).toBeGreaterThan(0.8);
  for (const sound of atPassenger.values()) expect(shareOf(sound, DRIVER_TONE)).toBeGreaterThan(0.8);
  expect(records[0]).toMatchObject({ status: 'completed', reason: 'connected, the caller hung up' });
  expect(records[0]!.recordings).toMatchObject([{ status: 'complete', channels: 2 }]);
  expect(records[0]!.legs.map((leg) => [leg.incoming, leg.code])).toEqual([
    [true, 200],
    [false, 200],
  ]);
});

test('[row 8] the same over TCP on both trunks', async () => {
  const { packets, records } = await run({ transport: 'tcp', settings: { talk_ms: 1_000 } });
  for (const [host, tone] of [
    [DRIVER_HOST, PASSENGER_TONE],
    [PASSENGER_HOST, DRIVER_TONE],
  ] as const) {
    for (const sound of soundsAt(packets, host).values()) expect(shareOf(sound, tone)).toBeGreaterThan(0.8);
    expect(packets.filter(({ transport, to }) => transport === 'udp' && to.port === passengerPort)).toEqual(
      [],
    );
  }
  expect(records[0]).toMatchObject({ status: 'completed', reason: 'connected, the caller hung up' });
});

test('100 calls in a row, from 100 callers', { timeout: 60_000 }, async () => {
  const { records } = await run({
    calls: MANY,
    rate: 50,
    settings: { talk_ms: 30 },
    passengerSettings: { ring_ms: 10 },
  });
  expect(new Set(records.map((record) => record.reason))).toEqual(new Set(['connected, the caller hung up']));
  expect(new Set(records.map((record) => record.status))).toEqual(new Set(['completed']));
});

test('50 calls at once, with sound both ways in each', { timeout: 60_000 }, async () => {
  const calls = 50;
  const { media, calls: live } = server.maskline.parts;
  const atOnce = until(
    () => live.active.length === 2 * calls,
    () => `for all calls at once; now ${live.active.length} legs`,
    20_000,
  );
  const running = run({ calls, atOnce: calls, rate: 50, settings: { talk_ms: 3_000 } });
  await Promise.all([atOnce, running]);
  const { packets, records } = await running;
  for (const [host, tone] of [
    [DRIVER_HOST, PASSENGER_TONE],
    [PASSENGER_HOST, DRIVER_TONE],
  ] as const) {
    const sounds = [...soundsAt(packets, host).values()];
    expect(sounds).toHaveLength(calls);
    expect(sounds.filter((sound) => shareOf(sound, tone) < 0.7)).toHaveLength(0);
  }
  expect(new Set(records.map((record) => record.reason))).toEqual(new Set(['connected, the caller hung up']));
  expect((await media.stats()).ports).toBe(0);
});

const refused = 'driver-is-refused';
const cancels = 'caller-cancels-while-ringing';
test.each<[what: string, options: Run, status: string, reason: string]>([
  [
    'the passenger is busy',
    { passengerScenario: 'passenger-busy', driverScenario: refused, settings: { final: 486 } },
    'failed',
    'busy',
  ],
  [
    'the passenger declines',
    { passengerScenario: 'passenger-declines', driverScenario: refused, settings: { final: 603 } },
    'failed',
    'declined',
  ],
  [
    'nobody answers',
    { passengerScenario: 'passenger-no-answer', driverScenario: refused, settings: { final: 408 } },
    'failed',
    'no answer',
  ],
  [
    'the caller gives up while it rings',
    { passengerScenario: 'passenger-no-answer', driverScenario: cancels, settings: { talk_ms: 300 } },
    'failed',
    'caller hung up before answer',
  ],
  [
    '[row 1] the answer crosses the CANCEL',
    { passengerScenario: 'callee-200-crosses-cancel', driverScenario: cancels, settings: { talk_ms: 300 } },
    'failed',
    'caller hung up before answer',
  ],
  [
    'the passenger hangs up',
    {
      passengerScenario: 'passenger-hangs-up',
      passengerSettings: { talk_ms: 300 },
      driverScenario: 'driver-is-hung-up',
    },
    'completed',
    'connected, the called party hung up',
  ],
])('%s', async (_, options, status, reason) => {
  const { records } = await run(options);
  expect(records[0]).toMatchObject({ status, reason });
  expect(records[0]!.legs).toHaveLength(2);
});

test('the passenger is gone: no answer at all within 64·T1', async () => {
  const { records } = await run({
    passengerScenario: 'passenger-is-gone',
    passengerSettings: { talk_ms: 4_500 },
    driverScenario: refused,
    settings: { final: 408 },
  });
  expect(records[0]).toMatchObject({ status: 'failed', reason: 'no answer' });
});

test('[row 15] early media of the passenger is heard before the answer', async () => {
  const { packets, records } = await run({
    passengerScenario: 'passenger-answers-with-early-media',
    passengerSettings: { ring_ms: 1_200 },
    settings: { talk_ms: 300 },
  });
  const answer = packets.find(
    ({ to, bytes }) => to.host === DRIVER_HOST && bytes.toString('latin1').startsWith('SIP/2.0 200'),
  )!;
  const early = packets.filter((packet) => packet.at < answer.at);
  const sounds = [...soundsAt(early, DRIVER_HOST).values()];
  expect(sounds).toHaveLength(1);
  expect(sounds[0]!.length).toBeGreaterThan(4_000);
  expect(shareOf(sounds[0]!, PASSENGER_TONE)).toBeGreaterThan(0.8);
  expect(records[0]).toMatchObject({ status: 'completed', reason: 'connected, the caller hung up' });
});
