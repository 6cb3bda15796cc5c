/** Server and load generator side by side, each in a process of its own, on free ports of 127.0.0.1. */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadSettings } from '../src/config/load.ts';
import type { Settings } from '../src/config/schema.ts';
import { trunkEntry } from '../test/kit/trunk-entry.ts';
import type { ServerQuestion, ServerUsage } from './server-under-test.ts';
import type { LoadPorts, LoadQuestion } from './sip-load.ts';
import { LOAD_HOST, type LoadOrder, type LoadReport } from './sip-load-calls.ts';
import type { TalkReport } from './sip-load-talk.ts';

const TAXI = fileURLToPath(new URL('../examples/taxi/', import.meta.url));

export interface StageOptions {
  /** Empty: the embedded database. */
  readonly databaseUrl?: string;
  /** The taxi example's scenario without its recording: what a call without media costs. */
  readonly unrecorded?: boolean;
  /** SIP accounts of the application. */
  readonly users?: Settings['applications'][number]['users'];
  /** Folder for CPU profiles of the server's threads. */
  readonly profiles?: string | undefined;
}

export class Stage {
  readonly #server: ChildProcess;
  readonly #load: ChildProcess;
  readonly #data: string;
  #port = 0;

  private constructor(server: ChildProcess, load: ChildProcess, data: string) {
    this.#server = server;
    this.#load = load;
    this.#data = data;
  }

  static async open(options: StageOptions = {}): Promise<Stage> {
    const data = await mkdtemp(join(tmpdir(), 'maskline-bench-'));
    const profile =
      options.profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profiles}`];
    const server = spawn('./server-under-test.ts', ['--expose-gc', ...profile]);
    const load = spawn('./sip-load.ts', []);
    const stage = new Stage(server, load, data);
    try {
      const ports = await ask<LoadPorts>(load, { kind: 'open' });
      const settings = settingsFor(ports, data, options);
      const { databaseUrl = '' } = options;
      const port = await ask<number>(server, { kind: 'start', settings, folder: TAXI, databaseUrl });
      await ask(load, { kind: 'aim', server: port });
      stage.#port = port;
      return stage;
    } catch (error) {
      server.kill();
      load.kill();
      await rm(data, { recursive: true, force: true });
      throw error;
    }
  }

  /** Where the server speaks SIP on 127.0.0.1, over UDP. */
  get port(): number {
    return this.#port;
  }

  run(order: LoadOrder): Promise<LoadReport> {
    return ask(this.#load, { kind: 'run', ...order });
  }

  /** New calls, while those that are held talk for `ms`. */
  both(order: LoadOrder, ms: number): Promise<{ readonly calls: LoadReport; readonly talk: TalkReport }> {
    return ask(this.#load, { kind: 'both', ms, ...order });
  }

  /** Sound in every call that is held. */
  talk(ms: number): Promise<TalkReport> {
    return ask(this.#load, { kind: 'talk', ms });
  }

  /** Ends all calls that were held without end. */
  hangup(): Promise<LoadReport> {
    return ask(this.#load, { kind: 'hangup' });
  }

  usage(): Promise<ServerUsage> {
    return ask(this.#server, { kind: 'usage' });
  }

  collect(): Promise<string> {
    return ask(this.#server, { kind: 'collect' });
  }

  async close(): Promise<void> {
    await ask(this.#load, { kind: 'close' });
    await ask(this.#server, { kind: 'stop' });
    await Promise.all([gone(this.#load), gone(this.#server)]);
    await rm(this.#data, { recursive: true, force: true });
  }
}

/** The taxi example, with a trunk known by its address in place of softphones, and room for many calls. */
function settingsFor(ports: LoadPorts, data: string, options: StageOptions): Settings {
  const { unrecorded = false, users = [] } = options;
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
        scenarios: unrecorded ? { taxi: unrecordedScenario(data) } : taxi.scenarios,
        rules: taxi.rules.map((rule) => ({ ...rule, customData: ports.backendUrl })),
      },
    ],
  };
}

/** The example's own file with the one call to `record` taken out, so that the two cannot drift apart. */
function unrecordedScenario(folder: string): string {
  const source = readFileSync(join(TAXI, 'scenario.js'), 'utf8');
  const unrecorded = source.replace(', () => call.record({ stereo: true })', '');
  if (unrecorded === source) throw new Error('examples/taxi/scenario.js records in another way now');
  const file = join(folder, 'unrecorded.js');
  writeFileSync(file, unrecorded);
  return file;
}

function spawn(file: string, execArgv: string[]): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), [], { execArgv });
}

function gone(child: ChildProcess): Promise<unknown> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', resolve));
}

/** One question at a time; a child that dies instead of answering is an error. */
function ask<T>(child: ChildProcess, question: ServerQuestion | LoadQuestion): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void): void => {
      child.off('message', onMessage);
      child.off('exit', onExit);
      then();
    };
    const onMessage = (answer: unknown): void => settle(() => resolve(answer as T));
    const onExit = (code: number | null): void =>
      settle(() => reject(new Error(`a child process ended with ${code} when asked to ${question.kind}`)));
    child.on('message', onMessage);
    child.on('exit', onExit);
    child.send(question, (error) => {
      if (error !== null) settle(() => reject(error));
    });
  });
}
