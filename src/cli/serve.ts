import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startDeliveryBackend } from '../../examples/delivery/backend.ts';
import { startTaxiBackend } from '../../examples/taxi/backend.ts';
import { loadSettings } from '../config/load.ts';
import { createLogger } from '../kernel/logger.ts';
import { type Maskline, startMaskline } from '../main.ts';
import { exampleFolder } from './example.ts';
import { exampleKey, welcome } from './welcome.ts';

interface Backend {
  readonly url: string;
  /** Where it may start scenarios. */
  maskline?: { readonly url: string; readonly key: string } | undefined;
  close(): Promise<void>;
}

/** The examples' backends, on the ports that their settings name. */
const BACKENDS: Readonly<Record<string, (data: string) => Promise<Backend>>> = {
  taxi: (data) =>
    startTaxiBackend({ host: '127.0.0.1', port: 8090, database: join(data, 'taxi-company.sqlite') }),
  delivery: () => startDeliveryBackend({ host: '127.0.0.1', port: 8091 }),
};

/** `maskline serve`: runs until SIGINT or SIGTERM, then drains. A second signal ends the running calls at once. */
export async function serveCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { settings: { type: 'string' }, example: { type: 'string' }, data: { type: 'string' } },
  });
  // From here on, so that a signal during the start stops the node in order, too.
  const asked = untilSignal();
  const example = values.settings === undefined ? (values.example ?? 'taxi') : undefined;
  const file = values.settings ?? join(exampleFolder(example ?? ''), 'maskline.yaml');
  const { settings: loaded, folder } = loadSettings(file, process.env);
  const settings = values.data === undefined ? loaded : { ...loaded, data: values.data };
  const log = createLogger(settings.log.level);

  const maskline = await startMaskline({ settings, folder, environment: process.env, log });
  const onHangUp = (): void => void maskline.reloadCertificates();
  process.on('SIGHUP', onHangUp);
  let backend: Backend | undefined;
  try {
    if (example !== undefined) {
      backend = await BACKENDS[example]?.(resolve(settings.data));
      const key = await exampleKey(maskline.storage, example);
      if (backend !== undefined) backend.maskline = { url: maskline.httpUrl, key };
      console.log(welcome({ example, settings, maskline, key, backendUrl: backend?.url }));
    }
    await asked;
  } finally {
    // Armed before anything is awaited.
    const again = untilSignal();
    const { active } = maskline.parts.calls;
    if (active.length > 0)
      console.log(
        `Stopping. No new calls; those that run may go on for ${settings.limits.drainSeconds} s. Ctrl-C again ends them now.`,
      );
    void again.then(() => maskline.endCalls());
    await stopAll(maskline, backend);
    process.off('SIGHUP', onHangUp);
  }
  return 0;
}

/** Running calls may still ask the backend, so it goes last. */
async function stopAll(maskline: Maskline, backend: Backend | undefined): Promise<void> {
  await maskline.stop();
  await backend?.close();
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
