/**
 * For the tests of recordings that end badly: a process that records a tone from a leg until it is killed or its disk
 * is full, and says how that went. `node recording-process.ts PATH FIRST_PORT`.
 */
import { createSocket } from 'node:dgram';
import { silentLogger } from '../../src/kernel/logger.ts';
import { encodeG711 } from '../../src/media/codec/g711.ts';
import { createEmbeddedEngine } from '../../src/media/embedded/engine.ts';
import { buildRtp } from '../../src/media/rtp-packet.ts';
import { sine } from '../../src/media/tones.ts';

const [path = '', firstPort = '0'] = process.argv.slice(2);
const HOST = '127.0.0.1';
const min = Number(firstPort);

const engine = createEmbeddedEngine({
  workers: 1,
  addresses: { ipv4: HOST },
  ports: { min, max: min + 19 },
  maxLegsPerWorker: 2,
  silenceSeconds: 30,
  log: silentLogger,
});
const socket = createSocket('udp4');
await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
const session = engine.openSession();
const leg = await session.openLeg({ family: 'ipv4' });
leg.configure({
  remote: { host: HOST, port: socket.address().port },
  codec: 'PCMA',
  sendPayloadType: 8,
  receivePayloadType: 8,
  direction: 'sendrecv',
  latch: 'sdp',
  packetMs: 20,
});
const recorder = session.createRecorder({ path, channels: 2 });
session.connect(leg, recorder.left);
recorder.events.on('started', () => process.send?.({ started: true }));
recorder.events.on('error', ({ error, seconds }) => {
  void leg.stats().then((before) => {
    const look = setInterval(async () => {
      const { packetsReceived } = await leg.stats();
      if (packetsReceived < before.packetsReceived + 10) return;
      clearInterval(look);
      process.send?.({ error, seconds, callGoesOn: true });
    }, 20);
  });
});

const tone = encodeG711('PCMA', sine(500, 20));
const startedAt = performance.now();
let sent = 0;
setInterval(() => {
  for (; sent * 20 < performance.now() - startedAt; sent++)
    socket.send(
      buildRtp({
        marker: sent === 0,
        payloadType: 8,
        sequence: sent & 0xffff,
        timestamp: sent * 160,
        ssrc: 1,
        payload: tone,
      }),
      leg.local.port,
      HOST,
    );
}, 10);
