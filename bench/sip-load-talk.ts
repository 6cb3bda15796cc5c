/**
 * Sound in the calls of the load generator: a packet each 20 ms to both of the server's ports of every call, each with
 * its time and number inside, which the server passes on to the other side untouched. Both sides are one socket here.
 */
import type { Socket } from 'node:dgram';
import { RTP_HEADER, writeHeader } from '../src/media/rtp-packet.ts';

export interface TalkReport {
  readonly calls: number;
  readonly seconds: number;
  readonly sent: number;
  readonly received: number;
  /** Through the server, ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** The worst direction of all calls: packets lost of those sent. */
  readonly worstLost: number;
  /** Packets that were none of ours, or came to the wrong ear. */
  readonly foreign: number;
}

const FRAME_MS = 20;
const PAYLOAD = 160;
const PCMA = 8;
const MAGIC = 0x4d61736b;
/** What is still under way when the last packet has left. */
const TAIL_MS = 300;

export class Talk {
  readonly #socket: Socket;
  readonly #host: string;
  /** The server's ports, two for each call: where each side sends. */
  readonly #ports: number[] = [];
  readonly #latencies: number[] = [];
  #received: number[] = [];
  #foreign = 0;

  constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.#host = host;
    socket.on('message', (bytes) => this.#hear(bytes));
  }

  /** Lets the two sides of a call speak from now on. */
  add(driverSide: number, passengerSide: number): void {
    this.#ports.push(driverSide, passengerSide);
  }

  forget(driverSide: number): void {
    const at = this.#ports.indexOf(driverSide);
    if (at >= 0) this.#ports.splice(at, 2);
  }

  async run(ms: number): Promise<TalkReport> {
    const ports = [...this.#ports];
    this.#latencies.length = 0;
    this.#received = ports.map(() => 0);
    this.#foreign = 0;
    const packets = ports.map(() => Buffer.alloc(RTP_HEADER + PAYLOAD, 0xd5));
    const begun = performance.now();
    const frames = Math.floor(ms / FRAME_MS);
    let sent = 0;
    const all = frames * ports.length;
    while (sent < all) {
      const due = Math.min(all, Math.floor(((performance.now() - begun) / FRAME_MS) * ports.length));
      for (; sent < due; sent++) this.#say(packets, ports, sent);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const seconds = (performance.now() - begun) / 1000;
    await new Promise((resolve) => setTimeout(resolve, TAIL_MS));
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
    return {
      calls: ports.length / 2,
      seconds,
      sent,
      received: sorted.length,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      maxMs: at(1),
      worstLost: Math.max(0, ...this.#received.map((count) => frames - count)),
      foreign: this.#foreign,
    };
  }

  #say(packets: readonly Buffer[], ports: readonly number[], count: number): void {
    const side = count % ports.length;
    const frame = Math.floor(count / ports.length);
    const packet = packets[side]!;
    writeHeader(packet, 0, frame === 0, PCMA, frame & 0xffff, (frame * PAYLOAD) >>> 0, side + 1);
    packet.writeUInt32BE(MAGIC, RTP_HEADER);
    packet.writeUInt32BE(side, RTP_HEADER + 4);
    packet.writeDoubleLE(performance.now(), RTP_HEADER + 8);
    this.#socket.send(packet, ports[side]!, this.#host);
  }

  #hear(bytes: Buffer): void {
    // RTCP of the server comes to the port above, which nobody has.
    if (bytes.length !== RTP_HEADER + PAYLOAD || bytes.readUInt32BE(RTP_HEADER) !== MAGIC) {
      this.#foreign += 1;
      return;
    }
    const side = bytes.readUInt32BE(RTP_HEADER + 4);
    if (this.#received[side] === undefined) return;
    this.#received[side] += 1;
    this.#latencies.push(performance.now() - bytes.readDoubleLE(RTP_HEADER + 8));
  }
}
