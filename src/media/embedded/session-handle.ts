/**
 * A media session on the main thread: gives out node ids and sends commands, in order, to the one worker in which all
 * its nodes live.
 */
import { MasklineError } from '../../kernel/errors.ts';
import type {
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
  RtpAddress,
} from '../engine.ts';
import { LegHandle, PlayerHandle, RecorderHandle } from './handles.ts';
import type { Family, SoundCommand } from './protocol.ts';
import { FeedHandle, ListenerHandle, MixerHandle } from './sound-handles.ts';
import type { WorkerLink } from './worker-link.ts';

export interface SessionOptions {
  readonly id: number;
  readonly link: WorkerLink;
  readonly maxLegs: number;
  readonly nextNode: () => number;
  /** For our SDP, by family. */
  readonly advertised: { readonly ipv4?: string; readonly ipv6?: string };
  readonly onListenerError: (error: unknown) => void;
}

export class SessionHandle implements MediaSession {
  readonly id: number;
  readonly #options: SessionOptions;
  #closing: Promise<void> | undefined;
  #openLegs = 0;
  /** Whose events are listened to, to be let go with the session. */
  readonly #nodes = new Set<number>();

  constructor(options: SessionOptions) {
    this.id = options.id;
    this.#options = options;
    options.link.sessions += 1;
  }

  async openLeg({ family }: { readonly family: Family }): Promise<MediaLeg> {
    const { link, maxLegs, nextNode } = this.#options;
    this.#hostOf(family);
    if (this.#closing !== undefined) throw new MasklineError('media/busy', 'The media session is closed.');
    if (link.legs >= maxLegs)
      throw new MasklineError('media/busy', `The media worker carries ${link.legs} legs, as many as it may.`);
    this.#countLeg(1);
    const node = nextNode();
    try {
      const local = await this.#bind(node, family, false);
      return new LegHandle(this.#place(node), local, family, {
        bind: (other) => this.#bind(node, other, true),
        closed: () => this.#countLeg(-1),
      });
    } catch (error) {
      this.#countLeg(-1);
      throw error;
    }
  }

  #hostOf(family: Family): string {
    const host = this.#options.advertised[family];
    if (host === undefined)
      throw new MasklineError('media/no-address', `No ${family} media address is configured.`);
    return host;
  }

  async #bind(node: number, family: Family, again: boolean): Promise<RtpAddress> {
    const host = this.#hostOf(family);
    const reply = await this.#options.link.ask({ kind: 'open-leg', session: this.id, node, family, again });
    return { host, port: reply.kind === 'leg-opened' ? reply.port : 0 };
  }

  createPlayer(input: PlayerInput, { loop }: { readonly loop: boolean }): MediaPlayer {
    const node = this.#options.nextNode();
    const player = new PlayerHandle(this.#place(node));
    if (!this.#alive) queueMicrotask(() => player.lost());
    else this.#options.link.order({ kind: 'create-player', session: this.id, node, input, loop });
    return player;
  }

  createRecorder(options: { readonly path: string; readonly channels: 1 | 2 }): MediaRecorder {
    const { link, nextNode } = this.#options;
    const [node, left, right] = [nextNode(), nextNode(), nextNode()];
    const recorder = new RecorderHandle(this.#place(node), left, right);
    if (!this.#alive) queueMicrotask(() => recorder.lost());
    else link.order({ kind: 'create-recorder', session: this.id, node, left, right, ...options });
    return recorder;
  }

  createListener({ rate, chunkMs }: { readonly rate: PcmRate; readonly chunkMs: number }): MediaListener {
    if (!(chunkMs >= 20 && chunkMs <= 1000 && chunkMs % 20 === 0))
      throw new RangeError('chunkMs is a multiple of 20, from 20 to 1000');
    const node = this.#options.nextNode();
    const listener = new ListenerHandle(this.#place(node));
    this.#order({ kind: 'create-listener', session: this.id, node, rate, chunkMs });
    return listener;
  }

  createFeed({ rate, maxBufferMs }: { readonly rate: PcmRate; readonly maxBufferMs: number }): MediaFeed {
    if (!(maxBufferMs >= 100 && maxBufferMs <= 600_000))
      throw new RangeError('maxBufferMs is from 100 to 600 000');
    const node = this.#options.nextNode();
    const feed = new FeedHandle(this.#place(node));
    this.#order({ kind: 'create-feed', session: this.id, node, rate, maxBufferMs });
    return feed;
  }

  createMixer(): MediaMixer {
    const { nextNode } = this.#options;
    const node = nextNode();
    this.#order({ kind: 'create-mixer', session: this.id, node });
    return new MixerHandle(this.#place(node), nextNode);
  }

  connect(source: MediaSource, sink: MediaSink): void {
    this.#edge('connect', source, sink);
  }

  disconnect(source: MediaSource, sink: MediaSink): void {
    this.#edge('disconnect', source, sink);
  }

  tap(leg: MediaLeg, sink: MediaSink): void {
    this.#edge('tap', leg, sink);
  }

  /** Resolves when recordings are complete and ports drain; also when the worker has died. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { link } = this.#options;
    link.sessions -= 1;
    try {
      await link.ask({ kind: 'close-session', session: this.id });
    } catch {
      // The worker is gone, and everything of the session with it.
    }
    for (const node of this.#nodes) link.unlisten(node);
    this.#nodes.clear();
    link.legs -= this.#openLegs;
    this.#openLegs = 0;
  }

  get #alive(): boolean {
    return this.#closing === undefined && !this.#options.link.dead;
  }

  /** A node of a session that is closed is never made. */
  #order(command: SoundCommand): void {
    if (this.#alive) this.#options.link.order(command);
  }

  #edge(kind: 'connect' | 'disconnect' | 'tap', source: MediaSource, sink: MediaSink): void {
    this.#options.link.order({ kind, session: this.id, source: source.nodeId, sink: sink.nodeId });
  }

  #countLeg(change: 1 | -1): void {
    // After `close` has given all back at once nothing is left to count.
    if (change < 0 && this.#openLegs === 0) return;
    this.#openLegs += change;
    this.#options.link.legs += change;
  }

  #place(node: number) {
    const { link, onListenerError } = this.#options;
    this.#nodes.add(node);
    return { link, session: this.id, node, onListenerError };
  }
}
