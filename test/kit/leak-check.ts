import { setTimeout as pause } from 'node:timers/promises';
import type { Calls } from '../../src/call/types.ts';
import type { MediaEngine } from '../../src/media/engine.ts';
import type { Scenarios } from '../../src/scenario/ports.ts';
import type { Dialogs } from '../../src/sip/dialog/types.ts';
import type { Transactions } from '../../src/sip/transaction/types.ts';
import type { VirtualClock } from './virtual-clock.ts';
import type { VirtualNetwork } from './virtual-network.ts';

/** What was alive in the process, by kind and count: taken before a test on real sockets, compared after it. */
export type Resources = ReadonlyMap<string, number>;

/** Sockets, servers, child processes, workers and timers that keep the process alive now. */
export function resourcesNow(): Resources {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** The parts of a server (several are given as lists). Name those that the test has. */
export interface Watched {
  readonly clock?: VirtualClock;
  readonly network?: VirtualNetwork;
  readonly transactions?: Pick<Transactions, 'counts'>;
  readonly dialogs?: Pick<Dialogs, 'counts'>;
  readonly calls?: Pick<Calls, 'active'>;
  readonly scenarios?: Pick<Scenarios, 'activeSessions'>;
  readonly engine?: Pick<MediaEngine, 'stats'>;
  /** `resourcesNow()` from before the test: nothing more may be alive than then. Close the server first. */
  readonly resourcesBefore?: Resources;
  /** Anything else: name → how many are alive. */
  readonly others?: Readonly<Record<string, () => number | Promise<number>>>;
}

export interface DrainLimits {
  /** Virtual time that may pass until everything is gone: 64·T1 for the transaction and as long for its memory. */
  readonly virtualMs?: number;
  /** Real time that may pass. */
  readonly realMs?: number;
}

const VIRTUAL_MS = 70_000;
const VIRTUAL_STEP_MS = 1_000;
const REAL_MS = 5_000;
const REAL_STEP_MS = 20;

/** What is still alive, in words; empty when nothing is. */
export async function leftovers(watched: Watched): Promise<string[]> {
  const counts: [name: string, count: number][] = [];
  const { clock, network, transactions, dialogs, calls, scenarios, engine } = watched;
  if (clock !== undefined) counts.push(['timers', clock.pending]);
  if (network !== undefined) {
    counts.push(['datagram sockets', network.counts.datagram], ['listeners', network.counts.listeners]);
    counts.push(['streams', network.counts.streams]);
  }
  if (transactions !== undefined) counts.push(['live transactions', transactions.counts.live]);
  if (dialogs !== undefined) {
    counts.push(['INVITE sessions', dialogs.counts.sessions], ['dialogs', dialogs.counts.dialogs]);
  }
  if (calls !== undefined) counts.push(['calls', calls.active.length]);
  if (scenarios !== undefined) counts.push(['scenario sessions', scenarios.activeSessions]);
  if (engine !== undefined) {
    const { sessions, legs, players, recorders, ports } = await engine.stats();
    counts.push(['media sessions', sessions], ['media legs', legs], ['players', players]);
    counts.push(['recorders', recorders], ['RTP ports', ports]);
  }
  for (const [name, count] of Object.entries(watched.others ?? {})) counts.push([name, await count()]);
  if (watched.resourcesBefore !== undefined) {
    for (const [kind, count] of resourcesNow()) {
      counts.push([`${kind} of the process`, count - (watched.resourcesBefore.get(kind) ?? 0)]);
    }
  }
  return counts.filter(([, count]) => count > 0).map(([name, count]) => `${count} ${name}`);
}

/**
 * Fails unless everything that a test started is gone, or goes within a bounded time: virtual time is
 * advanced for what waits on the virtual clock, real time is waited for workers and sockets.
 */
export async function expectNothingLeft(watched: Watched, limits: DrainLimits = {}): Promise<void> {
  const virtualMs = limits.virtualMs ?? VIRTUAL_MS;
  for (let passed = 0; watched.clock !== undefined && passed < virtualMs; passed += VIRTUAL_STEP_MS) {
    if ((await leftovers(watched)).length === 0) return;
    await watched.clock.advance(VIRTUAL_STEP_MS);
  }
  const end = performance.now() + (limits.realMs ?? REAL_MS);
  let left = await leftovers(watched);
  while (left.length > 0 && performance.now() < end) {
    await pause(REAL_STEP_MS);
    left = await leftovers(watched);
  }
  if (left.length > 0) throw new Error(`left behind: ${left.join(', ')}`);
}
