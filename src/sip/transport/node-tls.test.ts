import { connect as connectTcp } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Authority, createAuthority } from '../../../test/kit/certificates.ts';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { silentLogger } from '../../kernel/logger.ts';
import { NodeNetwork } from './node-network.ts';
import { StreamFramer } from './stream-framer.ts';
import { TransportLayer } from './transport-layer.ts';
import type { Address, SecureServer, StreamConnection, StreamListener, TlsMaterial } from './types.ts';

const HOST = '127.0.0.1';
const network = new NodeNetwork();
const authority: Authority = createAuthority();
const stranger = createAuthority();
const server = authority.issue('DNS:sip.example.com,IP:127.0.0.1');
const client = authority.issue('URI:sip:carrier.example.com');
afterAll(() => {
  authority.close();
  stranger.close();
});

interface Seen {
  readonly connections: StreamConnection[];
  readonly failures: string[];
  readonly got: string[];
  closed: number;
  released: number;
}

let seen: Seen;
let listener: StreamListener | undefined;
const toClose: { destroy(): void }[] = [];

beforeEach(() => {
  seen = { connections: [], failures: [], got: [], closed: 0, released: 0 };
});

afterEach(async () => {
  for (const one of toClose.splice(0)) one.destroy();
  for (const one of seen.connections) one.close();
  listener?.close();
  // Whatever was admitted is released, however it ended.
  await vi.waitFor(() => expect(seen.closed).toBe(seen.connections.length));
});

async function listen(secure: Partial<SecureServer> = {}, handshakeMs?: number): Promise<Address> {
  listener = await network.listenStream(
    { host: HOST, port: 0 },
    (connection) => {
      seen.connections.push(connection);
      return {
        onData: (bytes) => seen.got.push(Buffer.from(bytes).toString()),
        onClose: () => seen.closed++,
      };
    },
    {
      secure: { material: () => ({ ...server, ca: authority.ca }), clientCertificates: 'off', ...secure },
      admit: (_from, hangUp) => {
        const timer = handshakeMs === undefined ? undefined : setTimeout(hangUp, handshakeMs);
        return () => {
          clearTimeout(timer);
          seen.released++;
        };
      },
      onHandshakeFailed: (_from, reason) => seen.failures.push(reason),
    },
  );
  return listener.local;
}

const quiet = { onData: () => {}, onClose: () => {} };

async function connectAs(to: Address, expectedName: string | undefined, material: TlsMaterial) {
  const connection = await network.connectStream(to, quiet, 2_000, {
    secure: {
      serverName: 'sip.example.com',
      material,
      ...(expectedName === undefined ? {} : { expectedName }),
    },
  });
  toClose.push({ destroy: () => connection.close() });
  return connection;
}

function rawTls(to: Address, options: ConnectionOptions = {}): TLSSocket {
  const socket = connect({ ...to, ca: authority.ca, servername: 'sip.example.com', ...options });
  socket.on('error', () => {});
  toClose.push(socket);
  return socket;
}

describe('outgoing connections', () => {
  test('[RFC 5922 §7.2] the server must show the name that was asked for, from an authority that we trust', async () => {
    const to = await listen();
    const connection = await connectAs(to, 'sip.example.com', { ca: authority.ca });
    connection.write(Buffer.from('hello'));
    await vi.waitFor(() => expect(seen.got.join('')).toBe('hello'));
    await expect(connectAs(to, 'other.example.com', { ca: authority.ca })).rejects.toThrow(
      'not for other.example.com',
    );
    await expect(connectAs(to, 'sip.example.com', { ca: stranger.ca })).rejects.toThrow();
    await expect(connectAs(to, 'sip.example.com', {})).rejects.toThrow();
    await connectAs(to, '127.0.0.1', { ca: authority.ca });
    await connectAs(to, undefined, {});
  });

  test('nobody answers the handshake: the time-out covers it', async () => {
    const mute = await network.listenStream({ host: HOST, port: 0 }, () => quiet);
    await expect(
      network.connectStream(mute.local, quiet, 50, {
        secure: { serverName: 'sip.example.com', material: {} },
      }),
    ).rejects.toThrow('ETIMEDOUT');
    mute.close();
  });
});

describe('[RFC 3261 §26.3.1] client certificates', () => {
  test('off: none is asked for; request: the names of a good one are known, a strange one is as none', async () => {
    let to = await listen();
    await connectAs(to, 'sip.example.com', { ca: authority.ca, ...client });
    await vi.waitFor(() => expect(seen.connections).toHaveLength(1));
    expect(seen.connections[0]!.peerNames).toBeUndefined();
    listener?.close();
    to = await listen({ clientCertificates: 'request' });
    await connectAs(to, 'sip.example.com', { ca: authority.ca, ...client });
    await connectAs(to, 'sip.example.com', { ca: authority.ca });
    await connectAs(to, 'sip.example.com', {
      ca: authority.ca,
      ...stranger.issue('URI:sip:carrier.example.com'),
    });
    await vi.waitFor(() => expect(seen.connections).toHaveLength(4));
    expect(seen.connections.slice(1).map(({ peerNames }) => peerNames)).toEqual([
      ['carrier.example.com'],
      undefined,
      undefined,
    ]);
  });

  test('require: nobody gets in without', async () => {
    const to = await listen({ clientCertificates: 'require' });
    rawTls(to);
    await vi.waitFor(() => expect(seen.failures).toHaveLength(1));
    expect(seen.connections).toHaveLength(0);
    await connectAs(to, 'sip.example.com', { ca: authority.ca, ...client });
    await vi.waitFor(() => expect(seen.connections).toHaveLength(1));
  });
});

describe('handshakes of peers', () => {
  test('[row 19] a peer that stops within its handshake is cut off, and one that speaks no TLS', async () => {
    const to = await listen({}, 60);
    const slow = connectTcp(to);
    slow.on('error', () => {});
    const plain = connectTcp(to, () => plain.write('OPTIONS sip:a@b SIP/2.0\r\n\r\n'));
    plain.on('error', () => {});
    toClose.push(slow, plain);
    await vi.waitFor(() => expect(seen.failures).toHaveLength(2));
    await vi.waitFor(() => expect(seen.released).toBe(2));
    expect(seen.connections).toHaveLength(0);
  });

  test('TLS 1.1 is refused', async () => {
    const to = await listen();
    rawTls(to, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
    await vi.waitFor(() => expect(seen.connections.length + seen.released).toBe(1));
    expect(seen.connections).toHaveLength(0);
  });

  test('a listener that closes ends the handshakes that are under way', async () => {
    const to = await listen();
    const slow = connectTcp(to);
    slow.on('error', () => {});
    toClose.push(slow);
    await new Promise((resolve) => slow.once('connect', resolve));
    const gone = new Promise((resolve) => slow.once('close', resolve));
    slow.resume();
    // The server has seen it once it answers another peer.
    await connectAs(to, 'sip.example.com', { ca: authority.ca });
    listener?.close();
    await gone;
    expect(seen.failures).toEqual([]);
  });
});

test('[row 18] messages over TLS, cut at every byte into records of their own, come out whole', async () => {
  const bytes = Buffer.from(
    ['OPTIONS sip:a@b SIP/2.0', 'Via: SIP/2.0/TLS h;branch=z9hG4bK1', 'Content-Length: 3', '', 'abc'].join(
      '\r\n',
    ),
  );
  const to = await listen();
  const framer = new StreamFramer();
  let whole = 0;
  let taken = 0;
  const socket = rawTls(to);
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  socket.setNoDelay(true);
  for (let cut = 1; cut < bytes.length; cut++) {
    for (const slice of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
      await new Promise((resolve) => socket.write(slice, resolve));
    }
  }
  await vi.waitFor(() => {
    for (const text of seen.got.slice(taken)) whole += framer.push(Buffer.from(text)).length;
    taken = seen.got.length;
    expect(whole).toBe(bytes.length - 1);
  });
  expect(taken).toBeGreaterThan(bytes.length);
});

test('a new certificate holds for the next connection and leaves the open ones alone', async () => {
  let material: TlsMaterial = server;
  const to = await listen({ material: () => material });
  const before = await connectAs(to, 'sip.example.com', { ca: authority.ca });
  material = authority.issue('DNS:new.example.com');
  await connectAs(to, 'new.example.com', { ca: authority.ca });
  before.write(Buffer.from('still here'));
  await vi.waitFor(() => expect(seen.got.join('')).toBe('still here'));
  expect(seen.closed).toBe(0);
});

test.each(['tls', 'wss', 'ws'] as const)(
  '[row 19] the transport layer ends a handshake over %s that takes too long, by its own clock',
  async (transport) => {
    const clock = new VirtualClock();
    const layer = new TransportLayer({ network, clock, random: seededRandom(1), log: silentLogger });
    const secure = { material: () => server, clientCertificates: 'off' } as const;
    const to = await layer.listen({ transport, host: HOST, port: 0, secure });
    const slow = connectTcp(to);
    slow.on('error', () => {});
    slow.resume();
    toClose.push(slow);
    const gone = new Promise((resolve) => slow.once('close', resolve));
    await vi.waitFor(() => expect(clock.pending).toBe(1));
    await clock.advance(10_000);
    await gone;
    await vi.waitFor(() => expect(layer.counters.failedHandshakes).toBe(1));
    expect(clock.pending).toBe(0);
    await layer.close();
  },
);
