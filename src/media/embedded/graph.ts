/**
 * Nodes and edges of one session. A sink hears one source at a time, the newest edge wins; a source feeds many sinks; a
 * tap is an edge from whatever is sent to a leg. Channels (of recorders, listeners, rooms) only read packets and come first; legs write their
 * header into the packet, and the last of them may do it in place.
 */
import type { PacketView } from './packet-view.ts';
import type { SharedFrame } from './shared-frame.ts';

/** A recorder's channel, a listener, the ear of one in a room: reads, never writes. */
export interface ChannelSink {
  readonly kind: 'channel';
  readonly node: number;
  source: Source | undefined;
  takePacket(packet: PacketView): void;
  /** Decoded sound of source node `from`, due at `now`. */
  takeSamples(from: number, samples: Int16Array, now: number): void;
}

/** A leg's way out: puts its own header on packets. */
export interface LegSink {
  readonly kind: 'leg';
  readonly node: number;
  source: Source | undefined;
  /** It knows where to send. */
  readonly ready: boolean;
  /** `mayWrite`: the packet's bytes are ours to change. */
  takePacket(packet: PacketView, mayWrite: boolean): void;
  takeSamples(from: number, samples: Int16Array, now: number): void;
  /** A frame that others get as well; encoded once for all. */
  takeShared(from: number, frame: SharedFrame, now: number): void;
}

export type Sink = ChannelSink | LegSink;

/** Something with ears attached: a leg's way in, a player, a feed, a room's mix, or what is sent to a leg (a tap). */
export class Source {
  readonly node: number;
  readonly channels: ChannelSink[] = [];
  readonly legs: LegSink[] = [];

  constructor(node: number) {
    this.node = node;
  }

  /** Somebody would hear it now. */
  get isHeard(): boolean {
    return this.channels.length > 0 || this.legs.some((leg) => leg.ready);
  }

  /** The hot path of a relayed packet. */
  givePacket(packet: PacketView): void {
    const { channels, legs } = this;
    for (let i = 0; i < channels.length; i++) channels[i]!.takePacket(packet);
    const last = legs.length - 1;
    for (let i = 0; i <= last; i++) legs[i]!.takePacket(packet, i === last);
  }

  giveSamples(samples: Int16Array, now: number): void {
    for (const channel of this.channels) channel.takeSamples(this.node, samples, now);
    for (const leg of this.legs) leg.takeSamples(this.node, samples, now);
  }

  giveShared(frame: SharedFrame, now: number): void {
    for (const channel of this.channels) channel.takeSamples(this.node, frame.samples, now);
    for (const leg of this.legs) leg.takeShared(this.node, frame, now);
  }
}

/** Makes the edge; the sink's older one ends. */
export function connect(source: Source, sink: Sink): void {
  if (sink.source === source) return;
  silence(sink);
  sink.source = source;
  if (sink.kind === 'leg') source.legs.push(sink);
  else source.channels.push(sink);
}

/** Ends this edge, if it is there. */
export function disconnect(source: Source, sink: Sink): void {
  if (sink.source === source) silence(sink);
}

/** The sink hears nothing from now on. */
export function silence(sink: Sink): void {
  const { source } = sink;
  if (source === undefined) return;
  sink.source = undefined;
  if (sink.kind === 'leg') remove(source.legs, sink);
  else remove(source.channels, sink);
}

/** Nobody hears the source from now on. */
export function mute(source: Source): void {
  for (const sink of [...source.channels, ...source.legs]) silence(sink);
}

function remove<T>(list: T[], item: T): void {
  const index = list.indexOf(item);
  if (index >= 0) list.splice(index, 1);
}
