/**
 * What relaying costs: CPU per packet and added latency at 200 calls, with and without recording, beside a plain `dgram`
 * relay that does nothing but pass packets on. The relay runs in a process of its own, whose CPU time is read; load and
 * measurement are here, on 127.0.0.1. `node bench/relay.ts --json` prints one JSON object.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RTP_HEADER, writeHeader } from '../src/media/rtp-packet.ts';
import type { RelayUnderTest } from './relay-under-test.ts';

export interface RelayFigures {
  readonly packetsPerSecond: number;
  /** Of the relay's whole process, in µs per relayed packet. */
  readonly cpuMicrosPerPacket: number;
  /** From send to receive, through the relay, milliseconds. */
  readonly latencyP50Ms: number;
  readonly latencyP99Ms: number;
  readonly lost: number;
}

export interface RelayBenchResult {
  readonly machine: string;
  readonly node: string;
  readonly calls: number;
  readonly seconds: number;
  /** Sent to ourselves: what measuring itself costs. */
  readonly loopback: RelayFigures;
  readonly dgram: RelayFigures;
  readonly engine: RelayFigures;
  readonly engineRecording: RelayFigures;
}

const SENDERS = 8;
const PAYLOAD = 160;
const FRAME_MS = 20;
/** The compiler's own work is not the relay's. */
const WARM_UP_MS = 1500;

/** Runs all variants one after the other; `seconds` each, and about two to start. */
export async function benchRelay(
  options: { calls?: number; seconds?: number } = {},
): Promise<RelayBenchResult> {
  const calls = options.calls ?? 200;
  const seconds = options.seconds ?? 2.5;
  const folder = await mkdtemp(join(tmpdir(), 'maskline-bench-'));
  try {
    return {
      machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
      node: process.version,
      calls,
      seconds,
      loopback: await measure(undefined, calls, seconds, folder),
      dgram: await measure('dgram', calls, seconds, folder),
      engine: await measure('engine', calls, seconds, folder),
      engineRecording: await measure('engine-recording', calls, seconds, folder),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(
  relay: RelayUnderTest['relay'] | undefined,
  calls: number,
  seconds: number,
  folder: string,
): Promise<RelayFigures> {
  const sockets = await Promise.all(Array.from({ length: SENDERS }, () => boundSocket()));
  const ports = sockets.map((socket) => socket.address().port);
  const child =
    relay === undefined ? undefined : fork(fileURLToPath(new URL('./relay-under-test.ts', import.meta.url)));
  try {
    // Leg n talks to sender n; without a relay senders talk to themselves.
    const legs =
      child === undefined
        ? Array.from({ length: 2 * calls }, (_, n) => ports[n % SENDERS]!)
        : await ask<number[]>(child, { kind: 'start', relay: relay!, calls, senders: ports, folder });
    const load = new Load(sockets, legs);
    await load.run(WARM_UP_MS);
    const cpuBefore = child === undefined ? 0 : await ask<number>(child, { kind: 'cpu' });
    const result = await load.run(seconds * 1000);
    const cpu = child === undefined ? 0 : (await ask<number>(child, { kind: 'cpu' })) - cpuBefore;
    return {
      packetsPerSecond: Math.round(result.received / seconds),
      cpuMicrosPerPacket: round(cpu / result.received),
      latencyP50Ms: round(result.percentile(0.5)),
      latencyP99Ms: round(result.percentile(0.99)),
      lost: result.sent - result.received,
    };
  } finally {
    if (child !== undefined) await ask(child, { kind: 'stop' });
    for (const socket of sockets) socket.close();
  }
}

const round = (value: number): number => Math.round(value * 100) / 100;

/** Sends every leg a packet each 20 ms, spread evenly, and notes when each comes back. */
class Load {
  readonly #sockets: readonly Socket[];
  readonly #legs: readonly number[];
  readonly #packets: Buffer[];
  #sequence = 0;
  #sent = 0;
  #latencies = new Float64Array(0);
  #received = 0;

  constructor(sockets: readonly Socket[], legs: readonly number[]) {
    this.#sockets = sockets;
    this.#legs = legs;
    this.#packets = legs.map(() => Buffer.alloc(RTP_HEADER + PAYLOAD, 0xff));
    for (const socket of sockets)
      socket.on('message', (packet) => {
        if (this.#received >= this.#latencies.length) return;
        this.#latencies[this.#received++] = performance.now() - packet.readDoubleLE(RTP_HEADER);
      });
  }

  async run(ms: number) {
    this.#latencies = new Float64Array(Math.ceil((ms / FRAME_MS + 2) * this.#legs.length));
    this.#received = 0;
    this.#sent = 0;
    const startedAt = performance.now();
    const perMs = this.#legs.length / FRAME_MS;
    while (performance.now() - startedAt < ms) {
      const due = Math.floor((performance.now() - startedAt) * perMs);
      while (this.#sent < due) this.#sendNext();
      await new Promise<void>((resolve) => setTimeout(resolve, 1));
    }
    await new Promise<void>((resolve) => setTimeout(resolve, 100));
    const sorted = this.#latencies.slice(0, this.#received).sort();
    const percentile = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
    return { sent: this.#sent, received: this.#received, percentile };
  }

  #sendNext(): void {
    const leg = this.#sequence % this.#legs.length;
    const frame = Math.floor(this.#sequence / this.#legs.length);
    const packet = this.#packets[leg]!;
    writeHeader(packet, 0, false, 0, frame & 0xffff, (frame * PAYLOAD) >>> 0, leg + 1);
    packet.writeDoubleLE(performance.now(), RTP_HEADER);
    this.#sockets[leg % SENDERS]!.send(packet, this.#legs[leg]!, '127.0.0.1');
    this.#sequence += 1;
    this.#sent += 1;
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

function ask<T>(child: ChildProcess, question: RelayUnderTest): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (answer) => resolve(answer as T));
    child.once('error', reject);
    child.send(question);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const result = await benchRelay();
  if (process.argv.includes('--json')) console.log(JSON.stringify(result));
  else {
    const { machine, node, calls, seconds, ...variants } = result;
    console.log(`${calls} calls, ${seconds} s each, Node ${node}, ${machine}`);
    console.table(variants);
  }
}
