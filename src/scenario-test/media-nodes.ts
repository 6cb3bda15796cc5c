/** The nodes of the media double: legs, players and recorders with the life that `media/engine.ts` describes, without sound. */
import type { Clock, TimerHandle } from '../kernel/clock.ts';
import { Emitter } from '../kernel/emitter.ts';
import type {
  LegEvents,
  LegStats,
  MediaLeg,
  MediaPlayer,
  MediaRecorder,
  MediaSink,
  PlayerEvents,
  PlayerMark,
  RecorderEvents,
  RtpAddress,
} from '../media/engine.ts';
import type { Prompt } from './sounds.ts';

export interface NodeHost {
  readonly clock: Clock;
  /** The node is gone, and its edges with it. */
  closed(nodeId: number): void;
}

const NO_PACKETS: LegStats = {
  packetsReceived: 0,
  packetsSent: 0,
  bytesReceived: 0,
  bytesSent: 0,
  packetsLost: 0,
  jitterMs: 0,
  roundTripMs: undefined,
  strangers: 0,
  unauthenticated: 0,
  transcoded: 0,
};

export class LegDouble implements MediaLeg {
  readonly local: RtpAddress = { host: '192.0.2.10', port: 20_000 };
  readonly events = new Emitter<LegEvents>();
  readonly nodeId: number;
  /** DTMF that was sent to the peer. */
  digits = '';
  detecting = false;
  readonly #host: NodeHost;

  constructor(nodeId: number, host: NodeHost) {
    this.nodeId = nodeId;
    this.#host = host;
  }

  addressOf(): Promise<RtpAddress> {
    return Promise.resolve(this.local);
  }
  configure(): void {}
  sendDigits(digits: string): void {
    this.digits += digits;
  }
  detectDigits(on: boolean): void {
    this.detecting = on;
  }
  stats(): Promise<LegStats> {
    return Promise.resolve(NO_PACKETS);
  }
  close(): Promise<LegStats> {
    this.#host.closed(this.nodeId);
    return Promise.resolve(NO_PACKETS);
  }
}

/** Begins when the first sink hears it; from then on it runs, heard or not. */
export class PlayerDouble implements MediaPlayer {
  readonly nodeId: number;
  readonly events = new Emitter<PlayerEvents>();
  readonly prompt: Prompt;
  readonly loop: boolean;
  readonly #host: NodeHost;
  readonly #marks: PlayerMark[] = [];
  readonly #timers: TimerHandle[] = [];
  #left: number;
  #since: number | undefined;
  #begun = false;
  #paused = false;
  #over = false;

  constructor(nodeId: number, host: NodeHost, prompt: Prompt, loop: boolean) {
    this.nodeId = nodeId;
    this.#host = host;
    this.prompt = prompt;
    this.loop = loop;
    this.#left = loop ? Number.POSITIVE_INFINITY : (prompt.ms ?? Number.POSITIVE_INFINITY);
    queueMicrotask(() => {
      if (!this.#over) this.events.emit('ready', {});
    });
  }

  mark(mark: PlayerMark): void {
    this.#marks.push(mark);
    if (this.#since !== undefined) this.#arm(mark);
  }

  begin(): void {
    if (this.#begun || this.#over) return;
    this.#begun = true;
    queueMicrotask(() => {
      if (!this.#over) this.events.emit('started', { durationMs: this.prompt.ms });
    });
    if (!this.#paused) this.#run();
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#disarm();
    if (this.#since !== undefined) this.#left -= this.#host.clock.monotonic() - this.#since;
    this.#since = undefined;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#begun && !this.#over) this.#run();
  }

  close(): void {
    this.#finish();
  }

  #run(): void {
    const { clock } = this.#host;
    this.#since = clock.monotonic();
    for (const mark of this.#marks) this.#arm(mark);
    if (Number.isFinite(this.#left)) this.#timers.push(clock.setTimeout(() => this.#finish(), this.#left));
  }

  /** Marks are told in the first round of a loop. */
  #arm(mark: PlayerMark): void {
    const { ms, parts } = this.prompt;
    const part = mark.part === undefined ? undefined : parts?.[mark.part];
    const [from, length] = part === undefined ? [0, ms] : [part.from, part.ms];
    if (length === undefined && mark.offsetMs < 0) return;
    const at = from + (mark.offsetMs < 0 ? (length ?? 0) + mark.offsetMs : mark.offsetMs);
    const wait = at - this.#position;
    if (wait < 0 || (length !== undefined && at > from + length)) return;
    this.#timers.push(this.#host.clock.setTimeout(() => this.events.emit('marker', mark), wait));
  }

  get #position(): number {
    const whole = this.loop ? Number.POSITIVE_INFINITY : (this.prompt.ms ?? Number.POSITIVE_INFINITY);
    const { clock } = this.#host;
    if (!Number.isFinite(whole)) return clock.monotonic() - (this.#since ?? clock.monotonic());
    return whole - this.#left + (this.#since === undefined ? 0 : clock.monotonic() - this.#since);
  }

  #disarm(): void {
    for (const timer of this.#timers.splice(0)) this.#host.clock.clearTimeout(timer);
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#disarm();
    this.#host.closed(this.nodeId);
    queueMicrotask(() => this.events.emit('finished', { error: undefined }));
  }
}

export class RecorderDouble implements MediaRecorder {
  readonly left: MediaSink;
  readonly right: MediaSink;
  readonly events = new Emitter<RecorderEvents>();
  readonly #host: NodeHost;
  readonly #channels: 1 | 2;
  readonly #since: number;
  #over = false;

  constructor(left: number, right: number, host: NodeHost, channels: 1 | 2) {
    this.left = { nodeId: left };
    this.right = { nodeId: right };
    this.#host = host;
    this.#channels = channels;
    this.#since = host.clock.monotonic();
    queueMicrotask(() => this.events.emit('started', {}));
  }

  mute(): void {}

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#host.closed(this.left.nodeId);
    this.#host.closed(this.right.nodeId);
    const seconds = (this.#host.clock.monotonic() - this.#since) / 1000;
    // 16 bit at 8 kHz, and the header of a WAV file.
    const bytes = Math.round(seconds * 16_000 * this.#channels) + 44;
    queueMicrotask(() => this.events.emit('stopped', { seconds, bytes, channels: this.#channels }));
  }
}
