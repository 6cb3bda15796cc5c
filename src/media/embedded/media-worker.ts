/**
 * A media worker without its thread: sessions, port pools, the one playout clock. `worker.ts` gives it a message port.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';
import { PlayoutClock } from '../playout-clock.ts';
import { PortPool } from '../port-pool.ts';
import { LegSockets } from './leg-sockets.ts';
import type {
  Command,
  Family,
  NodeEvent,
  Notice,
  ReplyValue,
  WorkerSettings,
  WorkerStats,
} from './protocol.ts';
import { WavLoader } from './wav-loader.ts';
import { type SessionHost, WorkerSession } from './worker-session.ts';

/** Every fifth tick is slow work's turn: 100 ms. */
const SLOW_TICKS = 5;

type OpenLeg = Extract<Command, { kind: 'open-leg' }>;
type Request = Extract<Command, { request: number }>;

export class MediaWorker {
  readonly #post: (notice: Notice) => void;
  readonly #sessions = new Map<number, WorkerSession>();
  readonly #pools = new Map<Family, PortPool<LegSockets>>();
  readonly #portOf = new Map<LegSockets, { readonly pool: PortPool<LegSockets>; readonly port: number }>();
  readonly #playout: PlayoutClock;
  readonly #host: SessionHost;
  #ticks = 0;
  #opening = 0;

  constructor(settings: WorkerSettings, clock: Clock, random: Random, post: (notice: Notice) => void) {
    this.#post = post;
    this.#playout = new PlayoutClock(clock, (deadline) => this.#tick(deadline));
    this.#host = {
      clock,
      random,
      silenceSeconds: settings.silenceSeconds,
      files: new WavLoader(),
      emit: (node: number, event: NodeEvent) => post({ kind: 'event', node, event }),
      warn: (message) => post({ kind: 'log', level: 'warn', message, error: '' }),
      release: (sockets) => this.#release(sockets),
    };
    for (const family of ['ipv4', 'ipv6'] as const) {
      const host = settings.addresses[family];
      if (host === undefined) continue;
      const bind = (port: number): Promise<LegSockets> => LegSockets.bind(host, family, port);
      this.#pools.set(family, new PortPool(settings.ports, random, clock, bind));
    }
  }

  /** Takes one command. Those with a request number are answered, whatever happens. */
  handle(command: Command): void {
    if ('request' in command) {
      this.#answer(command).then(
        (value) => this.#post({ kind: 'reply', request: command.request, value }),
        (error: unknown) =>
          this.#post({ kind: 'refused', request: command.request, detail: messageOf(error) }),
      );
      return;
    }
    const begins = command.kind.startsWith('create-');
    const session = begins ? this.#sessionFor(command.session) : this.#sessions.get(command.session);
    session?.apply(command);
  }

  async #answer(command: Request): Promise<ReplyValue> {
    switch (command.kind) {
      case 'open-leg':
        return this.#openLeg(command);
      case 'leg-stats':
        return { kind: 'leg-stats', stats: this.#leg(command).stats() };
      case 'close-leg': {
        const leg = this.#leg(command);
        this.#sessions.get(command.session)?.closeLeg(command.node);
        return { kind: 'leg-stats', stats: leg.stats() };
      }
      case 'close-session':
        await this.#closeSession(command.session);
        return { kind: 'done' };
      case 'stats':
        return { kind: 'worker-stats', stats: this.#stats() };
      case 'close':
        await this.#close();
        return { kind: 'done' };
    }
  }

  /** A session begins with its first node. */
  #sessionFor(id: number): WorkerSession {
    let session = this.#sessions.get(id);
    if (session === undefined) {
      session = new WorkerSession(this.#host);
      this.#sessions.set(id, session);
      this.#playout.start();
    }
    return session;
  }

  #leg(command: { session: number; node: number }) {
    const leg = this.#sessions.get(command.session)?.legs.get(command.node);
    if (leg === undefined) throw new Error('The leg is closed.');
    return leg;
  }

  async #openLeg({ session: id, node, family, again }: OpenLeg): Promise<ReplyValue> {
    const pool = this.#pools.get(family);
    if (pool === undefined) throw new Error(`No ${family} media address is configured.`);
    const session = this.#sessionFor(id);
    this.#opening += 1;
    try {
      const taken = await pool.take();
      if (taken === undefined) throw new Error('Every port of media.ports is taken or still draining.');
      this.#portOf.set(taken.pair, { pool, port: taken.port });
      if (session.closed || (again && !session.legs.has(node))) {
        this.#release(taken.pair);
        throw new Error('The leg or its session was closed.');
      }
      session.addLeg(node, taken.pair);
      return { kind: 'leg-opened', port: taken.port };
    } finally {
      this.#opening -= 1;
    }
  }

  #release(sockets: LegSockets): void {
    const place = this.#portOf.get(sockets);
    this.#portOf.delete(sockets);
    if (place === undefined) sockets.close();
    else place.pool.release(place.port, sockets);
  }

  async #closeSession(id: number): Promise<void> {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    await session.close();
    this.#sessions.delete(id);
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#sessions.keys()].map((id) => this.#closeSession(id)));
    for (const pool of this.#pools.values()) pool.close();
    this.#playout.stop();
  }

  #tick(deadline: number): void {
    for (const session of this.#sessions.values()) session.tick(deadline);
    this.#ticks += 1;
    if (this.#ticks % SLOW_TICKS !== 0) return;
    for (const session of this.#sessions.values()) session.slowTick(deadline);
    let draining = 0;
    for (const pool of this.#pools.values()) {
      pool.tick();
      draining += pool.draining;
    }
    // Nobody to play for and nothing to drain: an idle worker sleeps.
    if (this.#sessions.size + draining + this.#opening === 0) this.#playout.stop();
  }

  #stats(): WorkerStats {
    const nodes = { legs: 0, players: 0, recorders: 0, listeners: 0, feeds: 0, mixers: 0 };
    const stats = { sessions: this.#sessions.size, ...nodes, ports: 0 };
    for (const session of this.#sessions.values()) {
      stats.legs += session.legs.size;
      stats.players += session.players.size;
      stats.recorders += session.recorders.size;
      const { listeners, feeds, mixers } = session.sounds;
      stats.listeners += listeners.size;
      stats.feeds += feeds.size;
      stats.mixers += mixers.size;
    }
    for (const pool of this.#pools.values()) stats.ports += pool.ports;
    return { ...stats, loopDelayP99Ms: this.#playout.latenessP99() };
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
