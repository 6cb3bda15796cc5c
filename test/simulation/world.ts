/** A whole server on a virtual network and a virtual clock, and the peers, backend and database around it. */
import { CallService } from '../../src/call/call-service.ts';
import { parseSettings } from '../../src/config/load.ts';
import type { Logger } from '../../src/kernel/logger.ts';
import { createSipStack, type SipStack } from '../../src/node/sip-stack.ts';
import { RecordKeeper } from '../../src/records/record-keeper.ts';
import { Recordings } from '../../src/records/recordings.ts';
import type { Sandboxes } from '../../src/scenario/sandbox/sandboxes.ts';
import { ScenarioService } from '../../src/scenario/scenario-service.ts';
import { MemoryLocations } from '../../src/sip/user-agent/test-support/memory-locations.ts';
import { VirtualClock } from '../kit/virtual-clock.ts';
import { VirtualNetwork } from '../kit/virtual-network.ts';
import { BackendDouble } from './backend-double.ts';
import { Carrier } from './carrier.ts';
import { Dice } from './dice.ts';
import { DirectoryDouble } from './directory-double.ts';
import { scheduleDisasters } from './disasters.ts';
import { drawFates } from './fate.ts';
import { Legs } from './legs.ts';
import { MediaDouble } from './media-double.ts';
import {
  ACCOUNT,
  CALLEE_MEDIA,
  CALLEE_SECRET,
  CALLER,
  CALLER_MEDIA,
  CALLER_SECRET,
  CARRIERS,
  MEDIA_HOST,
  SERVER,
  SERVICE_NUMBER,
} from './numbers.ts';
import { Phone } from './phone.ts';
import type { Plan } from './plan.ts';
import { QuickjsSandboxes, taxiSource } from './quickjs.ts';
import { ScriptDoubles } from './script-double.ts';
import { StoreDouble } from './store-double.ts';
import { Trace } from './trace.ts';

/** Promises of the server run in turns of the job queue; so many are enough for the deepest chain between two timers. */
const TURNS = 40;

/** A run takes some hundred timers; one that takes so many has an endless loop in it. */
const MOST_TIMERS = 40_000;

/** What every run has alike, read once. */
const sipSettings = parseSettings('', {}).sip;

/** Hooks for the test that breaks the server on purpose. */
export interface Sabotage {
  /** Changes what was built before anything moves. */
  readonly afterBuild?: (world: World) => void;
}

export class World {
  readonly plan: Plan;
  readonly clock = new VirtualClock(undefined, () => this.#settled());
  readonly trace = new Trace();
  readonly violations: string[] = [];
  readonly network: VirtualNetwork;
  readonly phone: Phone;
  readonly carriers: readonly Carrier[];
  readonly numbers: readonly string[];
  readonly callerNumber: string;
  readonly stack: SipStack;
  readonly calls: CallService;
  readonly media: MediaDouble;
  readonly store: StoreDouble;
  readonly keeper: RecordKeeper;
  readonly recordings: Recordings;
  readonly scenarios: ScenarioService;
  readonly sandboxes: Sandboxes;
  readonly backend: BackendDouble;
  readonly legs: Legs;
  /** Number → Call-IDs of INVITEs that came, in order. */
  readonly invited = new Map<string, string[]>();
  #stopping: Promise<void> | undefined;
  #closedTransport = false;
  #timers = 0;

  constructor(plan: Plan) {
    this.plan = plan;
    const dice = new Dice(plan.seed, 'numbers');
    this.callerNumber = `+7912${dice.digits(7)}`;
    this.numbers = plan.callees.map((_, index) => `+7903${dice.digits(6)}${index}`);
    const { clock } = this;
    const random = new Dice(plan.seed, 'server').random;
    const log = this.#logger();
    this.network = this.#createNetwork();
    this.phone = this.#createPhone();
    this.carriers = [this.#createCarrier(1), this.#createCarrier(2)];
    const directory = new DirectoryDouble(plan, this.callerNumber);
    this.stack = createSipStack({
      settings: sipSettings,
      network: this.network.host(SERVER.host),
      directory,
      locations: new MemoryLocations(),
      clock,
      random,
      log,
    });
    this.media = new MediaDouble({
      clock,
      latency: 1,
      host: MEDIA_HOST,
      isHeard: ({ host }) =>
        (host === CALLER_MEDIA.host ? this.phone.excuse : this.carriers[0]!.excuse) === undefined,
    });
    const limits = { calls: 100, ringSeconds: 60 };
    this.calls = new CallService({ userAgent: this.stack.userAgent, directory, clock, random, log, limits });
    this.legs = new Legs(
      this.calls,
      () => clock.monotonic(),
      (text) => this.note(text),
    );
    this.store = new StoreDouble(clock, plan.faults.databaseMs);
    this.keeper = new RecordKeeper({ store: this.store, node: 'simulated', clock, random, log });
    this.recordings = new Recordings({
      folder: '/nowhere',
      publicUrl: 'http://maskline.invalid',
      keeper: this.keeper,
      clock,
      random,
      makeFolder: () => {},
    });
    this.backend = new BackendDouble(clock, plan.backend, this.#numbersForScript());
    this.sandboxes = this.#createSandboxes();
    if (plan.script.style === 'quickjs') directory.scenarios = [taxiSource()];
    this.scenarios = new ScenarioService({
      calls: this.calls,
      media: this.media,
      recordings: this.recordings,
      speech: { say: async () => new Int16Array(8_000) },
      clock,
      random,
      log,
      settings: { workers: 1, warm: 1, limits: {}, httpAllowPrivate: [], playbackFolder: '/nowhere' },
      http: this.backend,
      sandboxes: this.sandboxes,
    });
    this.scenarios.observers.on('ended', ({ sessionId, reason }) => {
      this.legs.sessionEnded(sessionId, clock.monotonic());
      this.note(`the session ends: ${reason}`);
    });
    this.keeper.watchCalls(this.calls.observers);
    this.keeper.watchSessions(this.scenarios.observers);
  }

  /** Opens all sockets and sets the alarms of the plan. */
  async open(): Promise<void> {
    for (const transport of ['udp', 'tcp'] as const)
      await this.stack.transport.listen({ transport, host: SERVER.host, port: SERVER.port });
    this.stack.userAgent.start();
    for (const agent of this.agents) await agent.open();
    scheduleDisasters(this);
  }

  get agents() {
    return [this.phone, ...this.carriers];
  }

  /** No call and no session is left on the server. */
  get serverIsDone(): boolean {
    return this.calls.active.length === 0 && this.scenarios.activeSessions === 0;
  }

  /** Nothing goes on any more, on no side. */
  get quiet(): boolean {
    return this.serverIsDone && this.agents.every((agent) => agent.leftovers().length === 0);
  }

  /** The node has stopped, so that nothing can be sent any more. */
  get transportClosed(): boolean {
    return this.#closedTransport;
  }

  note(text: string): void {
    this.trace.note(this.clock.monotonic(), text);
  }

  count(what: string): void {
    this.trace.count(what);
  }

  fault(what: string): void {
    this.violations.push(what);
    this.note(`FAULT ${what}`);
  }

  get stopping(): boolean {
    return this.#stopping !== undefined;
  }

  async #settled(): Promise<void> {
    this.#timers += 1;
    if (this.#timers > MOST_TIMERS) throw new Error('the run does not end: there is a loop of timers');
    for (let turn = 0; turn < TURNS; turn++) await undefined;
  }

  /** As `main.ts` stops a node: calls first, then what is above SIP, the records last. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.note('the node stops');
    await this.calls.drain(this.plan.faults.drainMs);
    await this.scenarios.close(5_000);
    await this.keeper.close(20_000);
    const { userAgent, dialogs, transactions, transport } = this.stack;
    this.#closedTransport = true;
    await userAgent.close();
    dialogs.close();
    transactions.close();
    await transport.close();
    await this.media.close();
  }

  #createNetwork(): VirtualNetwork {
    const { faults, seed } = this.plan;
    const dice = new Dice(seed, 'network');
    const network = new VirtualNetwork({
      clock: this.clock,
      random: dice.random,
      conditions: { latency: faults.latency, streamSlice: faults.slice },
    });
    network.tap((packet) => this.trace.capture(packet));
    const fates = drawFates(
      faults,
      dice,
      (host) => network.isolated(host),
      (what) => this.count(`datagram ${what}`),
    );
    network.fate = (from, to, bytes) => {
      const delays = fates(from, to, bytes);
      this.trace.fate(delays);
      return delays;
    };
    return network;
  }

  #createPhone(): Phone {
    const { plan } = this;
    return new Phone({
      name: 'caller',
      clock: this.clock,
      network: this.network.host(CALLER.host),
      local: CALLER,
      server: SERVER,
      plan: plan.caller,
      dice: new Dice(plan.seed, 'caller'),
      media: CALLER_MEDIA,
      secret: CALLER_SECRET,
      neverAcks: plan.caller.neverAcks,
      account: ACCOUNT,
      from: `"${CALLER_SECRET} person" <sip:${plan.caller.digest ? ACCOUNT.username : this.callerNumber}@${CALLER_SECRET}.invalid>`,
      dials: SERVICE_NUMBER,
      count: (what) => this.count(what),
      fault: (what) => this.#faultOfServer(what),
    });
  }

  /** Once the node has closed its sockets it owes its peers nothing any more. */
  #faultOfServer(what: string): void {
    if (this.#closedTransport) this.note(`after the stop: ${what}`);
    else this.fault(what);
  }

  #createCarrier(order: 1 | 2): Carrier {
    const { plan } = this;
    const local = CARRIERS[order - 1]!;
    return new Carrier({
      name: `carrier ${order}`,
      order,
      clock: this.clock,
      network: this.network.host(local.host),
      local,
      server: SERVER,
      plan: plan.carrier,
      dice: new Dice(plan.seed, `carrier ${order}`),
      media: CALLEE_MEDIA,
      secret: CALLEE_SECRET,
      calleeOf: (number) => plan.callees[this.numbers.indexOf(`+${number}`)],
      onInvited: (number, callId) => {
        const known = this.invited.get(number) ?? [];
        if (!known.includes(callId)) this.invited.set(number, [...known, callId]);
      },
      count: (what) => this.count(what),
      fault: (what) => this.#faultOfServer(what),
    });
  }

  #createSandboxes(): Sandboxes {
    const { plan, clock } = this;
    if (plan.script.style === 'quickjs') return new QuickjsSandboxes();
    return new ScriptDoubles({
      clock,
      dice: new Dice(plan.seed, 'script'),
      plan: plan.script,
      fault: (what) => this.fault(what),
      count: (what) => this.count(what),
    });
  }

  #numbersForScript(): readonly string[] {
    const many = this.plan.script.style === 'hunt' || this.plan.script.style === 'both';
    return many ? this.numbers : this.numbers.slice(0, 1);
  }

  /** A server that logs an error has met something that it did not expect; what faults of ours cause is expected. */
  #logger(): Logger {
    const quiet = (): void => {};
    const error = (fields: object, message: string): void => {
      if (!EXPECTED_ERRORS.test(message))
        this.fault(`the server logs an error: ${message} ${describe(fields)}`);
    };
    const logger: Logger = { debug: quiet, info: quiet, warn: quiet, error, child: () => logger };
    return logger;
  }
}

const EXPECTED_ERRORS =
  /^scenario$|call records (cannot be written yet|are lost)|no scenario session could be started/;

function describe(fields: object): string {
  return JSON.stringify(fields, (_, value: unknown) => (value instanceof Error ? value.stack : value));
}
