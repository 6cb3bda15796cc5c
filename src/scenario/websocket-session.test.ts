/** Sessions with real sockets on both sides: what they say and hear, hostile peers, and that nothing is left. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../http/server.ts';
import { systemClock } from '../kernel/clock.ts';
import { silentLogger } from '../kernel/logger.ts';
import { systemRandom } from '../kernel/random.ts';
import { NetFence } from './http/net-fence.ts';
import { FencedWebSockets } from './http/web-socket-client.ts';
import type { ScenarioLimits } from './sandbox/limits.ts';
import { route, SessionKit } from './test-support/session-kit.ts';
import { soundFolder } from './test-support/sound-folder.ts';

/** As long as a busy machine needs. */
const soon = (state: () => void | Promise<void>): Promise<void> =>
  vi.waitFor(state, { timeout: 10_000, interval: 5 });

const toClose: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

const LOOPBACK = ['127.0.0.0/8'];

async function kitWith(limits: Partial<ScenarioLimits> = {}, allow = LOOPBACK): Promise<SessionKit> {
  const settings = { workers: 1, warm: 3, limits, httpAllowPrivate: allow, playbackFolder: soundFolder() };
  return await SessionKit.create(limits, { settings, publicUrl: () => http?.url ?? '' });
}

let http: HttpServer | undefined;
/** The API's real server, of which only the way to sessions is used. */
async function serve(kit: SessionKit): Promise<string> {
  http = await createHttpServer({
    doors: kit.service,
    masking: {},
    events: {},
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
    settings: { host: '127.0.0.1', port: 0 },
  } as unknown as HttpServerOptions);
  const server = http;
  toClose.push(async () => {
    http = undefined;
    await server.close();
  });
  return server.url;
}

interface Peer {
  readonly url: string;
  readonly sockets: WebSocket[];
  readonly said: string[];
  readonly requests: { url: string | undefined; headers: NodeJS.Dict<string | string[]> }[];
}
/** A program that scenarios connect to. */
async function listen(options: ConstructorParameters<typeof WebSocketServer>[0] = {}): Promise<Peer> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });
  await new Promise((resolve) => server.once('listening', resolve));
  const peer: Peer = {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sockets: [],
    said: [],
    requests: [],
  };
  server.on('connection', (socket, { url, headers }) => {
    peer.sockets.push(socket);
    peer.requests.push({ url, headers });
    socket.on('error', () => {});
    socket.on('message', (data) => peer.said.push(String(data)));
  });
  toClose.push(() => {
    for (const socket of peer.sockets) socket.terminate();
    server.close();
  });
  return peer;
}

const WATCH = `const watch = (ws, tag = '') => { for (const [n, e] of Object.entries(WebSocketEvents))
  ws.addEventListener(e, ({ websocket, name, ...more }) => Logger.write(tag + n + ' ' + JSON.stringify(more))); return ws; };`;
const lines = (kit: SessionKit): string[] =>
  kit.logs.filter((line) => /^\w*(?:CREATED|OPEN|CLOSE|MESSAGE|ERROR|MEDIA)/.test(line));

describe('sockets that a script opens', () => {
  test('headers, protocol and messages both ways; the end from either side', async () => {
    const peer = await listen({ handleProtocols: () => 'v2' });
    const kit = await kitWith();
    await kit.start(`${WATCH}
      const ws = watch(VoxEngine.createWebSocket('${peer.url}/voice?key=secret', {
        protocols: ['v1', 'v2'], headers: [{ name: 'X-Key', value: 's' }, { name: 'Host', value: 'evil' }], statistics: true, trace: true }));
      ws.send('early');
      ws.onmessage = ({ text }) => { if (text === 'bye') ws.close(); else ws.send('you said ' + text); };`);
    await soon(() => expect(peer.said).toEqual(['early']));
    expect(peer.requests[0]).toMatchObject({ url: '/voice?key=secret', headers: { 'x-key': 's' } });
    expect(peer.requests[0]?.headers.host).toMatch(/^127\.0\.0\.1:/);
    peer.sockets[0]?.send('Привет');
    await soon(() => expect(peer.said).toContain('you said Привет'));
    peer.sockets[0]?.send('bye');
    await soon(() => expect(lines(kit).at(-1)).toMatch(/^CLOSE/));
    expect(lines(kit)).toEqual([
      'CREATED {}',
      'OPEN {}',
      'MESSAGE {"text":"Привет"}',
      'MESSAGE {"text":"bye"}',
      'CLOSE {"code":1000,"reason":"","wasClean":true}',
    ]);
    // The host, and neither path nor words.
    expect(kit.logs.filter((line) => line.startsWith('The web socket')).join()).not.toMatch(
      /secret|Привет|voice/,
    );
    expect(kit.logs.join()).toMatch(/2 messages \(\d+ bytes\) received, 2 \(\d+\) sent, 0 dropped/);
    // A service that knows no sub-protocols chooses none.
    const plain = await listen({ handleProtocols: () => false });
    await kit.start(`${WATCH} watch(VoxEngine.createWebSocket('${plain.url}'));`);
    await soon(() => expect(plain.sockets).toHaveLength(1));
    expect(plain.requests[0]?.headers['sec-websocket-protocol']).toBe('chat');
    plain.sockets[0]?.close(4001, 'enough');
    await soon(() => expect(lines(kit).at(-1)).toBe('CLOSE {"code":4001,"reason":"enough","wasClean":true}'));
    await end(kit);
  });

  test('what cannot be reached: private addresses, redirects to them, refusals, silence, too many', async () => {
    const peer = await listen({ verifyClient: ({ req }, done) => done(req.url !== '/no', 418) });
    const silent = createServer(() => {});
    const port = await listening(silent);
    const redirecting = createServer((socket: Socket) => {
      socket.on('error', () => {});
      socket.once('data', () =>
        socket.end(`HTTP/1.1 302 Found\r\nLocation: ${LOCATION}\r\nContent-Length: 0\r\n\r\n`),
      );
    });
    let LOCATION = 'http://169.254.169.254/latest';
    const from = await listening(redirecting);
    const kit = await kitWith({ webSockets: 2 });
    const errorOf = async (url: string): Promise<string> => {
      kit.logs.length = 0;
      await kit.start(
        `${WATCH} watch(VoxEngine.createWebSocket('${url}')); VoxEngine.createWebSocket('${peer.url}').close()`,
      );
      await soon(() => expect(lines(kit).at(-1)).toBe('CLOSE {"code":1006,"reason":"","wasClean":false}'));
      return lines(kit).find((line) => line.startsWith('ERROR')) ?? '';
    };
    expect(await errorOf('ws://10.0.0.1/')).toContain('10.0.0.1 is a private address');
    expect(await errorOf(`ws://127.0.0.1:${from}/`)).toContain('169.254.169.254 is a private address');
    LOCATION = `ws://127.0.0.1:${from}/again`;
    expect(await errorOf(`ws://127.0.0.1:${from}/`)).toContain('more than 5 redirects');
    expect(await errorOf(`${peer.url}/no`)).toContain('the server answered 418');
    expect(await errorOf('ftp://127.0.0.1/')).toContain('must begin with wss://');
    expect(await errorOf('nonsense')).toContain('must begin with wss://');
    expect(await errorOf('ws://127.0.0.1:1/')).toContain('ECONNREFUSED');
    kit.logs.length = 0;
    await kit.start(
      `${WATCH} for (let i = 0; i < 3; i++) watch(VoxEngine.createWebSocket('ws://127.0.0.1:${port}/'), i + ' ')`,
    );
    expect(kit.logs.filter((line) => line.includes('ERROR'))).toEqual([
      '2 ERROR {"reason":"a session opens at most 2 web sockets at once"}',
    ]);
    await soon(async () => {
      await kit.advance(11_000);
      expect(kit.logs).toContain('0 ERROR {"reason":"no connection within 10 s"}');
    });
    await end(kit);
  });

  test.each([
    ['a frame of 2^63 bytes', [0x81, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['a compressed bomb', [0xc1, 4, 0xaa, 0x56, 0x4a, 0x04]],
    ['text that is no UTF-8', [0x81, 1, 0xff]],
    ['a reserved opcode', [0x83, 0]],
    ['a masked frame of a server', [0x81, 0x81, 0, 0, 0, 0, 0x61]],
  ])('a hostile server: %s ends the connection, and nothing else', async (_what, bytes) => {
    const peer = await listen();
    const kit = await kitWith();
    await kit.start(`${WATCH} watch(VoxEngine.createWebSocket('${peer.url}'))`);
    await soon(() => expect(peer.sockets).toHaveLength(1));
    (peer.sockets[0] as unknown as { _socket: Socket })._socket.write(Buffer.from(bytes));
    await soon(() => expect(lines(kit).at(-1)).toMatch(/^CLOSE/));
    expect(lines(kit).some((line) => line.startsWith('ERROR'))).toBe(true);
    expect(kit.service.activeSessions).toBe(1);
    await end(kit);
  });

  test('a flood of messages is not read faster than the script hears it; a flood to a peer that does not read ends', async () => {
    const peer = await listen();
    const kit = await kitWith();
    await kit.start(`let n = 0; const ws = VoxEngine.createWebSocket('${peer.url}');
      ws.onmessage = ({ text }) => { n++; if (text === 'last') Logger.write('heard ' + n); };
      ws.onclose = ({ code }) => Logger.write('closed ' + code); ws.onerror = ({ reason }) => Logger.write(reason);`);
    await soon(() => expect(peer.sockets).toHaveLength(1));
    const socket = peer.sockets[0] as WebSocket;
    for (let i = 0; i < 5000; i++) socket.send('x');
    socket.send('last');
    await soon(() => expect(kit.logs).toContain('heard 5001'));
    expect(kit.ended).toEqual([]);
    socket.pause();
    await kit.start(`const ws = VoxEngine.createWebSocket('${peer.url}'); const text = 'x'.repeat(900000);
      ws.onopen = () => { for (let i = 0; i < 4; i++) ws.send(text); setTimeout(ws.onopen, 10); };
      ws.onclose = ({ code }) => Logger.write('closed ' + code); ws.onerror = ({ reason }) => Logger.write(reason);`);
    await soon(() => expect(peer.sockets).toHaveLength(2));
    peer.sockets[1]?.pause();
    await soon(async () => {
      await kit.advance(10);
      expect(kit.logs).toContain('the peer does not read what it is sent');
    });
    expect(kit.logs).toContain('closed 1006');
    await end(kit);
  });

  test('a peer that has gone without a word is found out; the end of the session closes all', async () => {
    const peer = await listen({ autoPong: false });
    const kit = await kitWith();
    await kit.start(`${WATCH} watch(VoxEngine.createWebSocket('${peer.url}'))`);
    await soon(() => expect(lines(kit)).toContain('OPEN {}'));
    await kit.advance(20_000);
    await kit.advance(20_000);
    await soon(() => expect(lines(kit).at(-1)).toBe('CLOSE {"code":1006,"reason":"","wasClean":false}'));
    expect(lines(kit).at(-2)).toBe('ERROR {"reason":"the peer does not answer any more"}');
    await end(kit);
    const other = await listen();
    const last = await kitWith();
    await last.start(`${WATCH} watch(VoxEngine.createWebSocket('${other.url}')); setTimeout(() => VoxEngine.terminate(), 5000);
      VoxEngine.createWebSocket('ws://127.0.0.1:${await listening(createServer(() => {}))}/')`);
    await soon(() => expect(other.sockets).toHaveLength(1));
    const closed = new Promise((resolve) => other.sockets[0]?.once('close', resolve));
    await last.advance(5000);
    expect(await closed).toBe(1001);
    await soon(() => last.expectNothingLeft());
    await end(last);
  });
});

describe('the URL of a session', () => {
  const SCRIPT = `${WATCH}
    VoxEngine.addEventListener(AppEvents.Started, e => Logger.write('URL ' + e.accessURL));
    VoxEngine.addEventListener(AppEvents.HttpRequest, e => {
      Logger.write('got ' + e.method + ' ' + e.content + ' ' + JSON.stringify(e.headers));
      if (e.content === 'end') VoxEngine.terminate();
      if (e.content === 'wait') return new Promise(() => {});
      return e.path.endsWith('/json') ? { ok: true } : 'heard ' + e.content;
    });`;

  async function begin(
    script: string,
    limits: Partial<ScenarioLimits> = {},
  ): Promise<{ kit: SessionKit; url: string }> {
    const kit = await kitWith(limits);
    await serve(kit);
    const { access } = await kit.service.start({ route: route(script), customData: '', inbound: undefined });
    await soon(() => expect(kit.logs.length).toBeGreaterThan(0));
    return { kit, url: access?.url ?? '' };
  }

  test('requests reach the script in order and get its answer; none after the end', async () => {
    const { kit, url } = await begin(SCRIPT);
    const secret = url.split('/').at(-1) ?? '';
    expect(secret).toMatch(/^[0-9a-f]{40}$/);
    expect(kit.logs[0]).toBe(`URL ${url.replace(secret, '…')}`);
    expect(kit.serverLog.join()).not.toContain(secret);
    const post = (body: string, more = ''): Promise<Response> =>
      fetch(url + more, {
        method: 'POST',
        body,
        headers: { 'X-Order': '7', 'content-type': 'application/json' },
      });
    const answer = await post('{"a":1}');
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      200,
      'text/plain; charset=utf-8',
      'heard {"a":1}',
    ]);
    const json = await post('', '/json');
    expect([json.headers.get('content-type'), await json.json()]).toEqual([
      'application/json; charset=utf-8',
      { ok: true },
    ]);
    expect(await (await fetch(url)).text()).toBe('heard ');
    expect(kit.logs).toContain('got POST {"a":1} [{"key":"X-Order","value":"7"}]');
    expect((await fetch(`${http?.url}/session/${'0'.repeat(40)}`)).status).toBe(404);
    expect((await post('x'.repeat(300_000))).status).toBe(413);
    const waiting = post('wait');
    await soon(() => expect(kit.logs.at(-1)).toContain('wait'));
    // The handler says terminate, and its answer still comes.
    expect(await (await post('end')).text()).toBe('heard end');
    expect(await (await waiting).text()).toBe('');
    expect((await post('late')).status).toBe(404);
    await soon(() => kit.expectNothingLeft());
  });

  test('more than a session takes at once, or in a second, is told to wait; who gets no answer gets an empty one', async () => {
    const { kit, url } = await begin(SCRIPT, { accessWaiting: 2, accessPerSecond: 2 });
    const first = [fetch(url, { method: 'PUT', body: 'wait' }), fetch(url, { method: 'PUT', body: 'wait' })];
    await soon(() => expect(kit.logs.filter((line) => line.includes('wait'))).toHaveLength(2));
    const third = await fetch(url);
    expect([third.status, third.headers.get('retry-after')]).toEqual([429, '1']);
    await kit.advance(10_000);
    for (const one of first) expect(await (await one).text()).toBe('');
    // Four at a time, and then two a second.
    const statuses: number[] = [];
    for (let i = 0; i < 6; i++) statuses.push((await fetch(url)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 429, 429]);
    await kit.advance(500);
    expect((await fetch(url)).status).toBe(200);
    await end(kit);
  });

  test('web sockets come in when the script takes them, as many as calls and three', async () => {
    const { kit, url } = await begin(`${SCRIPT}
      VoxEngine.addEventListener(AppEvents.HttpRequest, () => VoxEngine.allowWebSocketConnections());
      VoxEngine.addEventListener(AppEvents.NewWebSocketFailed, e => Logger.write('failed ' + e.reason + e.method));
      VoxEngine.addEventListener(AppEvents.WebSocket, e => { watch(e.websocket); e.websocket.send('welcome ' + e.headers[0]?.value); });`);
    const ws = url.replace('http', 'ws');
    const dial = (to: string): Promise<WebSocket | number> =>
      new Promise((resolve) => {
        const socket = new WebSocket(to, { headers: { 'X-Name': 'bot' } });
        toClose.push(() => socket.terminate());
        socket.on('error', () => {});
        socket.once('message', (data) => resolve(Object.assign(socket, { first: String(data) })));
        socket.once('unexpected-response', (_request, { statusCode }) => resolve(statusCode ?? 0));
      });
    expect(await dial(ws)).toBe(403);
    expect(await dial(`${ws.slice(0, -1)}z`)).toBe(404);
    await fetch(url);
    const sockets = [await dial(ws), await dial(ws), await dial(ws)];
    expect(sockets).toMatchObject([
      { first: 'welcome bot' },
      { first: 'welcome bot' },
      { first: 'welcome bot' },
    ]);
    expect(await dial(ws)).toBe(503);
    await soon(() =>
      expect(kit.logs.at(-1)).toMatch(/^failed the session takes at most 3 web sockets.*GET$/),
    );
    (sockets[0] as WebSocket).send('hello');
    await soon(() => expect(kit.logs).toContain('MESSAGE {"text":"hello"}'));
    (sockets[1] as WebSocket).terminate();
    await soon(() => expect(kit.logs).toContain('CLOSE {"code":1006,"reason":"","wasClean":false}'));
    // A handshake that fails takes no place for ever.
    const raw = connect({ host: '127.0.0.1', port: Number(new URL(url).port) });
    raw.write(
      `GET ${new URL(url).pathname} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`,
    );
    const [answer] = (await once(raw, 'data')) as [Buffer];
    expect(String(answer)).toContain('400 Bad Request');
    raw.destroy();
    expect(await dial(ws)).toMatchObject({ first: 'welcome bot' });
    const closed = new Promise((resolve) => (sockets[0] as WebSocket).once('close', resolve));
    await fetch(url, { method: 'POST', body: 'end' });
    expect(await closed).toBe(1001);
    await soon(() => kit.expectNothingLeft());
  });
});

test('the fence judges what a name resolves to, and the connection goes there', async () => {
  const peer = await listen();
  const { port } = new URL(peer.url);
  const open = async (url: string, address: string, ...allowed: string[]): Promise<void> => {
    const resolve = async () => [{ address, family: 4 }];
    const sockets = new FencedWebSockets({ fence: new NetFence(allowed), clock: systemClock, resolve });
    const { signal } = new AbortController();
    const request = { url, protocols: [], headers: [], timeoutSeconds: 5, signal };
    await sockets.open(request, (socket) => {
      socket.send('here');
      toClose.push(() => socket.terminate());
    });
  };
  await expect(open('wss://ai.example.com/', '10.0.0.7')).rejects.toThrow(
    'ai.example.com is a private address',
  );
  await open(`ws://voice.test:${port}/`, '127.0.0.1', 'voice.test');
  await soon(() => expect(peer.said).toEqual(['here']));
  expect(peer.requests[0]?.headers.host).toBe(`voice.test:${port}`);
  // TLS is spoken to the address that was judged, with the name of the URL.
  const hello = createServer((socket) =>
    socket.once('data', (bytes) =>
      socket.end(bytes.includes('voice.test') ? 'HTTP/1.1 400 No TLS\r\n\r\n' : ''),
    ),
  );
  await expect(
    open(`wss://voice.test:${await listening(hello)}/`, '127.0.0.1', 'voice.test'),
  ).rejects.toThrow(/SSL|wrong version/);
});

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  toClose.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function end(kit: SessionKit): Promise<void> {
  const closed = kit.service.close(1000);
  await soon(async () => {
    await kit.advance(2_000);
    kit.expectNothingLeft();
  });
  await closed;
}
