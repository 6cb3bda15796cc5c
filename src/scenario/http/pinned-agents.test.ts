import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { FencedHttp, type HttpRequest } from './http-client.ts';
import { NetFence } from './net-fence.ts';

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A server on bare sockets: what it does with the n-th request of the c-th connection is the test's. */
interface Peer {
  readonly port: number;
  readonly sockets: Socket[];
  readonly requests: string[];
}

const servers: Server[] = [];
const clients: FencedHttp[] = [];
const clock = new VirtualClock();

async function peer(onRequest: (socket: Socket, connection: number, request: number) => void): Promise<Peer> {
  const sockets: Socket[] = [];
  const requests: string[] = [];
  const server = createServer((socket) => {
    const connection = sockets.push(socket);
    let count = 0;
    socket.on('error', () => {});
    socket.on('data', (data) => {
      requests.push(`${connection} ${data.toString().split(' ', 1)[0]}`);
      onRequest(socket, connection, ++count);
    });
  });
  servers.push(server);
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, sockets, requests };
}

function client(resolve?: () => string): FencedHttp {
  const made = new FencedHttp({
    fence: new NetFence(['127.0.0.0/8', 'backend.test']),
    clock,
    ...(resolve === undefined ? {} : { resolve: async () => [{ address: resolve(), family: 4 }] }),
  });
  clients.push(made);
  return made;
}

async function ask(http: FencedHttp, port: number, method = 'GET', host = '127.0.0.1'): Promise<string> {
  const request: HttpRequest = {
    method,
    url: `http://${host}:${port}/`,
    headers: [],
    body: method === 'POST' ? 'x' : undefined,
    timeoutSeconds: undefined,
    connectTimeoutSeconds: undefined,
    signal: new AbortController().signal,
  };
  const { code, error } = await http.request(request);
  // The connection is idle once the event loop has turned.
  await new Promise((resolve) => setImmediate(resolve));
  return error ?? String(code);
}

afterEach(async () => {
  for (const http of clients.splice(0)) http.close();
  for (const server of servers.splice(0)) {
    server.close();
    await once(server, 'close');
  }
  expect(clock.pending).toBe(0);
});

describe('connections that are kept', () => {
  it('carry the next request, and are gone when the client closes', async () => {
    const { port, sockets, requests } = await peer((socket) => socket.write(ANSWER));
    const http = client();
    for (let i = 0; i < 3; i++) expect(await ask(http, port)).toBe('200');
    expect(await ask(http, port, 'POST')).toBe('200');
    expect(requests).toEqual(['1 GET', '1 GET', '1 GET', '1 POST']);
    const closed = once(sockets[0] as Socket, 'close');
    http.close();
    await closed;
  });

  it('serve only the address that was judged: a name that resolves elsewhere gets a new one', async () => {
    let address = '127.0.0.1';
    const { port, sockets } = await peer((socket) => socket.write(ANSWER));
    const http = client(() => address);
    await ask(http, port, 'GET', 'backend.test');
    address = '127.0.0.2';
    await ask(http, port, 'GET', 'backend.test');
    expect(sockets.map(({ localAddress }) => localAddress)).toEqual(['127.0.0.1', '127.0.0.2']);
    address = '127.0.0.1';
    await ask(http, port, 'GET', 'backend.test');
    expect(sockets).toHaveLength(2);
  });

  it('do not carry a request that the fence refuses', async () => {
    let address = '127.0.0.1';
    const { port, requests } = await peer((socket) => socket.write(ANSWER));
    const http = client(() => address);
    expect(await ask(http, port, 'GET', 'backend.test')).toBe('200');
    address = '10.0.0.1';
    expect(await ask(http, port, 'GET', 'public.test')).toMatch(/private address/);
    expect(requests).toHaveLength(1);
  });

  it('[RFC 9112 §9.3.1] a GET is sent once more on a new one when the old one fails before an answer', async () => {
    const { port, requests } = await peer((socket, connection, request) => {
      if (connection === 1 && request === 2) socket.destroy();
      else socket.write(ANSWER);
    });
    const http = client();
    expect([await ask(http, port), await ask(http, port)]).toEqual(['200', '200']);
    expect(requests).toEqual(['1 GET', '1 GET', '2 GET']);
  });

  it('but not twice more, and not on a new one', async () => {
    const { port, requests } = await peer((socket, connection, request) => {
      if (connection === 1 && request === 1) socket.write(ANSWER);
      else socket.destroy();
    });
    const http = client();
    expect(await ask(http, port)).toBe('200');
    expect(await ask(http, port)).toMatch(/hang up|ECONNRESET/);
    expect(requests).toEqual(['1 GET', '1 GET', '2 GET']);
  });

  it('a POST is never sent twice', async () => {
    const { port, requests } = await peer((socket, _connection, request) => {
      if (request === 1) socket.write(ANSWER);
      else socket.destroy();
    });
    const http = client();
    expect(await ask(http, port)).toBe('200');
    expect(await ask(http, port, 'POST')).toMatch(/hang up|ECONNRESET/);
    expect(requests).toEqual(['1 GET', '1 POST']);
  });

  it('a POST takes a new one when the old one was idle for more than a second', async () => {
    const { port, requests } = await peer((socket) => socket.write(ANSWER));
    const http = client();
    await ask(http, port);
    await clock.advance(1001);
    expect(await ask(http, port, 'POST')).toBe('200');
    await ask(http, port, 'POST');
    expect(requests).toEqual(['1 GET', '2 POST', '2 POST']);
  });

  it('are closed when the peer says something unasked, which would be the answer to the next question', async () => {
    const { port, sockets, requests } = await peer((socket) => socket.write(ANSWER));
    const http = client();
    await ask(http, port);
    const [first] = sockets as [Socket];
    const closed = once(first, 'close');
    first.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong');
    await closed;
    await ask(http, port);
    expect(requests).toEqual(['1 GET', '2 GET']);
  });

  it('are not kept when an answer brings more than it announced', async () => {
    const { port, requests } = await peer((socket) => socket.write(`${ANSWER}HTTP/1.1 200 OK\r\n\r\n`));
    const http = client();
    await ask(http, port);
    await ask(http, port);
    expect(new Set(requests.map((line) => line[0])).size).toBe(requests.length);
  });
});
