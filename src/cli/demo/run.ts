/**
 * The demo: Maskline, the taxi company's backend and two phones on free loopback ports; one masked call; and everything
 * about it checked from the outside, over the same sockets and the same HTTP API that anyone would use.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXAMPLE_ORDER } from '../../../examples/taxi/backend.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { Maskline } from '../../main.ts';
import type { IncomingCall } from '../../phone/incoming-call.ts';
import { ladder } from '../../phone/ladder.ts';
import type { OutgoingCall } from '../../phone/outgoing-call.ts';
import type { Phone } from '../../phone/phone.ts';
import { createKey } from '../keys.ts';
import {
  holdsBothTones,
  leaksBetween,
  measureRecording,
  NOT_RECORDED,
  numberSeenByCaller,
} from './measure.ts';
import { cutShort, type DemoResult } from './result.ts';
import { type DemoOptions, DRIVER_HZ, HOST, PASSENGER_HZ, type Stage, setStage, strike } from './stage.ts';

/** How long the two talk. */
const TALK_SECONDS = 2;
const WAIT_MS = 5000;

/** Plays it. What does not hold is in the result; rejects only when it cannot begin at all. */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const folder = await mkdtemp(join(tmpdir(), 'maskline-demo-'));
  try {
    const stage = await setStage(folder, options);
    try {
      return await play(stage, options.tell);
    } catch (error) {
      return cutShort(error instanceof Error ? error.message : String(error));
    } finally {
      await strike(stage);
    }
  } finally {
    if (!options.keep) await rm(folder, { recursive: true, force: true });
  }
}

async function play(stage: Stage, tell: (line: string) => void): Promise<DemoResult> {
  const { backend, driver, passenger, serviceNumber } = stage;
  tell(`The driver (${EXAMPLE_ORDER.driver}) dials the service number ${serviceNumber}.`);
  const outgoing = driver.call(serviceNumber);
  const incoming = await Promise.race([passenger.nextCall(), refusalOf(outgoing)]);
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

/** Rejects when the call ends before the passenger's phone has rung. */
async function refusalOf(outgoing: OutgoingCall): Promise<never> {
  await outgoing.waitFor('ended');
  const { status, reason } = outgoing.end!;
  throw new Error(
    `the driver's call ended with ${status ?? ''} ${reason}, and the passenger's phone did not ring`,
  );
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
  const { key, secret } = await createKey(maskline.storage, { name: 'demo', scopes: ['calls:read'] });
  try {
    return await finishedCall(`${maskline.httpUrl}/v1/calls`, secret);
  } finally {
    await maskline.storage.apiKeys.revoke(key.id);
  }
}

async function finishedCall(calls: string, secret: string): Promise<ApiCall> {
  const get = async (url: string): Promise<unknown> => {
    const response = await fetch(url, { headers: { authorization: `Bearer ${secret}` } });
    if (!response.ok) throw new Error(`GET ${url}: ${response.status} ${await response.text()}`);
    return await response.json();
  };
  const deadline = systemClock.monotonic() + WAIT_MS;
  for (;;) {
    const page = (await get(calls)) as { items: readonly ApiCall[] };
    const newest = page.items[0];
    if (newest !== undefined && newest.status !== 'in-progress') {
      const call = (await get(`${calls}/${newest.id}`)) as ApiCall;
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

  const [recording] = callRecord.recordings;
  const path = recording === undefined ? '' : join(stage.folder, 'recordings', recording.path);
  const measured =
    recording === undefined
      ? NOT_RECORDED
      : await measureRecording(path, { left: DRIVER_HZ, right: PASSENGER_HZ });
  const leaks = leaksBetween(outgoing, incoming, [stage.serviceNumber, HOST, stage.domain]);
  const driverSaw = numberSeenByCaller(outgoing);
  const passengerSaw = incoming.shown.number;

  expect(driverSaw === stage.serviceNumber, `the driver saw ${driverSaw}, not the service number`);
  expect(passengerSaw === stage.serviceNumber, `the passenger saw ${passengerSaw}, not the service number`);
  expect(audio.driverHeardPassenger, 'the driver did not hear the passenger');
  expect(audio.passengerHeardDriver, 'the passenger did not hear the driver');
  expect(recording !== undefined, 'the call was not recorded');
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
