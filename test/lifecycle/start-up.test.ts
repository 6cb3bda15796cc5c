import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { startProgram } from './program.ts';

const root = mkdtempSync(join(tmpdir(), 'maskline-start-'));
const data = join(root, 'data');
afterAll(() => rmSync(root, { recursive: true, force: true }));
const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

const SIP = 'sip: { listen: [{ transport: udp, host: 127.0.0.1, port: 0 }] }';
const MEDIA = 'media: { host: 127.0.0.1 }';
const HTTP = 'http: { port: 0 }';

/** `script/server` with these settings: what it says to people, and how it ends. */
async function serve(...lines: string[]): Promise<{ status: number | string; said: string }> {
  const settings = join(root, 'maskline.yaml');
  writeFileSync(settings, ['log: { level: warn }', ...lines, ''].join('\n'));
  return await run('--settings', settings, '--data', data);
}

async function run(...args: string[]): Promise<{ status: number | string; said: string }> {
  const program = startProgram(['script/server', ...args]);
  const late = setTimeout(() => program.signal('SIGKILL', 'group'), 15_000);
  const status = await program.exited;
  clearTimeout(late);
  expect(program.anythingLeft()).toBe(false);
  return { status, said: program.stdout() + program.stderr() };
}

function expectRefusal({ status, said }: { status: number | string; said: string }, ...says: RegExp[]): void {
  for (const words of says) expect(said).toMatch(words);
  expect(said).not.toMatch(/\n {4}at /);
  expect(status).toBe(1);
}

async function takeTcp(): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push(() => server.close());
  return (server.address() as { port: number }).port;
}

async function takeUdp(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  opened.push(() => socket.close());
  return socket.address().port;
}

describe('a start that cannot be says why and what to do, with status 1, and leaves nothing running', () => {
  test('the SIP port is taken', async () => {
    const port = await takeUdp();
    const sip = `sip: { listen: [{ transport: udp, host: 127.0.0.1, port: ${port} }] }`;
    expectRefusal(await serve(sip, MEDIA, HTTP), new RegExp(`127.0.0.1:${port}`), /sip\.listen/);
  });

  test('the port of the API is taken', async () => {
    const port = await takeTcp();
    expectRefusal(
      await serve(SIP, MEDIA, `http: { port: ${port} }`),
      new RegExp(`127.0.0.1:${port}`),
      /http\.port/,
    );
  });

  test('an address that this machine does not have', async () => {
    const sip = 'sip: { listen: [{ transport: udp, host: 192.0.2.77, port: 0 }] }';
    expectRefusal(await serve(sip, MEDIA, HTTP), /192\.0\.2\.77/, /sip\.listen/);
  });

  test('a wrong key in the settings', async () => {
    expectRefusal(
      await serve('sip: { domian: example.com }'),
      /domian \(line 2\)/,
      /Did you mean "domain"\?/,
    );
  });

  test('the settings file is not there', async () => {
    expectRefusal(
      await run('--settings', join(root, 'nothing.yaml')),
      /nothing\.yaml cannot be read/,
      /settings\.md/,
    );
  });

  test('a scenario’s file is not there', async () => {
    const application = 'applications: [{ name: taxi, scenarios: { taxi: gone.js }, rules: [] }]';
    expectRefusal(
      await serve(SIP, MEDIA, HTTP, application),
      /\/applications\/0\/scenarios\/taxi/,
      /gone\.js/,
    );
  });

  test('an example that there is not', async () => {
    expectRefusal(await run('--example', 'nothing'), /no example "nothing"/, /taxi/);
  });

  test('the data folder is in use', async () => {
    const settings = join(root, 'running.yaml');
    writeFileSync(settings, ['log: { level: info }', SIP, MEDIA, HTTP, ''].join('\n'));
    const first = startProgram(['script/server', '--settings', settings, '--data', data]);
    await first.line((line) => line.includes('Maskline is ready'));
    try {
      expectRefusal(await serve(SIP, MEDIA, HTTP), /data folder/, /Stop the other Maskline first/);
    } finally {
      await first.end('SIGTERM');
    }
    expect(await first.exited).toBe(0);
  });
});
