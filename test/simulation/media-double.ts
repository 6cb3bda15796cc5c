/**
 * A media engine without sound that behaves as `src/media/embedded` does towards the rest of the server: one worker,
 * orders and answers cross with a delay and in order, nodes end with their one event, and a worker that dies takes
 * everything with it and is replaced. `media-double.test.ts` puts both through the same questions.
 */
import { FakeFeed, FakeListener, FakeMixer } from '../../src/call/test-support/fake-sounds.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import { MasklineError } from '../../src/kernel/errors.ts';
import type {
  EngineStats,
  MediaEngine,
  MediaFeed,
  MediaLeg,
  MediaListener,
  MediaMixer,
  MediaPlayer,
  MediaRecorder,
  MediaSession,
  MediaSink,
  PlayerInput,
  RtpAddress,
} from '../../src/media/engine.ts';
import { LegDouble, type NodeHost, PlayerDouble, RecorderDouble } from './media-double-nodes.ts';
import { gone, WorkerLife } from './media-double-worker.ts';

const RESTART_MS = 100;

export interface MediaDoubleOptions {
  readonly clock: Clock;
  /** One way between main thread and worker, ms. */
  readonly latency: number;
  readonly host: string;
  /** Whether RTP comes from a phone with that address. */
  readonly isHeard: (remote: RtpAddress) => boolean;
}

export class MediaDouble implements MediaEngine {
  readonly sessions = new Set<SessionDouble>();
  readonly #options: MediaDoubleOptions;
  #life: WorkerLife;
  #closed = false;
  #nextNode = 1;
  #nextPort = 20_000;

  constructor(options: MediaDoubleOptions) {
    this.#options = options;
    this.#life = new WorkerLife(options.clock, options.latency);
  }

  openSession(): MediaSession {
    if (this.#closed || this.#life.dead) throw gone();
    const session = new SessionDouble({
      ...this.#options,
      id: this.#nextNode++,
      life: this.#life,
      nextNode: () => this.#nextNode++,
      nextPort: () => {
        this.#nextPort += 2;
        return this.#nextPort;
      },
      ended: () => this.sessions.delete(session),
    });
    this.sessions.add(session);
    return session;
  }

  async openPair(one: MediaSession, other: MediaSession): Promise<readonly [MediaLeg, MediaLeg]> {
    return [await one.openLeg({ family: 'ipv4' }), await other.openLeg({ family: 'ipv4' })];
  }

  /** The worker thread ends; a new one takes its place. */
  die(): void {
    if (this.#life.dead) return;
    this.#life.die();
    for (const session of [...this.sessions]) session.lose();
    this.#options.clock.setTimeout(() => {
      this.#life = new WorkerLife(this.#options.clock, this.#options.latency);
    }, RESTART_MS);
  }

  async stats(): Promise<EngineStats> {
    return this.counts;
  }

  get counts(): EngineStats {
    const all = [...this.sessions];
    const sum = (of: (session: SessionDouble) => number): number => all.reduce((n, one) => n + of(one), 0);
    const legs = sum((session) => session.legs.size);
    return {
      sessions: all.length,
      legs,
      players: sum((session) => session.players.size),
      recorders: sum((session) => session.recorders.size),
      listeners: sum((session) => open(session.listeners)),
      feeds: sum((session) => open(session.feeds)),
      mixers: sum((session) => open(session.mixers)),
      ports: legs,
      workers: [],
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const session of [...this.sessions]) await session.close();
  }
}

interface SessionOptions extends MediaDoubleOptions {
  readonly id: number;
  readonly life: WorkerLife;
  readonly nextNode: () => number;
  readonly nextPort: () => number;
  readonly ended: () => void;
}

class SessionDouble implements MediaSession, NodeHost {
  readonly id: number;
  readonly legs = new Set<LegDouble>();
  readonly players = new Map<number, PlayerDouble>();
  readonly recorders = new Set<RecorderDouble>();
  readonly listeners = new Set<FakeListener>();
  readonly feeds = new Set<FakeFeed>();
  readonly mixers = new Set<FakeMixer>();
  readonly options: SessionOptions;
  #closing: Promise<void> | undefined;

  constructor(options: SessionOptions) {
    this.options = options;
    this.id = options.id;
  }

  async openLeg({ family }: { readonly family: 'ipv4' | 'ipv6' }): Promise<MediaLeg> {
    if (family === 'ipv6') throw new MasklineError('media/no-address');
    if (this.#closing !== undefined) throw new MasklineError('media/busy', 'The media session is closed.');
    const leg = new LegDouble(this);
    await this.options.life.ask(() => {
      // A leg that opens in a session that is being closed goes with it.
      this.legs.add(leg);
    });
    return leg;
  }

  createPlayer(input: PlayerInput, { loop }: { readonly loop: boolean }): MediaPlayer {
    const player = new PlayerDouble(this, input, loop);
    if (this.#gone) queueMicrotask(() => player.finish('The media worker has stopped.'));
    else this.options.life.order(() => player.open());
    return player;
  }

  createRecorder(options: { readonly path: string; readonly channels: 1 | 2 }): MediaRecorder {
    const recorder = new RecorderDouble(this, options.channels);
    if (this.#gone) queueMicrotask(() => recorder.lose());
    else this.options.life.order(() => recorder.open());
    return recorder;
  }

  createListener(): MediaListener {
    return this.#sound(this.listeners, new FakeListener(this.options.nextNode(), 8000, 20));
  }

  createFeed(): MediaFeed {
    return this.#sound(this.feeds, new FakeFeed(this.options.nextNode(), 8000, 1000));
  }

  createMixer(): MediaMixer {
    return this.#sound(this.mixers, new FakeMixer(() => this.options.nextNode()));
  }

  /** A player begins when somebody can hear it: a recorder at once, a leg as soon as it knows where its peer is. */
  connect(source: { readonly nodeId: number }, sink: MediaSink): void {
    this.options.life.order(() => {
      const player = this.players.get(source.nodeId);
      if (player === undefined) return;
      const leg = [...this.legs].find(({ nodeId }) => nodeId === sink.nodeId);
      if (leg === undefined || leg.plan !== undefined) player.begin();
      else leg.waiting.add(player);
    });
  }

  disconnect(): void {}

  tap(): void {}

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The worker has died, and everything with it. */
  lose(): void {
    for (const leg of this.legs) leg.lose();
    this.legs.clear();
    this.players.clear();
    this.recorders.clear();
    this.#endSounds();
    if (this.#closing === undefined) return;
    this.options.ended();
  }

  /** Nothing sounds here; that they are there and go with their session can be seen. */
  #sound<T extends { close(): void }>(all: Set<T>, one: T): T {
    if (!this.#gone) this.options.life.order(() => all.add(one));
    return one;
  }

  #endSounds(): void {
    for (const all of [this.listeners, this.feeds, this.mixers]) {
      for (const one of all) one.close();
      all.clear();
    }
  }

  get #gone(): boolean {
    return this.#closing !== undefined || this.options.life.dead;
  }

  async #close(): Promise<void> {
    await this.options.life
      .ask(() => {
        for (const recorder of [...this.recorders]) recorder.stop();
        for (const player of [...this.players.values()]) player.finish(undefined);
        for (const leg of [...this.legs]) leg.lose();
        this.legs.clear();
        this.#endSounds();
      })
      .catch(() => {});
    this.options.ended();
  }
}

const open = (all: Iterable<{ readonly closed: boolean }>): number =>
  [...all].filter(({ closed }) => !closed).length;
