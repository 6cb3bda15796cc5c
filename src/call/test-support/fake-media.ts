import { Emitter } from '../../kernel/emitter.ts';
import { MasklineError } from '../../kernel/errors.ts';
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
  MediaSource,
  PcmRate,
  PlayerEvents,
  PlayerInput,
  PlayerMark,
  RecorderEvents,
  RtpAddress,
} from '../../media/engine.ts';
import { FakeFeed, FakeListener, FakeMixer } from './fake-sounds.ts';

export const NO_PACKETS: LegStats = {
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

let nextNode = 1;
let nextPort = 20_000;

export class FakeLeg implements MediaLeg {
  readonly nodeId = nextNode++;
  readonly local: RtpAddress;
  readonly events = new Emitter<LegEvents>();
  readonly addresses = new Map<string, RtpAddress>();
  readonly plans: LegPlan[] = [];
  readonly digits: string[] = [];
  detecting = false;
  closed = false;
  readonly #onClose: (leg: FakeLeg) => void;

  constructor(host: string, onClose: (leg: FakeLeg) => void) {
    this.local = { host, port: nextPort };
    nextPort += 2;
    this.#onClose = onClose;
  }

  addressOf(family: 'ipv4' | 'ipv6'): Promise<RtpAddress> {
    const host = family === 'ipv4' ? '192.0.2.10' : '2001:db8::10';
    const isLocal = this.local.host.includes(':') === (family === 'ipv6');
    const known = this.addresses.get(family) ?? (isLocal ? this.local : { host, port: nextPort++ });
    this.addresses.set(family, known);
    return Promise.resolve(known);
  }

  get plan(): LegPlan | undefined {
    return this.plans.at(-1);
  }

  configure(plan: LegPlan): void {
    if (this.closed) throw new Error('a closed leg was configured');
    this.plans.push(plan);
  }

  sendDigits(digits: string): void {
    this.digits.push(digits);
  }

  detectDigits(on: boolean): void {
    this.detecting = on;
  }

  stats(): Promise<LegStats> {
    return Promise.resolve(NO_PACKETS);
  }

  close(): Promise<LegStats> {
    if (!this.closed) {
      this.closed = true;
      this.#onClose(this);
    }
    return Promise.resolve(NO_PACKETS);
  }

  /** The peer presses a key; heard only when detection is on. */
  press(digit: string): void {
    if (this.detecting && !this.closed) this.events.emit('digit', { digit, durationMs: 100 });
  }
}

export class FakePlayer implements MediaPlayer {
  readonly nodeId = nextNode++;
  readonly events = new Emitter<PlayerEvents>();
  readonly input: PlayerInput;
  readonly loop: boolean;
  paused = false;
  closed = false;
  readonly marks: PlayerMark[] = [];

  constructor(input: PlayerInput, loop: boolean) {
    this.input = input;
    this.loop = loop;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  mark(mark: PlayerMark): void {
    this.marks.push(mark);
  }

  close(): void {
    this.finish();
  }

  /** All of it was played. */
  finish(error?: string): void {
    if (this.closed) return;
    this.closed = true;
    this.events.emit('finished', { error });
  }
}

export class FakeRecorder implements MediaRecorder {
  readonly left: MediaSink = { nodeId: nextNode++ };
  readonly right: MediaSink = { nodeId: nextNode++ };
  readonly events = new Emitter<RecorderEvents>();
  readonly path: string;
  readonly channels: 1 | 2;
  muted = false;
  closed = false;

  constructor(path: string, channels: 1 | 2) {
    this.path = path;
    this.channels = channels;
  }

  mute(on: boolean): void {
    this.muted = on;
  }

  /** The disk fills up: over, as with the real engine, and no `stopped` follows. */
  fail(error: string, seconds: number, bytes: number): void {
    if (this.closed) return;
    this.closed = true;
    this.events.emit('error', { error, seconds, bytes });
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.events.emit('stopped', { seconds: 1, bytes: 16_044, channels: this.channels });
  }
}

/** How `openLeg` behaves: at once, refused for want of ports, or when the test says so (`release`). */
export type OpenLegMode = 'at-once' | 'busy' | 'held' | 'ipv4-only';

/** A media graph of which only the edges are kept: `edges` holds `from>to`, by node id. */
export class FakeMediaSession implements MediaSession {
  readonly id = nextNode++;
  readonly legs: FakeLeg[] = [];
  readonly players: FakePlayer[] = [];
  readonly recorders: FakeRecorder[] = [];
  readonly listeners: FakeListener[] = [];
  readonly feeds: FakeFeed[] = [];
  readonly mixers: FakeMixer[] = [];
  readonly edges = new Map<number, number>();
  readonly taps: (readonly [leg: number, sink: number])[] = [];
  openLegMode: OpenLegMode = 'at-once';
  closed = false;
  readonly #held: { readonly open: () => void; readonly refuse: () => void }[] = [];

  openLeg(options: { readonly family: 'ipv4' | 'ipv6' }): Promise<MediaLeg> {
    const busy = new MasklineError('media/busy');
    const open = (): FakeLeg => {
      if (this.closed) throw busy;
      const leg = new FakeLeg(options.family === 'ipv6' ? '2001:db8::10' : '192.0.2.10', (closed) =>
        this.#removeEdges(closed.nodeId),
      );
      this.legs.push(leg);
      return leg;
    };
    if (this.openLegMode === 'busy') return Promise.reject(busy);
    if (this.openLegMode === 'ipv4-only' && options.family === 'ipv6')
      return Promise.reject(new MasklineError('media/no-address'));
    if (this.openLegMode !== 'held') return Promise.resolve().then(open);
    return new Promise<void>((resolve, reject) => {
      this.#held.push({ open: resolve, refuse: () => reject(busy) });
    }).then(open);
  }

  get heldCount(): number {
    return this.#held.length;
  }

  /** Lets the oldest held `openLeg` succeed, or fail. */
  release(outcome: 'open' | 'refuse' = 'open'): void {
    this.#held.shift()?.[outcome]();
  }

  get openLegs(): readonly FakeLeg[] {
    return this.legs.filter((leg) => !leg.closed);
  }

  createPlayer(input: PlayerInput, options: { readonly loop: boolean }): FakePlayer {
    const player = new FakePlayer(input, options.loop);
    this.players.push(player);
    return player;
  }

  createListener(options: { readonly rate: PcmRate; readonly chunkMs: number }): FakeListener {
    const listener = new FakeListener(nextNode++, options.rate, options.chunkMs);
    this.listeners.push(listener);
    return listener;
  }

  createFeed(options: { readonly rate: PcmRate; readonly maxBufferMs: number }): FakeFeed {
    const feed = new FakeFeed(nextNode++, options.rate, options.maxBufferMs);
    this.feeds.push(feed);
    return feed;
  }

  createMixer(): FakeMixer {
    const mixer = new FakeMixer(() => nextNode++);
    this.mixers.push(mixer);
    return mixer;
  }

  createRecorder(options: { readonly path: string; readonly channels: 1 | 2 }): FakeRecorder {
    const recorder = new FakeRecorder(options.path, options.channels);
    this.recorders.push(recorder);
    return recorder;
  }

  /** The newest edge wins: a sink has one source. A node that was closed is not known any more. */
  connect(source: MediaSource, sink: MediaSink): void {
    const gone = [...this.legs, ...this.players]
      .filter(({ closed }) => closed)
      .some(({ nodeId }) => nodeId === source.nodeId || nodeId === sink.nodeId);
    if (gone) return;
    this.edges.set(sink.nodeId, source.nodeId);
  }

  disconnect(source: MediaSource, sink: MediaSink): void {
    if (this.edges.get(sink.nodeId) === source.nodeId) this.edges.delete(sink.nodeId);
  }

  tap(leg: MediaLeg, sink: MediaSink): void {
    this.taps.push([leg.nodeId, sink.nodeId]);
  }

  hears(sink: MediaSink, source: MediaSource): boolean {
    return this.edges.get(sink.nodeId) === source.nodeId;
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const leg of this.legs) await leg.close();
    for (const player of this.players) player.close();
    for (const recorder of this.recorders) recorder.close();
    for (const sound of [...this.listeners, ...this.feeds, ...this.mixers]) sound.close();
  }

  #removeEdges(nodeId: number): void {
    for (const [sink, source] of this.edges) {
      if (sink === nodeId || source === nodeId) this.edges.delete(sink);
    }
  }
}

export class FakeMediaEngine implements MediaEngine {
  readonly sessions: FakeMediaSession[] = [];
  openLegMode: OpenLegMode = 'at-once';

  openSession(): FakeMediaSession {
    const session = new FakeMediaSession();
    session.openLegMode = this.openLegMode;
    this.sessions.push(session);
    return session;
  }

  async openPair(one: MediaSession, other: MediaSession): Promise<readonly [MediaLeg, MediaLeg]> {
    return [await one.openLeg({ family: 'ipv4' }), await other.openLeg({ family: 'ipv4' })];
  }

  get openLegs(): readonly FakeLeg[] {
    return this.sessions.flatMap((session) => session.openLegs);
  }

  stats(): Promise<EngineStats> {
    return Promise.resolve({
      sessions: this.sessions.filter((session) => !session.closed).length,
      legs: this.openLegs.length,
      players: 0,
      recorders: 0,
      listeners: 0,
      feeds: 0,
      mixers: 0,
      ports: this.openLegs.length,
      workers: [],
    });
  }

  async close(): Promise<void> {
    for (const session of this.sessions) await session.close();
  }
}
