/**
 * A recorder in its worker: two channels as sinks, the timeline (recorder.ts) and the file (wav-file.ts). It ends with
 * exactly one of `stopped` and `error`.
 */
import { decodeTableOf } from '../codec/g711.ts';
import { G722Decoder } from '../codec/g722.ts';
import { saturate } from '../codec/g722-band.ts';
import { type Channel, RECORDER_TICK_MS, Recorder } from '../recorder.ts';
import { RECORDING_RATE, WAV_HEADER } from '../wav.ts';
import { WavFile } from '../wav-file.ts';
import { type ChannelSink, type Source, silence } from './graph.ts';
import type { PacketView } from './packet-view.ts';
import type { NodeEvent } from './protocol.ts';

/** Node ids and SSRCs in one number: 21 bits and 32 bits are safe. */
const streamKey = (node: number, ssrc: number): number => (node % 0x20_0000) * 0x1_0000_0000 + ssrc;

class RecorderChannel implements ChannelSink {
  readonly kind = 'channel';
  readonly node: number;
  source: Source | undefined;
  muted = false;
  readonly #recorder: Recorder;
  readonly #channel: Channel;
  /** Of the stream that is heard now, when it is G.722. */
  #wide = new G722Decoder();
  #wideStream = -1;

  constructor(node: number, recorder: Recorder, channel: Channel) {
    this.node = node;
    this.#recorder = recorder;
    this.#channel = channel;
  }

  takePacket(packet: PacketView): void {
    const { source, ssrc, timestamp, sequence, buffer, start, end, codec, now } = packet;
    const stream = streamKey(source, ssrc);
    const recorder = this.#recorder;
    // Key presses are not sound, and what is typed must not be in the file (PITFALLS row 35).
    if (packet.isEvent || packet.isNoise || this.muted) recorder.pass(this.#channel, stream, sequence);
    else if (codec === 'G722') {
      const samples = this.#decodeWide(stream, buffer.subarray(start, end));
      recorder.decoded(this.#channel, stream, timestamp, samples, now, sequence);
    } else {
      const table = decodeTableOf(codec);
      recorder.packet(this.#channel, stream, timestamp, buffer, start, end, table, now, sequence);
    }
  }

  /** To 8 kHz, which recordings have. */
  #decodeWide(stream: number, bytes: Uint8Array): Int16Array {
    if (stream !== this.#wideStream) this.#wide = new G722Decoder();
    this.#wideStream = stream;
    return Int16Array.from(bytes, (byte) => saturate(this.#wide.decodeNarrow(byte)));
  }

  takeSamples(from: number, samples: Int16Array, now: number): void {
    if (!this.muted) this.#recorder.samples(this.#channel, streamKey(from, 0), samples, now);
  }
}

export interface RecorderNodes {
  readonly node: number;
  readonly left: number;
  readonly right: number;
}

export class RecorderNode {
  readonly kind = 'recorder';
  readonly node: number;
  readonly left: RecorderChannel;
  readonly right: RecorderChannel;
  /** Settles when the file is closed, one way or the other. */
  readonly ended: Promise<void>;
  readonly #recorder: Recorder;
  readonly #file: WavFile;
  #nextTick: number;
  #closed = false;

  constructor(
    nodes: RecorderNodes,
    path: string,
    channels: 1 | 2,
    now: number,
    emit: (event: NodeEvent) => void,
  ) {
    this.node = nodes.node;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    const sizeOf = (dataBytes: number): { seconds: number; bytes: number } => ({
      seconds: dataBytes / (2 * channels * RECORDING_RATE),
      bytes: WAV_HEADER + dataBytes,
    });
    this.#file = new WavFile(path, channels, {
      onStarted: () => emit({ name: 'recorder-started', payload: {} }),
      onFinished: (dataBytes) => {
        emit({ name: 'recorder-stopped', payload: { ...sizeOf(dataBytes), channels } });
        resolve();
      },
      onError: (error, dataBytes) => {
        this.#detach();
        emit({ name: 'recorder-error', payload: { error: error.message, ...sizeOf(dataBytes) } });
        resolve();
      },
    });
    this.#recorder = new Recorder(channels, now, (batch) => this.#file.append(batch));
    this.left = new RecorderChannel(nodes.left, this.#recorder, 'left');
    this.right = new RecorderChannel(nodes.right, this.#recorder, 'right');
    // Recorders that began together do not write together: 7 and 25 (ticks in half a second) have no common factor.
    this.#nextTick = now + (RECORDER_TICK_MS * (1 + ((nodes.node * 7) % 25))) / 25;
  }

  get closed(): boolean {
    return this.#closed;
  }

  mute(on: boolean): void {
    this.left.muted = on;
    this.right.muted = on;
  }

  tick(now: number): void {
    if (this.#closed || now < this.#nextTick) return;
    this.#nextTick = now + RECORDER_TICK_MS;
    this.#recorder.tick(now);
  }

  close(now: number): void {
    if (this.#closed) return;
    this.#detach();
    this.#recorder.close(now);
    this.#file.finish();
  }

  #detach(): void {
    this.#closed = true;
    silence(this.left);
    silence(this.right);
  }
}
