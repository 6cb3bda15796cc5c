/** A media engine without sound: it knows who hears what, and how long that lasts. */
import type { Clock } from '../kernel/clock.ts';
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
  MediaSource,
  PcmRate,
  PlayerInput,
} from '../media/engine.ts';
import { LegDouble, PlayerDouble, RecorderDouble } from './media-nodes.ts';
import {
  FeedDouble,
  ListenerDouble,
  MixDouble,
  MixerDouble,
  type ParticipantDouble,
  type RoomHost,
} from './media-rooms.ts';
import type { Sounds } from './sounds.ts';

export interface MediaDoubleOptions {
  readonly clock: Clock;
  readonly sounds: Sounds;
  /** Something on the main thread will hear what comes to it. */
  readonly onListener: (listener: MediaListener) => void;
}

/** What comes out of a source: the person at that leg, or a prompt's label. */
export type Source = LegDouble | string;

export class MediaDouble implements MediaEngine {
  readonly #options: MediaDoubleOptions;
  readonly #sessions = new Set<SessionDouble>();
  /** The two ends of calls between sessions: what one is sent, the other says. */
  readonly #pairs = new Map<LegDouble, LegDouble>();

  constructor(options: MediaDoubleOptions) {
    this.#options = options;
  }

  openSession(): MediaSession {
    const session = new SessionDouble(this.#options, () => this.#sessions.delete(session));
    this.#sessions.add(session);
    return session;
  }

  async openPair(one: MediaSession, other: MediaSession): Promise<readonly [MediaLeg, MediaLeg]> {
    const legs = [await one.openLeg({ family: 'ipv4' }), await other.openLeg({ family: 'ipv4' })] as const;
    const [a, b] = legs as readonly [LegDouble, LegDouble];
    this.#pairs.set(a, b).set(b, a);
    return legs;
  }

  /** What is sent to a leg now: nothing is silence, several are a room. */
  heardBy(leg: MediaSink): readonly Source[] {
    return [...this.#sessions].flatMap((session) =>
      session.heardBy(leg.nodeId).flatMap((source): readonly Source[] => {
        const end = typeof source === 'string' ? undefined : this.#pairs.get(source);
        return end === undefined ? [source] : this.heardBy(end);
      }),
    );
  }

  stats(): Promise<EngineStats> {
    const none = { legs: 0, players: 0, recorders: 0, listeners: 0, feeds: 0, mixers: 0, ports: 0 };
    return Promise.resolve({ sessions: this.#sessions.size, ...none, workers: [] });
  }

  async close(): Promise<void> {
    for (const session of [...this.#sessions]) await session.close();
  }
}

let nextNode = 1;

class SessionDouble implements MediaSession, RoomHost {
  readonly id = nextNode++;
  readonly clock: Clock;
  readonly #sounds: Sounds;
  readonly #onListener: (listener: MediaListener) => void;
  readonly #onClose: () => void;
  readonly #sources = new Map<
    number,
    LegDouble | PlayerDouble | FeedDouble | ParticipantDouble | MixDouble
  >();
  readonly #others = new Set<RecorderDouble | ListenerDouble | MixerDouble>();
  /** Sink → source. */
  readonly #edges = new Map<number, number>();

  constructor({ clock, sounds, onListener }: MediaDoubleOptions, onClose: () => void) {
    this.clock = clock;
    this.#sounds = sounds;
    this.#onListener = onListener;
    this.#onClose = onClose;
  }

  openLeg(_options: { readonly family: 'ipv4' | 'ipv6' }): Promise<MediaLeg> {
    return Promise.resolve(this.#source(new LegDouble(nextNode++, this)));
  }

  createPlayer(input: PlayerInput, { loop }: { readonly loop: boolean }): MediaPlayer {
    return this.#source(new PlayerDouble(nextNode++, this, this.#sounds.promptOf(input), loop));
  }

  createFeed({ rate }: { readonly rate: PcmRate }): MediaFeed {
    return this.#source(new FeedDouble(nextNode++, this, rate));
  }

  createRecorder({ channels }: { readonly channels: 1 | 2 }): MediaRecorder {
    return this.#other(new RecorderDouble(nextNode++, nextNode++, this, channels));
  }

  createListener(): MediaListener {
    const listener = this.#other(new ListenerDouble(nextNode++, this));
    this.#onListener(listener);
    return listener;
  }

  createMixer(): MediaMixer {
    const mixer = this.#other(new MixerDouble(this));
    this.#source(mixer.mix);
    return mixer;
  }

  connect(source: MediaSource, sink: MediaSink): void {
    const from = this.#sources.get(source.nodeId);
    if (from === undefined) return;
    this.#edges.set(sink.nodeId, source.nodeId);
    if (from instanceof PlayerDouble) from.begin();
  }

  disconnect(source: MediaSource, sink: MediaSink): void {
    if (this.#edges.get(sink.nodeId) === source.nodeId) this.#edges.delete(sink.nodeId);
  }

  tap(): void {}

  nextNode(): number {
    return nextNode++;
  }

  joined(participant: ParticipantDouble): void {
    this.#source(participant);
  }

  closed(nodeId: number): void {
    this.#sources.delete(nodeId);
    for (const [sink, source] of this.#edges)
      if (sink === nodeId || source === nodeId) this.#edges.delete(sink);
  }

  heardBy(sink: number): readonly Source[] {
    const source = this.#sources.get(this.#edges.get(sink) ?? 0);
    if (source === undefined) return [];
    if (source instanceof LegDouble) return [source];
    if (source instanceof PlayerDouble) return [source.prompt.label];
    if (source instanceof FeedDouble) return source.isHeard ? ['stream'] : [];
    const others = [...source.mixer.participants].filter((one) => one !== source && one.may.speak);
    const mayHear = source instanceof MixDouble || source.may.hear;
    return mayHear ? others.flatMap(({ nodeId }) => this.heardBy(nodeId)) : [];
  }

  async close(): Promise<void> {
    for (const node of [...this.#others, ...this.#sources.values()]) if ('close' in node) void node.close();
    this.#onClose();
  }

  #source<T extends LegDouble | PlayerDouble | FeedDouble | ParticipantDouble | MixDouble>(node: T): T {
    this.#sources.set(node.nodeId, node);
    return node;
  }

  #other<T extends RecorderDouble | ListenerDouble | MixerDouble>(node: T): T {
    this.#others.add(node);
    return node;
  }
}
