import { expect, test } from 'vitest';
import { settle, VirtualClock } from '../../test/kit/virtual-clock.ts';
import type { ScenarioSource } from '../call/types.ts';
import { type EventLog, type EventLogStore, hashOf, LoggedSandboxes, withoutSecrets } from './event-log.ts';
import { maskEventLog } from './event-log-mask.ts';
import { changedScripts, replay } from './event-log-replay.ts';
import { EventLogWriter } from './event-log-writer.ts';
import type { HostEvent } from './protocol.ts';
import { DEFAULT_LIMITS } from './sandbox/limits.ts';
import { LocalSandboxes } from './sandbox/local-sandboxes.ts';
import { AT, alerting, STARTED } from './test-support/sandbox-kit.ts';

const MENU = `VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call, callerid }) => {
  call.addEventListener(CallEvents.ToneReceived, ({ tone }) => {
    Logger.write(callerid + ' ' + uuidgen() + ' ' + Math.random() + ' ' + Date.now());
    if (tone === '1') VoxEngine.callPSTN('+447700900202', '+442079460123');
    else call.hangup();
  });
  call.answer();
  call.handleTones(true);
})`;
const tone = (key: string, at: number): HostEvent => ({
  type: 'call-tone',
  at,
  callId: 'call-in',
  tone: key,
});

const scripts = (source: string): ScenarioSource[] => [{ name: 'menu.js', source }];
let local: LocalSandboxes | undefined;

/** A session of these events, and what was kept of it. */
async function record(source: string, events: readonly HostEvent[], room = 100_000): Promise<EventLog> {
  local ??= new LocalSandboxes({ limits: DEFAULT_LIMITS, warm: 1 });
  await local.ready;
  const logs: EventLog[] = [];
  const sandboxes = new LoggedSandboxes(local, room, (log) => logs.push(log));
  let turns = 0;
  const sandbox = sandboxes.open({ scripts: scripts(source), started: STARTED, onTurn: () => turns++ });
  for (const event of events) sandbox.post(event);
  for (let round = 0; round < 50 && turns <= events.length && logs.length === 0; round++) await settle();
  sandbox.close();
  sandbox.close();
  expect(logs).toHaveLength(1);
  return logs[0] as EventLog;
}

test('a session that is run again does the same: dice, ids and time included', async () => {
  const log = await record(MENU, [alerting(), tone('1', AT + 3_200), tone('2', AT + 4_000)]);
  expect(log.turns.map(({ event }) => event.type)).toEqual([
    'started',
    'call-alerting',
    'call-tone',
    'call-tone',
  ]);
  expect(log.scripts).toEqual([{ name: 'menu.js', sha256: hashOf({ name: '', source: MENU }) }]);
  expect(changedScripts(log, scripts(MENU))).toEqual([]);
  const kept = JSON.parse(JSON.stringify(log)) as EventLog;
  expect(await replay(kept, scripts(MENU), { masked: false })).toEqual({
    turns: 4,
    commands: 6,
    parting: undefined,
  });
});

test('a script that has changed is named, and where the runs part is found', async () => {
  const log = await record(MENU, [alerting(), tone('1', AT + 3_200)]);
  const changed = scripts(MENU.replace("tone === '1'", "tone === '2'"));
  expect(changedScripts(log, changed)).toMatchObject([{ name: 'menu.js', recorded: log.scripts[0]?.sha256 }]);
  expect(changedScripts(log, [])).toMatchObject([{ name: 'menu.js', now: undefined }]);
  const { turns, parting } = await replay(log, changed, { masked: false });
  expect(turns).toBe(2);
  expect(parting).toMatchObject({ turn: 2, ms: 3_200, event: { type: 'call-tone', tone: '1' } });
  expect(parting?.same).toHaveLength(1);
  expect(JSON.parse(parting?.recorded ?? '')).toMatchObject({ type: 'dial' });
  expect(JSON.parse(parting?.now ?? '')).toMatchObject({ type: 'call-hangup' });

  const failing = scripts(MENU.replace('call.answer();', 'nobody.answers();'));
  expect((await replay(log, failing, { masked: false })).parting?.now).toMatch(
    /^failed: .*nobody.* \(menu\.js:7\)$/,
  );
});

test('a script that failed fails again; its log is whole', async () => {
  const source = 'VoxEngine.addEventListener(AppEvents.CallAlerting, () => null.x)';
  const log = await record(source, [alerting()]);
  expect(log.turns.at(-1)?.error).toMatchObject({ scenario: 'menu.js' });
  expect((await replay(log, scripts(source), { masked: false })).parting).toBeUndefined();
});

test('without numbers and pressed keys the same script still does the same, until it looks at one', async () => {
  const log = maskEventLog(await record(MENU, [alerting(), tone('2', AT + 1_000), tone('1', AT + 2_000)]));
  const text = JSON.stringify(log);
  expect(text).not.toMatch(/\+4477009002\d\d|\+79120000001|"tone":"\d"/);
  const { parting } = await replay(log, scripts(MENU), { masked: true });
  expect(parting).toMatchObject({ turn: 3, event: { tone: '•' } });
});

test('a session is kept up to a bound, from its beginning, without a gap', async () => {
  const log = await record(MENU, [alerting(), tone('1', AT), tone('1', AT), tone('1', AT)], 1_500);
  expect(log.turns.length).toBeLessThan(5);
  expect(log.turns.length + log.omitted).toBe(5);
  expect((await replay(log, scripts(MENU), { masked: false })).parting).toBeUndefined();
});

test('passwords and keys in commands are left out, the rest stays as it is', () => {
  const http = JSON.stringify({
    ...{ type: 'http-request', url: 'https://b.test/a?api_key=1&order=7&access-token=2' },
    headers: [
      ['Authorization', 'Bearer 1'],
      ['X-Api-Key', '2'],
      ['Accept', 'text'],
    ],
  });
  expect(JSON.parse(withoutSecrets(http))).toEqual({
    ...{ type: 'http-request', url: 'https://b.test/a?api_key=•&order=7&access-token=•' },
    headers: [
      ['Authorization', '•'],
      ['X-Api-Key', '•'],
      ['Accept', 'text'],
    ],
  });
  const dial = { type: 'dial', target: { kind: 'sip', auth: { username: 'u', password: 'p' } } };
  expect(withoutSecrets(JSON.stringify(dial))).not.toContain('"p"');
  expect(withoutSecrets('{"type":"log","message":"author"}')).toBe('{"type":"log","message":"author"}');
});

class Store implements EventLogStore {
  readonly kept: EventLog[] = [];
  readonly purged: (readonly [number, number])[] = [];
  broken = false;
  append(logs: readonly EventLog[]): Promise<void> {
    if (this.broken) return Promise.reject(new Error('away'));
    this.kept.push(...logs);
    return Promise.resolve();
  }
  read(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
  purge(before: number, totalBytes: number): Promise<number> {
    this.purged.push([before, totalBytes]);
    return Promise.resolve(0);
  }
}

test('logs are written behind, kept while the database is away, purged, and written at the end', async () => {
  const clock = new VirtualClock(1_000_000_000);
  const store = new Store();
  const warnings: string[] = [];
  const log = { ...console, warn: (_: object, message: string) => warnings.push(message), child: () => log };
  const writer = new EventLogWriter({ store, settings: { hours: 24, totalMegabytes: 2 }, clock, log });
  const one: EventLog = { sessionId: 's', at: 0, scripts: [], started: STARTED, turns: [], omitted: 0 };
  store.broken = true;
  for (let i = 0; i < 600; i++) writer.add(one);
  expect(writer.counts).toEqual({ waiting: 500, lost: 100 });
  await clock.advance(1_500);
  expect(warnings).toEqual(['event logs of scenarios cannot be written yet']);
  store.broken = false;
  await clock.advance(5_000);
  expect(store.kept).toHaveLength(500);
  await clock.advance(40_000);
  expect(store.purged).toEqual([[1_000_000_000 + 40_000 - 86_400_000, 2 * 1024 * 1024]]);
  writer.add(one);
  await writer.close();
  writer.add(one);
  expect(store.kept).toHaveLength(501);
  expect(clock.pending).toBe(0);
});
