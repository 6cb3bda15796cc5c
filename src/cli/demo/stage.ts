import { join } from 'node:path';
import { EXAMPLE_ORDER, startTaxiBackend, type TaxiBackend } from '../../../examples/taxi/backend.ts';
import { loadSettings } from '../../config/load.ts';
import type { Settings } from '../../config/schema.ts';
import { systemClock } from '../../kernel/clock.ts';
import { createLogger } from '../../kernel/logger.ts';
import { systemRandom } from '../../kernel/random.ts';
import { type Maskline, startMaskline } from '../../main.ts';
import { Phone } from '../../phone/phone.ts';
import { NodeNetwork } from '../../sip/transport/node-network.ts';
import { exampleFolder } from '../example.ts';

export const HOST = '127.0.0.1';
/** Not multiples of each other, nor of 50 Hz. */
export const DRIVER_HZ = 440;
export const PASSENGER_HZ = 1020;

export interface DemoOptions {
  /** Gets the story as it happens. */
  readonly tell: (line: string) => void;
  /** Leave the data folder, so that the recording can be heard. */
  readonly keep: boolean;
  /** Plays it with other settings than the example's. */
  readonly adjust?: (settings: Settings) => Settings;
}

/** Everything that takes part. */
export interface Stage {
  readonly folder: string;
  readonly backend: TaxiBackend;
  readonly maskline: Maskline;
  readonly driver: Phone;
  readonly passenger: Phone;
  readonly serviceNumber: string;
  readonly domain: string;
}

/** Starts the backend, Maskline on the data folder, and two phones. Rejects with nothing left running. */
export async function setStage(folder: string, options: DemoOptions): Promise<Stage> {
  const { tell } = options;
  const { settings: example, folder: settingsFolder } = loadSettings(
    join(exampleFolder('taxi'), 'maskline.yaml'),
    {},
  );
  const backend = await startTaxiBackend({ host: HOST, port: 0 });
  const settings = demoSettings(example, folder, backend.url);
  let maskline: Maskline;
  try {
    maskline = await startMaskline({
      settings: options.adjust?.(settings) ?? settings,
      folder: settingsFolder,
      environment: {},
      log: createLogger('error'),
    });
  } catch (error) {
    await backend.close();
    throw error;
  }
  tell(
    `Maskline listens for SIP on ${HOST}:${maskline.sip[0]!.port}, its API is ${maskline.httpUrl}, data in ${folder}.`,
  );
  tell(`The taxi company's backend is ${backend.url}; order ${EXAMPLE_ORDER.id} was accepted.`);
  const driver = phone(maskline, example, 'driver');
  const passenger = phone(maskline, example, 'passenger');
  const serviceNumber = example.applications[0]!.numbers[0]!;
  const stage = { folder, backend, maskline, driver, passenger, serviceNumber, domain: example.sip.domain };
  try {
    for (const each of [driver, passenger]) {
      await each.open();
      await each.register();
    }
  } catch (error) {
    await strike(stage);
    throw error;
  }
  tell('Two phones have registered: driver and passenger.');
  return stage;
}

/** Ends everything. Nobody talks any more, so nothing is waited for. */
export async function strike({ driver, passenger, maskline, backend }: Stage): Promise<void> {
  maskline.endCalls();
  await maskline.stop();
  driver.close();
  passenger.close();
  await backend.close();
}

/** The example's, on free ports of the loopback, quiet, in a folder of its own. */
export function demoSettings(example: Settings, data: string, backendUrl: string): Settings {
  return {
    ...example,
    data,
    log: { level: 'error' },
    sip: { ...example.sip, listen: [{ transport: 'udp', host: HOST, port: 0 }] },
    media: { ...example.media, host: HOST },
    http: { ...example.http, host: HOST, port: 0 },
    applications: example.applications.map((application) => ({
      ...application,
      rules: application.rules.map((rule) => ({ ...rule, customData: backendUrl })),
    })),
  };
}

function phone(maskline: Maskline, { sip, applications }: Settings, name: 'driver' | 'passenger'): Phone {
  const { password } = applications[0]!.users.find((user) => user.name === name)!;
  return new Phone({
    network: new NodeNetwork(),
    clock: systemClock,
    random: systemRandom,
    local: { host: HOST, port: 0 },
    identity: { username: name, password, domain: sip.domain },
    registrar: maskline.sip[0]!,
    audio: { toneHz: name === 'driver' ? DRIVER_HZ : PASSENGER_HZ },
    answer: { ringAfterMs: 50, answerAfterMs: 600 },
  });
}
