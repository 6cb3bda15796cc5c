import { expect } from 'vitest';
import type { Settings } from '../../src/config/schema.ts';
import { PhoneNumber } from '../../src/kernel/phone-number.ts';
import type { CallRecord } from '../../src/records/ports.ts';
import type { Address } from '../../src/sip/transport/types.ts';
import { freePort } from '../kit/free-port.ts';
import { ownLoopback } from '../kit/loopback.ts';
import { trunkEntry } from '../kit/trunk-entry.ts';
import { HOST, SERVICE, WholeServer } from '../kit/whole-server.ts';
import { scanCapture } from './capture-leak-scan.ts';
import { until } from './child.ts';
import { Kamailio } from './kamailio.ts';
import type { CapturedPacket } from './pcap.ts';
import type { Play, Played } from './play.ts';
import { Sipp, type SippOptions } from './sipp.ts';
import { Capture } from './tshark.ts';

interface Run {
  readonly play: Play;
  readonly callerNumber: string;
  readonly calleeNumber: string;
  calleePort: number;
  /** Signalling and media ports of each side, for the scan. */
  readonly ports: { caller: number[]; callee: number[] };
  readonly result: PromiseWithResolvers<Played>;
}

/** SIPp pairs at once: they wait more than they work. */
const AT_ONCE = 8;
const CALLER_HOST = ownLoopback(31);
const CALLEE_HOST = ownLoopback(32);
/** With an account instead of an address that is known. */
const ROAMING_HOST = ownLoopback(33);
const PROXY_HOST = ownLoopback(34);
const RECORD_MS = 10_000;

export interface StageOptions {
  /** Kamailio stands between the server and both sides, in the path of every dialog. */
  readonly proxied?: boolean;
  /** Further scripts: service number → source. The taxi example's answers all other plays. */
  readonly scripts?: Readonly<Record<string, string>>;
}

/**
 * One whole server on which many plays go side by side. Each has a caller's number, a callee's number and a trunk of its
 * own, so that none sees another's calls; a capture of them all is scanned at the end, play by play.
 */
export class ScenarioStage {
  readonly #runs: Run[] = [];
  readonly #options: StageOptions;
  #server: WholeServer | undefined;
  #capture: Capture | undefined;
  #proxy: Kamailio | undefined;
  #waiting: Run[] = [];
  #all: Promise<unknown> = Promise.resolve();

  constructor(options: StageOptions = {}) {
    this.#options = options;
  }

  /** The body of a test: waits until the play is over, and checks its record. To be said before `start`. */
  plays(play: Play, check?: (played: Played) => void): () => Promise<void> {
    const position = String(this.#runs.length).padStart(2, '0');
    const run: Run = {
      play,
      callerNumber: `+4477009003${position}`,
      calleeNumber: `+4477009005${position}`,
      calleePort: 0,
      ports: { caller: [], callee: [] },
      result: Promise.withResolvers<Played>(),
    };
    run.result.promise.catch(() => {});
    this.#runs.push(run);
    return async () => {
      const played = await run.result.promise;
      if (play.record !== 'none') {
        expect(played.record).toMatchObject({ status: play.record.status });
        expect(played.record!.reason).toMatch(play.record.reason);
      }
      check?.(played);
    };
  }

  /** Starts the server and then all plays, a few at a time. */
  async start(): Promise<void> {
    for (const run of this.#runs) run.calleePort = await freePort(CALLEE_HOST);
    this.#capture = await Capture.start(`host ${CALLER_HOST} or host ${CALLEE_HOST} or host ${ROAMING_HOST}`);
    const port = await freePort();
    if (this.#options.proxied === true) await this.#startProxy({ host: HOST, port });
    this.#server = await WholeServer.start({
      scenarios: this.#options.scripts ?? {},
      settings: (settings) => this.#withTrunks(settings, port),
    });
    this.#server.backend.answer = (question) => {
      const { caller } = JSON.parse(question) as { caller: string };
      const connect = this.#runs.find((run) => run.callerNumber === caller)?.calleeNumber;
      return connect === undefined
        ? { kind: 'reply', status: 404, body: '{}' }
        : { kind: 'reply', status: 200, body: JSON.stringify({ connect }) };
    };
    this.#waiting = [...this.#runs];
    this.#all = Promise.all(Array.from({ length: AT_ONCE }, () => this.#work()));
  }

  /** After the last play: nothing of a call is left, and nothing of one side was ever sent to the other. */
  async expectNothingLeft(): Promise<void> {
    await this.#all;
    await this.#server!.expectIdle();
    const packets = await this.#capture!.finish();
    const leaks = this.#runs.flatMap((run) => this.#leaksOf(run, packets));
    expect(leaks).toEqual([]);
  }

  async stop(): Promise<void> {
    this.#waiting = [];
    await this.#all;
    await this.#proxy?.stop();
    await this.#capture?.discard();
    await this.#server?.stop();
  }

  async #startProxy(server: Address): Promise<void> {
    const numbers = new Map(
      this.#runs.map((run) => [run.calleeNumber, { host: CALLEE_HOST, port: run.calleePort }]),
    );
    this.#proxy = await Kamailio.start({ host: PROXY_HOST, server, numbers });
  }

  #withTrunks(settings: Settings, port: number): Settings {
    const callers = trunkEntry({
      name: 'callers',
      host: CALLER_HOST,
      allowedSources: [CALLER_HOST, PROXY_HOST],
      optionsSeconds: 0,
    });
    const callees = this.#runs.map((run, position) =>
      trunkEntry({
        name: `callee-${position}`,
        ...(this.#proxy?.address ?? { host: CALLEE_HOST, port: run.calleePort }),
        transport: run.play.transport ?? 'udp',
        prefixes: [run.calleeNumber],
        optionsSeconds: 0,
        ...run.play.trunk,
      }),
    );
    const accounts = this.#runs.flatMap(({ play, callerNumber }) =>
      play.account === undefined
        ? []
        : [{ name: play.account, password: `${play.account}-4711`, number: callerNumber }],
    );
    return {
      ...settings,
      // RFC 3261 gives a silent peer 64·T1; with the default T1 that is 32 s. SIPp knows MD5 alone.
      sip: {
        ...settings.sip,
        t1Ms: 60,
        allowSha256: false,
        listen: [
          { transport: 'udp', host: HOST, port },
          { transport: 'tcp', host: HOST, port },
        ],
      },
      limits: { ...settings.limits, ringSeconds: 5 },
      trunks: [callers, ...callees],
      applications: settings.applications.map((application) => ({ ...application, users: accounts })),
    };
  }

  async #work(): Promise<void> {
    for (let run = this.#waiting.shift(); run !== undefined; run = this.#waiting.shift()) {
      await this.#perform(run).then(run.result.resolve, run.result.reject);
    }
  }

  async #perform(run: Run): Promise<Played> {
    const { play } = run;
    const transport = play.transport ?? 'udp';
    const started: Sipp[] = [];
    const start = async (side: 'caller' | 'callee', options: SippOptions): Promise<Sipp> => {
      const sipp = await Sipp.start({ transport, timeoutSeconds: 14, ...options });
      run.ports[side] = [sipp.address.port, sipp.mediaPort, sipp.mediaPort + 1];
      started.push(sipp);
      return sipp;
    };
    try {
      const callee =
        play.callee === undefined
          ? undefined
          : await start('callee', {
              scenario: play.callee,
              host: CALLEE_HOST,
              port: run.calleePort,
              settings: play.calleeSettings ?? {},
              calls: play.calleeCalls ?? 1,
            });
      const caller = await start('caller', {
        scenario: play.caller,
        host: play.account === undefined ? CALLER_HOST : ROAMING_HOST,
        remote:
          this.#proxy?.address ??
          this.#server!.maskline.sip.find((address) => address.transport === transport)!,
        service: play.dials ?? SERVICE,
        // Those that register send to a domain, the others to the number.
        ...(play.caller.startsWith('caller-') ? { authUri: `${SERVICE}@${HOST}` } : {}),
        keys: { caller: play.account ?? run.callerNumber, caller_name: `Driver ${run.callerNumber}` },
        settings: {
          ...(play.account === undefined ? {} : { account: play.account, password: `${play.account}-4711` }),
          ...play.callerSettings,
        },
      });
      const results = await bothSucceeded(caller, callee);
      return { ...results, record: await this.#recordOf(run) };
    } finally {
      for (const sipp of started) await sipp.stop();
    }
  }

  async #recordOf(run: Run): Promise<CallRecord | undefined> {
    if (run.play.record === 'none') return undefined;
    let found: CallRecord | undefined;
    await until(
      async () => {
        const { items } = await this.#server!.maskline.storage.records.list({ limit: 200 });
        found = items.find((record) => isFrom(record, run.callerNumber));
        return found !== undefined && found.status !== 'in-progress';
      },
      () => `for a closed record of ${run.play.caller}; there is ${found?.status ?? 'none'}`,
      RECORD_MS,
    );
    return found;
  }

  #leaksOf(run: Run, packets: readonly CapturedPacket[]): string[] {
    const { play, ports } = run;
    if (play.callee === undefined) return [];
    const { leaks, legs } = scanCapture({
      packets,
      legs: [
        {
          name: 'caller',
          owns: ({ host, port }) => host !== HOST && host !== CALLEE_HOST && ports.caller.includes(port),
          secrets: [{ kind: 'number', value: run.callerNumber }],
        },
        {
          name: 'callee',
          owns: ({ host, port }) => host === CALLEE_HOST && ports.callee.includes(port),
          secrets: [{ kind: 'number', value: run.calleeNumber }],
        },
      ],
      mayBeSeen: [SERVICE, HOST, PROXY_HOST, 'maskline.local'],
    });
    // A scan of nothing proves nothing.
    for (const [name, { sent, received }] of Object.entries(legs)) {
      if (sent === 0 || received === 0) return [`no packets of the ${name} of ${play.caller} were captured`];
    }
    return leaks.map((leak) => `${play.caller} and ${play.callee}: ${JSON.stringify(leak)}`);
  }
}

const isFrom = (record: CallRecord, number: string): boolean => {
  const caller = record.legs.find((leg) => leg.incoming)?.callerid;
  return caller?.equals(PhoneNumber.parse(number)) === true;
};

/** Of two that fail, both accounts are told: one's failure is often the other's doing. */
async function bothSucceeded(caller: Sipp, callee: Sipp | undefined): Promise<Omit<Played, 'record'>> {
  const [called, other] = await Promise.allSettled([caller.succeeded(), callee?.succeeded()]);
  const failures = [called, other].flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
  if (called.status === 'rejected' || other.status === 'rejected') throw new Error(failures.join('\n\n'));
  return { caller: called.value, callee: other.value };
}
