import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createHttpServer, type HttpServer } from '../../http/server.ts';
import { storeCall } from '../../http/test-support/calls.ts';
import { createWorld, type World } from '../../http/test-support/world.ts';
import { type EventLog, LoggedSandboxes } from '../../scenario/event-log.ts';
import { DEFAULT_LIMITS } from '../../scenario/sandbox/limits.ts';
import { LocalSandboxes } from '../../scenario/sandbox/local-sandboxes.ts';
import { AT, alerting, STARTED } from '../../scenario/test-support/sandbox-kit.ts';
import { scenarioCommand } from './command.ts';

const SCRIPT = `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call, callerid }) => {
  call.addEventListener(CallEvents.ToneReceived, ({ tone }) => tone === '1' ? call.hangup() : Logger.write(callerid));
  call.answer();
})`;

let world: World;
let server: HttpServer;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'maskline-replay-'));
  world = await createWorld();
  server = await createHttpServer(world.options);
  await world.storage.admin.putScenario(world.applications.taxi, 'menu', SCRIPT);
  await storeCall(world, 'call-1', 'taxi');
  await world.storage.eventLogs.append([await record()]);
}, 60_000);
afterAll(async () => {
  await server.close();
  await world.close();
  rmSync(folder, { recursive: true });
});

/** A session as a node runs it. */
async function record(): Promise<EventLog> {
  const { promise, resolve } = Promise.withResolvers<EventLog>();
  const sandboxes = new LoggedSandboxes(
    new LocalSandboxes({ limits: DEFAULT_LIMITS, warm: 1 }),
    100_000,
    resolve,
  );
  await sandboxes.ready;
  let turns = 0;
  const sandbox = sandboxes.open({
    scripts: [{ name: 'menu', source: SCRIPT }],
    started: { ...STARTED, sessionId: 'call-1', applicationId: world.applications.taxi },
    onTurn: () => {
      if (++turns === 4) sandbox.close();
    },
  });
  sandbox.post(alerting());
  sandbox.post({ type: 'call-tone', at: AT + 2_500, callId: 'call-in', tone: '2' });
  sandbox.post({ type: 'call-tone', at: AT + 4_500, callId: 'call-in', tone: '1' });
  return await promise;
}

async function run(
  scopes: Parameters<World['key']>[0],
  ...args: string[]
): Promise<{ status: number; text: string }> {
  let text = '';
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => {
    text += `${line}\n`;
  });
  try {
    const key = (await world.key(scopes)).authorization.replace('Bearer ', '');
    const status = await scenarioCommand(['replay', ...args, '--url', server.url, '--key', key]);
    return { status, text };
  } finally {
    log.mockRestore();
  }
}

test('a session of the node, from its events and its scripts', async () => {
  const { status, text } = await run(['traces:read', 'numbers:read', 'scenarios:read'], 'call-1', '--show');
  expect(text).toContain('The same: 4 events, 3 commands.');
  expect(text).toMatch(/ 2500 {2}call-tone \{"callId":"call-in","tone":"2"\}\n +→ \{"type":"log"/);
  expect(status).toBe(0);
});

test('a changed script is refused, with its name and hashes; forced, it is shown where they part', async () => {
  const file = join(folder, 'menu.js');
  writeFileSync(file, SCRIPT.replace('call.hangup()', "call.say('bye')"));
  const saved = join(folder, 'saved.json');
  const all = ['traces:read', 'numbers:read'] as const;
  const refused = await run(all, 'call-1', '--script', file, '--save', saved);
  expect(refused.status).toBe(1);
  expect(refused.text).toMatch(
    /^menu has changed since: what ran has sha256 [0-9a-f]{12}…, this one [0-9a-f]{12}…\.$/m,
  );

  // The file is enough.
  const forced = await run([], saved, '--script', file, '--force');
  expect(forced.status).toBe(1);
  expect(forced.text).toContain('The same for 3 events and 2 commands. Then, 4.5 s into the session, after');
  expect(forced.text).toMatch(
    /call-tone .*"1".*\nthe session did\n {2}\{"type":"call-hangup".*\nand the script does\n {2}\{"type":"call-play"/,
  );
  const json = await run([], saved, '--script', file, '--force', '--json');
  expect(JSON.parse(json.text)).toMatchObject({
    ok: false,
    turns: 3,
    parting: { turn: 3, ms: 4_500 },
    omitted: 0,
  });
});

test('numbers and pressed keys are for keys that may read numbers', async () => {
  const saved = join(folder, 'hidden.json');
  const { status, text } = await run(['traces:read', 'scenarios:read'], 'call-1', '--save', saved);
  expect(readFileSync(saved, 'utf8')).not.toMatch(/\+79120000001|"tone":"1"/);
  expect(status).toBe(1);
  expect(text).toContain('hidden from this key (numbers:read)');
});

test('who may not, and what is not there', async () => {
  await expect(run(['calls:read'], 'call-1')).rejects.toThrow(/traces:read/);
  await expect(run(['traces:read'], 'call-2')).rejects.toThrow();
  await storeCall(world, 'call-3', 'taxi');
  await expect(run(['traces:read'], 'call-3')).rejects.toThrow('Nothing is kept');
  const key = await world.key(['traces:read'], 'delivery');
  const other = await world.app.inject({ url: '/v1/calls/call-1/replay', headers: key });
  expect(other.statusCode).toBe(404);
});

test('what is too old or too much goes', async () => {
  const { eventLogs } = world.storage;
  const log = (await eventLogs.read('call-1')) as EventLog;
  await eventLogs.append([
    { ...log, sessionId: 'old', at: log.at - 1 },
    log,
    { ...log, sessionId: 'new', at: log.at + 1 },
  ]);
  expect(await eventLogs.purge(log.at, 1_000_000)).toBe(1);
  expect(await eventLogs.purge(0, 1)).toBe(2);
  expect(await eventLogs.read('new')).toBeUndefined();
});
