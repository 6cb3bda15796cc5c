/**
 * The embedded media engine, main-thread side: worker threads that own the RTP sockets, and the sessions on them. A
 * worker that dies takes its sessions with it (they are told) and is replaced, more slowly when it keeps dying.
 */
import { MasklineError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { EngineStats, MediaEngine, MediaLeg, MediaSession } from '../engine.ts';
import { openPair } from './pair.ts';
import type { WorkerSettings, WorkerStats } from './protocol.ts';
import { SessionHandle } from './session-handle.ts';
import { WorkerLink } from './worker-link.ts';

export interface EmbeddedEngineOptions {
  readonly workers: number;
  /** Addresses to bind, as numbers. */
  readonly addresses: { readonly ipv4?: string; readonly ipv6?: string };
  /** What our SDP says instead (behind 1:1 NAT, or when bound to all interfaces). */
  readonly advertised?: { readonly ipv4?: string; readonly ipv6?: string };
  /** UDP ports, inclusive. See preflight.ts for what may be wrong with them. */
  readonly ports: { readonly min: number; readonly max: number };
  readonly maxLegsPerWorker: number;
  /** Seconds without a valid packet until a leg is `silent`. */
  readonly silenceSeconds: number;
  readonly log: Logger;
}

const FIRST_RESTART_MS = 100;
const LAST_RESTART_MS = 10_000;
/** A worker that lived this long did not die of its birth. */
const HEALTHY_MS = 60_000;
/** Recordings get this long to reach the disk when the engine closes. */
const CLOSE_MS = 5000;

/** Starts the workers. Throws `config/invalid` when no address can be told to peers. */
export function createEmbeddedEngine(options: EmbeddedEngineOptions): MediaEngine {
  return new EmbeddedEngine(options);
}

class EmbeddedEngine implements MediaEngine {
  readonly #options: EmbeddedEngineOptions;
  readonly #advertised: { readonly ipv4?: string; readonly ipv6?: string };
  readonly #links: (WorkerLink | undefined)[] = [];
  readonly #restarts = new Set<NodeJS.Timeout>();
  #nextSession = 1;
  #nextNode = 1;
  #closing: Promise<void> | undefined;

  constructor(options: EmbeddedEngineOptions) {
    this.#options = options;
    this.#advertised = advertisedAddresses(options);
    for (let index = 0; index < Math.max(1, options.workers); index++) this.#start(index, FIRST_RESTART_MS);
  }

  openSession(): MediaSession {
    const link = this.#leastLoaded();
    if (this.#closing !== undefined || link === undefined)
      throw new MasklineError('media/busy', 'Every media worker is full or stopped.');
    return new SessionHandle({
      id: this.#nextSession++,
      link,
      maxLegs: this.#options.maxLegsPerWorker,
      nextNode: () => this.#nextNode++,
      advertised: this.#advertised,
      onListenerError: (error) =>
        this.#options.log.error({ err: error }, 'A listener of a media event failed.'),
    });
  }

  openPair(one: MediaSession, other: MediaSession): Promise<readonly [MediaLeg, MediaLeg]> {
    return openPair(this.#options.addresses, one, other);
  }

  async stats(): Promise<EngineStats> {
    const answers = await Promise.all(this.#links.map((link) => statsOf(link)));
    const sum = (key: Exclude<keyof WorkerStats, 'loopDelayP99Ms'>): number =>
      answers.reduce((total, stats) => total + (stats?.[key] ?? 0), 0);
    return {
      sessions: sum('sessions'),
      legs: sum('legs'),
      players: sum('players'),
      recorders: sum('recorders'),
      listeners: sum('listeners'),
      feeds: sum('feeds'),
      mixers: sum('mixers'),
      ports: sum('ports'),
      workers: answers.map((stats) => ({
        legs: stats?.legs ?? 0,
        loopDelayP99Ms: stats?.loopDelayP99Ms ?? 0,
      })),
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const timer of this.#restarts) clearTimeout(timer);
    this.#restarts.clear();
    await Promise.all(this.#links.map((link) => closeLink(link)));
  }

  /** A session without legs yet will have some soon; so both count. */
  #leastLoaded(): WorkerLink | undefined {
    let best: WorkerLink | undefined;
    for (const link of this.#links) {
      if (link === undefined || link.dead || link.legs >= this.#options.maxLegsPerWorker) continue;
      if (best === undefined || link.legs + link.sessions < best.legs + best.sessions) best = link;
    }
    return best;
  }

  #start(index: number, restartMs: number): void {
    const { addresses, ports, silenceSeconds, log } = this.#options;
    const settings: WorkerSettings = { addresses, ports, silenceSeconds };
    const startedAt = performance.now();
    this.#links[index] = new WorkerLink(settings, log, () => {
      if (this.#closing !== undefined) return;
      const healthy = performance.now() - startedAt > HEALTHY_MS;
      this.#restart(index, healthy ? FIRST_RESTART_MS : restartMs);
    });
  }

  #restart(index: number, afterMs: number): void {
    this.#options.log.error({ worker: index, afterMs }, 'A media worker stopped; a new one takes its place.');
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      this.#start(index, Math.min(LAST_RESTART_MS, afterMs * 2));
    }, afterMs);
    this.#restarts.add(timer);
  }
}

async function statsOf(link: WorkerLink | undefined): Promise<WorkerStats | undefined> {
  if (link === undefined || link.dead) return undefined;
  try {
    const reply = await link.ask({ kind: 'stats' });
    return reply.kind === 'worker-stats' ? reply.stats : undefined;
  } catch {
    return undefined;
  }
}

/** Lets recordings reach the disk, bounded, then ends the thread. */
async function closeLink(link: WorkerLink | undefined): Promise<void> {
  if (link === undefined || link.dead) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_MS);
  });
  await Promise.race([link.ask({ kind: 'close' }).catch(() => {}), late]);
  clearTimeout(timer);
  await link.terminate();
}

function advertisedAddresses(options: EmbeddedEngineOptions): {
  readonly ipv4?: string;
  readonly ipv6?: string;
} {
  const { addresses, advertised } = options;
  const ipv4 = advertised?.ipv4 ?? addresses.ipv4;
  const ipv6 = advertised?.ipv6 ?? addresses.ipv6;
  if (addresses.ipv4 === undefined && addresses.ipv6 === undefined)
    throw new MasklineError('config/invalid', 'media needs an address to bind.');
  for (const address of [
    addresses.ipv4 === undefined ? undefined : ipv4,
    addresses.ipv6 === undefined ? undefined : ipv6,
  ])
    if (address === '0.0.0.0' || address === '::')
      throw new MasklineError(
        'config/invalid',
        `media is bound to ${address}, which no peer can send to: set the advertised address as well.`,
      );
  return {
    ...(addresses.ipv4 === undefined || ipv4 === undefined ? {} : { ipv4 }),
    ...(addresses.ipv6 === undefined || ipv6 === undefined ? {} : { ipv6 }),
  };
}
