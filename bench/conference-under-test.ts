/** The process that bench/conference.ts measures: the embedded engine with one room, or with pairs of legs. */
import { silentLogger } from '../src/kernel/logger.ts';
import { createEmbeddedEngine } from '../src/media/embedded/engine.ts';
import type { MediaLeg, MediaSession } from '../src/media/engine.ts';

export type RoomUnderTest =
  | {
      readonly kind: 'start';
      readonly joined: 'room' | 'pairs';
      readonly codec: 'PCMU' | 'G722';
      readonly people: number;
      /** Ports of the load generator: leg n belongs to the sender n modulo their number. */
      readonly senders: readonly number[];
    }
  | { readonly kind: 'cpu' | 'stop' };

const HOST = '127.0.0.1';
let stop = async (): Promise<void> => {};

async function start(order: Extract<RoomUnderTest, { kind: 'start' }>): Promise<number[]> {
  const { codec, people, senders } = order;
  const engine = createEmbeddedEngine({
    workers: 1,
    addresses: { ipv4: HOST },
    ports: { min: 20_000, max: 29_999 },
    maxLegsPerWorker: people,
    silenceSeconds: 30,
    log: silentLogger,
  });
  stop = () => engine.close();
  const session = engine.openSession();
  const payloadType = codec === 'G722' ? 9 : 0;
  const legs: MediaLeg[] = [];
  for (let n = 0; n < people; n++) {
    const leg = await session.openLeg({ family: 'ipv4' });
    leg.configure({
      remote: { host: HOST, port: senders[n % senders.length]! },
      codec,
      sendPayloadType: payloadType,
      receivePayloadType: payloadType,
      direction: 'sendrecv',
      latch: 'learn',
      packetMs: 20,
    });
    legs.push(leg);
  }
  if (order.joined === 'room') seat(session, legs);
  else for (const [n, leg] of legs.entries()) session.connect(leg, legs[n ^ 1]!);
  return legs.map(({ local }) => local.port);
}

function seat(session: MediaSession, legs: readonly MediaLeg[]): void {
  const room = session.createMixer();
  for (const leg of legs) {
    const place = room.join();
    session.connect(leg, place);
    session.connect(place, leg);
  }
}

process.on('message', async (order: RoomUnderTest) => {
  if (order.kind === 'start') process.send!(await start(order));
  else if (order.kind === 'cpu') {
    const { user, system } = process.cpuUsage();
    process.send!(user + system);
  } else {
    await stop();
    process.send!('stopped', () => process.disconnect());
  }
});
