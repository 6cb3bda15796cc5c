import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { VirtualNetwork } from '../../../test/kit/virtual-network.ts';
import { silentLogger } from '../../kernel/logger.ts';
import { request, response } from '../message/build.ts';
import { topVia, toTag } from '../message/fields.ts';
import { parseMessage } from '../message/parse.ts';
import { serialize } from '../message/serialize.ts';
import type { SipMessage, SipRequest, SipResponse } from '../message/types.ts';
import { FLOOD_LIMITS } from './flood-guard.ts';
import type { TransportLimits } from './limits.ts';
import { TransportLayer } from './transport-layer.ts';
import type { Address, Flow, Network, StreamConnection } from './types.ts';

/** Records what a transport tells the layer above. */
class Recorder {
  readonly requests: { request: SipRequest; flow: Flow }[] = [];
  readonly responses: { response: SipResponse; flow: Flow }[] = [];
  readonly closed: { flow: Flow; error: Error | undefined }[] = [];
  onRequest(request: SipRequest, flow: Flow): void {
    this.requests.push({ request, flow });
  }
  onResponse(response: SipResponse, flow: Flow): void {
    this.responses.push({ response, flow });
  }
  onFlowClosed(flow: Flow, error?: Error): void {
    this.closed.push({ flow, error });
  }
}

const OURS = '192.0.2.1';
const THEIRS = '192.0.2.2';
const server: Address = { host: OURS, port: 5060 };

let clock: VirtualClock;
let hub: VirtualNetwork;
let layers: TransportLayer[];

beforeEach(() => {
  clock = new VirtualClock();
  hub = new VirtualNetwork({ clock, random: seededRandom(1) });
  layers = [];
});

// Nothing may be left: no socket, no connection, no timer.
afterEach(async () => {
  for (const layer of layers) await layer.close();
  await clock.advance(10);
  expect(layers.map((layer) => layer.openConnections)).toEqual(layers.map(() => 0));
  expect(hub.counts).toEqual({ datagram: 0, listeners: 0, streams: 0 });
  expect(clock.pending).toBe(0);
});

function layerOn(network: Network, limits: Partial<TransportLimits> = {}) {
  const layer = new TransportLayer({ network, clock, random: seededRandom(2), log: silentLogger, limits });
  const user = new Recorder();
  layer.user = user;
  layers.push(layer);
  return { layer, user };
}

async function ours(limits: Partial<TransportLimits> = {}) {
  const made = layerOn(hub.host(OURS, '2001:db8::1'), limits);
  await made.layer.listen({ transport: 'udp', ...server });
  await made.layer.listen({ transport: 'tcp', ...server });
  return made;
}

/** A peer that is nothing but a socket. */
async function rawPeer(port = 5070) {
  const got: string[] = [];
  const network = hub.host(THEIRS);
  const socket = await network.bindDatagram(
    { host: THEIRS, port },
    { onMessage: (bytes) => got.push(Buffer.from(bytes).toString()), onError: () => {} },
  );
  const read = (): SipMessage => {
    const parsed = parseMessage(Buffer.from(got.at(-1) ?? ''));
    if (!parsed.ok) throw new Error(parsed.reason);
    return parsed.message;
  };
  const send = async (text: string | Uint8Array): Promise<void> => {
    socket.send(Buffer.from(text), server);
    await clock.advance(5);
  };
  return { got, read, send, close: () => socket.close() };
}

async function rawStream() {
  let got = '';
  let closed = false;
  const connecting = hub.host(THEIRS).connectStream(
    server,
    {
      onData: (bytes) => {
        got += Buffer.from(bytes).toString();
      },
      onClose: () => {
        closed = true;
      },
    },
    1000,
  );
  await clock.advance(5);
  const connection: StreamConnection = await connecting;
  const send = async (text: string | Uint8Array): Promise<void> => {
    connection.write(Buffer.from(text));
    await clock.advance(5);
  };
  return { connection, send, got: () => got, isClosed: () => closed };
}

const options = (via: string): SipRequest =>
  request('OPTIONS', 'sip:us@example.com', [
    ['Via', via],
    ['Max-Forwards', '70'],
    ['From', '<sip:them@example.com>;tag=1'],
    ['To', '<sip:us@example.com>'],
    ['Call-ID', 'abc'],
    ['CSeq', '1 OPTIONS'],
  ]);

const VIA = 'SIP/2.0/UDP 10.1.1.1:5070;branch=z9hG4bK1;rport';
const text = (message: SipMessage): string => Buffer.from(serialize(message)).toString();

describe('UDP', () => {
  test('[row 21] a request is stamped with its sender, and the response goes back to there', async () => {
    const { layer, user } = await ours();
    const peer = await rawPeer();
    await peer.send(serialize(options(VIA)));
    const [{ request: got, flow }] = user.requests as [{ request: SipRequest; flow: Flow }];
    expect(topVia(got).params.get('received')).toBe(THEIRS);
    expect(topVia(got).params.get('rport')).toBe('5070');
    expect(flow).toMatchObject({ transport: 'udp', reliable: false, isOpen: true, advertised: server });
    layer.sendResponse(response(got, 200, { toTag: 'x' }), flow);
    await clock.advance(5);
    expect(peer.read()).toMatchObject({ kind: 'response', status: 200 });
    peer.close();
    await layer.close();
    expect(flow.isOpen).toBe(false);
  });

  test('[row 21] multihomed: the response leaves by the listener that the request came in on', async () => {
    const network = hub.host(OURS, '198.51.100.1');
    const { layer, user } = layerOn(network);
    await layer.listen({ transport: 'udp', ...server });
    await layer.listen({ transport: 'udp', host: '198.51.100.1', port: 5062 });
    const from: Address[] = [];
    const socket = await hub
      .host(THEIRS)
      .bindDatagram(
        { host: THEIRS, port: 5070 },
        { onMessage: (_, sender) => from.push(sender), onError: () => {} },
      );
    socket.send(serialize(options(VIA)), { host: '198.51.100.1', port: 5062 });
    await clock.advance(5);
    const { request: got, flow } = user.requests[0]!;
    expect(flow.advertised).toEqual({ host: '198.51.100.1', port: 5062 });
    layer.sendResponse(response(got, 200), flow);
    await clock.advance(5);
    expect(from).toEqual([{ host: '198.51.100.1', port: 5062 }]);
    socket.close();
  });

  test('a wildcard listener advertises its setting, or else the local address of the route', async () => {
    const { layer } = layerOn(hub.host(OURS, '2001:db8::1'));
    await layer.listen({ transport: 'udp', host: '0.0.0.0', port: 5060 });
    await layer.listen({
      transport: 'udp',
      host: '::',
      port: 5060,
      advertisedHost: 'sip.example.com',
      advertisedPort: 5,
    });
    expect((await layer.flowTo({ transport: 'udp', host: THEIRS, port: 5070 })).advertised).toEqual(server);
    const six = await layer.flowTo({ transport: 'udp', host: '2001:db8::2', port: 5070 });
    expect(six.advertised).toEqual({ host: 'sip.example.com', port: 5 });
  });

  test('a request to a wildcard listener is delivered once its route is known, in order', async () => {
    const { layer, user } = layerOn(hub.host(OURS));
    await layer.listen({ transport: 'udp', host: '0.0.0.0', port: 5060 });
    const peer = await rawPeer();
    for (const id of ['a', 'b', 'c']) {
      const one = options(VIA);
      one.headers.set('Call-ID', id);
      await peer.send(serialize(one));
    }
    expect(user.requests.map(({ request: got }) => got.headers.get('Call-ID'))).toEqual(['a', 'b', 'c']);
    expect(user.requests[0]!.flow.advertised).toEqual(server);
    peer.close();
  });

  test('a wildcard that could never be advertised, and a family without listener, are errors that say what to do', async () => {
    const host = hub.host(OURS);
    const { layer } = layerOn({
      bindDatagram: (...args) => host.bindDatagram(...args),
      listenStream: (...args) => host.listenStream(...args),
      connectStream: (...args) => host.connectStream(...args),
    });
    await expect(layer.listen({ transport: 'udp', host: '0.0.0.0', port: 5060 })).rejects.toThrow(
      'Set the advertised',
    );
    await layer.listen({ transport: 'udp', ...server });
    await expect(layer.flowTo({ transport: 'udp', host: '2001:db8::2', port: 1 })).rejects.toThrow(
      'IPv6; add one',
    );
  });

  test('[RFC 3261 §8.2.7] [row 20] malformed requests are answered statelessly and the same each time, or dropped', async () => {
    const { layer, user } = await ours();
    const peer = await rawPeer();
    const bad = text(options(VIA)).replace('CSeq: 1 OPTIONS', 'CSeq: 1 INVITE');
    await peer.send(bad);
    const answer = peer.read() as SipResponse;
    expect(answer).toMatchObject({ status: 400, reason: 'Bad Request: CSeq names another method' });
    await peer.send(bad);
    expect(toTag(peer.read())).toBe(toTag(answer));
    await peer.send(text(options(VIA)).replace('SIP/2.0\r\n', 'SIP/9.0\r\n'));
    expect(peer.read()).toMatchObject({ status: 505 });
    await peer.send(text(options(VIA)).replace('Content-Length: 0', 'Content-Length: 10'));
    expect(peer.read()).toMatchObject({
      status: 400,
      reason: 'Bad Request: the body is shorter than Content-Length',
    });
    const answers = peer.got.length;
    for (const silent of [
      text(options(VIA)).replace(/Via.*\r\n/, ''),
      text(options(VIA)).replace('OPTIONS sip', 'ACK sip'),
      'rubbish rubbish rubbish',
      '\r\n\r\n',
      '\0',
      text(response(options(VIA), 200)).replace('CSeq: 1', 'CSeq: x'),
    ]) {
      await peer.send(silent);
    }
    expect(peer.got).toHaveLength(answers);
    expect(user.requests).toEqual([]);
    expect(user.responses).toEqual([]);
    expect(layer.counters).toMatchObject({ rejected: 4, dropped: 3, unparsable: 1, handlerErrors: 0 });
    peer.close();
  });

  test('[row 19] a flood is dropped before it is parsed', async () => {
    const { layer, user } = await ours({ flood: { ...FLOOD_LIMITS, burst: 5, perSecond: 1 } });
    const peer = await rawPeer();
    for (let i = 0; i < 50; i++) await peer.send(serialize(options(VIA)));
    expect(user.requests.length).toBe(5);
    expect(layer.counters.received).toBe(5);
    expect(layer.guard.counters.refused).toBe(45);
    peer.close();
  });

  test('[row 23] a large message goes out by UDP all the same, counted; 65 000 bytes come in', async () => {
    const { layer } = await ours();
    const { layer: other, user } = layerOn(hub.host(THEIRS));
    await other.listen({ transport: 'udp', host: THEIRS, port: 5060 });
    const flow = await layer.flowTo({ transport: 'udp', host: THEIRS, port: 5060 });
    layer.send(options(VIA), flow);
    expect(layer.counters.largeDatagrams).toBe(0);
    layer.send({ ...options(VIA), body: Buffer.alloc(64_000, 'x') }, flow);
    expect(layer.counters.largeDatagrams).toBe(1);
    await clock.advance(5);
    expect(user.requests.map(({ request: got }) => got.body.length)).toEqual([0, 64_000]);
  });

  test('an exception above is counted and ends nothing', async () => {
    const { layer, user } = await ours();
    const peer = await rawPeer();
    user.onRequest = () => {
      throw new Error('a fault of ours');
    };
    await peer.send(serialize(options(VIA)));
    await peer.send(serialize(options(VIA)));
    expect(layer.counters.handlerErrors).toBe(2);
    peer.close();
  });
});

describe('TCP', () => {
  const viaTcp = 'SIP/2.0/TCP 10.1.1.1:5070;branch=z9hG4bK1;rport';

  test('[RFC 3261 §18.3] [row 18] requests in any slices; responses on the same connection; pings answered', async () => {
    hub.conditions.streamSlice = 3;
    const { layer, user } = await ours();
    const peer = await rawStream();
    await peer.send(`${text(options(viaTcp))}\r\n\r\n${text(options(viaTcp))}`);
    expect(user.requests).toHaveLength(2);
    expect(peer.got()).toBe('\r\n');
    const { request: got, flow } = user.requests[0]!;
    expect(flow).toMatchObject({ transport: 'tcp', reliable: true, advertised: server });
    layer.sendResponse(response(got, 200), flow);
    await clock.advance(5);
    expect(peer.got()).toContain('SIP/2.0 200 OK\r\n');
    peer.connection.close();
    await clock.advance(5);
    expect(user.closed.map((one) => one.flow)).toEqual([flow]);
    expect(flow.isOpen).toBe(false);
  });

  test('[RFC 3261 §18.1.1] one target has one connection, also when asked for at once; a lost one is made anew', async () => {
    const { layer, user } = await ours();
    const { layer: other, user: otherUser } = layerOn(hub.host(THEIRS));
    await other.listen({ transport: 'tcp', host: THEIRS, port: 5060 });
    const target = { transport: 'tcp', host: THEIRS, port: 5060 } as const;
    const asked = Promise.all([layer.flowTo(target), layer.flowTo(target)]);
    await clock.advance(5);
    const [first, second] = await asked;
    expect(second).toBe(first);
    expect(await layer.flowTo(target)).toBe(first);
    expect(other.openConnections).toBe(1);
    expect(first.advertised).toEqual(server);
    layer.send(options(viaTcp), first);
    await clock.advance(5);
    // The other side answers and asks on the same connection.
    const back = await other.flowTo({ transport: 'tcp', ...first.local });
    expect(back).toBe(otherUser.requests[0]!.flow);
    hub.breakStreams(OURS, THEIRS);
    await clock.advance(5);
    expect(user.closed).toEqual([{ flow: first, error: new Error('connection reset') }]);
    const again = layer.flowTo(target);
    await clock.advance(5);
    expect((await again).id).not.toBe(first.id);
  });

  test('[RFC 3261 §18.2.2] a response whose connection is gone opens one to the sender', async () => {
    const { layer, user } = await ours();
    const { layer: other, user: otherUser } = layerOn(hub.host(THEIRS));
    await other.listen({ transport: 'tcp', host: THEIRS, port: 5070 });
    const peer = await rawStream();
    await peer.send(serialize(options(viaTcp)));
    peer.connection.close();
    await clock.advance(5);
    const { request: got, flow } = user.requests[0]!;
    layer.sendResponse(response(got, 200), flow);
    await clock.advance(10);
    expect(otherUser.responses.map((one) => one.response.status)).toEqual([200]);
  });

  test('connecting where nobody listens, or nobody is, fails in time', async () => {
    const { layer } = await ours({ connectMs: 700 });
    const refused = layer
      .flowTo({ transport: 'tcp', host: THEIRS, port: 9 })
      .catch((error: Error) => error.message);
    hub.isolate('192.0.2.3');
    const silent = layer
      .flowTo({ transport: 'tcp', host: '192.0.2.3', port: 9 })
      .catch((e: Error) => e.message);
    await clock.advance(700);
    expect([await refused, await silent]).toEqual(['connect ECONNREFUSED', 'connect ETIMEDOUT']);
  });

  test('[row 18] after a framing error the peer is told, if it can be, and the connection closes', async () => {
    const { user, layer } = await ours();
    const peer = await rawStream();
    const bad = text(options(viaTcp)).replace('Content-Length: 0', 'Content-Length: -1');
    await peer.send(`${bad}${text(options(viaTcp))}`);
    expect(peer.got()).toContain('SIP/2.0 400 Content-Length is not a number\r\n');
    expect(peer.isClosed()).toBe(true);
    expect(user.requests).toEqual([]);
    const other = await rawStream();
    await other.send('GET / HTTP/1.1\r\n\r\n');
    expect(other.got()).toBe('');
    expect(other.isClosed()).toBe(true);
    expect(layer.counters).toMatchObject({ unparsable: 2, rejected: 1 });
  });

  test('[row 19] a slow loris, an idle peer and too many connections of one source are cut off', async () => {
    const { layer, user } = await ours({ idleMs: 60_000, messageMs: 5_000, connectionsPerSource: 2 });
    const slow = await rawStream();
    const steady = await rawStream();
    const third = await rawStream();
    expect(third.isClosed()).toBe(true);
    expect(layer.counters.refusedConnections).toBe(1);
    const message = text(options(viaTcp));
    await slow.send(message.slice(0, 40));
    for (let i = 0; i < 10; i++) {
      await slow.send('x');
      // Each read of this one ends inside the next message, which is no crime.
      await steady.send(i === 0 ? message + message.slice(0, 50) : message.slice(50) + message.slice(0, 50));
      await clock.advance(990);
    }
    expect(slow.isClosed()).toBe(true);
    expect(user.requests).toHaveLength(10);
    await steady.send(message.slice(50));
    await clock.advance(50_000);
    await steady.send('\r\n');
    await clock.advance(50_000);
    expect(steady.isClosed()).toBe(false);
    await clock.advance(15_000);
    expect(steady.isClosed()).toBe(true);
    const fresh = await rawStream();
    expect(fresh.isClosed()).toBe(false);
  });

  test('[row 19] a connection that sends no message is closed soon, keep-alives or not; trusted sources have no cap', async () => {
    await ours({
      firstMessageMs: 20_000,
      connectionsPerSource: 1,
      flood: { ...FLOOD_LIMITS, isTrusted: (host) => host === THEIRS },
    });
    const silent = await rawStream();
    const pinging = await rawStream();
    const honest = await rawStream();
    await honest.send(text(options(viaTcp)));
    await pinging.send('\r\n'.repeat(1000));
    expect(pinging.got()).toBe('\r\n');
    await clock.advance(19_900);
    expect([silent.isClosed(), pinging.isClosed()]).toEqual([false, false]);
    await clock.advance(200);
    expect([silent.isClosed(), pinging.isClosed(), honest.isClosed()]).toEqual([true, true, false]);
  });
});
