import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leg, record, START } from '../../test/kit/call-records.ts';
import { createApp } from './app.ts';
import type { AuditEntry } from './ports.ts';
import { createWorld, NUMBERS, type World } from './test-support/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
  const { taxi, delivery } = world.applications;
  for (const [id, applicationId] of [
    ['call-1', taxi],
    ['call-2', delivery],
  ] as const)
    await world.storage.records.apply([
      { kind: 'open', record: record({ id, applicationId }) },
      { kind: 'leg', sessionId: id, leg: leg({ callId: `${id}-leg`, callerid: NUMBERS.driver }) },
    ]);
  await world.storage.traces.append([
    {
      ...{ id: 't', sessionId: 'call-1', legId: 'call-1-leg', omitted: 0 },
      messages: [
        {
          ...{ at: START, legId: 'call-1-leg', direction: 'in', transport: 'udp' },
          ...{
            local: '192.0.2.1:5060',
            remote: '192.0.2.2:5060',
            text: 'INVITE sip:+447700900101@a SIP/2.0',
          },
        },
      ],
    },
  ]);
});
afterAll(() => world.close());

const rows = async (): Promise<readonly AuditEntry[]> =>
  (await world.storage.audit.list({ applicationId: undefined }, { limit: 100 })).items;

describe('the audit log', () => {
  it.each([
    ['/v1/calls/call-1', 'call-1', ['call-1']],
    ['/v1/calls', '', ['call-1', 'call-2']],
    ['/v1/calls/call-1/trace', 'call-1', ['call-1']],
    ['/v1/calls/call-1/trace?format=ladder', 'call-1', ['call-1']],
    ['/v1/numbers', '', []],
  ])('names who saw digits, and of what: %s', async (url, subject, subjects) => {
    const before = (await rows()).length;
    const headers = await world.key(['calls:read', 'traces:read', 'numbers:read']);
    const answer = await world.app.inject({ url, headers });
    expect(answer.statusCode).toBe(200);
    const [row, ...older] = await rows();
    expect(older).toHaveLength(before);
    expect(row).toMatchObject({ action: 'numbers.shown', subject });
    const detail = row?.detail as { readonly subjects: string[]; readonly route: string };
    expect([...detail.subjects].sort()).toEqual(subjects);
    expect(detail.route).toBe(`GET ${url.replace(/\?.*/, '').replace('call-1', ':id')}`);
    expect(JSON.stringify(row)).not.toMatch(/7700900|20794604/);
  });

  it('carries the application of a bound key', async () => {
    const before = (await rows()).length;
    const headers = await world.key(['calls:read', 'numbers:read'], 'taxi');
    const answer = await world.app.inject({ url: '/v1/calls/call-1', headers });
    expect(answer.body).toContain('447700900101');
    expect((await rows())[0]?.applicationId).toBe(world.applications.taxi);
    expect(await rows()).toHaveLength(before + 1);
  });

  it('says nothing of answers without digits', async () => {
    const before = (await rows()).length;
    const headers = await world.key(['calls:read', 'traces:read']);
    for (const url of ['/v1/calls', '/v1/calls/call-1', '/v1/calls/call-1/trace']) {
      const answer = await world.app.inject({ url, headers });
      expect(answer.statusCode).toBe(200);
      expect(answer.body).not.toContain('7700900101');
    }
    expect((await world.app.inject({ url: '/v1/calls/nothing', headers })).statusCode).toBe(404);
    expect(await rows()).toHaveLength(before);
  });

  it('comes first: no digits leave when the row cannot be written, and nothing is changed', async () => {
    const audit = { ...world.options.audit, write: () => Promise.reject(new Error('the disk is full')) };
    const app = await createApp({ ...world.options, audit });
    const headers = await world.key('all');
    const shown = await app.inject({ url: '/v1/calls/call-1', headers });
    expect(shown.statusCode).toBe(500);
    expect(shown.body).not.toContain('7700900101');
    const keys = (await world.storage.apiKeys.list()).length;
    const made = await app.inject({
      ...{ method: 'POST', url: '/v1/keys', headers },
      payload: { name: 'mine', scopes: ['calls:read'] },
    });
    expect(made.statusCode).toBe(500);
    expect(await world.storage.apiKeys.list()).toHaveLength(keys);
    await app.close();
  });

  it('tells a change before it is made', async () => {
    const headers = await world.key('all');
    const made = await world.app.inject({
      ...{ method: 'POST', url: '/v1/keys', headers },
      payload: { name: 'mine', scopes: ['calls:read'] },
    });
    const { id } = made.json<{ id: string }>();
    expect((await world.app.inject({ method: 'DELETE', url: `/v1/keys/${id}`, headers })).statusCode).toBe(
      204,
    );
    const [revoked, created] = await rows();
    expect(created).toMatchObject({ action: 'key.created', subject: '' });
    expect(revoked).toMatchObject({ action: 'key.revoked', subject: id, actor: created?.actor });
  });

  it('is read page by page, and by a bound key only what is of its application', async () => {
    const all = await world.key(['audit:read']);
    const pages: string[] = [];
    let url = '/v1/audit-log?limit=2';
    for (;;) {
      const { items, next } = (await world.app.inject({ url, headers: all })).json();
      pages.push(...items.map(({ id }: { id: string }) => id));
      if (next === undefined) break;
      url = `/v1/audit-log?limit=2&cursor=${next}`;
    }
    expect(pages).toHaveLength((await rows()).length);
    expect(new Set(pages).size).toBe(pages.length);
    const bound = await world.key(['audit:read'], 'taxi');
    const own = (await world.app.inject({ url: '/v1/audit-log', headers: bound })).json().items;
    expect(own.length).toBeGreaterThan(0);
    for (const { application } of own) expect(application).toBe(world.applications.taxi);
    const other = await world.app.inject({ url: '/v1/audit-log?application=delivery', headers: bound });
    expect(other.statusCode).toBe(404);
    const revoked = await world.app.inject({ url: '/v1/audit-log?action=key.revoked', headers: all });
    expect(revoked.json().items.map(({ action }: { action: string }) => action)).toEqual(['key.revoked']);
    for (const bad of ['cursor=abc', 'from=yesterday', 'action=x']) {
      const answer = await world.app.inject({ url: `/v1/audit-log?${bad}`, headers: all });
      expect(answer.statusCode).toBe(400);
    }
    const without = await world.key(['calls:read']);
    expect((await world.app.inject({ url: '/v1/audit-log', headers: without })).statusCode).toBe(403);
  });

  it('writes rows of requests that wait together, and all of them', async () => {
    const before = (await rows()).length;
    const headers = await world.key(['calls:read', 'numbers:read']);
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => world.app.inject({ url: '/v1/calls/call-1', headers })),
    );
    expect(answers.every(({ statusCode }) => statusCode === 200)).toBe(true);
    expect((await rows()).length).toBe(before + 30);
  });
});
