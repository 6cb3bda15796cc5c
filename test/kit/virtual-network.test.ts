import { describe, expect, test } from 'vitest';
import type { StreamConnection } from '../../src/sip/transport/types.ts';
import { seededRandom } from './seeded-random.ts';
import { VirtualClock } from './virtual-clock.ts';
import { type Captured, type Conditions, VirtualNetwork } from './virtual-network.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

function setUp(conditions: Partial<Conditions> = {}, seed = 1) {
  const clock = new VirtualClock();
  const hub = new VirtualNetwork({ clock, random: seededRandom(seed), conditions });
  return { clock, hub, a: hub.host('10.0.0.1'), b: hub.host('10.0.0.2') };
}

async function sendHundred(conditions: Partial<Conditions>, seed = 1): Promise<string[]> {
  const { clock, a, b } = setUp(conditions, seed);
  const got: string[] = [];
  const to = await b.bindDatagram(
    { host: '0.0.0.0', port: 5060 },
    { onMessage: (bytes, from) => got.push(`${from.host} ${text(bytes)}`), onError: () => {} },
  );
  const from = await a.bindDatagram(
    { host: '10.0.0.1', port: 5060 },
    { onMessage: () => {}, onError: () => {} },
  );
  for (let i = 0; i < 100; i++) from.send(Buffer.from(String(i)), { host: '10.0.0.2', port: to.local.port });
  await clock.advance(1000);
  return got.map((line) => line.replace('10.0.0.1 ', ''));
}

describe('datagrams', () => {
  test('arrive after the latency, in order, from the right address', async () => {
    expect(await sendHundred({ latency: 20 })).toEqual(Array.from({ length: 100 }, (_, i) => String(i)));
  });

  test('are lost, doubled and reordered as the seed says, the same way each time', async () => {
    const bad = { loss: 0.3, duplication: 0.3, jitter: 50 };
    const first = await sendHundred(bad, 7);
    expect(await sendHundred(bad, 7)).toEqual(first);
    expect(await sendHundred(bad, 8)).not.toEqual(first);
    expect(new Set(first).size).toBeLessThan(85);
    expect(first.length).toBeGreaterThan(new Set(first).size);
    expect(first).not.toEqual([...first].sort((x, y) => Number(x) - Number(y)));
  });

  test('a tap sees them all, also the lost ones; an address is taken once; an isolated host hears nothing', async () => {
    const { clock, hub, a, b } = setUp({ loss: 1 });
    const seen: Captured[] = [];
    hub.tap((packet) => seen.push(packet));
    const none = { onMessage: () => {}, onError: () => {} };
    const socket = await a.bindDatagram({ host: '10.0.0.1', port: 5060 }, none);
    await expect(a.bindDatagram({ host: '0.0.0.0', port: 5060 }, none)).rejects.toThrow('EADDRINUSE');
    await expect(a.bindDatagram({ host: '10.0.0.2', port: 5060 }, none)).rejects.toThrow('EADDRNOTAVAIL');
    socket.send(Buffer.from('x'), { host: '10.0.0.2', port: 9 });
    expect(seen.map((packet) => text(packet.bytes))).toEqual(['x']);
    hub.conditions.loss = 0;
    hub.isolate('10.0.0.2');
    const got: string[] = [];
    await b.bindDatagram(
      { host: '10.0.0.2', port: 9 },
      { onMessage: (bytes) => got.push(text(bytes)), onError: () => {} },
    );
    socket.send(Buffer.from('y'), { host: '10.0.0.2', port: 9 });
    await clock.advance(10);
    hub.heal('10.0.0.2');
    socket.send(Buffer.from('z'), { host: '10.0.0.2', port: 9 });
    await clock.advance(10);
    expect(got).toEqual(['z']);
    expect(clock.pending).toBe(0);
  });
});

describe('streams', () => {
  test('carry bytes in order in any slices, close on both ends, and leave nothing open', async () => {
    const { clock, hub, a, b } = setUp({ streamSlice: 7 });
    let server: StreamConnection | undefined;
    let got = '';
    const closes: string[] = [];
    const listener = await b.listenStream({ host: '0.0.0.0', port: 5060 }, (connection) => {
      server = connection;
      return { onData: (bytes) => (got += text(bytes)), onClose: () => closes.push('server') };
    });
    const connecting = a.connectStream(
      { host: '10.0.0.2', port: 5060 },
      { onData: () => {}, onClose: (error) => closes.push(`client ${error?.message ?? ''}`) },
      1000,
    );
    await clock.advance(10);
    const client = await connecting;
    expect(server?.remote).toEqual(client.local);
    const sent = 'The quick brown fox jumps over the lazy dog. '.repeat(20);
    client.write(Buffer.from(sent));
    client.close();
    await clock.advance(10);
    expect(got).toBe(sent);
    expect(closes).toEqual(['client ', 'server']);
    listener.close();
    expect(hub.counts).toEqual({ datagram: 0, listeners: 0, streams: 0 });
  });

  test('are refused where nobody listens, time out where nobody is, and break', async () => {
    const { clock, hub, a, b } = setUp();
    const handlers = { onData: () => {}, onClose: (error?: Error) => void errors.push(error?.message) };
    const errors: (string | undefined)[] = [];
    const refused = a
      .connectStream({ host: '10.0.0.2', port: 1 }, handlers, 1000)
      .catch((e: Error) => e.message);
    hub.isolate('10.0.0.3');
    const silent = a
      .connectStream({ host: '10.0.0.3', port: 1 }, handlers, 1000)
      .catch((e: Error) => e.message);
    await clock.advance(1000);
    expect([await refused, await silent]).toEqual(['connect ECONNREFUSED', 'connect ETIMEDOUT']);
    await b.listenStream({ host: '10.0.0.2', port: 1 }, () => handlers);
    const connecting = a.connectStream({ host: '10.0.0.2', port: 1 }, handlers, 1000);
    await clock.advance(10);
    await connecting;
    hub.breakStreams('10.0.0.1', '10.0.0.2');
    await clock.advance(1);
    expect(errors).toEqual(['connection reset', 'connection reset']);
  });
});
