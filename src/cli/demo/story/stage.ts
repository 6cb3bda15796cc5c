import { join } from 'node:path';
import { type MasklineApi, startTaxiBackend, type TaxiBackend } from '../../../../examples/taxi/backend.ts';
import { loadSettings } from '../../../config/load.ts';
import type { Settings } from '../../../config/schema.ts';
import { systemClock } from '../../../kernel/clock.ts';
import { createLogger } from '../../../kernel/logger.ts';
import { systemRandom } from '../../../kernel/random.ts';
import { type Maskline, startMaskline } from '../../../main.ts';
import { Phone } from '../../../phone/phone.ts';
import { NodeNetwork } from '../../../sip/transport/node-network.ts';
import { exampleFolder } from '../../example.ts';
import { createKey } from '../../keys.ts';
import { demoSettings, HOST } from '../stage.ts';

export const ROLES = ['driver', 'passenger', 'operator'] as const;
export type Role = (typeof ROLES)[number];

/** The beeps by which they know each other; no multiples of one another. */
export const HZ: Readonly<Record<Role, number>> = { driver: 440, passenger: 1020, operator: 1500 };

/** Everything that takes part. The backend may be killed and come back, on the same port and database. */
export interface StoryStage {
  readonly folder: string;
  readonly maskline: Maskline;
  readonly api: MasklineApi;
  readonly phones: Readonly<Record<Role, Phone>>;
  readonly serviceNumber: string;
  readonly domain: string;
  backend: TaxiBackend;
}

/** Starts all of it. Rejects with nothing left running. */
export async function setStoryStage(folder: string): Promise<StoryStage> {
  const { settings: example, folder: settingsFolder } = loadSettings(
    join(exampleFolder('taxi'), 'maskline.yaml'),
    {},
  );
  const backend = await startBackend(folder, 0);
  let maskline: Maskline | undefined;
  try {
    maskline = await startMaskline({
      settings: demoSettings(example, folder, backend.url),
      folder: settingsFolder,
      environment: {},
      log: createLogger('error'),
    });
    const { secret } = await createKey(maskline.storage, {
      name: 'story',
      scopes: ['calls:read', 'recordings:read', 'scenarios:start'],
    });
    const api = { url: maskline.httpUrl, key: secret };
    backend.maskline = api;
    const registrar = maskline.sip[0]!;
    const phones = {
      driver: phone(registrar, example, 'driver'),
      passenger: phone(registrar, example, 'passenger'),
      operator: phone(registrar, example, 'operator'),
    };
    for (const role of ROLES) {
      await phones[role].open();
      await phones[role].register();
    }
    const serviceNumber = example.applications[0]!.numbers[0]!;
    return { folder, maskline, api, phones, serviceNumber, domain: example.sip.domain, backend };
  } catch (error) {
    await maskline?.stop();
    await backend.close();
    throw error;
  }
}

/** What the company promised lies in its database: the backend goes, and comes back. */
export async function restartBackend(stage: StoryStage): Promise<void> {
  const { port } = new URL(stage.backend.url);
  const { orders } = stage.backend;
  await stage.backend.close();
  stage.backend = await startBackend(stage.folder, Number(port));
  stage.backend.orders.splice(0, 1, ...orders);
  stage.backend.maskline = stage.api;
}

export async function strikeStory({ phones, maskline, backend }: StoryStage): Promise<void> {
  maskline.endCalls();
  await maskline.stop();
  for (const role of ROLES) phones[role].close();
  await backend.close();
}

function startBackend(folder: string, port: number): Promise<TaxiBackend> {
  return startTaxiBackend({ host: HOST, port, database: join(folder, 'taxi-company.sqlite') });
}

function phone(
  registrar: { host: string; port: number },
  { sip, applications }: Settings,
  name: Role,
): Phone {
  const { password } = applications[0]!.users.find((user) => user.name === name)!;
  return new Phone({
    network: new NodeNetwork(),
    clock: systemClock,
    random: systemRandom,
    local: { host: HOST, port: 0 },
    identity: { username: name, password, domain: sip.domain },
    registrar,
    audio: { toneHz: 0 },
    answer: { ringAfterMs: 50, answerAfterMs: 400 },
  });
}
