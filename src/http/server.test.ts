import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { StorageError } from '../storage/errors.ts';
import { createApp } from './app.ts';
import { problemOf } from './problems.ts';
import { createHttpServer, type HttpServer } from './server.ts';
import { createWorld, type World } from './test-support/world.ts';

let world: World;
let server: HttpServer;

beforeAll(async () => {
  world = await createWorld();
  server = await createHttpServer({
    ...world.options,
    settings: { host: '127.0.0.1', port: 0, maxConnections: 20 },
  });
});
afterAll(async () => {
  await server.close();
  await world.close();
});

function dial(): Socket {
  const { hostname, port } = new URL(server.url);
  return connect({ host: hostname, port: Number(port) });
}

/** Everything that comes until the connection ends. */
async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => void chunks.push(chunk));
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString();
}

describe('the server', () => {
  test('listens once it is made, and says where', async () => {
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const response = await fetch(`${server.url}/health`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ ok: true });
  });

  test('a port that is taken is said with its code', async () => {
    const settings = { host: '127.0.0.1', port: Number(new URL(server.url).port) };
    await expect(createHttpServer({ ...world.options, settings })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });

  test.each([
    ['what is not HTTP', 'INVITE sip:+447700900101@x SIP/2.0\r\n\r\n', '400'],
    ['a header without an end', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}`, '431'],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', '400'],
  ])('%s is answered %s and cut', async (_what, sent, status) => {
    const socket = dial();
    socket.write(sent);
    const answer = await readAll(socket);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('application/problem+json');
    expect(answer).not.toContain('447700900101');
  });

  test('a stranger’s body is not waited for', async () => {
    const socket = dial();
    socket.write(
      'POST /v1/numbers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n',
    );
    const answer = await new Promise<string>((resolve) =>
      socket.once('data', (data) => resolve(String(data))),
    );
    expect(answer).toMatch(/^HTTP\/1.1 401 /);
    socket.destroy();
  });

  test('takes no more connections than it may', async () => {
    const sockets = Array.from({ length: 40 }, dial);
    let closed = 0;
    const enough = new Promise<void>((resolve) => {
      for (const socket of sockets) {
        socket.on('error', () => undefined);
        socket.on('close', () => {
          closed += 1;
          if (closed >= 20) resolve();
        });
      }
    });
    await enough;
    const gone = Promise.all(
      sockets.map((socket) => socket.destroyed || new Promise((resolve) => socket.once('close', resolve))),
    );
    for (const socket of sockets) socket.destroy();
    await gone;
  });

  test('closing ends it, idle connections too, and may be asked twice', async () => {
    const other = await createHttpServer(world.options);
    await fetch(`${other.url}/health`);
    await Promise.all([other.close(), other.close()]);
    await expect(fetch(`${other.url}/health`)).rejects.toThrow();
  });
});

describe('failures of what lies below', () => {
  test.each([
    ['storage/stopped', 503],
    ['storage/unreachable', 503],
    ['storage/corrupt', 500],
    ['entry/invalid', 422],
    ['entry/in-use', 409],
  ] as const)('%s is %i', (code, status) => {
    const problem = problemOf(new StorageError(code, 'Table call_legs.'), 'id');
    expect(problem).toMatchObject({ status, requestId: 'id', type: 'about:blank' });
    if (status >= 500) expect(problem.detail).not.toContain('call_legs');
    else expect(problem.detail).toMatch(/Table call_legs\.$/);
  });

  test.each([undefined, null, 'text', new Error('inner'), { statusCode: 200 }, new TypeError('x')])(
    '%s is 500 without internals',
    (thrown) => {
      const problem = problemOf(thrown, 'id');
      expect(problem).toMatchObject({ status: 500, code: 'node/fault' });
      expect(JSON.stringify(problem)).not.toContain('inner');
    },
  );

  test('a database that does not answer is 503 on every route that needs a key, and 200 on /health', async () => {
    const find = async () => {
      throw new StorageError('storage/unreachable');
    };
    const { apiKeys } = world.options;
    const broken = await createApp({
      ...world.options,
      apiKeys: {
        find,
        create: (key) => apiKeys.create(key),
        createServiceAccount: (key) => apiKeys.createServiceAccount(key),
        findServiceAccount: (id) => apiKeys.findServiceAccount(id),
        list: () => apiKeys.list(),
        revoke: (id) => apiKeys.revoke(id),
      },
    });
    const response = await broken.inject({ url: '/v1/calls', headers: await world.key('all') });
    expect(response.statusCode).toBe(503);
    expect(response.json()).toMatchObject({ code: 'storage/unavailable', retryable: true });
    expect((await broken.inject('/health')).statusCode).toBe(200);
    await broken.close();
  });
});
