import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startDeliveryBackend } from '../../examples/delivery/backend.ts';
import { startTaxiBackend } from '../../examples/taxi/backend.ts';
import { loadSettings } from '../config/load.ts';
import type { Settings } from '../config/schema.ts';
import { createLogger } from '../kernel/logger.ts';
import { type Maskline, startMaskline } from '../main.ts';
import { exampleFolder } from './example.ts';
import { createKey } from './keys.ts';

/** The examples' backends, on the ports that their settings name. */
const BACKENDS: Readonly<Record<string, () => Promise<{ url: string; close(): Promise<void> }>>> = {
  taxi: () => startTaxiBackend({ host: '127.0.0.1', port: 8090 }),
  delivery: () => startDeliveryBackend({ host: '127.0.0.1', port: 8091 }),
};

/** `maskline serve`: runs until SIGINT or SIGTERM, then drains. A second signal ends the running calls at once. */
export async function serveCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { settings: { type: 'string' }, example: { type: 'string' }, data: { type: 'string' } },
  });
  const example = values.settings === undefined ? (values.example ?? 'taxi') : undefined;
  const file = values.settings ?? join(exampleFolder(example ?? ''), 'maskline.yaml');
  const { settings: loaded, folder } = loadSettings(file, process.env);
  const settings = values.data === undefined ? loaded : { ...loaded, data: values.data };

  const backend = example === undefined ? undefined : await BACKENDS[example]?.();
  let maskline: Maskline;
  try {
    maskline = await startMaskline({
      settings,
      folder,
      environment: process.env,
      log: createLogger(settings.log.level),
    });
  } catch (error) {
    await backend?.close();
    throw error;
  }
  if (example !== undefined) await explainExample(example, settings, maskline, backend?.url);
  await untilSignal();
  console.log(
    `Stopping: no new calls; running ones may go on for ${settings.limits.drainSeconds} s. Press Ctrl-C again to end them now.`,
  );
  await Promise.race([maskline.stop(), untilSignal().then(() => hangUpAll(maskline))]);
  await maskline.stop();
  await backend?.close();
  return 0;
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      process.off('SIGINT', done);
      process.off('SIGTERM', done);
      resolve();
    };
    process.on('SIGINT', done);
    process.on('SIGTERM', done);
  });
}

function hangUpAll(maskline: Maskline): void {
  for (const call of maskline.parts.calls.active) call.hangup();
}

/** What a newcomer does next: accounts, number, key. The example's passwords are public, and its key is made anew. */
async function explainExample(
  example: string,
  settings: Settings,
  maskline: Maskline,
  backendUrl: string | undefined,
): Promise<void> {
  const { storage, sip, httpUrl } = maskline;
  const name = `example ${example}`;
  for (const key of await storage.apiKeys.list()) {
    if (key.name === name && key.revokedAt === undefined) await storage.apiKeys.revoke(key.id);
  }
  const { secret } = await createKey(storage, {
    name,
    scopes: [
      'calls:read',
      'recordings:read',
      'numbers:read',
      'scenarios:read',
      'scenarios:start',
      'trunks:read',
      'users:read',
      'metrics:read',
    ],
  });
  const application = settings.applications[0];
  const where = sip
    .map((address) => `${address.transport.toUpperCase()} ${address.host}:${address.port}`)
    .join(', ');
  const lines = [
    '',
    `Maskline runs with the ${example} example.`,
    '',
    `  SIP             ${where}   (domain ${settings.sip.domain})`,
    ...(application?.users ?? []).map(
      (user) => `  SIP account     ${user.name} / ${user.password}   its number: ${user.number ?? 'none'}`,
    ),
    ...(example === 'taxi'
      ? [
          `  Dial            ${application?.numbers[0] ?? ''} from one softphone; the other rings and shows that number`,
        ]
      : []),
    ...(backendUrl === undefined ? [] : [`  Backend         ${backendUrl}`]),
    `  API             ${httpUrl}/openapi.json`,
    `  API key         ${secret}`,
    '',
    `  curl -H "Authorization: Bearer ${secret}" ${httpUrl}/v1/calls`,
    ...(example === 'delivery' ? [startCommand(httpUrl, secret, backendUrl)] : []),
    '',
    'How to set up a softphone or a trunk: docs/guide/connect-a-trunk.md. Ctrl-C stops.',
    '',
  ];
  console.log(lines.join('\n'));
}

function startCommand(httpUrl: string, secret: string, backendUrl: string | undefined): string {
  const customData = { parcel: '17', phone: '+447700900303', show: '+442079460456', backend: backendUrl };
  return `  curl -X POST ${httpUrl}/v1/scenarios/confirm/start -H "Authorization: Bearer ${secret}" -H "Idempotency-Key: parcel-17" -H "Content-Type: application/json" -d '${JSON.stringify({ customData })}'`;
}
