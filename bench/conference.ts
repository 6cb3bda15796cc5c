/**
 * What a room costs: CPU per 20 ms of a conference of 50 telephones, beside the same telephones in pairs that are relayed.
 *
 * Measured: CPU time of a process that is nothing but the embedded media engine, over a few seconds, divided by the frames
 * of 20 ms in them; every telephone sends a packet each 20 ms and is sent one. Three people speak, or all fifty; PCMU, and
 * G.722, which has to be decoded and encoded. The receiving of a packet and the sending of one are most of what a packet
 * costs (see `relay`), mixing comes on top.
 *
 * Left out: SRTP, resampling, recording of the room; SIP and scenarios.
 *
 * Beside it: the same legs relayed in pairs, which neither decode nor encode nor mix.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { fileURLToPath } from 'node:url';
import { encodeG711 } from '../src/media/codec/g711.ts';
import { G722Encoder } from '../src/media/codec/g722.ts';
import { RTP_HEADER, writeHeader } from '../src/media/rtp-packet.ts';
import { sine } from '../src/media/tones.ts';
import type { RoomUnderTest } from './conference-under-test.ts';
import type { BenchResult, Figure } from './figures.ts';

const PEOPLE = 50;
const SENDERS = 8;
const FRAME_MS = 20;
const WARM_UP_MS = 1500;
const SECONDS = 3;

type Room = Omit<Extract<RoomUnderTest, { kind: 'start' }>, 'kind' | 'senders'> & {
  readonly speakers: number;
};

const ROOMS: Readonly<Record<string, { readonly what: string; readonly room: Room }>> = {
  pairs: {
    what: 'the same 50 telephones relayed in pairs (PCMU)',
    room: { joined: 'pairs', codec: 'PCMU', people: PEOPLE, speakers: PEOPLE },
  },
  three: {
    what: 'room of 50, three of them speaking (PCMU)',
    room: { joined: 'room', codec: 'PCMU', people: PEOPLE, speakers: 3 },
  },
  all: {
    what: 'room of 50, all of them speaking (PCMU)',
    room: { joined: 'room', codec: 'PCMU', people: PEOPLE, speakers: PEOPLE },
  },
  wide: {
    what: 'room of 50, three of them speaking (G.722)',
    room: { joined: 'room', codec: 'G722', people: PEOPLE, speakers: 3 },
  },
};

export async function benchConference(): Promise<BenchResult> {
  const details: Record<string, unknown> = {};
  const figures: Figure[] = [];
  for (const [name, { what, room }] of Object.entries(ROOMS)) {
    const found = await measure(room);
    details[name] = found;
    figures.push({
      id: `conference.${name}.cpu`,
      what: `CPU per 20 ms: ${what}`,
      measured: found.cpuMsPerFrame,
      unit: 'ms',
      ...(found.missing === 0 ? {} : { inconclusive: `${found.missing} packets did not come back` }),
    });
  }
  return {
    name: 'conference',
    figures,
    leavesOut: 'SRTP, resampling, recording of the room; SIP and scenarios',
    peer: 'the same legs relayed in pairs, which neither decode nor encode nor mix',
    details,
  };
}

async function measure(room: Room): Promise<{ readonly cpuMsPerFrame: number; readonly missing: number }> {
  const sockets = await Promise.all(Array.from({ length: SENDERS }, () => boundSocket()));
  const senders = sockets.map((socket) => socket.address().port);
  const child = fork(fileURLToPath(new URL('./conference-under-test.ts', import.meta.url)));
  try {
    const legs = await ask<number[]>(child, { kind: 'start', ...room, senders });
    const load = new Load(sockets, legs, room);
    await load.run(WARM_UP_MS);
    const before = await ask<number>(child, { kind: 'cpu' });
    const received = await load.run(SECONDS * 1000);
    const cpuMicros = (await ask<number>(child, { kind: 'cpu' })) - before;
    const frames = (SECONDS * 1000) / FRAME_MS;
    // A frame at either end of the time that was measured may fall outside it.
    const missing = Math.max(0, (frames - 2) * room.people - received);
    return { cpuMsPerFrame: cpuMicros / 1000 / frames, missing };
  } finally {
    await ask(child, { kind: 'stop' });
    for (const socket of sockets) socket.close();
  }
}

/** Sends every leg a packet each 20 ms, spread evenly: a tone of their own, or silence. */
class Load {
  readonly #sockets: readonly Socket[];
  readonly #legs: readonly number[];
  readonly #packets: readonly Buffer[];
  readonly #payloadType: number;
  #next = 0;
  #received = 0;

  constructor(sockets: readonly Socket[], legs: readonly number[], { codec, speakers }: Room) {
    this.#sockets = sockets;
    this.#legs = legs;
    this.#payloadType = codec === 'G722' ? 9 : 0;
    this.#packets = legs.map((_, n) => {
      const samples = n < speakers ? sine(300 + 50 * n, FRAME_MS) : new Int16Array(160);
      const wide = new G722Encoder();
      const payload =
        codec === 'G722'
          ? Uint8Array.from(samples, (sample) => wide.encodeNarrow(sample))
          : encodeG711(codec, samples);
      return Buffer.concat([Buffer.alloc(RTP_HEADER), payload]);
    });
    for (const socket of sockets)
      socket.on('message', () => {
        this.#received += 1;
      });
  }

  async run(ms: number): Promise<number> {
    this.#received = 0;
    const startedAt = performance.now();
    const first = this.#next;
    const perMs = this.#legs.length / FRAME_MS;
    while (performance.now() - startedAt < ms) {
      const due = first + Math.floor((performance.now() - startedAt) * perMs);
      while (this.#next < due) this.#send();
      await new Promise<void>((resolve) => setTimeout(resolve, 1));
    }
    return this.#received;
  }

  #send(): void {
    const leg = this.#next % this.#legs.length;
    const frame = Math.floor(this.#next / this.#legs.length);
    const packet = this.#packets[leg]!;
    writeHeader(packet, 0, false, this.#payloadType, frame & 0xffff, (frame * 160) >>> 0, leg + 1);
    this.#sockets[leg % SENDERS]!.send(packet, this.#legs[leg]!, '127.0.0.1');
    this.#next += 1;
  }
}

async function boundSocket(): Promise<Socket> {
  const socket = createSocket({
    type: 'udp4',
    recvBufferSize: 1 << 20,
    lookup: (address, _options, callback) => callback(null, address, 4),
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return socket;
}

function ask<T>(child: ChildProcess, question: RoomUnderTest): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (answer) => resolve(answer as T));
    child.once('error', reject);
    child.send(question);
  });
}
