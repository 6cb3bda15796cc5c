/** What a server under the load generator takes, read from outside its process: the same for every server. */
import { percentile } from './figures.ts';
import type { LoadedServer } from './loaded-server.ts';
import { cpuOfDescendants, cpuOfProcess } from './machine.ts';
import type { LoadReport } from './sip-load-calls.ts';
import type { TalkReport } from './sip-load-talk.ts';

const HOLD_MS = 500;
const UNTIL_HANGUP = -1;
/** Until V8 has compiled what is hot; see bench/setup.ts. Split among the numbers that are dialled. */
const WARM_UP_CALLS = 1000;
const WARM_UP_PER_SECOND = 100;
const IDLE_MS = 3000;
const SETTLE_MS = 1000;
const TALKING = 100;
const TALK_WARM_UP_MS = 1500;
const TALK_MS = 5000;
const ITSELF_MS = 2000;

/** One rate of calls and what it cost. */
export interface CallCosts {
  readonly perSecond: number;
  readonly calls: number;
  readonly completed: number;
  readonly failures: LoadReport['failures'];
  readonly retransmissions: number;
  readonly setupP50Ms: number;
  readonly setupP99Ms: number;
  /** Beyond what the server takes without calls. */
  readonly cpuMsPerCall: number;
  readonly grossMsPerCall: number;
  readonly postgresMsPerCall: number;
  /** Worst delay of the generator's own pace. */
  readonly lateMs: number;
}

export interface PacketCosts {
  readonly talk: TalkReport;
  /** The same number of packets without a server. */
  readonly itself: TalkReport;
  /** Of the whole process while the calls talk, by packets that arrived. */
  readonly cpuMicrosPerPacket: number;
  /** What `inspect` saw. */
  readonly seen: string;
}

export async function warmUp(server: LoadedServer, numbers: readonly string[]): Promise<void> {
  const calls = Math.ceil(WARM_UP_CALLS / numbers.length);
  for (const number of numbers)
    await server.run({ number, calls, perSecond: WARM_UP_PER_SECOND, holdMs: HOLD_MS });
  await pause(SETTLE_MS);
}

/** CPU of the server without calls, ms a second. */
export async function idleCost(server: LoadedServer): Promise<number> {
  const before = look(server);
  await pause(IDLE_MS);
  const { ms, seconds } = costSince(before, server);
  return ms / seconds;
}

/** `idle`: ms of CPU a second, from `idleCost`. */
export async function callCosts(
  server: LoadedServer,
  order: { readonly number: string; readonly perSecond: number; readonly seconds: number },
  idle: number,
): Promise<CallCosts> {
  const { number, perSecond } = order;
  const calls = perSecond * order.seconds;
  const postgresBefore = cpuOfDescendants('postgres');
  const before = look(server);
  const report = await server.run({ number, perSecond, calls, holdMs: HOLD_MS });
  // What is written behind the call belongs to it.
  await pause(SETTLE_MS);
  const { ms, seconds } = costSince(before, server);
  return {
    perSecond,
    calls,
    completed: report.completed,
    failures: report.failures,
    retransmissions: report.retransmissions,
    setupP50Ms: percentile(report.setupMs, 0.5),
    setupP99Ms: percentile(report.setupMs, 0.99),
    cpuMsPerCall: (ms - idle * seconds) / calls,
    grossMsPerCall: ms / calls,
    postgresMsPerCall: (cpuOfDescendants('postgres') - postgresBefore) / calls,
    lateMs: report.lateMs,
  };
}

/** `inspect` looks at the server while the calls are up. Throws when the calls do not come about. */
export async function packetCosts(
  server: LoadedServer,
  number: string,
  inspect: () => Promise<string> = async () => '',
): Promise<PacketCosts> {
  const itself = await server.talkToItself(TALKING, ITSELF_MS);
  const report = await server.run({ number, perSecond: 50, calls: TALKING, holdMs: UNTIL_HANGUP });
  if (report.completed !== TALKING)
    throw new Error(`calls that were to talk failed: ${JSON.stringify(report.failures)}`);
  await server.talk(TALK_WARM_UP_MS);
  const before = look(server);
  const talk = await server.talk(TALK_MS);
  const { ms } = costSince(before, server);
  const seen = await inspect();
  await server.hangup();
  return { talk, itself, seen, cpuMicrosPerPacket: (ms * 1000) / talk.received };
}

interface CpuLook {
  readonly at: number;
  readonly cpuMs: number;
}

const look = ({ pid }: LoadedServer): CpuLook => ({ at: performance.now(), cpuMs: cpuOfProcess(pid) });

function costSince(before: CpuLook, server: LoadedServer): { readonly ms: number; readonly seconds: number } {
  const now = look(server);
  return { ms: now.cpuMs - before.cpuMs, seconds: (now.at - before.at) / 1000 };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
