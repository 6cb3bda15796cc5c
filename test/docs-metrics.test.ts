import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROWS } from '../script/grafana-dashboard.ts';
import { ALERTS } from '../script/prometheus-alerts.ts';
import { createKey } from '../src/cli/keys.ts';
import { trunkEntry } from './kit/trunk-entry.ts';
import { WholeServer } from './kit/whole-server.ts';

/** A dashboard that asks for a metric of another name shows an empty panel, on the night on which it is needed. */
let server: WholeServer;
let scraped: string;
beforeAll(async () => {
  server = await WholeServer.start({
    settings: (settings) => ({ ...settings, trunks: [trunkEntry({ name: 'carrier', host: '127.0.0.1' })] }),
  });
  const { storage, httpUrl } = server.maskline;
  const { secret } = await createKey(storage, { name: 'prometheus', scopes: ['metrics:read'] });
  const headers = { authorization: `Bearer ${secret}` };
  scraped = await (await fetch(`${httpUrl}/metrics`, { headers })).text();
});
afterAll(() => server?.stop());

const panels = ROWS.flatMap((row) => row.panels.map((panel) => ({ row: row.title, ...panel })));
const names = (query: string): string[] => query.match(/maskline_[a-z0-9_]+/g) ?? [];

test('every metric of the dashboard and of the alerts is one that a node has, with its labels', () => {
  const has = new Set([...scraped.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!));
  const asked = [
    ...panels.flatMap(({ queries }) => Object.keys(queries)),
    ...ALERTS.map(({ when }) => when),
  ].flatMap(names);
  expect(asked.length).toBeGreaterThan(25);
  const missing = asked.filter(
    (name) => !has.has(name) && !has.has(name.replace(/_(bucket|count|sum)$/, '')),
  );
  expect(missing).toEqual([]);
});

test('every metric of a node stands on the dashboard or in an alert, or is said to be left out', () => {
  const asked = new Set(
    [...panels.flatMap(({ queries }) => Object.keys(queries)), ...ALERTS.map(({ when }) => when)].flatMap(
      names,
    ),
  );
  const leftOut = new Set(['maskline_uptime_seconds', 'maskline_media_worker_legs', 'maskline_talk_seconds']);
  const has = [...scraped.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!);
  const unseen = has.filter(
    (name) =>
      !asked.has(name) && !asked.has(`${name}_bucket`) && !asked.has(`${name}_count`) && !leftOut.has(name),
  );
  expect(unseen).toEqual([]);
});

test('no metric holds a number, a name of a person or an id of a call', () => {
  expect(scraped).not.toMatch(/\+?\d{9,}[^.\d\n]*["}]/);
});

test('every panel and every alert says what to think and what to do', () => {
  for (const { description } of panels) expect(description.length).toBeGreaterThan(20);
  for (const { says, todo } of ALERTS) expect(Math.min(says.length, todo.length)).toBeGreaterThan(10);
});
