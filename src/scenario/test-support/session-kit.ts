import { expect } from 'vitest';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { settle, VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { FakeMediaEngine } from '../../call/test-support/fake-media.ts';
import type { Route, ScenarioSource } from '../../call/types.ts';
import type { Logger } from '../../kernel/logger.ts';
import { PhoneNumber } from '../../kernel/phone-number.ts';
import type { HttpAnswer, HttpClient, HttpRequest } from '../http/http-client.ts';
import type { RecordingOutcome, ScenarioSessionEvents } from '../ports.ts';
import { DEFAULT_LIMITS, type ScenarioLimits } from '../sandbox/limits.ts';
import { LocalSandboxes } from '../sandbox/local-sandboxes.ts';
import type { OpenSandbox, Sandbox, Sandboxes } from '../sandbox/sandboxes.ts';
import { ScenarioService, type ScenarioServiceOptions } from '../scenario-service.ts';
import { INSTRUMENT } from './coverage/instrument.ts';
import { FakeCalls } from './fake-calls.ts';
import { FakeRecognition } from './fake-recognition.ts';
import { soundFolder } from './sound-folder.ts';

/** One image for all sessions of a test file. */
let shared: LocalSandboxes | undefined;

class CountedSandboxes implements Sandboxes {
  readonly #owner: LocalSandboxes;
  readonly #open = new Set<object>();

  constructor(owner: LocalSandboxes) {
    this.#owner = owner;
  }
  get ready(): Promise<void> {
    return this.#owner.ready;
  }
  get count(): number {
    return this.#open.size;
  }
  open(options: OpenSandbox): Sandbox {
    const token = {};
    this.#open.add(token);
    const sandbox = this.#owner.open(options);
    const close = (): void => {
      this.#open.delete(token);
      sandbox.close();
    };
    return { post: (event) => sandbox.post(event), close };
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

export function route(...scripts: string[]): Route {
  const scenarios: ScenarioSource[] = scripts.map((source, i) => ({
    name: i === 0 ? 'taxi.js' : `part${i + 1}.js`,
    source,
  }));
  return { applicationId: 'taxi', applicationName: 'Taxi', ruleName: 'all', scenarios };
}

export class FakeHttp implements HttpClient {
  readonly requests: HttpRequest[] = [];
  readonly #answers: ((answer: HttpAnswer) => void)[] = [];

  request(request: HttpRequest): Promise<HttpAnswer> {
    this.requests.push(request);
    return new Promise((resolve) => {
      this.#answers.push(resolve);
      request.signal.addEventListener('abort', () =>
        resolve({ code: 0, headers: [], body: new Uint8Array(), error: 'aborted' }),
      );
    });
  }

  /** Answers the oldest open request. */
  async answer(code: number, text: string, headers: HttpAnswer['headers'] = []): Promise<void> {
    this.#answers.shift()?.({ code, headers, body: new TextEncoder().encode(text) });
    await turns();
  }
  async fail(error: string): Promise<void> {
    this.#answers.shift()?.({ code: 0, headers: [], body: new Uint8Array(), error });
    await turns();
  }
}

/** Events, turns and commands each take a few microtasks. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 4; i++) await settle();
}

type Ended = ScenarioSessionEvents['ended'];
/** What parts of the API need from outside; each test brings its own. */
export type MoreServices = Partial<ScenarioServiceOptions>;

export class SessionKit {
  readonly clock = new VirtualClock();
  readonly calls = new FakeCalls();
  readonly media = new FakeMediaEngine();
  readonly http = new FakeHttp();
  readonly logs: string[] = [];
  /** The server's own log. */
  readonly serverLog: string[] = [];
  readonly ended: Ended[] = [];
  readonly recordings: RecordingOutcome[] = [];
  readonly said: { text: string; language: string }[] = [];
  speechError: string | undefined;
  readonly recognition = new FakeRecognition();
  /** Conferences that there is a rule for, by name. */
  readonly conferences = new Map<string, Route>();
  readonly service: ScenarioService;
  readonly #sandboxes: Sandboxes;

  private constructor(limits: Partial<ScenarioLimits>, more: MoreServices) {
    shared ??= new LocalSandboxes({ limits: DEFAULT_LIMITS, warm: 3, instrument: INSTRUMENT });
    this.#sandboxes = new CountedSandboxes(shared);
    this.service = new ScenarioService({
      calls: this.calls,
      media: this.media,
      recordings: {
        begin: ({ callId }) => ({
          recordingId: `rec-${callId}`,
          path: `/nowhere/${callId}.wav`,
          url: `http://maskline/rec-${callId}`,
        }),
        finish: (outcome) => this.recordings.push(outcome),
      },
      recognition: this.recognition,
      speech: {
        say: (text, { language }) => {
          this.said.push({ text, language });
          return this.speechError === undefined
            ? Promise.resolve(new Int16Array(8000))
            : Promise.reject(new Error(this.speechError));
        },
      },
      routes: {
        routeFor: (_application, dialled) =>
          [...this.conferences].find(([name]) => PhoneNumber.parse(name).equals(dialled))?.[1],
      },
      clock: this.clock,
      random: seededRandom(1),
      log: this.#logger(),
      settings: { workers: 1, warm: 3, limits, httpAllowPrivate: [], playbackFolder: soundFolder() },
      http: this.http,
      sandboxes: this.#sandboxes,
      ...more,
    });
    this.service.observers.on('log', ({ message }) => this.logs.push(message));
    this.service.observers.on('ended', (ended) => this.ended.push(ended));
  }

  #logger(): Logger {
    const write = (fields: object, message: string): void => {
      this.serverLog.push(`${message} ${JSON.stringify(fields)}`);
    };
    return { debug: write, info: write, warn: write, error: write, child: () => this.#logger() };
  }

  static async create(limits: Partial<ScenarioLimits> = {}, more: MoreServices = {}): Promise<SessionKit> {
    const kit = new SessionKit(limits, more);
    await kit.service.ready;
    return kit;
  }

  /** A session without an inbound call. */
  async start(script: string, customData = ''): Promise<void> {
    await this.service.start({ route: route(script), customData, inbound: undefined });
    await turns();
  }

  /** Lets time and everything that it sets off pass. */
  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await turns();
  }

  /** House rule 11: after the end nothing is left. */
  expectNothingLeft(): void {
    expect(this.service.activeSessions).toBe(0);
    expect(this.calls.active).toEqual([]);
    expect(this.clock.pending).toBe(0);
    expect(this.media.sessions.every(({ closed }) => closed)).toBe(true);
    expect(this.media.openLegs).toEqual([]);
    expect(this.#sandboxes.count).toBe(0);
  }
}
