import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '../../src/config/load.ts';
import type { Settings } from '../../src/config/schema.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { createLogger } from '../../src/kernel/logger.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { type Maskline, startMaskline } from '../../src/main.ts';
import type { AnswerScript, Misbehaviour } from '../../src/phone/behaviour.ts';
import type { IncomingCall } from '../../src/phone/incoming-call.ts';
import { Phone } from '../../src/phone/phone.ts';
import type { PhoneAudio } from '../../src/phone/phone-context.ts';
import type { PhoneTls } from '../../src/phone/wire.ts';
import type { CallEventRecord, CallRecord } from '../../src/records/ports.ts';
import { NodeNetwork } from '../../src/sip/transport/node-network.ts';
import type { TransportName } from '../../src/sip/transport/types.ts';
import { expectUnattacked, soundsOf } from './attack-check.ts';
import { expectNothingLeft } from './leak-check.ts';
import { mediaPorts } from './media-ports.ts';
import { putDatabase } from './migrated-database.ts';
import { RtpAttacker } from './rtp-attacker.ts';

export const HOST = '127.0.0.1';
export const SERVICE = '+442079460123';
export const DRIVER = '+447700900101';
export const PASSENGER = '+447700900202';
const DOMAIN = 'maskline.local';
const TAXI = new URL('../../examples/taxi/maskline.yaml', import.meta.url);

/** What the backend does with a question. Default: connects driver and passenger. */
export type BackendAnswer =
  | { readonly kind: 'reply'; readonly status: number; readonly body: string; readonly afterMs?: number }
  /** Takes the question and never answers. */
  | { readonly kind: 'silence' }
  | { readonly kind: 'reset' };

export interface Backend {
  readonly url: string;
  /** Set by a test. */
  answer: (question: string) => BackendAnswer;
  /** Questions so far. */
  readonly questions: string[];
  /** Resolves when the next question comes. */
  nextQuestion(): Promise<void>;
  close(): Promise<void>;
}

const connects = (question: string): BackendAnswer => {
  const { caller } = JSON.parse(question) as { caller: string };
  const connect = caller === DRIVER ? PASSENGER : caller === PASSENGER ? DRIVER : undefined;
  return connect === undefined
    ? { kind: 'reply', status: 404, body: '{"error":"no active order"}' }
    : { kind: 'reply', status: 200, body: JSON.stringify({ order: '4711', connect }) };
};

/** A backend that a test can make slow, wrong or silent. */
export async function startBackend(): Promise<Backend> {
  const backend: { answer: Backend['answer'] } = { answer: connects };
  const questions: string[] = [];
  const waiting: (() => void)[] = [];
  const held = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const question = Buffer.concat(chunks).toString();
      questions.push(question);
      for (const told of waiting.splice(0)) told();
      const answer = backend.answer(question);
      if (answer.kind === 'reset') response.socket?.resetAndDestroy();
      else if (answer.kind === 'silence') held.add(response);
      else {
        const reply = (): void =>
          void response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
        if (answer.afterMs === undefined) reply();
        else setTimeout(reply, answer.afterMs);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  return Object.assign(backend, {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}`,
    questions,
    nextQuestion: () => new Promise<void>((resolve) => void waiting.push(resolve)),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

export interface WholeServerOptions {
  /** Further scenarios: service number → source. The taxi example's answers `SERVICE`. */
  readonly scenarios?: Readonly<Record<string, string>>;
  readonly settings?: (settings: Settings) => Settings;
  /** Keep the data folder of an earlier server. */
  readonly data?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** `false`: nobody attacks its media ports. For measurements; every other call has to bear a stranger. */
  readonly attacker?: false;
}

/** A whole Maskline on real sockets with the taxi example, its backend, and everything said to logs. */
export class WholeServer {
  readonly maskline: Maskline;
  readonly backend: Backend;
  readonly data: string;
  /** Every log line so far. */
  readonly logLines: string[];
  /** Sends to every media port of the server, all the time; that nobody heard of it is checked at the end. */
  readonly attacker: RtpAttacker | undefined;
  readonly #phones: Phone[] = [];
  readonly #taken = new Set<string>();
  #stopped = false;

  private constructor(
    maskline: Maskline,
    backend: Backend,
    data: string,
    logLines: string[],
    attacker: RtpAttacker | undefined,
  ) {
    this.attacker = attacker;
    if (attacker !== undefined) attacker.guessedSsrcs = () => soundsOf(this.#phones).map(({ ssrc }) => ssrc);
    this.maskline = maskline;
    this.backend = backend;
    this.data = data;
    this.logLines = logLines;
  }

  static async start(options: WholeServerOptions = {}): Promise<WholeServer> {
    const backend = await startBackend();
    const data = options.data ?? (await mkdtemp(join(tmpdir(), 'maskline-test-')));
    if (options.data === undefined && options.environment?.DATABASE_URL === undefined)
      await putDatabase(data);
    const { settings: example, folder } = loadSettings(TAXI.pathname, {});
    const application = example.applications[0]!;
    const more = await writeScenarios(options.scenarios ?? {}, data);
    const base: Settings = {
      ...example,
      data,
      log: { level: 'debug' },
      sip: {
        ...example.sip,
        listen: [
          { transport: 'udp', host: HOST, port: 0 },
          { transport: 'tcp', host: HOST, port: 0 },
        ],
      },
      media: { ...example.media, host: HOST, ports: mediaPorts() },
      http: { ...example.http, port: 0 },
      // The tests share its thread: how late that is says nothing of the server.
      limits: { ...example.limits, drainSeconds: 2, latenessMs: 0 },
      applications: [
        {
          ...application,
          numbers: [...application.numbers, ...more.map(({ number }) => number)],
          scenarios: {
            ...application.scenarios,
            ...Object.fromEntries(more.map(({ name, file }) => [name, file])),
          },
          rules: [
            ...application.rules.map((rule) => ({ ...rule, customData: backend.url })),
            ...more.map(({ name, number }) => ({
              name,
              pattern: `\\${number}`,
              scenarios: [name],
              customData: backend.url,
            })),
          ],
        },
      ],
    };
    const settings = options.settings?.(base) ?? base;
    const logLines: string[] = [];
    const log = createLogger(settings.log.level, { write: (line: string) => void logLines.push(line) });
    try {
      const environment = options.environment ?? {};
      const maskline = await startMaskline({ settings, folder, environment, log });
      const attacked = options.attacker !== false;
      const attacker = attacked ? await RtpAttacker.start({ ports: settings.media.ports }) : undefined;
      return new WholeServer(maskline, backend, data, logLines, attacker);
    } catch (error) {
      await backend.close();
      throw error;
    }
  }

  /** A phone of the kit, registered as one of the example's accounts, unless it is told not to. */
  async phone(
    name: 'driver' | 'passenger',
    options: {
      /** Default 0, which is silence in packets. */
      readonly toneHz?: number;
      /** It sends no sound at all, not even packets of silence. */
      readonly silent?: boolean;
      readonly answer?: AnswerScript | ((call: IncomingCall) => AnswerScript);
      readonly misbehaviour?: Misbehaviour;
      readonly transport?: TransportName;
      readonly tls?: PhoneTls;
      /** Codecs, SRTP. */
      readonly audio?: PhoneAudio;
      /** Where it stands; default 127.0.0.1. */
      readonly host?: string;
      readonly register?: boolean;
    } = {},
  ): Promise<Phone> {
    const { transport = 'udp', host = HOST } = options;
    const phone = new Phone({
      network: new NodeNetwork(),
      clock: systemClock,
      random: systemRandom,
      local: { host, port: 0 },
      transport,
      ...(options.tls === undefined ? {} : { tls: options.tls }),
      identity: { username: name, password: `${name}-4711`, domain: DOMAIN },
      registrar: this.maskline.sip.find(
        (address) => address.transport === transport && address.host.includes(':') === host.includes(':'),
      )!,
      audio:
        options.silent === true ? { ...options.audio } : { ...options.audio, toneHz: options.toneHz ?? 0 },
      ...(options.answer === undefined ? {} : { answer: options.answer }),
      ...(options.misbehaviour === undefined ? {} : { misbehaviour: options.misbehaviour }),
    });
    this.#phones.push(phone);
    await phone.open();
    if (options.register !== false) await phone.register();
    return phone;
  }

  /** Waits until so many records that no test has taken yet are closed; newest first. Takes them. */
  async closedRecords(count = 1): Promise<readonly CallRecord[]> {
    const closed = await this.#closed(count);
    for (const { id } of closed) this.#taken.add(id);
    return closed;
  }

  /** Records, open or closed, that no test has taken. */
  async untakenRecords(): Promise<readonly CallRecord[]> {
    const page = await this.maskline.storage.records.list({ limit: 200 });
    return page.items.filter((record) => !this.#taken.has(record.id));
  }

  /** What no test has taken, once all of it is closed. */
  async #allClosed(): Promise<readonly CallRecord[]> {
    return await this.#closed((await this.untakenRecords()).length);
  }

  async #closed(count: number): Promise<readonly CallRecord[]> {
    const deadline = systemClock.monotonic() + 10_000;
    for (;;) {
      const fresh = await this.untakenRecords();
      const closed = fresh.filter((record) => record.status !== 'in-progress');
      if (closed.length >= count) return closed;
      if (systemClock.monotonic() > deadline) {
        const states = fresh.map((record) => record.status).join(', ');
        throw new Error(`expected ${count} closed records, there are: ${states || 'none'}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async closedRecord(): Promise<CallRecord> {
    return (await this.closedRecords(1))[0]!;
  }

  async eventsOf(record: CallRecord): Promise<readonly CallEventRecord[]> {
    return (await this.maskline.storage.records.events(record.id, { limit: 500 })).items;
  }

  /** Between two tests on one server: phones unregister and close, nothing of a call is left, the backend is as at first. */
  async reset(): Promise<void> {
    // Ports drain for a second after a call; `stop` waits until the last has.
    await this.expectIdle({ portsMayDrain: true });
    await this.#expectUnattacked();
    for (const { id } of await this.#allClosed()) this.#taken.add(id);
    for (const phone of this.#phones.splice(0)) {
      if (phone.registered) await phone.unregister();
      phone.close();
    }
    this.backend.answer = connects;
    this.backend.questions.length = 0;
  }

  /** Nothing of a call is left while the server still runs: legs, sessions, sandboxes, transactions, ports. */
  async expectIdle(options: { readonly portsMayDrain?: boolean } = {}): Promise<void> {
    const { calls, scenarios, media } = this.maskline.parts;
    const { portsMayDrain = false } = options;
    const engine = portsMayDrain ? { stats: async () => ({ ...(await media.stats()), ports: 0 }) } : media;
    if (!portsMayDrain) this.attacker?.pause();
    await expectNothingLeft({ calls, scenarios, engine }, { realMs: 8000 });
    this.attacker?.resume();
  }

  async #expectUnattacked(): Promise<void> {
    if (this.attacker !== undefined) await expectUnattacked(this.attacker, this.#phones, this.data);
  }

  /** Closes phones, checks that nothing of a call is left, stops, and removes the data unless told to keep it. */
  async stop(options: { readonly keepData?: boolean; readonly idle?: boolean } = {}): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    try {
      if (options.idle !== false) await this.expectIdle();
      await this.#expectUnattacked();
    } finally {
      this.attacker?.close();
      for (const phone of this.#phones) phone.close();
      await this.maskline.stop();
      await this.backend.close();
      if (options.keepData !== true) await rm(this.data, { recursive: true, force: true });
    }
  }
}

async function writeScenarios(
  scenarios: Readonly<Record<string, string>>,
  folder: string,
): Promise<{ name: string; number: string; file: string }[]> {
  return await Promise.all(
    Object.entries(scenarios).map(async ([number, source], index) => {
      const name = `test-${index}`;
      const file = join(folder, `${name}.js`);
      await writeFile(file, source);
      return { name, number, file };
    }),
  );
}
