import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type EventLog, LoggedSandboxes } from '../../scenario/event-log.ts';
import { maskEventLog } from '../../scenario/event-log-mask.ts';
import { DEFAULT_LIMITS } from '../../scenario/sandbox/limits.ts';
import { LocalSandboxes } from '../../scenario/sandbox/local-sandboxes.ts';
import { AT, alerting, STARTED } from '../../scenario/test-support/sandbox-kit.ts';
import { scenarioCommand } from './command.ts';

const SCRIPT = `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call, callerid }) => {
  call.addEventListener(CallEvents.ToneReceived, ({ tone }) => tone === '1' ? call.hangup() : Logger.write(callerid));
  call.answer();
})`;

let server: Server;
let url: string;
let folder: string;
let log: EventLog;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'maskline-replay-'));
  log = await record();
  server = createServer((request, response) => {
    const answer = answers()[request.url ?? ''];
    const problem = { detail: 'Nothing is kept of it.', hint: 'Ask earlier.' };
    response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer ?? problem));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** What a node says; `src/http/routes.test.ts` has the node's side. */
const answers = (): Readonly<Record<string, object>> => ({
  '/v1/calls/call-1/replay': { numbers: true, log },
  '/v1/calls/hidden/replay': { numbers: false, log: maskEventLog(log) },
  '/v1/scenarios/menu?application=taxi': { source: SCRIPT },
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
    started: { ...STARTED, sessionId: 'call-1', applicationId: 'taxi' },
    onTurn: () => {
      if (++turns === 4) sandbox.close();
    },
  });
  sandbox.post(alerting());
  sandbox.post({ type: 'call-tone', at: AT + 2_500, callId: 'call-in', tone: '2' });
  sandbox.post({ type: 'call-tone', at: AT + 4_500, callId: 'call-in', tone: '1' });
  return await promise;
}

async function run(...args: string[]): Promise<{ status: number; text: string }> {
  let text = '';
  const spy = vi.spyOn(console, 'log').mockImplementation((line: string) => {
    text += `${line}\n`;
  });
  try {
    const status = await scenarioCommand(['replay', ...args, '--url', url, '--key', 'mk_test']);
    return { status, text };
  } finally {
    spy.mockRestore();
  }
}

test('a session of the node, from its events and its scripts', async () => {
  const { status, text } = await run('call-1', '--show');
  expect(text).toContain('The same: 4 events, 3 commands.');
  expect(text).toMatch(/ 2500 {2}call-tone \{"callId":"call-in","tone":"2"\}\n +→ \{"type":"log"/);
  expect(status).toBe(0);
});

test('a changed script is refused, with its name and hashes; forced, it is shown where they part', async () => {
  const file = join(folder, 'menu.js');
  writeFileSync(file, SCRIPT.replace('call.hangup()', "call.say('bye')"));
  const saved = join(folder, 'saved.json');
  const refused = await run('call-1', '--script', file, '--save', saved);
  expect(refused.status).toBe(1);
  expect(refused.text).toMatch(
    /^menu has changed since: what ran has sha256 [0-9a-f]{12}…, this one [0-9a-f]{12}…\.$/m,
  );

  // The file is enough.
  const forced = await run(saved, '--script', file, '--force');
  expect(forced.status).toBe(1);
  expect(forced.text).toContain('The same for 3 events and 2 commands. Then, 4.5 s into the session, after');
  expect(forced.text).toMatch(
    /call-tone .*"1".*\nthe session did\n {2}\{"type":"call-hangup".*\nand the script does\n {2}\{"type":"call-play"/,
  );
  const json = await run(saved, '--script', file, '--force', '--json');
  expect(JSON.parse(json.text)).toMatchObject({
    ok: false,
    turns: 3,
    parting: { turn: 3, ms: 4_500 },
    omitted: 0,
  });
});

test('without numbers and pressed keys it says why it parts', async () => {
  const { status, text } = await run('hidden');
  expect(status).toBe(1);
  expect(text).toContain('hidden from this key (numbers:read)');
});

test('what a node does not have, and what is no log', async () => {
  await expect(run('call-2')).rejects.toThrow('Nothing is kept of it.');
  const file = join(folder, 'other.json');
  writeFileSync(file, '{}');
  await expect(run(file)).rejects.toThrow('is no event log');
});
