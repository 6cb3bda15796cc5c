/**
 * The handles that the rest of Maskline holds: each stands for one node in a worker.
 */
import { Emitter } from '../../kernel/emitter.ts';
import type {
  LegEvents,
  LegPlan,
  LegStats,
  MediaLeg,
  MediaPlayer,
  MediaRecorder,
  MediaSink,
  PlayerEvents,
  PlayerMark,
  RecorderEvents,
  RtpAddress,
} from '../engine.ts';
import type { Family, NodeEvent } from './protocol.ts';
import type { NodeListener, WorkerLink } from './worker-link.ts';

/** What every handle knows. */
export interface HandlePlace {
  readonly link: WorkerLink;
  readonly session: number;
  readonly node: number;
  readonly onListenerError: (error: unknown) => void;
}

const NOTHING: LegStats = {
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

/** What the session does for a leg. */
export interface LegOwner {
  /** Binds sockets of the other IP version. */
  bind(family: Family): Promise<RtpAddress>;
  /** Called once, when the leg is being closed. */
  closed(): void;
}

export class LegHandle implements MediaLeg, NodeListener {
  readonly nodeId: number;
  readonly local: RtpAddress;
  readonly events: Emitter<LegEvents>;
  readonly #place: HandlePlace;
  readonly #owner: LegOwner;
  readonly #addresses = new Map<Family, Promise<RtpAddress>>();
  #lastStats = NOTHING;
  #closing: Promise<LegStats> | undefined;

  constructor(place: HandlePlace, local: RtpAddress, family: Family, owner: LegOwner) {
    this.#place = place;
    this.nodeId = place.node;
    this.local = local;
    this.#addresses.set(family, Promise.resolve(local));
    this.events = new Emitter(place.onListenerError);
    this.#owner = owner;
    place.link.listen(place.node, this);
  }

  async addressOf(family: Family): Promise<RtpAddress> {
    const known = this.#addresses.get(family);
    if (known !== undefined) return await known;
    const bound = this.#owner.bind(family);
    this.#addresses.set(family, bound);
    bound.catch(() => this.#addresses.delete(family));
    return await bound;
  }

  configure(plan: LegPlan): void {
    const { link, session, node } = this.#place;
    link.order({ kind: 'configure-leg', session, node, plan });
  }

  sendDigits(digits: string): void {
    const { link, session, node } = this.#place;
    link.order({ kind: 'send-digits', session, node, digits });
  }

  detectDigits(on: boolean): void {
    const { link, session, node } = this.#place;
    link.order({ kind: 'detect-digits', session, node, on });
  }

  /** Rejects with `media/busy` when the leg or its worker is gone. */
  async stats(): Promise<LegStats> {
    const { link, session, node } = this.#place;
    const reply = await link.ask({ kind: 'leg-stats', session, node });
    if (reply.kind === 'leg-stats') this.#lastStats = reply.stats;
    return this.#lastStats;
  }

  /** Never rejects: when the worker has died, the last figures that were known are the final ones. */
  close(): Promise<LegStats> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<LegStats> {
    const { link, session, node } = this.#place;
    this.#owner.closed();
    try {
      const reply = await link.ask({ kind: 'close-leg', session, node });
      if (reply.kind === 'leg-stats') this.#lastStats = reply.stats;
    } catch {
      // Gone already: with its session, or with its worker.
    }
    link.unlisten(node);
    return this.#lastStats;
  }

  receive(event: NodeEvent): void {
    switch (event.name) {
      case 'digit':
        this.events.emit('digit', event.payload);
        break;
      case 'firstPacket':
        this.events.emit('firstPacket', event.payload);
        break;
      case 'silent':
        this.events.emit('silent', event.payload);
        break;
      case 'resumed':
        this.events.emit('resumed', event.payload);
        break;
    }
  }

  lost(): void {
    this.events.emit('silent', { seconds: 0 });
  }
}

export class PlayerHandle implements MediaPlayer, NodeListener {
  readonly nodeId: number;
  readonly events: Emitter<PlayerEvents>;
  readonly #place: HandlePlace;

  constructor(place: HandlePlace) {
    this.#place = place;
    this.nodeId = place.node;
    this.events = new Emitter(place.onListenerError);
    place.link.listen(place.node, this);
  }

  pause(): void {
    this.#control('pause');
  }

  resume(): void {
    this.#control('resume');
  }

  mark(mark: PlayerMark): void {
    const { link, session, node } = this.#place;
    link.order({ kind: 'mark-player', session, node, mark });
  }

  close(): void {
    this.#control('close');
  }

  #control(action: 'pause' | 'resume' | 'close'): void {
    const { link, session, node } = this.#place;
    link.order({ kind: 'control-player', session, node, action });
  }

  receive(event: NodeEvent): void {
    if (event.name === 'player-ready') this.events.emit('ready', event.payload);
    if (event.name === 'player-started') this.events.emit('started', event.payload);
    if (event.name === 'player-marker') this.events.emit('marker', event.payload);
    if (event.name !== 'player-finished') return;
    this.#place.link.unlisten(this.nodeId);
    this.events.emit('finished', event.payload);
  }

  lost(): void {
    this.events.emit('finished', { error: 'The media worker has stopped.' });
  }
}

export class RecorderHandle implements MediaRecorder, NodeListener {
  readonly left: MediaSink;
  readonly right: MediaSink;
  readonly events: Emitter<RecorderEvents>;
  readonly #place: HandlePlace;

  constructor(place: HandlePlace, left: number, right: number) {
    this.#place = place;
    this.left = { nodeId: left };
    this.right = { nodeId: right };
    this.events = new Emitter(place.onListenerError);
    place.link.listen(place.node, this);
  }

  mute(on: boolean): void {
    const { link, session, node } = this.#place;
    link.order({ kind: 'mute-recorder', session, node, on });
  }

  close(): void {
    const { link, session, node } = this.#place;
    link.order({ kind: 'close-recorder', session, node });
  }

  receive(event: NodeEvent): void {
    switch (event.name) {
      case 'recorder-started':
        this.events.emit('started', event.payload);
        break;
      case 'recorder-stopped':
        this.#place.link.unlisten(this.#place.node);
        this.events.emit('stopped', event.payload);
        break;
      case 'recorder-error':
        this.#place.link.unlisten(this.#place.node);
        this.events.emit('error', event.payload);
        break;
    }
  }

  lost(): void {
    this.events.emit('error', {
      error: 'The media worker has stopped; what was recorded until then is kept.',
      seconds: undefined,
      bytes: undefined,
    });
  }
}
