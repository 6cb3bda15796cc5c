import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { NodeNetwork } from './node-network.ts';
import { plainHost } from './node-socket.ts';
import type { Address, StreamConnection, StreamListener, WebSocketServerSettings } from './types.ts';

const HOST = '127.0.0.1';
const MAX = 1_000;
const network = new NodeNetwork();

let connections: StreamConnection[];
let failures: string[];
let got: string[];
let counts: { closed: number; pings: number; pongs: number; released: number };
let listener: StreamListener | undefined;
const toClose: (() => void)[] = [];

beforeEach(() => {
  connections = [];
  failures = [];
  got = [];
  counts = { closed: 0, pings: 0, pongs: 0, released: 0 };
});

afterEach(async () => {
  for (const close of toClose.splice(0)) close();
  for (const one of connections) one.close();
  listener?.close();
  await vi.waitFor(() => expect(counts.closed).toBe(connections.length));
});

async function listen(
  settings: Partial<WebSocketServerSettings> = {},
  handshakeMs = 2_000,
): Promise<Address> {
  listener = await network.listenStream(
    { host: HOST, port: 0 },
    (connection) => {
      connections.push(connection);
      return {
        onData: (bytes) => got.push(Buffer.from(bytes).toString()),
        onClose: () => counts.closed++,
        onPing: () => counts.pings++,
        onPong: () => counts.pongs++,
      };
    },
    {
      webSocket: { maxMessageBytes: MAX, ...settings },
      admit: (_from, hangUp) => {
        const timer = handshakeMs === undefined ? undefined : setTimeout(hangUp, handshakeMs);
        return () => {
          clearTimeout(timer);
          counts.released++;
        };
      },
      onHandshakeFailed: (_from, reason) => failures.push(reason),
    },
  );
  return listener.local;
}

/** Node's own client, as a browser would be. */
function browser({ host, port }: Address, protocols: string[] = ['sip']): WebSocket {
  const socket = new WebSocket(`ws://${host}:${port}/`, protocols);
  toClose.push(() => socket.close());
  return socket;
}

const event = (socket: WebSocket, name: 'open' | 'message' | 'close' | 'error'): Promise<Event> =>
  new Promise((resolve) => socket.addEventListener(name, resolve, { once: true }));

/** A TCP connection that writes what it likes. */
async function rawPeer(to: Address): Promise<{ socket: Socket; read: () => Buffer; ended: () => boolean }> {
  const socket = connect(to);
  const chunks: Buffer[] = [];
  let ended = false;
  socket.on('data', (bytes) => chunks.push(Buffer.from(bytes)));
  socket.on('error', () => {});
  socket.on('close', () => {
    ended = true;
  });
  toClose.push(() => socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  return { socket, read: () => Buffer.concat(chunks), ended: () => ended };
}

const handshake = (...fields: string[]): string =>
  [
    'GET / HTTP/1.1',
    'Host: x',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...fields,
    '\r\n',
  ].join('\r\n');

const SIP = 'Sec-WebSocket-Protocol: sip';

async function upgraded(to: Address) {
  const peer = await rawPeer(to);
  peer.socket.write(handshake(SIP));
  await vi.waitFor(() => expect(peer.read().toString('latin1')).toContain('\r\n\r\n'));
  return peer;
}

/** A masked frame of a client, with the length that it claims (RFC 6455 §5.2). */
function frame(
  opcode: number,
  payload: Buffer,
  { fin = true, claimed = BigInt(payload.length) } = {},
): Buffer {
  const head = [(fin ? 0x80 : 0) | opcode];
  if (claimed < 126n) head.push(0x80 | Number(claimed));
  else {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(claimed);
    head.push(0x80 | 127, ...length);
  }
  // A mask of zeros leaves the payload as it is.
  return Buffer.concat([Buffer.from(head), Buffer.alloc(4), payload]);
}

describe('handshake', () => {
  test('[RFC 7118 §4.1] the sub-protocol sip is agreed on; messages go both ways, one per frame', async () => {
    const client = browser(await listen(), ['chat', 'sip']);
    await event(client, 'open');
    expect(client.protocol).toBe('sip');
    client.send('OPTIONS one');
    client.send(new TextEncoder().encode('OPTIONS two, binary'));
    await vi.waitFor(() => expect(got).toEqual(['OPTIONS one', 'OPTIONS two, binary']));
    const answer = event(client, 'message');
    connections[0]!.write(Buffer.from('SIP/2.0 200 Жук'));
    expect(await answer).toMatchObject({ data: 'SIP/2.0 200 Жук' });
    const binary = event(client, 'message');
    client.binaryType = 'arraybuffer';
    connections[0]!.write(Buffer.from([0xff, 0x00]));
    expect((await binary) as MessageEvent).toMatchObject({ data: new Uint8Array([0xff, 0x00]).buffer });
  });

  test('[RFC 7118 §4.1] whoever does not offer sip is refused', async () => {
    const to = await listen();
    await event(browser(to, ['chat']), 'error');
    await event(browser(to, []), 'error');
    await vi.waitFor(() => expect(failures).toHaveLength(2));
    expect(connections).toHaveLength(0);
  });

  test('a page that is not on the list of origins is refused; no Origin is no browser', async () => {
    const to = await listen({ origins: ['https://phone.example.com'] });
    const evil = await rawPeer(to);
    evil.socket.write(handshake(SIP, 'Origin: https://evil.example'));
    await vi.waitFor(() => expect(evil.read().toString()).toContain('403'));
    for (const origin of [['Origin: https://Phone.example.com'], []]) {
      const peer = await rawPeer(to);
      peer.socket.write(handshake(SIP, ...origin));
      await vi.waitFor(() => expect(peer.read().toString()).toContain('101'));
    }
    expect(connections).toHaveLength(2);
  });

  test.each([
    ['a web page is asked for', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['no HTTP', 'OPTIONS sip:a@b SIP/2.0\r\n\r\n'],
    ['a header block without end', `GET / HTTP/1.1\r\nX: ${'a'.repeat(20_000)}`],
    ['the peer stops half-way', 'GET / HTTP/1.1\r\nHost'],
  ])('[row 19] closed without a word: %s', async (_title, bytes) => {
    const peer = await rawPeer(await listen({}, 50));
    peer.socket.write(bytes);
    await vi.waitFor(() => expect(peer.ended()).toBe(true));
    expect(peer.read()).toHaveLength(0);
    await vi.waitFor(() => expect(failures).toHaveLength(1));
    expect(counts.released).toBe(1);
  });
});

describe('frames', () => {
  test.each([
    ['a frame of 2^63 bytes', frame(1, Buffer.alloc(0), { claimed: 2n ** 63n })],
    ['one byte too many', frame(1, Buffer.alloc(0), { claimed: BigInt(MAX + 1) })],
    [
      'fragments that add up to too much',
      Buffer.concat([
        frame(1, Buffer.alloc(120), { fin: false }),
        ...Array.from({ length: 9 }, () => frame(0, Buffer.alloc(120), { fin: false })),
      ]),
    ],
    [
      'a message in very many fragments',
      Buffer.concat(
        Array.from({ length: 70 }, (_, i) => frame(i === 0 ? 1 : 0, Buffer.from('x'), { fin: false })),
      ),
    ],
    ['a ping that is too long', frame(9, Buffer.alloc(126))],
    ['a reserved opcode', frame(3, Buffer.from('x'))],
    ['text that is no UTF-8', frame(1, Buffer.from([0xff]))],
    ['a frame without mask', Buffer.from([0x81, 0x01, 0x61])],
  ])('[row 19] %s ends the connection before anything is stored', async (_title, bytes) => {
    const peer = await upgraded(await listen());
    peer.socket.write(bytes);
    await vi.waitFor(() => expect(counts.closed).toBe(1));
    expect(got).toEqual([]);
  });

  test('a message in fragments, cut anywhere, is one message; pings are answered and told', async () => {
    const peer = await upgraded(await listen());
    const before = peer.read().length;
    const bytes = Buffer.concat([
      frame(1, Buffer.from('OPTI'), { fin: false }),
      frame(9, Buffer.from('here?')),
      frame(0, Buffer.from('ONS')),
    ]);
    for (const byte of bytes) peer.socket.write(Uint8Array.of(byte));
    await vi.waitFor(() => expect(got).toEqual(['OPTIONS']));
    expect(counts.pings).toBe(1);
    await vi.waitFor(() =>
      expect(peer.read().subarray(before)).toEqual(Buffer.from([0x8a, 5, ...Buffer.from('here?')])),
    );
  });

  test('our ping is answered by a browser; closing says so and is bounded', async () => {
    const to = await listen();
    const client = browser(to);
    await event(client, 'open');
    connections[0]!.ping!();
    await vi.waitFor(() => expect(counts.pongs).toBe(1));
    const closed = event(client, 'close');
    connections[0]!.close();
    expect(await closed).toMatchObject({ code: 1001 });
  });
});

test('v4-mapped addresses are written as what they are', () => {
  expect(plainHost('::ffff:192.0.2.1')).toBe('192.0.2.1');
  expect(plainHost('::FFFF:192.0.2.1')).toBe('192.0.2.1');
  expect(plainHost('2001:db8::ffff:1')).toBe('2001:db8::ffff:1');
});
