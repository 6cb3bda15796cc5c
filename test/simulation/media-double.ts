/**
 * A media engine without sound that behaves as `src/media/embedded` does towards the rest of the server: one worker,
 * orders and answers cross with a delay and in order, nodes end with their one event, and a worker that dies takes
 * everything with it and is replaced. `media-double.test.ts` puts both through the same questions.
 */
import { NO_PACKETS } from '../../src/call/test-support/fake-media.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import { Emitter } from '../../src/kernel/emitter.ts';
import { MasklineError } from '../../src/kernel/errors.ts';
import type {
  EngineStats,
  LegEvents,
  LegPlan,
  LegStats,
  MediaEngine,
  MediaLeg,
  MediaPlayer,
  MediaRecorder,
  MediaSession,
  MediaSink,
  PlayerEvents,
  PlayerInput,
  RecorderEvents,
  RtpAddress,
} from '../../src/media/engine.ts';

/** As the settings default it, ms. */
const SILENCE_MS = 30_000;
const FIRST_PACKET_MS = 20;
const RESTART_MS = 100;
const FILE_MS = 2_000;

export interface MediaDoubleOptions {
  readonly clock: Clock;
  /** One way between main thread and worker, ms. */
  readonly latency: number;
  readonly host: string;
  /** Whether RTP comes from a phone with that address. */
  readonly isHeard: (remote: RtpAddress) => boolean;
}

/** One life of the worker thread. */
class WorkerLife {
  dead = false;
  readonly #clock: Clock;
  readonly #latency: number;
  readonly #onDeath = new Set<() => void>();
  readonly #lost = new Set<() => void>();

  constructor(clock: Clock, latency: number) {
    this.#clock = clock;
    this.#latency = latency;
  }

  /** Orders arrive in order, and not at all at a dead worker. */
  order(carryOut: () => void): void {
    this.#clock.setTimeout(() => {
      if (!this.dead) carryOut();
    }, this.#latency);
  }

  async ask<T>(answer: () => T | Promise<T>): Promise<T> {
    if (this.dead) throw gone();
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const fail = (): void => reject(gone());
    this.#onDeath.add(fail);
    this.order(() => {
      void Promise.resolve(answer()).then((value) => this.order(() => resolve(value)), reject);
    });
    try {
      return await promise;
    } finally {
      this.#onDeath.delete(fail);
    }
  }

  /** Whoever listens is told when the worker dies. */
  listen(lost: () => void): () => void {
    this.#lost.add(lost);
    return () => this.#lost.delete(lost);
  }

  die(): void {
    this.dead = true;
    for (const fail of [...this.#onDeath]) fail();
    for (const lost of [...this.#lost]) lost();
    this.#lost.clear();
  }
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

class SessionDouble implements MediaSession {
  readonly id: number;
  readonly legs = new Set<LegDouble>();
  readonly players = new Map<number, PlayerDouble>();
  readonly recorders = new Set<RecorderDouble>();
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
    if (this.#closing === undefined) return;
    this.options.ended();
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
      })
      .catch(() => {});
    this.options.ended();
  }
}

class LegDouble implements MediaLeg {
  readonly nodeId: number;
  readonly local: RtpAddress;
  readonly events = new Emitter<LegEvents>();
  plan: LegPlan | undefined;
  /** Players that begin once the leg is configured. */
  readonly waiting = new Set<PlayerDouble>();
  readonly #session: SessionDouble;
  readonly #unlisten: () => void;
  #closing: Promise<LegStats> | undefined;
  #timers: (ReturnType<Clock['setTimeout']> | undefined)[] = [];
  #silent = false;

  constructor(session: SessionDouble) {
    const { nextNode, nextPort, host, life } = session.options;
    this.#session = session;
    this.nodeId = nextNode();
    this.local = { host, port: nextPort() };
    this.#unlisten = life.listen(() => this.events.emit('silent', { seconds: 0 }));
  }

  configure(plan: LegPlan): void {
    const { life, clock } = this.#session.options;
    life.order(() => {
      if (!this.#session.legs.has(this)) return;
      this.plan = plan;
      for (const player of this.waiting) player.begin();
      this.waiting.clear();
      this.lose();
      this.#timers = [
        clock.setTimeout(() => this.#packets(), FIRST_PACKET_MS),
        clock.setTimeout(() => this.#watch(), SILENCE_MS),
      ];
    });
  }

  sendDigits(): void {}

  detectDigits(): void {}

  async stats(): Promise<LegStats> {
    return NO_PACKETS;
  }

  close(): Promise<LegStats> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Nothing more comes from it. */
  lose(): void {
    for (const timer of this.#timers) this.#session.options.clock.clearTimeout(timer);
    this.#timers = [];
  }

  async #close(): Promise<LegStats> {
    await this.#session.options.life
      .ask(() => {
        this.#session.legs.delete(this);
        this.lose();
      })
      .catch(() => {});
    this.#unlisten();
    return NO_PACKETS;
  }

  get #heard(): boolean {
    return this.plan !== undefined && this.#session.options.isHeard(this.plan.remote);
  }

  #packets(): void {
    if (this.#heard) this.events.emit('firstPacket', {});
  }

  #watch(): void {
    if (!this.#heard && !this.#silent) this.events.emit('silent', { seconds: SILENCE_MS / 1000 });
    this.#silent = !this.#heard;
    this.#timers[1] = this.#session.options.clock.setTimeout(() => this.#watch(), SILENCE_MS);
  }
}

class PlayerDouble implements MediaPlayer {
  readonly nodeId: number;
  readonly events = new Emitter<PlayerEvents>();
  readonly #session: SessionDouble;
  readonly #durationMs: number | undefined;
  readonly #unlisten: () => void;
  #timer: ReturnType<Clock['setTimeout']> | undefined;
  #begun = false;
  #over = false;

  constructor(session: SessionDouble, input: PlayerInput, loop: boolean) {
    this.#session = session;
    this.nodeId = session.options.nextNode();
    const length = input.kind === 'samples' ? input.samples.length / 8 : FILE_MS;
    this.#durationMs = input.kind === 'progress-tone' || loop ? undefined : length;
    this.#unlisten = session.options.life.listen(() => this.finish('The media worker has stopped.'));
  }

  open(): void {
    if (!this.#over) this.#session.players.set(this.nodeId, this);
  }

  /** The first sink that can hear it is there. */
  begin(): void {
    if (this.#begun || this.#over) return;
    this.#begun = true;
    this.events.emit('started', { durationMs: this.#durationMs });
    if (this.#durationMs === undefined) return;
    this.#timer = this.#session.options.clock.setTimeout(() => this.finish(undefined), this.#durationMs);
  }

  pause(): void {}

  resume(): void {}

  close(): void {
    this.#session.options.life.order(() => this.finish(undefined));
  }

  finish(error: string | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#unlisten();
    this.#session.options.clock.clearTimeout(this.#timer);
    this.#session.players.delete(this.nodeId);
    this.events.emit('finished', { error });
  }
}

class RecorderDouble implements MediaRecorder {
  readonly left: MediaSink;
  readonly right: MediaSink;
  readonly events = new Emitter<RecorderEvents>();
  readonly #session: SessionDouble;
  readonly #channels: 1 | 2;
  readonly #begunAt: number;
  readonly #unlisten: () => void;
  #over = false;

  constructor(session: SessionDouble, channels: 1 | 2) {
    const { nextNode, clock, life } = session.options;
    this.#session = session;
    this.#channels = channels;
    this.left = { nodeId: nextNode() };
    this.right = { nodeId: nextNode() };
    this.#begunAt = clock.monotonic();
    this.#unlisten = life.listen(() => this.lose());
  }

  open(): void {
    if (this.#over) return;
    this.#session.recorders.add(this);
    this.events.emit('started', {});
  }

  close(): void {
    this.#session.options.life.order(() => this.stop());
  }

  stop(): void {
    if (!this.#end()) return;
    const seconds = (this.#session.options.clock.monotonic() - this.#begunAt) / 1000;
    this.events.emit('stopped', { seconds, bytes: 44, channels: this.#channels });
  }

  lose(): void {
    const error = 'The media worker has stopped; what was recorded until then is kept.';
    if (this.#end()) this.events.emit('error', { error, seconds: undefined, bytes: undefined });
  }

  #end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#unlisten();
    this.#session.recorders.delete(this);
    return true;
  }
}

function gone(): MasklineError {
  return new MasklineError('media/busy', 'The media worker of this session has stopped.');
}
