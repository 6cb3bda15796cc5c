/**
 * One flow: scripts of a rule, run by the real scenario service in its real sandbox, on a clock that moves only when the
 * test lets it. Whoever calls and is called is a `Phone`. A flow may have several sessions: people call one after another.
 */
import type { Route, ScenarioSource } from '../call/types.ts';
import type { Logger } from '../kernel/logger.ts';
import { seededRandom } from '../kernel/seeded-random.ts';
import { VirtualClock } from '../kernel/virtual-clock.ts';
import type { AccessAnswer, ScenarioSessionEvents } from '../scenario/ports.ts';
import type { HostEvent } from '../scenario/protocol.ts';
import { ScenarioService } from '../scenario/scenario-service.ts';
import { CallsDouble } from './calls-double.ts';
import type { Caller, FlowOptions, Question } from './flow-options.ts';
import { FlowSandboxes } from './flow-sandboxes.ts';
import { HttpDouble } from './http-double.ts';
import { type Direction, Ladder } from './ladder.ts';
import { MailDouble } from './mail-double.ts';
import { MaskingDouble } from './masking-double.ts';
import { MediaDouble } from './media-double.ts';
import { People } from './people.ts';
import type { Phone, PhoneHost, Waiting } from './phone.ts';
import { RecognitionDouble } from './recognition-double.ts';
import { Recordings } from './recordings.ts';
import { Sounds } from './sounds.ts';
import { StorageDouble } from './storage-double.ts';
import { type WebSocketServer, WebSocketsDouble } from './web-socket-double.ts';

/** A flow that went otherwise than the test says, with the ladder of what happened. */
export class FlowError extends Error {
  override readonly name = 'FlowError';
}

/** Virtual milliseconds that a wait takes at the most. */
const WITHIN_MS = 5_000;
/** Real milliseconds after which something does not come to rest. */
const REST_MS = 20_000;
/** Milliseconds that a character takes when somebody speaks. */
const SPOKEN_MS = 70;
const URL_OF_NODE = 'https://maskline.test';
const NOON = Date.UTC(2026, 0, 1, 12);

export class Flow implements PhoneHost, AsyncDisposable {
  /** The backend: says what requests are answered with, and what was asked. */
  readonly http: HttpDouble;
  /** Prompts: what was spoken (`sounds.said`), how long a file lasts (`sounds.file`), a voice out of order (`sounds.fault`). */
  readonly sounds = new Sounds();
  readonly recordings: Recordings;
  /** Recognition: who is listened to and for what (`recognition.asked`), and out of order (`recognition.fault`). */
  readonly recognition = new RecognitionDouble();
  /** `ApplicationStorage`, empty when the flow begins. */
  readonly storage: StorageDouble;
  /** Letters that scripts sent (`mail.sent`), or a server that is away (`mail.fault`). */
  readonly mail = new MailDouble();
  /** `Masking`: who may talk (`masking.session`), and what became of it. */
  readonly masking: MaskingDouble;
  readonly ladder: Ladder;
  /** Everything that the scripts were told, in order. */
  readonly events: HostEvent[] = [];
  /** Lines of `Logger.write` and of the runtime, in order. */
  readonly log: string[] = [];
  readonly #clock: VirtualClock;
  readonly #calls: CallsDouble;
  readonly #people: People;
  readonly #sandboxes: FlowSandboxes;
  readonly #service: ScenarioService;
  readonly #webSockets: WebSocketsDouble;
  readonly #route: Route;
  readonly #customData: string;
  readonly #numbers: Set<string>;
  #failures: string[] = [];
  #closed = false;

  constructor(scenarios: readonly ScenarioSource[], options: FlowOptions = {}) {
    const { customData = '', numbers = [], users, now, seed = 1, limits = {} } = options;
    const clock = new VirtualClock(now?.getTime() ?? NOON, () => this.#quiet());
    const random = seededRandom(seed);
    this.#clock = clock;
    this.#customData = typeof customData === 'string' ? customData : JSON.stringify(customData);
    this.#numbers = new Set(numbers);
    this.#route = { applicationId: 'test', applicationName: 'test', ruleName: 'test', scenarios };
    this.ladder = new Ladder(() => clock.monotonic());
    this.storage = new StorageDouble(clock);
    this.#webSockets = new WebSocketsDouble({
      note: (what, direction) => this.ladder.add('socket', direction, what),
      unexpected: (sentence) => this.#fail('socket', sentence),
      until: (isSo, what, within) => this.until(isSo, what, within),
    });
    this.recordings = new Recordings(clock, (call) => this.#people.phoneOfId(call)?.name ?? 'session');
    this.http = new HttpDouble({
      clock,
      onAsked: ({ method, url }, outcome) => this.ladder.add('HTTP', 'out', `${method} ${url}: ${outcome}`),
      onUnexpected: (sentence) => this.#fail('HTTP', sentence),
      byHand: options.byHand,
    });
    const { http } = this;
    this.masking = new MaskingDouble({ clock, random, log: SILENT, http, held: () => this.#numbers });
    const media = new MediaDouble({
      clock,
      sounds: this.sounds,
      onListener: (listener) => this.recognition.listens(listener),
    });
    const { ladder, recognition } = this;
    this.#people = new People({ host: this, ladder, media, recognition, nameOf: options.nameOf });
    this.#sandboxes = new FlowSandboxes(limits, (event) => this.events.push(event));
    this.#calls = new CallsDouble({
      clock,
      random,
      numbers: () => new Set([...this.#numbers, ...this.masking.numbers]),
      people: () => this.masking.people,
      users: users === undefined ? undefined : new Set(users),
      onCall: (made) => this.#people.add(made),
      note: (call, direction, what) =>
        ladder.add(this.#people.phoneOf(call)?.name ?? 'call', direction, what),
    });
    this.#service = new ScenarioService({
      calls: this.#calls,
      media,
      recordings: this.recordings,
      speech: this.sounds,
      playbacks: this.sounds,
      recognition: this.recognition,
      storage: this.storage,
      masking: this.masking.service,
      mailer: this.mail,
      publicUrl: () => URL_OF_NODE,
      webSockets: this.#webSockets,
      http: this.http,
      sandboxes: this.#sandboxes,
      clock,
      random,
      log: SILENT,
      settings: { workers: 1, warm: 1, limits, httpAllowPrivate: [], playbackFolder: '' },
    });
    this.#watch(this.#service);
  }

  /** The flow's time, as the script's `Date.now()` has it. */
  get now(): number {
    return this.#clock.now();
  }
  /** Sessions that run. */
  get running(): number {
    return this.#service.activeSessions;
  }
  /** Everybody who has called or was called, in order. */
  get phones(): readonly Phone[] {
    return this.#people.phones;
  }
  /** Everybody whom the scenarios have called so far. */
  get calledPhones(): readonly Phone[] {
    return this.phones.filter(({ isCaller }) => !isCaller);
  }

  /** Somebody calls in, and a session begins. */
  async callsIn(caller: Caller): Promise<Phone> {
    const { from, to, displayName = '', headers = {}, name } = caller;
    await this.#sandboxes.ready;
    this.#numbers.add(to);
    this.masking.people.add(from);
    this.#people.nextName = name;
    const call = this.#calls.ring(
      { ...this.#route, customData: this.#customData },
      { from, to, displayName, headers },
    );
    await this.settled();
    return this.#people.phoneOf(call) as Phone;
  }

  /** A session begins without a call, as by `POST /v1/scenarios/…/start` or `StartScenarios`. */
  async starts({ customData }: { readonly customData?: unknown } = {}): Promise<void> {
    await this.#sandboxes.ready;
    const text =
      customData === undefined
        ? this.#customData
        : typeof customData === 'string'
          ? customData
          : JSON.stringify(customData);
    this.ladder.add('scenario', 'in', 'is started');
    await this.#service.start({ route: this.#route, customData: text, inbound: undefined });
    await this.settled();
  }

  /** The next leg that a scenario dials; those that it dialled before are given first, each once. */
  async called({ within, name }: Waiting & { readonly name?: string } = {}): Promise<Phone> {
    await this.until(() => this.#people.unmet.length > 0, 'a call to somebody', within);
    const phone = this.#people.unmet.shift() as Phone;
    phone.name = name ?? phone.name;
    return phone;
  }

  /** A web socket server at that address. What scenarios open elsewhere is a fault of the flow. */
  webSocket(url: string): WebSocketServer {
    return this.#webSockets.server(url);
  }

  /**
   * The backend speaks to a session by its URL (`AppEvents.HttpRequest`): the one that the script gave away, or the newest
   * session's. Resolves with what the script answers.
   */
  async asks({ url = this.#newestUrl(), method = 'POST', json, text = '' }: Question = {}): Promise<string> {
    const { pathname, search } = new URL(url);
    const door = this.#service.find(/^\/session\/([0-9a-f]+)/.exec(pathname)?.[1] ?? '');
    if (door === undefined)
      throw this.failure(`The test asks ${url}, and no session that runs has that URL.`);
    const content = json === undefined ? text : JSON.stringify(json);
    this.ladder.add('backend', 'in', `${method} the session's URL: ${content}`);
    let answer: AccessAnswer | undefined;
    void door.request({ method, path: pathname + search, headers: [], content }).then((came) => {
      answer = came;
    });
    await this.until(() => answer !== undefined, 'an answer of the session', 60_000);
    const body = answer?.kind === 'answer' ? answer.body : 'too many requests at once';
    this.ladder.add('backend', 'out', `is answered: ${body}`);
    return body;
  }

  /** Lets virtual time pass, and everything that it sets off. */
  async advance(ms: number): Promise<void> {
    await this.#clock.advance(ms);
    await this.settled();
  }

  /** Until nothing more happens without time passing. Rejects when something happened that the test does not expect. */
  async settled(): Promise<void> {
    await this.#quiet();
    this.#check();
  }

  async until(isSo: () => boolean, what: string, within = WITHIN_MS): Promise<void> {
    const deadline = this.#clock.monotonic() + within;
    await this.settled();
    while (!isSo()) {
      const { nextIn } = this.#clock;
      if (nextIn === undefined || this.#clock.monotonic() + nextIn > deadline) {
        const waited = within > 0 && this.running > 0 ? ` within ${within / 1000} s` : '';
        throw this.failure(`The test waits for ${what}, and that does not come${waited}.`);
      }
      await this.advance(nextIn);
    }
  }

  /** All sessions are over: by themselves, not by the limit of a session that was forgotten. */
  async ended({ within }: Waiting = {}): Promise<void> {
    await this.settled();
    try {
      await this.until(() => this.running === 0, 'the end', within);
    } catch (error) {
      if (this.running === 0) throw error;
      throw this.failure(this.#people.leftOpen());
    }
  }

  /**
   * The end of a test: everything has to be over. Whatever is not, is ended. Rejects with what was left, unless the test
   * has failed by then anyway (`quietly`).
   */
  async finish(quietly = false): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#quiet();
    if (this.running > 0 && !quietly) this.#failures.push(this.#people.leftOpen());
    const closed = this.#service.close(0).then(() => true);
    for (let rounds = 0; rounds < 50; rounds++) {
      if (await Promise.race([closed, this.#clock.advance(1_000).then(() => false)])) break;
    }
    if (!quietly) this.#check();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.finish();
  }

  // What phones ask.

  hearing(phone: Phone): Phone | string {
    return this.#people.hearing(phone);
  }

  async saying(phone: Phone, text: string, confidence: number): Promise<void> {
    const streams = this.#people.recognising(phone);
    this.note(phone, 'in', `says: ${text}${streams.length === 0 ? ' (and nothing recognises it)' : ''}`);
    for (const { events } of streams) events.emit('speechStarted', {});
    const startSeconds = this.#clock.monotonic() / 1000;
    await this.advance(text.length * SPOKEN_MS);
    const endSeconds = this.#clock.monotonic() / 1000;
    for (const { events, isOpen } of streams) {
      if (!isOpen) continue;
      events.emit('interim', { text });
      events.emit('speechEnded', {});
      events.emit('result', { text, confidence, startSeconds, endSeconds, words: [] });
    }
    await this.settled();
  }

  note(phone: Phone, direction: Direction, what: string): void {
    this.ladder.add(phone.name, direction, what);
  }

  failure(sentence: string): FlowError {
    return new FlowError(`${sentence}\n\n${this.ladder.toString()}\n`);
  }

  #newestUrl(): string {
    const started = this.events.findLast((event) => event.type === 'started');
    return started?.access?.url ?? URL_OF_NODE;
  }

  #watch({ observers }: ScenarioService): void {
    observers.on('log', ({ level, message }) => {
      this.log.push(message);
      // What a request led to stands in the ladder already, with its whole address.
      if (!/^HTTP [A-Z]+ [^ ]+: /.test(message))
        this.ladder.add('log', 'note', level === 'info' ? message : `${level}: ${message}`);
    });
    observers.on('ended', (ended) => this.#onEnded(ended));
  }

  #onEnded({ reason, error }: ScenarioSessionEvents['ended']): void {
    this.ladder.add('scenario', 'note', `ended: ${reason}`);
    if (error === undefined) return;
    const { message, scenario, line } = error;
    const place = scenario === '' ? '' : ` (${scenario}${line === undefined ? '' : `:${line}`})`;
    this.#failures.push(`The scenario failed: ${message}${place}`);
  }

  #fail(who: string, sentence: string): void {
    this.ladder.add(who, 'note', sentence);
    this.#failures.push(sentence);
  }

  /** Each failure is told once. */
  #check(): void {
    if (this.#failures.length === 0) return;
    const failures = this.#failures;
    this.#failures = [];
    throw this.failure(failures.join('\n'));
  }

  /** Until every sandbox has answered and every promise has run. Then what everybody hears is noted. */
  async #quiet(): Promise<void> {
    const began = performance.now();
    do {
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (performance.now() - began > REST_MS) throw this.failure('The flow does not come to rest.');
    } while (this.#sandboxes.busy > 0 || this.http.thinking > 0);
    this.#people.listen();
  }
}

const nothing = (): void => {};
const SILENT: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => SILENT,
};
