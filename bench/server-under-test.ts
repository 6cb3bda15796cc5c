/** The process that bench/setup.ts and bench/memory.ts measure: a whole server, as `maskline serve` starts it. */
import { readdirSync, readFileSync } from 'node:fs';
import { constants, monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import type { Settings } from '../src/config/schema.ts';
import { createLogger } from '../src/kernel/logger.ts';
import { type Maskline, startMaskline } from '../src/main.ts';

export type ServerQuestion =
  | {
      readonly kind: 'start';
      readonly settings: Settings;
      /** Relative paths in the settings start here. */
      readonly folder: string;
      readonly databaseUrl: string;
    }
  | { readonly kind: 'usage' }
  | { readonly kind: 'collect' }
  | { readonly kind: 'stop' };

export interface ServerUsage {
  /** Of all threads, since the process began, µs. */
  readonly cpuMicros: number;
  /** The same by thread name, as the kernel counts it, in steps of 10 ms. */
  readonly threads: Readonly<Record<string, number>>;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  /** What was left after V8 last collected the whole heap of the main thread by itself; 0 before. */
  readonly heapKeptBytes: number;
  readonly externalBytes: number;
  /** Delay of the main thread's event loop since the last question, ms. */
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  readonly calls: number;
  readonly sessions: number;
  /** Open files and sockets of the process. */
  readonly handles: number;
  /** RTP ports taken or draining. */
  readonly ports: number;
  readonly transactions: number;
  readonly dialogs: number;
}

let maskline: Maskline | undefined;
let heapKeptBytes = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const { kind } = (entry as unknown as { readonly detail: { readonly kind: number } }).detail;
    if (kind === constants.NODE_PERFORMANCE_GC_MAJOR) heapKeptBytes = process.memoryUsage().heapUsed;
  }
}).observe({ entryTypes: ['gc'] });
let delay: ReturnType<typeof monitorEventLoopDelay> | undefined;

async function start(question: Extract<ServerQuestion, { kind: 'start' }>): Promise<number> {
  maskline = await startMaskline({
    settings: question.settings,
    folder: question.folder,
    environment: question.databaseUrl === '' ? {} : { DATABASE_URL: question.databaseUrl },
    log: createLogger(question.settings.log.level),
  });
  delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  return maskline.sip[0]!.port;
}

async function usage(): Promise<ServerUsage> {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  const answer: ServerUsage = {
    cpuMicros: user + system,
    threads: threadTimes(),
    rssBytes: rss,
    heapUsedBytes: heapUsed,
    heapKeptBytes,
    externalBytes: external,
    // The histogram counts the whole interval between two looks; what is above the 10 ms asked for is delay.
    loopDelayP99Ms: Math.max(0, (delay?.percentile(99) ?? 0) / 1e6 - 10),
    loopDelayMaxMs: Math.max(0, (delay?.max ?? 0) / 1e6 - 10),
    calls: [...(maskline?.parts.calls.active ?? [])].length,
    sessions: maskline?.parts.scenarios.activeSessions ?? 0,
    handles: readdirSync('/proc/self/fd').length,
    ports: (await maskline?.parts.media.stats())?.ports ?? 0,
    transactions: maskline?.parts.stack.transactions.counts.live ?? 0,
    dialogs: maskline?.parts.stack.dialogs.counts.dialogs ?? 0,
  };
  delay?.reset();
  return answer;
}

/** Microseconds of CPU by thread name; threads of one name are added up. proc(5). */
function threadTimes(): Record<string, number> {
  const times: Record<string, number> = {};
  for (const id of readdirSync('/proc/self/task')) {
    const stat = readFileSync(`/proc/self/task/${id}/stat`, 'utf8');
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    times[name] = (times[name] ?? 0) + ticks * 10_000;
  }
  return times;
}

/** Full collections of the main thread, twice: what finalisers let go is freed in the second. */
function collect(): string {
  if (globalThis.gc === undefined) throw new Error('start this process with --expose-gc');
  globalThis.gc();
  globalThis.gc();
  return 'collected';
}

// Whoever started us may have been killed: nothing stays behind.
process.on('disconnect', () => process.exit());
process.on('message', async (question: ServerQuestion) => {
  try {
    if (question.kind === 'start') process.send!(await start(question));
    else if (question.kind === 'usage') process.send!(await usage());
    else if (question.kind === 'collect') process.send!(collect());
    else {
      await maskline?.stop();
      process.send!('stopped', () => process.disconnect());
    }
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
});
