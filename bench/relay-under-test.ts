/**
 * The process that bench/relay.ts measures: the embedded engine, or a relay of bare sockets to compare with.
 */
import { createSocket, type Socket } from 'node:dgram';
import { join } from 'node:path';
import { silentLogger } from '../src/kernel/logger.ts';
import { createEmbeddedEngine } from '../src/media/embedded/engine.ts';
import type { LegPlan, MediaLeg } from '../src/media/engine.ts';

export type RelayUnderTest =
  | {
      readonly kind: 'start';
      readonly relay: 'dgram' | 'engine' | 'engine-recording';
      readonly calls: number;
      /** Ports of the load generator: leg n belongs to the sender n modulo their number. */
      readonly senders: readonly number[];
      readonly folder: string;
      readonly [key: string]: unknown;
    }
  | { readonly kind: 'cpu'; readonly relay?: never }
  | { readonly kind: 'stop'; readonly relay?: never };

type Start = Extract<RelayUnderTest, { kind: 'start' }>;

const HOST = '127.0.0.1';
let stop = async (): Promise<void> => {};

async function startEngine(order: Start): Promise<number[]> {
  const engine = createEmbeddedEngine({
    workers: 1,
    addresses: { ipv4: HOST },
    ports: { min: 20_000, max: 29_999 },
    maxLegsPerWorker: 2 * order.calls,
    silenceSeconds: 30,
    log: silentLogger,
  });
  stop = () => engine.close();
  const ports: number[] = [];
  for (let call = 0; call < order.calls; call++) {
    const session = engine.openSession();
    const legs: MediaLeg[] = [];
    for (let n = 2 * call; n < 2 * call + 2; n++) {
      const leg = await session.openLeg({ family: 'ipv4' });
      leg.configure(planFor(order.senders[n % order.senders.length]!));
      legs.push(leg);
      ports.push(leg.local.port);
    }
    const [a, b] = legs as [MediaLeg, MediaLeg];
    session.connect(a, b);
    session.connect(b, a);
    if (order.relay !== 'engine-recording') continue;
    const recorder = session.createRecorder({ path: join(order.folder, `${call}.wav`), channels: 2 });
    session.connect(a, recorder.left);
    session.tap(a, recorder.right);
  }
  return ports;
}

function planFor(port: number): LegPlan {
  return {
    remote: { host: HOST, port },
    codec: 'PCMU',
    sendPayloadType: 0,
    receivePayloadType: 0,
    direction: 'sendrecv',
    latch: 'learn',
    packetMs: 20,
  };
}

/** Two sockets a call, each passing what it gets to the other's peer: nothing is looked at. */
async function startPlain(order: Start): Promise<number[]> {
  const sockets: Socket[] = [];
  for (let n = 0; n < 2 * order.calls; n++) {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
    socket.connectSync(order.senders[n % order.senders.length]!, HOST);
    sockets.push(socket);
  }
  sockets.forEach((socket, n) => {
    const other = sockets[n ^ 1]!;
    socket.on('message', (packet) => other.send(packet));
  });
  stop = async () => {
    for (const socket of sockets) socket.close();
  };
  return sockets.map((socket) => socket.address().port);
}

process.on('message', async (order: RelayUnderTest) => {
  if (order.kind === 'start')
    process.send!(await (order.relay === 'dgram' ? startPlain(order) : startEngine(order)));
  else if (order.kind === 'cpu') {
    const { user, system } = process.cpuUsage();
    process.send!(user + system);
  } else {
    await stop();
    process.send!('stopped', () => process.disconnect());
  }
});
