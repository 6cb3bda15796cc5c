import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../test/kit/virtual-clock.ts';
import { systemClock } from '../../kernel/clock.ts';
import { FencedHttp, type HttpRequest } from './http-client.ts';
import { NetFence } from './net-fence.ts';

const servers: Server[] = [];

async function serve(
  handler: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<number> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => handler(request, response, Buffer.concat(chunks).toString()));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

function get(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return {
    method: 'GET',
    url,
    headers: [],
    body: undefined,
    timeoutSeconds: undefined,
    connectTimeoutSeconds: undefined,
    signal: new AbortController().signal,
    ...more,
  };
}

const open = new FencedHttp({ fence: new NetFence(['127.0.0.0/8', 'backend.test']), clock: systemClock });
const text = (body: Uint8Array): string => new TextDecoder().decode(body);

describe('the HTTP client of scenarios', () => {
  it('sends method, headers and body, and brings status, headers and body', async () => {
    const port = await serve((request, response, body) => {
      response.writeHead(201, {
        'X-Seen': `${request.method} ${request.url} ${request.headers['x-a']} ${request.headers['user-agent']} ${request.headers.cookie}`,
      });
      response.end(body.toUpperCase());
    });
    const answer = await open.request(
      get(`http://127.0.0.1:${port}/a?b=1`, {
        method: 'POST',
        headers: [
          ['X-A', '1'],
          ['Host', 'evil'],
          ['Connection', 'x'],
        ],
        body: 'hello',
      }),
    );
    expect(answer.code).toBe(201);
    expect(answer.headers).toContainEqual({ key: 'X-Seen', value: 'POST /a?b=1 1 VoxEngine/1.0 undefined' });
    expect(text(answer.body)).toBe('HELLO');
  });

  it('sends bytes as they are', async () => {
    const port = await serve((request, response) => response.end(request.headers['content-length']));
    expect(
      text((await open.request(get(`http://127.0.0.1:${port}/`, { method: 'PUT', body: [0, 255, 7] }))).body),
    ).toBe('3');
  });

  it('refuses private addresses, however they are spelled, and says which setting lets them', async () => {
    const closed = new FencedHttp({ fence: new NetFence(), clock: systemClock });
    for (const host of [
      '127.0.0.1',
      '127.1',
      '0x7f000001',
      '2130706433',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '169.254.169.254',
      '10.0.0.1',
      '[fe80::1]',
      '[fd00::1]',
    ]) {
      const { code, error } = await closed.request(get(`http://${host}/`));
      expect([host, code]).toEqual([host, 0]);
      expect(error).toMatch(/private address; add it to the setting scenario.httpAllow/);
    }
  });

  it('judges what a name resolves to, once, and connects to just that (DNS rebinding)', async () => {
    let lookups = 0;
    const port = await serve((_request, response) => response.end('in'));
    const rebinding = async (): Promise<{ address: string; family: number }[]> => {
      lookups++;
      return [{ address: lookups === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }];
    };
    const named = new FencedHttp({
      fence: new NetFence(['backend.test']),
      clock: systemClock,
      resolve: rebinding,
    });
    expect(text((await named.request(get(`http://backend.test:${port}/`))).body)).toBe('in');
    expect(lookups).toBe(1);
    const fenced = new FencedHttp({ fence: new NetFence(), clock: systemClock, resolve: rebinding });
    expect((await fenced.request(get(`http://public.test:${port}/`))).error).toMatch(/private address/);
  });

  it('judges redirects again, and does not carry secrets to another origin', async () => {
    const seen: (string | undefined)[] = [];
    const target = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.end('there');
    });
    const port = await serve((request, response) => {
      const location =
        request.url === '/out'
          ? 'http://10.0.0.1/'
          : request.url === '/loop'
            ? '/loop'
            : `http://127.0.0.1:${target}/`;
      response.writeHead(302, { location }).end();
    });
    const headers = [['Authorization', 'Bearer x']] as const;
    expect(text((await open.request(get(`http://127.0.0.1:${port}/`, { headers }))).body)).toBe('there');
    expect(seen).toEqual([undefined]);
    expect((await open.request(get(`http://127.0.0.1:${port}/out`))).error).toMatch(/private address/);
    expect((await open.request(get(`http://127.0.0.1:${port}/loop`))).error).toBe('more than 5 redirects');
  });

  it.each(['file:///etc/passwd', 'ftp://127.0.0.1/', 'nonsense', ''])('refuses the URL %s', async (url) => {
    expect((await open.request(get(url))).error).toMatch(/must begin with http/);
  });

  it('caps the answer at its size', async () => {
    const port = await serve((_request, response) => response.end(Buffer.alloc(3 * 1024 * 1024)));
    const { code, error } = await open.request(get(`http://127.0.0.1:${port}/`));
    expect([code, error]).toEqual([0, 'the answer is larger than 2 MB']);
  });

  it('gives up after the time-out, which a script may only lower', async () => {
    const clock = new VirtualClock();
    const arrived = Promise.withResolvers<void>();
    const port = await serve(() => arrived.resolve());
    const slow = new FencedHttp({ fence: new NetFence(['127.0.0.0/8']), clock });
    const [short, long] = [
      slow.request(get(`http://127.0.0.1:${port}/`, { timeoutSeconds: 3 })),
      slow.request(get(`http://127.0.0.1:${port}/`, { timeoutSeconds: 900 })),
    ];
    await arrived.promise;
    await clock.advance(3_000);
    expect((await short).error).toBe('no answer within 3 s');
    await clock.advance(87_000);
    expect((await long).error).toBe('no answer within 90 s');
    expect(clock.pending).toBe(0);
  });

  it('ends when the session ends', async () => {
    const controller = new AbortController();
    const port = await serve(() => controller.abort(new Error('over')));
    expect((await open.request(get(`http://127.0.0.1:${port}/`, { signal: controller.signal }))).error).toBe(
      'over',
    );
  });

  it('nobody listening, and an unknown host, are errors in words', async () => {
    const port = await serve(() => {});
    servers.pop()?.close();
    expect((await open.request(get(`http://127.0.0.1:${port}/`))).error).toMatch(/ECONNREFUSED/);
    const lost = new FencedHttp({
      fence: new NetFence(),
      clock: systemClock,
      resolve: () => Promise.reject(new Error('ENOTFOUND')),
    });
    expect((await lost.request(get('http://nowhere.test/'))).error).toBe(
      'the host nowhere.test is not known',
    );
  });
});
