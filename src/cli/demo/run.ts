/**
 * The demo: Maskline, the taxi company's backend and two phones on free loopback ports; one masked call; and everything
 * about it checked from the outside, over the same sockets and the same HTTP API that anyone would use.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXAMPLE_ORDER, startTaxiBackend, type TaxiBackend } from '../../../examples/taxi/backend.ts';
import { loadSettings } from '../../config/load.ts';
import { systemClock } from '../../kernel/clock.ts';
import { createLogger } from '../../kernel/logger.ts';
import { systemRandom } from '../../kernel/random.ts';
import { type Maskline, startMaskline } from '../../main.ts';
import type { IncomingCall } from '../../phone/incoming-call.ts';
import { ladder } from '../../phone/ladder.ts';
import type { OutgoingCall } from '../../phone/outgoing-call.ts';
import { Phone } from '../../phone/phone.ts';
import { NodeNetwork } from '../../sip/transport/node-network.ts';
import { exampleFolder } from '../example.ts';
import { createKey } from '../keys.ts';
import { holdsBothTones, leaksBetween, measureRecording, numberSeenByCaller } from './measure.ts';
import type { DemoResult } from './result.ts';

const HOST = '127.0.0.1';
/** Not multiples of each other, nor of 50 Hz. */
const DRIVER_HZ = 440;
const PASSENGER_HZ = 1020;
/** How long the two talk. */
const TALK_SECONDS = 2;
const WAIT_MS = 5000;

interface Stage {
  readonly folder: string;
  readonly backend: TaxiBackend;
  readonly maskline: Maskline;
  readonly driver: Phone;
  readonly passenger: Phone;
  readonly serviceNumber: string;
  readonly domain: string;
}

/** Plays it. `tell` gets the story as it happens. `keep`: leave the data folder, so that the recording can be heard. */
export async function runDemo(options: {
  readonly tell: (line: string) => void;
  readonly keep: boolean;
}): Promise<DemoResult> {
  const { tell } = options;
  const folder = await mkdtemp(join(tmpdir(), 'maskline-demo-'));
  const stage = await setStage(folder, tell);
  try {
    return await play(stage, tell);
  } finally {
    stage.driver.close();
    stage.passenger.close();
    await stage.maskline.stop();
    await stage.backend.close();
    if (!options.keep) await rm(folder, { recursive: true, force: true });
  }
}

async function setStage(folder: string, tell: (line: string) => void): Promise<Stage> {
  const backend = await startTaxiBackend({ host: HOST, port: 0 });
  const { settings, folder: settingsFolder } = loadSettings(join(exampleFolder('taxi'), 'maskline.yaml'), {});
  const application = settings.applications[0]!;
  const maskline = await startMaskline({
    settings: {
      ...settings,
      data: folder,
      log: { level: 'error' },
      sip: { ...settings.sip, listen: [{ transport: 'udp', host: HOST, port: 0 }] },
      media: { ...settings.media, host: HOST },
      http: { ...settings.http, host: HOST, port: 0 },
      applications: [
        { ...application, rules: application.rules.map((rule) => ({ ...rule, customData: backend.url })) },
      ],
    },
    folder: settingsFolder,
    environment: {},
    log: createLogger('error'),
  });
  tell(
    `Maskline listens for SIP on ${HOST}:${maskline.sip[0]!.port}, its API is ${maskline.httpUrl}, data in ${folder}.`,
  );
  tell(`The taxi company's backend is ${backend.url}; order ${EXAMPLE_ORDER.id} was accepted.`);

  const { domain } = settings.sip;
  const phone = (
    name: string,
    toneHz: number,
    answer: { ringAfterMs: number; answerAfterMs: number },
  ): Phone =>
    new Phone({
      network: new NodeNetwork(),
      clock: systemClock,
      random: systemRandom,
      local: { host: HOST, port: 0 },
      identity: {
        username: name,
        password: application.users.find((user) => user.name === name)!.password,
        domain,
      },
      registrar: maskline.sip[0]!,
      audio: { toneHz },
      answer,
    });
  const driver = phone('driver', DRIVER_HZ, { ringAfterMs: 0, answerAfterMs: 0 });
  const passenger = phone('passenger', PASSENGER_HZ, { ringAfterMs: 50, answerAfterMs: 600 });
  for (const each of [driver, passenger]) {
    await each.open();
    await each.register();
  }
  tell('Two phones have registered: driver and passenger.');
  return { folder, backend, maskline, driver, passenger, serviceNumber: application.numbers[0]!, domain };
}

async function play(stage: Stage, tell: (line: string) => void): Promise<DemoResult> {
  const { backend, driver, passenger, serviceNumber } = stage;
  tell(`The driver (${EXAMPLE_ORDER.driver}) dials the service number ${serviceNumber}.`);
  const outgoing = driver.call(serviceNumber);
  const incoming = await passenger.nextCall();
  const setupMs = firstInviteAt(passenger, 'received') - firstInviteAt(driver, 'sent');
  tell(`The backend was asked and named order ${backend.asked.at(-1)?.order ?? '(none)'}.`);
  tell(`The passenger's phone rings after ${setupMs.toFixed(1)} ms and shows ${incoming.shown.number}.`);
  await outgoing.waitFor('connected');
  tell('The passenger answered: both are connected, and the call is recorded.');

  const audio = await talk(outgoing, incoming);
  tell(
    `The driver sends ${DRIVER_HZ} Hz, the passenger ${PASSENGER_HZ} Hz, and each hears ${audio.driverHeardPassenger && audio.passengerHeardDriver ? 'the other' : 'NOT what the other sends'}.`,
  );
  outgoing.hangup();
  await Promise.all([driver.waitFor('idle'), passenger.waitFor('idle')]);
  tell('The driver hung up; the passenger’s leg ended, too.');

  const callRecord = await finishedRecord(stage.maskline);
  const result = await examine(stage, { outgoing, incoming, setupMs, audio, callRecord });
  tell(`\n${ladder(outgoing.packets.sip, { self: 'driver', other: 'Maskline' })}`);
  tell(`\n${ladder(incoming.packets.sip, { self: 'passenger', other: 'Maskline' })}`);
  return result;
}

/** Waits until each has heard the other's tone, then until there is enough of it for the recording. */
async function talk(outgoing: OutgoingCall, incoming: IncomingCall): Promise<DemoResult['audio']> {
  const hears = (call: OutgoingCall | IncomingCall, hz: number): Promise<boolean> =>
    call
      .waitUntil(
        `a tone of ${hz} Hz`,
        () => call.rtp.heard.isTone(hz) && call.rtp.heard.seconds >= TALK_SECONDS,
        WAIT_MS,
      )
      .then(
        () => true,
        () => false,
      );
  const [driverHeardPassenger, passengerHeardDriver] = await Promise.all([
    hears(outgoing, PASSENGER_HZ),
    hears(incoming, DRIVER_HZ),
  ]);
  return { driverHeardPassenger, passengerHeardDriver };
}

function firstInviteAt(phone: Phone, direction: 'sent' | 'received'): number {
  const invite = phone.log.find(
    (entry) =>
      entry.direction === direction && Buffer.from(entry.bytes.subarray(0, 7)).toString() === 'INVITE ',
  );
  if (invite === undefined) throw new Error(`the phone has ${direction} no INVITE`);
  return invite.at;
}

/** The parts of `GET /v1/calls/:id` that the demo looks at. */
interface ApiCall {
  readonly id: string;
  readonly status: string;
  readonly recordings: readonly { readonly id: string; readonly status: string; readonly path: string }[];
}

/** Asks the API, as a customer would, until the call's record is closed and its recording complete. */
async function finishedRecord(maskline: Maskline): Promise<ApiCall> {
  const { secret } = await createKey(maskline.storage, {
    name: 'demo',
    scopes: ['calls:read', 'recordings:read', 'numbers:read'],
  });
  const get = async (path: string): Promise<unknown> => {
    const response = await fetch(`${maskline.httpUrl}${path}`, {
      headers: { authorization: `Bearer ${secret}` },
    });
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return await response.json();
  };
  const deadline = systemClock.monotonic() + WAIT_MS;
  for (;;) {
    const page = (await get('/v1/calls')) as { items: readonly ApiCall[] };
    const newest = page.items[0];
    if (newest !== undefined && newest.status !== 'in-progress') {
      const call = (await get(`/v1/calls/${newest.id}`)) as ApiCall;
      if (call.recordings.every(({ status }) => status !== 'recording')) return call;
    }
    if (systemClock.monotonic() > deadline) throw new Error(`no finished call record within ${WAIT_MS} ms`);
    await new Promise((resolve) => systemClock.setTimeout(() => resolve(undefined), 20));
  }
}

async function examine(
  stage: Stage,
  seen: {
    readonly outgoing: OutgoingCall;
    readonly incoming: IncomingCall;
    readonly setupMs: number;
    readonly audio: DemoResult['audio'];
    readonly callRecord: ApiCall;
  },
): Promise<DemoResult> {
  const { outgoing, incoming, setupMs, audio, callRecord } = seen;
  const problems: string[] = [];
  const expect = (holds: boolean, otherwise: string): void => {
    if (!holds) problems.push(otherwise);
  };

  const path = join(stage.folder, 'recordings', callRecord.recordings[0]?.path ?? '');
  const measured = await measureRecording(path, { left: DRIVER_HZ, right: PASSENGER_HZ });
  const leaks = leaksBetween(outgoing, incoming, [stage.serviceNumber, HOST, stage.domain]);
  const driverSaw = numberSeenByCaller(outgoing);
  const passengerSaw = incoming.shown.number;

  expect(driverSaw === stage.serviceNumber, `the driver saw ${driverSaw}, not the service number`);
  expect(passengerSaw === stage.serviceNumber, `the passenger saw ${passengerSaw}, not the service number`);
  expect(audio.driverHeardPassenger, 'the driver did not hear the passenger');
  expect(audio.passengerHeardDriver, 'the passenger did not hear the driver');
  expect(measured.channels === 2, `the recording has ${measured.channels} channels, not 2`);
  expect(measured.seconds >= TALK_SECONDS - 0.5, `the recording holds only ${measured.seconds} s`);
  expect(
    holdsBothTones(measured),
    'the recording does not hold the driver on the left and the passenger on the right',
  );
  expect(leaks.length === 0, `${leaks.length} leaks were found`);
  expect(callRecord.status === 'completed', `the call record says ${callRecord.status}`);

  return {
    ok: problems.length === 0,
    driverSaw,
    passengerSaw,
    audio,
    setupMs: Math.round(setupMs * 10) / 10,
    recording: { path, channels: measured.channels, seconds: Math.round(measured.seconds * 100) / 100 },
    leaks,
    callRecord,
    problems,
  };
}
