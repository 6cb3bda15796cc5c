/**
 * A stranger who sends to every media port of a server, before, during and after every call (PITFALLS row 32): sound and
 * keys with the payload types that calls have and that they do not have, in streams that a careless server would follow,
 * with SSRCs of its own and with those of the call, RTCP BYE for each of them, STUN, and junk. And who listens: whatever
 * comes back is sound that bled.
 *
 * It stands on an address of its own. Somebody on the very host of a phone is that phone, as far as a server can tell.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { encodeG711 } from '../../src/media/codec/g711.ts';
import { toneShare, totalPower } from '../../src/media/goertzel.ts';
import { buildRtp } from '../../src/media/rtp-packet.ts';
import { ownLoopback } from './loopback.ts';

/** No phone of the tests and no progress tone sounds like it. */
const ATTACK_HZ = 2500;
const FRAME = Int16Array.from(
  { length: 160 },
  (_, i) => 12_000 * Math.sin((2 * Math.PI * ATTACK_HZ * i) / 8000),
);
const EVERY_MS = 50;
/** Two calls, with RTP and RTCP. */
const AT_ONCE = 8;
/** A key that no test presses; its event has number 15 (RFC 4733 §3.2). */
export const KEY = 'D';
/** At its end already: that is a press. */
const KEY_PRESS = Uint8Array.of(15, 0x80 | 10, 0x03, 0x20);
/** RFC 8489 §5: a binding request that a port with ICE would answer. */
const STUN = Uint8Array.from([
  0,
  1,
  0,
  0,
  0x21,
  0x12,
  0xa4,
  0x42,
  ...Array.from({ length: 12 }, (_, i) => i),
]);

/** One thing that the attacker sends all the time, from a socket and port of its own. */
interface Stream {
  readonly socket: Socket;
  readonly payloadType: number;
  readonly payload: Uint8Array;
  readonly ssrc: number;
  sequence: number;
}

const CONTENT: readonly { readonly payloadType: number; readonly payload: Uint8Array }[] = [
  { payloadType: 0, payload: encodeG711('PCMU', FRAME) },
  { payloadType: 8, payload: encodeG711('PCMA', FRAME) },
  { payloadType: 9, payload: encodeG711('PCMA', FRAME) },
  { payloadType: 101, payload: KEY_PRESS },
  { payloadType: 96, payload: encodeG711('PCMU', FRAME) },
];

export class RtpAttacker {
  readonly host: string;
  /** What came back: sound that bled, and anything else that a stranger should not get. */
  readonly received: { readonly fromPort: number; readonly bytes: number }[] = [];
  sent = 0;
  /** SSRCs of the phones, as if the stranger had guessed them. */
  guessedSsrcs: () => readonly number[] = () => [];
  /** The server's media ports. */
  readonly ports: { readonly min: number; readonly max: number };
  readonly #streams: readonly Stream[];
  #timer: NodeJS.Timeout | undefined;
  #turn = 0;

  private constructor(options: AttackOptions, host: string, sockets: readonly Socket[]) {
    this.host = host;
    this.ports = options.ports;
    this.#streams = CONTENT.map((content, at) => ({
      ...content,
      socket: sockets[at]!,
      ssrc: 0xbad00000 + at,
      sequence: 1000 * at,
    }));
    for (const socket of sockets) {
      socket.on('message', (bytes, from) => this.#heard(bytes, from));
      socket.on('error', () => {});
    }
  }

  /** Attacks at once, and until `pause` or `close`. */
  static async start(options: AttackOptions): Promise<RtpAttacker> {
    const host = options.host ?? ownLoopback(66);
    const sockets = await Promise.all(CONTENT.map(() => bind(host)));
    const attacker = new RtpAttacker(options, host, sockets);
    const { min, max } = options.ports;
    // All of them once, also those where nobody is yet; then those that are open.
    attacker.#salvo(Array.from({ length: max - min + 1 }, (_, i) => min + i));
    attacker.resume();
    return attacker;
  }

  resume(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#salvo(this.#nextPorts()), EVERY_MS);
    this.#timer.unref();
  }

  /** A port that drains is held as long as somebody sends to it; whoever waits for that needs some quiet. */
  pause(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  close(): void {
    this.pause();
    for (const { socket } of this.#streams) socket.close();
  }

  /** All that are open, in turn: a hundred calls at once must not take a hundred times the processor. */
  #nextPorts(): number[] {
    const open = this.openPorts();
    if (open.length <= AT_ONCE) return open;
    this.#turn += AT_ONCE;
    return Array.from({ length: AT_ONCE }, (_, i) => open[(this.#turn + i) % open.length]!);
  }

  /** Which of the server's media ports are bound now. */
  openPorts(): number[] {
    const { min, max } = this.ports;
    const lines = readFileSync('/proc/net/udp', 'utf8').split('\n').slice(1);
    const ports = lines.map((line) =>
      Number.parseInt(/^\s*\d+: [0-9A-F]{8}:([0-9A-F]{4}) /.exec(line)?.[1] ?? '0', 16),
    );
    return [...new Set(ports)].filter((port) => port >= min && port <= max);
  }

  /** Three packets of each kind in a row, as a stream that goes on: enough for whoever would follow it. */
  #salvo(ports: readonly number[]): void {
    for (const port of ports) {
      if (port % 2 === 0) for (const stream of this.#streams) this.#sendSound(stream, port);
      else this.#sendControl(port);
    }
    // One stream per port, so that no port sees a gap.
    for (const stream of this.#streams) stream.sequence = (stream.sequence + 3) & 0xffff;
  }

  #sendSound(stream: Stream, port: number): void {
    const { payloadType, payload, ssrc } = stream;
    for (let n = 0; n < 3; n++) {
      const sequence = (stream.sequence + n) & 0xffff;
      const timestamp = (160 * sequence) >>> 0;
      this.#send(stream, buildRtp({ marker: false, payloadType, sequence, timestamp, ssrc, payload }), port);
    }
    for (const guessed of this.guessedSsrcs()) {
      const { sequence } = stream;
      const packet = {
        marker: true,
        payloadType,
        sequence,
        timestamp: 160 * sequence,
        ssrc: guessed,
        payload,
      };
      this.#send(stream, buildRtp(packet), port);
    }
    this.#send(stream, STUN, port);
    this.#send(stream, payload.subarray(0, 11), port);
  }

  /** BYE (RFC 3550 §6.6), alone and behind an empty receiver report, in the name of everybody. */
  #sendControl(port: number): void {
    const stream = this.#streams[0]!;
    for (const ssrc of [stream.ssrc, ...this.guessedSsrcs()]) {
      const source = [ssrc >>> 24, (ssrc >>> 16) & 0xff, (ssrc >>> 8) & 0xff, ssrc & 0xff];
      const bye = [0x81, 203, 0, 1, ...source];
      this.#send(stream, Uint8Array.from(bye), port);
      this.#send(stream, Uint8Array.from([0x80, 201, 0, 1, ...source, ...bye]), port);
    }
    this.#send(stream, STUN, port);
  }

  #send(stream: Stream, packet: Uint8Array, port: number): void {
    this.sent += 1;
    stream.socket.send(packet, port, '127.0.0.1');
  }

  #heard(bytes: Uint8Array, from: RemoteInfo): void {
    const { min, max } = this.ports;
    if (from.port >= min && from.port <= max)
      this.received.push({ fromPort: from.port, bytes: bytes.length });
  }
}

export interface AttackOptions {
  /** The server's media ports. */
  readonly ports: { readonly min: number; readonly max: number };
  /** Default: an address of this test process alone, and of nobody else in it. */
  readonly host?: string;
}

/** How many stretches of 20 ms of a sound are the attacker's. */
export function attackedFrames(samples: Int16Array): number {
  let frames = 0;
  for (let at = 0; at + 160 <= samples.length; at += 160) {
    const frame = samples.subarray(at, at + 160);
    if (totalPower(frame) > 1_000_000 && toneShare(frame, ATTACK_HZ) > 0.6) frames += 1;
  }
  return frames;
}

function bind(host: string): Promise<Socket> {
  const socket = createSocket('udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, host, () => {
      socket.off('error', reject);
      socket.unref();
      resolve(socket);
    });
  });
}
