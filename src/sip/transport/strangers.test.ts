/** What a stranger may cost and what it learns, on every transport; and WebSocket connections, on a virtual clock. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { VirtualNetwork } from '../../../test/kit/virtual-network.ts';
import { silentLogger } from '../../kernel/logger.ts';
import { response } from '../message/build.ts';
import type { SipRequest } from '../message/types.ts';
import { FLOOD_LIMITS } from './flood-guard.ts';
import type { TransportLimits } from './limits.ts';
import { TransportLayer } from './transport-layer.ts';
import type { Flow, StreamConnection, StreamConnectOptions, TransportName } from './types.ts';

const OURS = '192.0.2.1';
const THEIRS = '192.0.2.66';
const PORTS: Record<TransportName, number> = { udp: 5060, tcp: 5060, tls: 5061, ws: 8060, wss: 8061 };
const NAMES: readonly TransportName[] = ['udp', 'tcp', 'tls', 'ws', 'wss'];
const STREAMS = NAMES.filter((name) => name !== 'udp');

let clock: VirtualClock;
let hub: VirtualNetwork;
let layer: TransportLayer;
let requests: { request: SipRequest; flow: Flow }[];
let closed: Flow[];
let isKnown: boolean;

beforeEach(() => {
  clock = new VirtualClock();
  hub = new VirtualNetwork({ clock, random: seededRandom(1) });
  requests = [];
  closed = [];
  isKnown = false;
});

afterEach(async () => {
  await layer.close();
  await clock.advance(10);
  expect(layer.openConnections).toBe(0);
  expect(hub.counts).toEqual({ datagram: 0, listeners: 0, streams: 0 });
  expect(clock.pending).toBe(0);
});

async function start(limits: Partial<TransportLimits> = {}): Promise<void> {
  const network = hub.host(OURS);
  layer = new TransportLayer({ network, clock, random: seededRandom(2), log: silentLogger, limits });
  layer.user = {
    onRequest: (request, flow) => void requests.push({ request, flow }),
    onResponse: () => {},
    onFlowClosed: (flow) => void closed.push(flow),
    isKnown: () => isKnown,
  };
  const secure = { material: () => ({ certificate: 'us.example' }), clientCertificates: 'off' as const };
  for (const transport of NAMES) {
    await layer.listen({
      transport,
      host: OURS,
      port: PORTS[transport],
      ...(transport === 'tls' || transport === 'wss' ? { secure } : {}),
    });
  }
}

/** A peer that is nothing but a socket, over any transport. */
async function peer(transport: TransportName) {
  const got: string[] = [];
  const counts = { pings: 0, closed: 0 };
  const onBytes = (bytes: Uint8Array): void => void got.push(Buffer.from(bytes).toString());
  const network = hub.host(THEIRS);
  const to = { host: OURS, port: PORTS[transport] };
  let send: (text: string) => void;
  let close: () => void;
  if (transport === 'udp') {
    const socket = await network.bindDatagram(
      { host: THEIRS, port: 0 },
      { onMessage: onBytes, onError: () => {} },
    );
    send = (text) => socket.send(Buffer.from(text), to);
    close = () => socket.close();
  } else {
    const connecting = network.connectStream(
      to,
      { onData: onBytes, onClose: () => counts.closed++, onPing: () => counts.pings++ },
      1_000,
      optionsOf(transport),
    );
    await clock.advance(10);
    const connection: StreamConnection = await connecting;
    send = (text) => connection.write(Buffer.from(text));
    close = () => connection.close();
  }
  return {
    got,
    counts,
    close,
    send: async (text: string) => {
      send(text);
      await clock.advance(5);
    },
  };
}

function optionsOf(transport: TransportName): StreamConnectOptions {
  return {
    ...(transport === 'tls' || transport === 'wss'
      ? { secure: { serverName: 'us.example', expectedName: 'us.example', material: {} } }
      : {}),
    ...(transport === 'ws' || transport === 'wss' ? { webSocket: {} } : {}),
  };
}

function options(transport: TransportName, extra = ''): string {
  return [
    'OPTIONS sip:us.example SIP/2.0',
    `Via: SIP/2.0/${transport.toUpperCase()} df7jal23ls0d.invalid;branch=z9hG4bK1;rport`,
    'Max-Forwards: 70',
    'From: <sip:a@b>;tag=1',
    'To: <sip:us.example>',
    'Call-ID: 1',
    'CSeq: 1 OPTIONS',
    ...(extra === '' ? [] : [extra]),
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
}

describe.each(NAMES)('over %s', (transport) => {
  test('[row 42] junk and malformed requests of strangers get no answer; who is known gets 400', async () => {
    await start();
    const junk = await peer(transport);
    await junk.send('GET / HTTP/1.1\r\n\r\n');
    const stranger = await peer(transport);
    const malformed = options(transport).replace('CSeq: 1 OPTIONS', 'CSeq: 1 INVITE');
    await stranger.send(malformed);
    expect([...junk.got, ...stranger.got]).toEqual([]);
    isKnown = true;
    await stranger.send(malformed);
    expect(stranger.got.join('')).toMatch(/^SIP\/2\.0 400 /);
    expect(requests).toEqual([]);
    junk.close();
    stranger.close();
  });

  test('[row 42] a scanner that says so gets no answer, and has soon spent its budget', async () => {
    await start({ flood: { ...FLOOD_LIMITS, burst: 120, perSecond: 1 } });
    const scanner = await peer(transport);
    for (let i = 0; i < 12; i++) await scanner.send(options(transport, 'User-Agent: friendly-scanner'));
    expect(scanner.got).toEqual([]);
    expect(requests).toEqual([]);
    expect(layer.counters.scanners).toBeGreaterThan(2);
    expect(layer.counters.scanners).toBeLessThan(8);
    expect(layer.guard.counters.refused).toBeGreaterThan(0);
    scanner.close();
  });

  test('[row 19] beyond its budget nothing of a source is parsed; a connection ends with it', async () => {
    await start({ flood: { ...FLOOD_LIMITS, burst: 40, perSecond: 1 } });
    const flooder = await peer(transport);
    for (let i = 0; i < 60; i++) await flooder.send(options(transport));
    expect(requests.length).toBeGreaterThan(15);
    expect(requests.length).toBeLessThanOrEqual(40);
    expect(layer.counters.received).toBe(requests.length);
    expect(layer.counters.unparsable).toBe(0);
    if (transport !== 'udp') expect(flooder.counts.closed).toBe(1);
    flooder.close();
  });

  test('a request is answered on its own path, stamped with where it came from', async () => {
    await start();
    const honest = await peer(transport);
    await honest.send(options(transport));
    const { request, flow } = requests[0]!;
    expect(flow).toMatchObject({
      transport,
      reliable: transport !== 'udp',
      secure: transport === 'tls' || transport === 'wss',
      advertised: { host: OURS, port: PORTS[transport] },
    });
    // RFC 7118 §5.2.3: a browser's Via names no address.
    expect(request.headers.get('Via')).toContain(`;rport=${flow.remote.port};received=${THEIRS}`);
    layer.sendResponse(response(request, 200), flow);
    await clock.advance(5);
    expect(honest.got.join('')).toMatch(/^SIP\/2\.0 200 OK\r\n/);
    honest.close();
  });
});

describe.each(STREAMS)('connections over %s', (transport) => {
  test('[row 19] attempts are paid for, and capped per source', async () => {
    await start({ connectionsPerSource: 3 });
    const held = [await peer(transport), await peer(transport), await peer(transport)];
    const failing = hub
      .host(THEIRS)
      .connectStream({ host: OURS, port: PORTS[transport] }, quiet, 1_000, optionsOf(transport))
      .then((connection) => connection.close());
    await clock.advance(10);
    await failing;
    expect(layer.counters.refusedConnections).toBe(1);
    held[0]!.close();
    await clock.advance(10);
    const again = await peer(transport);
    await again.send(options(transport));
    expect(requests).toHaveLength(1);
    for (const one of [...held, again]) one.close();
  });
});

const quiet = { onData: () => {}, onClose: () => {} };

test('[row 19] a peer whose handshakes fail is soon not spoken to any more', async () => {
  await start({ flood: { ...FLOOD_LIMITS, burst: 200, perSecond: 1 } });
  for (let i = 0; i < 6; i++) {
    const attempt = hub
      .host(THEIRS)
      // Plain TCP towards the TLS port.
      .connectStream({ host: OURS, port: PORTS.tls }, quiet, 1_000)
      .catch(() => {});
    await clock.advance(10);
    await attempt;
  }
  expect(layer.counters).toMatchObject({ failedHandshakes: 3, refusedConnections: 3 });
});

describe('WebSocket', () => {
  test('[RFC 7118 §6] a double CRLF is answered by one; pings keep a quiet browser, a mute one is found out', async () => {
    await start({ pingMs: 30_000 });
    const quietOne = await peer('ws');
    const mute = await peer('wss');
    await quietOne.send('\r\n\r\n');
    expect(quietOne.got).toEqual(['\r\n']);
    await quietOne.send(options('ws'));
    await mute.send(options('wss'));
    await clock.advance(120_000);
    expect(quietOne.counts).toEqual({ pings: 4, closed: 0 });
    expect(mute.counts.closed).toBe(0);
    hub.isolate(THEIRS);
    await clock.advance(61_000);
    expect(closed.map(({ transport }) => transport).sort()).toEqual(['ws', 'wss']);
    hub.heal(THEIRS);
    hub.breakStreams(OURS, THEIRS);
  });

  test('[row 19] who sends no SIP message, or none for half an hour, is let go', async () => {
    await start({ pingMs: 10_000, firstMessageMs: 30_000, idleMs: 600_000 });
    const silent = await peer('ws');
    const talker = await peer('ws');
    await silent.send('\r\n\r\n');
    await talker.send(options('ws'));
    await clock.advance(30_100);
    expect([silent.counts.closed, talker.counts.closed]).toEqual([1, 0]);
    await clock.advance(580_000);
    expect(talker.counts.closed).toBe(1);
  });

  test('[RFC 7118 §5] nobody connects to a browser: only its open connection leads to it', async () => {
    await start();
    const browser = await peer('wss');
    await browser.send(options('wss'));
    const { remote } = requests[0]!.flow;
    const flow = await layer.flowTo({ transport: 'wss', ...remote });
    expect(flow).toBe(requests[0]!.flow);
    browser.close();
    await clock.advance(10);
    await expect(layer.flowTo({ transport: 'wss', ...remote })).rejects.toThrow('is gone');
    await expect(layer.flowTo({ transport: 'tls', ...remote })).rejects.toThrow('is gone');
    // A response to what it asked is dropped, not sent elsewhere.
    layer.sendResponse(response(requests[0]!.request, 200), flow);
    await clock.advance(10);
  });

  test('[RFC 7118 §4.2] a message needs no Content-Length, and two in one frame are not two', async () => {
    await start();
    const browser = await peer('ws');
    await browser.send(options('ws').replace('Content-Length: 0\r\n', ''));
    expect(requests).toHaveLength(1);
    await browser.send(options('ws') + options('ws'));
    expect(requests).toHaveLength(2);
  });
});

test('[RFC 5922 §7.2] an accepted connection is not taken for the domain that was asked for', async () => {
  await start();
  const phone = await peer('tls');
  await phone.send(options('tls'));
  const { remote, id } = requests[0]!.flow;
  expect((await layer.flowTo({ transport: 'tls', ...remote })).id).toBe(id);
  const asked = layer
    .flowTo({ transport: 'tls', ...remote, domain: 'carrier.example' })
    .then(String, (error: Error) => error.message);
  await clock.advance(10);
  expect(await asked).toBe('connect ECONNREFUSED');
  phone.close();
});
