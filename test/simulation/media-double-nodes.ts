/** Legs, players and recorders of the media double. */
import { NO_PACKETS } from '../../src/call/test-support/fake-media.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import { Emitter } from '../../src/kernel/emitter.ts';
import type {
  LegEvents,
  LegPlan,
  LegStats,
  MediaLeg,
  MediaPlayer,
  MediaRecorder,
  MediaSink,
  PlayerEvents,
  PlayerInput,
  RecorderEvents,
  RtpAddress,
} from '../../src/media/engine.ts';
import type { WorkerLife } from './media-double-worker.ts';

/** As the settings default it, ms. */
const SILENCE_MS = 30_000;
const FIRST_PACKET_MS = 20;
const FILE_MS = 2_000;

/** The session that nodes live in. */
export interface NodeHost {
  readonly options: {
    readonly clock: Clock;
    readonly host: string;
    readonly isHeard: (remote: RtpAddress) => boolean;
    readonly life: WorkerLife;
    readonly nextNode: () => number;
    readonly nextPort: () => number;
  };
  readonly legs: Set<LegDouble>;
  readonly players: Map<number, PlayerDouble>;
  readonly recorders: Set<RecorderDouble>;
}

export class LegDouble implements MediaLeg {
  readonly nodeId: number;
  readonly local: RtpAddress;
  readonly events = new Emitter<LegEvents>();
  plan: LegPlan | undefined;
  /** Players that begin once the leg is configured. */
  readonly waiting = new Set<PlayerDouble>();
  readonly #session: NodeHost;
  readonly #unlisten: () => void;
  #closing: Promise<LegStats> | undefined;
  #timers: (ReturnType<Clock['setTimeout']> | undefined)[] = [];
  #silent = false;

  constructor(session: NodeHost) {
    const { nextNode, nextPort, host, life } = session.options;
    this.#session = session;
    this.nodeId = nextNode();
    this.local = { host, port: nextPort() };
    this.#unlisten = life.listen(() => this.events.emit('silent', { seconds: 0 }));
  }

  addressOf(): Promise<RtpAddress> {
    return Promise.resolve(this.local);
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

export class PlayerDouble implements MediaPlayer {
  readonly nodeId: number;
  readonly events = new Emitter<PlayerEvents>();
  readonly #session: NodeHost;
  readonly #durationMs: number | undefined;
  readonly #unlisten: () => void;
  #timer: ReturnType<Clock['setTimeout']> | undefined;
  #begun = false;
  #over = false;

  constructor(session: NodeHost, input: PlayerInput, loop: boolean) {
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

  mark(): void {}

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

export class RecorderDouble implements MediaRecorder {
  readonly left: MediaSink;
  readonly right: MediaSink;
  readonly events = new Emitter<RecorderEvents>();
  readonly #session: NodeHost;
  readonly #channels: 1 | 2;
  readonly #begunAt: number;
  readonly #unlisten: () => void;
  #over = false;

  constructor(session: NodeHost, channels: 1 | 2) {
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

  mute(): void {}

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
