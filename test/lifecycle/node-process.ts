import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createKey } from '../../src/cli/keys.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { silentLogger } from '../../src/kernel/logger.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import type { AnswerScript, Misbehaviour } from '../../src/phone/behaviour.ts';
import { Phone } from '../../src/phone/phone.ts';
import { NodeNetwork } from '../../src/sip/transport/node-network.ts';
import { openStorage, type Storage } from '../../src/storage/storage.ts';
import { mediaPorts } from '../kit/media-ports.ts';
import { putDatabase } from '../kit/migrated-database.ts';
import { NODE_FLAGS } from '../kit/node-flags.ts';
import { type Backend, HOST, startBackend } from '../kit/whole-server.ts';
import { type Program, startProgram } from './program.ts';

const CLI = fileURLToPath(new URL('../../src/cli/maskline.ts', import.meta.url));
const SCENARIO = fileURLToPath(new URL('../../examples/taxi/scenario.js', import.meta.url));

/** One data folder, its backend, its phones, and the nodes that run on it one after the other. */
export class Place {
  readonly folder: string;
  readonly data: string;
  readonly backend: Backend;
  /** A key, made before the first start. */
  readonly key: string;
  /** Registrations name the node's port, so every node of this place has the same. 0 until the first has one. */
  #sipPort = 0;
  readonly #application: 'taxi' | 'masked';
  readonly #phones: Phone[] = [];
  readonly #nodes: NodeProcess[] = [];

  private constructor(folder: string, backend: Backend, key: string, application: 'taxi' | 'masked') {
    this.#application = application;
    this.folder = folder;
    this.data = join(folder, 'data');
    this.backend = backend;
    this.key = key;
  }

  /** @param application `masked`: its calls are joined by the masking service, and it has no script. */
  static async make(application: 'taxi' | 'masked' = 'taxi'): Promise<Place> {
    const folder = await mkdtemp(join(tmpdir(), 'maskline-lifecycle-'));
    await putDatabase(join(folder, 'data'));
    const storage = await openAt(join(folder, 'data'));
    const { secret } = await createKey(storage, {
      name: 'test',
      scopes: ['calls:read', 'scenarios:start', 'sessions:read'],
    });
    await storage.close();
    return new Place(folder, await startBackend(), secret, application);
  }

  /** Starts `maskline serve` and waits until it is ready. `start` wraps the command, such as `script/server`. */
  async start(
    options: { readonly drainSeconds?: number; readonly command?: readonly string[] } = {},
  ): Promise<NodeProcess> {
    const settings = join(this.folder, 'maskline.yaml');
    await writeFile(settings, this.#settings(options.drainSeconds ?? 30));
    const command = options.command ?? [process.execPath, ...NODE_FLAGS, CLI, 'serve'];
    const program = startProgram([...command, '--settings', settings, '--data', this.data]);
    const node = await NodeProcess.ready(program, this.key);
    this.#sipPort = node.sipPort;
    this.#nodes.push(node);
    return node;
  }

  /** A phone on the place's SIP port, registered as one of the accounts. */
  async phone(
    name: 'driver' | 'passenger',
    options: {
      readonly answer?: AnswerScript;
      readonly misbehaviour?: Misbehaviour;
      readonly domain?: string;
    } = {},
  ): Promise<Phone> {
    const { domain = 'maskline.local', ...rest } = options;
    const phone = new Phone({
      network: new NodeNetwork(),
      clock: systemClock,
      random: systemRandom,
      local: { host: HOST, port: 0 },
      identity: { username: name, password: `${name}-4711`, domain },
      registrar: { host: HOST, port: this.#sipPort },
      audio: { toneHz: name === 'driver' ? 440 : 1020 },
      ...rest,
    });
    this.#phones.push(phone);
    await phone.open();
    await phone.register();
    return phone;
  }

  /** The stored data, while no node runs. */
  async stored<T>(look: (storage: Storage) => Promise<T>): Promise<T> {
    const storage = await openAt(this.data);
    try {
      return await look(storage);
    } finally {
      await storage.close();
    }
  }

  /** Ends whatever is left. */
  async close(): Promise<void> {
    for (const phone of this.#phones) phone.close();
    await Promise.all(this.#nodes.map((node) => node.kill()));
    await this.backend.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  #script(): string {
    const rule = `{ name: taxi, pattern: ".*", scenarios: [taxi], customData: "${this.backend.url}" }`;
    return `scenarios: { taxi: ${SCENARIO} }\n    rules: [${rule}]`;
  }

  #settings(drainSeconds: number): string {
    const { min, max } = mediaPorts();
    return `
sip: { domain: maskline.local, listen: [{ transport: udp, host: ${HOST}, port: ${this.#sipPort} }] }
media: { host: ${HOST}, ports: { min: ${min}, max: ${max} } }
http: { host: ${HOST}, port: 0 }
limits: { drainSeconds: ${drainSeconds} }
scenario: { httpAllow: [${HOST}] }
applications:
  - name: taxi
    numbers: ["+442079460123"]
    users:
      - { name: driver, password: driver-4711, number: "+447700900101" }
      - { name: passenger, password: passenger-4711, number: "+447700900202" }
    ${this.#application === 'masked' ? 'masking: true' : this.#script()}
`;
  }
}

/** A call as \`GET /v1/calls\` gives it, as far as the tests look. */
export interface ApiCall {
  readonly id: string;
  readonly status: string;
  readonly reason?: string;
  readonly endedAt?: string;
  readonly legs: readonly { readonly endedAt?: string; readonly reason?: string }[];
  readonly recordings: readonly {
    readonly status: string;
    readonly path: string;
    readonly seconds?: number;
  }[];
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** A node that runs as a process. */
export class NodeProcess {
  readonly program: Program;
  readonly sipPort: number;
  readonly httpUrl: string;
  readonly #key: string;

  private constructor(program: Program, key: string, ready: { sipPort: number; httpUrl: string }) {
    this.program = program;
    this.sipPort = ready.sipPort;
    this.httpUrl = ready.httpUrl;
    this.#key = key;
  }

  static async ready(program: Program, key: string): Promise<NodeProcess> {
    const line = await program.line((text) => text.includes('"msg":"Maskline is ready"'));
    const { sip, http } = JSON.parse(line) as { sip: { port: number }[]; http: string };
    return new NodeProcess(program, key, { sipPort: sip[0]!.port, httpUrl: http });
  }

  async kill(): Promise<void> {
    await this.program.end('SIGKILL');
  }

  get(path: string): Promise<Answer> {
    return this.#ask(path, {});
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.#ask(path, { method: 'POST', body: JSON.stringify(body) });
  }

  async #ask(path: string, init: RequestInit): Promise<Answer> {
    const headers = { authorization: `Bearer ${this.#key}`, 'content-type': 'application/json' };
    const response = await fetch(`${this.httpUrl}${path}`, { ...init, headers });
    return { status: response.status, body: await response.json() };
  }

  /** Newest first. */
  async calls(): Promise<readonly ApiCall[]> {
    const { status, body } = await this.get('/v1/calls?limit=200');
    if (status !== 200) throw new Error(`GET /v1/calls: ${status} ${JSON.stringify(body)}`);
    return (body as { items: ApiCall[] }).items;
  }

  /** The newest call, once its record is closed. */
  async closedCall(): Promise<ApiCall> {
    const deadline = performance.now() + 10_000;
    for (;;) {
      const [newest] = await this.calls();
      if (newest !== undefined && newest.status !== 'in-progress') return newest;
      if (performance.now() > deadline)
        throw new Error(`no closed record: ${newest?.status ?? 'none at all'}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function openAt(dataFolder: string): Promise<Storage> {
  return openStorage({
    dataFolder,
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
    environment: {},
  });
}
