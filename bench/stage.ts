/** A whole Maskline and the load generator side by side. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadSettings } from '../src/config/load.ts';
import type { Settings } from '../src/config/schema.ts';
import { trunkEntry } from '../test/kit/trunk-entry.ts';
import { aimLoad, ask, gone, LoadedServer, spawn, startLoad } from './loaded-server.ts';
import type { ServerQuestion, ServerUsage } from './server-under-test.ts';
import type { LoadPorts } from './sip-load.ts';
import { DIRECT_NUMBER, LOAD_HOST, SLOTS } from './sip-load-calls.ts';

const TAXI = fileURLToPath(new URL('../examples/taxi/', import.meta.url));

export interface StageOptions {
  /** Empty: the embedded database. */
  readonly databaseUrl?: string;
  /** The taxi example's scenario without its recording: what a call without media costs. */
  readonly unrecorded?: boolean;
  /** A second number, `DIRECT_NUMBER`, that calls the passenger without a question to the backend. */
  readonly direct?: boolean;
  /** SIP accounts of the application. */
  readonly users?: Settings['applications'][number]['users'];
  /** Folder for CPU profiles of the server's threads. */
  readonly profiles?: string | undefined;
}

export class Stage extends LoadedServer {
  readonly #server: ChildProcess;
  readonly #data: string;
  /** Where the server speaks SIP on 127.0.0.1, over UDP. */
  readonly port: number;

  private constructor(load: ChildProcess, server: ChildProcess, data: string, port: number) {
    super(load);
    this.#server = server;
    this.#data = data;
    this.port = port;
  }

  static async open(options: StageOptions = {}): Promise<Stage> {
    const data = await mkdtemp(join(tmpdir(), 'maskline-bench-'));
    const profile =
      options.profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profiles}`];
    const { load, ports } = await startLoad();
    const server = spawn('./server-under-test.ts', ['--expose-gc', ...profile]);
    try {
      const settings = settingsFor(ports, data, options);
      const { databaseUrl = '' } = options;
      const port = await ask<number, ServerQuestion>(server, {
        kind: 'start',
        settings,
        folder: TAXI,
        databaseUrl,
      });
      await aimLoad(load, port);
      return new Stage(load, server, data, port);
    } catch (error) {
      server.kill();
      load.kill();
      await rm(data, { recursive: true, force: true });
      throw error;
    }
  }

  get pid(): number {
    return this.#server.pid ?? 0;
  }

  usage(): Promise<ServerUsage> {
    return this.#ask({ kind: 'usage' });
  }

  collect(): Promise<string> {
    return this.#ask({ kind: 'collect' });
  }

  async close(): Promise<void> {
    await this.endLoad();
    await this.#ask({ kind: 'stop' });
    await gone(this.#server);
    await rm(this.#data, { recursive: true, force: true });
  }

  #ask<T>(question: ServerQuestion): Promise<T> {
    return ask<T, ServerQuestion>(this.#server, question);
  }
}

/** The taxi example, with a trunk known by its address in place of softphones, and room for many calls. */
function settingsFor(ports: LoadPorts, data: string, options: StageOptions): Settings {
  const { unrecorded = false, direct = false, users = [] } = options;
  const { settings } = loadSettings(join(TAXI, 'maskline.yaml'), {});
  const taxi = settings.applications[0]!;
  const trunk = trunkEntry({
    name: 'operator',
    host: LOAD_HOST,
    port: ports.passenger,
    allowedSources: [LOAD_HOST],
  });
  return {
    ...settings,
    data,
    log: { level: 'error' },
    sip: { ...settings.sip, allowSha256: true, listen: [{ transport: 'udp', host: LOAD_HOST, port: 0 }] },
    // Below the ephemeral range of Linux; thousands of legs linger while their ports drain.
    media: { ...settings.media, host: LOAD_HOST, ports: { min: 12_000, max: 32_000 }, legsPerWorker: 4000 },
    http: { ...settings.http, host: LOAD_HOST, port: 0 },
    limits: { ...settings.limits, calls: 4000, drainSeconds: 5 },
    trunks: [trunk],
    applications: [
      {
        ...taxi,
        users: [...users],
        // Wide, and still counted: a benchmark is a thief by its numbers.
        fence: {
          ...taxi.fence,
          concurrentCalls: 100_000,
          callsPerMinute: 1_000_000,
          dailyMinutes: 10_000_000,
        },
        numbers: [...taxi.numbers, ...(direct ? [DIRECT_NUMBER] : [])],
        scenarios: {
          ...taxi.scenarios,
          ...(unrecorded ? { taxi: unrecordedScenario(data) } : {}),
          ...(direct ? { direct: directScenario(data) } : {}),
        },
        rules: [
          ...taxi.rules.map((rule) => ({ ...rule, customData: ports.backendUrl })),
          ...(direct ? [directRule(taxi.rules[0]!)] : []),
        ],
      },
    ],
  };
}

/** The example's own file with the one call to `record` taken out, so that the two cannot drift apart. */
function unrecordedScenario(folder: string): string {
  const source = readFileSync(join(TAXI, 'scenario.js'), 'utf8');
  const unrecorded = source.replace(/, \(\) => call\.record\(.*?\}\)/, '');
  if (unrecorded === source) throw new Error('examples/taxi/scenario.js records in another way now');
  const file = join(folder, 'unrecorded.js');
  writeFileSync(file, unrecorded);
  return file;
}

/** Knows by heart what the backend would answer. */
function directScenario(folder: string): string {
  const file = join(folder, 'direct.js');
  writeFileSync(
    file,
    `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call, callerid, destination }) => {
  const passenger = '+447700900' + (Number(callerid.slice(-3)) + ${SLOTS});
  VoxEngine.easyProcess(call, VoxEngine.callPSTN(passenger, destination));
});
`,
  );
  return file;
}

type Rule = Settings['applications'][number]['rules'][number];

const directRule = (like: Rule): Rule => ({
  ...like,
  name: 'direct',
  pattern: DIRECT_NUMBER.replace('+', '\\+'),
  scenarios: ['direct'],
});
