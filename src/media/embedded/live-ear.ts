/** A sink that hears in real time, for listeners and for those in a room: packets and frames in, frames on the clock out. */
import type { PcmRate } from '../engine.ts';
import { PlayoutBuffer } from '../playout-buffer.ts';
import type { ChannelSink, Source } from './graph.ts';
import { PacketDecoder, streamKey } from './packet-decoder.ts';
import type { PacketView } from './packet-view.ts';

export class LiveEar implements ChannelSink {
  readonly kind = 'channel';
  readonly node: number;
  source: Source | undefined;
  readonly #buffer: PlayoutBuffer;
  readonly #decoder: PacketDecoder;

  constructor(node: number, rate: PcmRate) {
    this.node = node;
    this.#buffer = new PlayoutBuffer(rate);
    this.#decoder = new PacketDecoder(rate);
  }

  takePacket(packet: PacketView): void {
    // Key presses are not sound (PITFALLS row 35).
    if (packet.isEvent || packet.isNoise) {
      this.#buffer.rest();
      return;
    }
    const stream = streamKey(packet.source, packet.ssrc);
    this.#buffer.put(stream, packet.timestamp, this.#decoder.decode(packet, stream));
  }

  takeSamples(_from: number, samples: Int16Array): void {
    this.#buffer.append(this.#decoder.widen(samples));
  }

  /** The next 20 ms; false when nothing came for them, and the frame is silent. */
  take(frame: Int16Array): boolean {
    return this.#buffer.take(frame);
  }
}
