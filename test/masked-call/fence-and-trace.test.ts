import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { scenarioCommand } from '../../src/cli/scenario/command.ts';
import { traceCommand } from '../../src/cli/trace.ts';
import { PhoneNumber } from '../../src/kernel/phone-number.ts';
import { DRIVER, PASSENGER, SERVICE, WholeServer } from '../kit/whole-server.ts';

const ABROAD = '+442079460180';
const TALKS = '+442079460181';
/** Reserved for drama, and of no account: it goes to a trunk. */
const STRANGER = '+447700900999';

const dials = (number: string): string => `
VoxEngine.addEventListener(AppEvents.CallAlerting, ({ call, destination }) => {
  VoxEngine.easyProcess(call, VoxEngine.callPSTN('${number}', destination));
});
`;

let server: WholeServer;

beforeAll(async () => {
  server = await WholeServer.start({
    scenarios: { [ABROAD]: dials('+881612345678'), [TALKS]: dials(STRANGER) },
    settings: (settings) => ({
      ...settings,
      trunks: [],
      applications: settings.applications.map((one) => ({
        ...one,
        fence: { ...one.fence, concurrentCalls: 1 },
      })),
    }),
  });
});
afterAll(() => server.stop());

const get = async (
  path: string,
  scopes: readonly ('traces:read' | 'numbers:read' | 'calls:read' | 'metrics:read')[],
) => {
  const { secret } = await server.maskline.storage.apiKeys.create({
    name: 'test',
    scopes,
    applicationId: undefined,
  });
  return await fetch(`${server.maskline.httpUrl}${path}`, { headers: { authorization: `Bearer ${secret}` } });
};

describe('the fence of a whole server', () => {
  it('refuses a satellite number before anything is sent, and says so in the record and the metric', async () => {
    const driver = await server.phone('driver');
    const call = driver.call(ABROAD);
    await call.waitFor('ended');
    const record = await server.closedRecord();
    expect(record.reason).toBe(
      'refused: the fence of the application does not allow premium-rate, shared-cost, personal and satellite numbers',
    );
    expect(record.legs.find((leg) => !leg.incoming)).toMatchObject({ code: 403, endedBy: 'fault' });
    const metrics = await (await get('/metrics', ['metrics:read'])).text();
    expect(metrics).toContain('maskline_fence_refused_total{reason="premium"} 1');
    const warning = server.logLines.find((line) => line.includes('the fence refused a call'));
    expect(warning).toContain('fence.premium');
    expect(warning).not.toContain('61234567');
    await server.reset();
  });

  it('lets a call to its own country pass, and gives its place back', async () => {
    const driver = await server.phone('driver');
    for (let round = 0; round < 2; round++) {
      const call = driver.call(TALKS);
      await call.waitFor('ended');
      // There is no trunk; the fence had no objection.
      expect((await server.closedRecord()).reason).toBe('unreachable (503)');
    }
    await server.reset();
  });
});

describe('[row 43] the SIP trace of a masked call', () => {
  it('is a ladder of both legs, without numbers, for keys that may read traces', async () => {
    const driver = await server.phone('driver');
    const passenger = await server.phone('passenger', { answer: { ringAfterMs: 0, answerAfterMs: 50 } });
    const call = driver.call(SERVICE);
    const incoming = await passenger.nextCall();
    await call.waitFor('connected');
    await incoming.waitFor('connected');
    call.hangup();
    await incoming.waitFor('ended');
    const { id } = await server.closedRecord();
    const path = `/v1/calls/${id}/trace`;

    await expect
      .poll(
        async () =>
          (await (await get(`${path}?format=ladder`, ['traces:read'])).text()).match(/BYE/g)?.length,
        {
          timeout: 10_000,
        },
      )
      .toBeGreaterThanOrEqual(4);
    const hidden = await (await get(`${path}?format=ladder`, ['traces:read'])).text();
    expect(hidden.split('\n')[0]).toMatch(/ms {2}caller +Maskline +called/);
    expect(hidden).toMatch(/\|── INVITE \+4•+\d\d \(SDP\) ─+▶\|/);
    expect(hidden).toMatch(/\| {46}\|── INVITE /);
    const digits = [DRIVER, PASSENGER, SERVICE].map((number) => number.slice(4));
    for (const one of digits) expect(hidden).not.toContain(one);

    const all = await (await get(path, ['traces:read'])).text();
    for (const one of digits) expect(all).not.toContain(one);
    expect(all).toContain('Authorization: [left out]');
    expect(all).toContain('"omitted":0');

    const clear = await (await get(path, ['traces:read', 'numbers:read'])).text();
    expect(clear).toContain(SERVICE);
    expect(clear).not.toContain('response=');

    expect((await get(path, ['calls:read'])).status).toBe(403);
    expect((await get('/v1/calls/nothing/trace', ['traces:read'])).status).toBe(404);
    await server.reset();
  });

  it('is printed by `maskline trace`', async () => {
    const { storage, httpUrl } = server.maskline;
    const [record] = (await storage.records.list({ limit: 1 })).items;
    const { secret } = await storage.apiKeys.create({
      name: 'test',
      scopes: ['traces:read'],
      applicationId: undefined,
    });
    const printed: string[] = [];
    const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line));
    try {
      const where = ['--url', httpUrl, '--key', secret];
      expect(await traceCommand([record?.id ?? '', ...where])).toBe(0);
      expect(printed.join('\n')).toContain('── INVITE +4•');
      await expect(traceCommand(['nothing', ...where])).rejects.toMatchObject({
        hint: expect.stringContaining('GET /v1/calls'),
      });
    } finally {
      log.mockRestore();
    }
  });

  it('and its session can be run again by `maskline scenario replay`', async () => {
    const { storage, httpUrl } = server.maskline;
    const [record] = (await storage.records.list({ limit: 1 })).items;
    const id = record?.id ?? '';
    await expect.poll(() => storage.eventLogs.read(id), { timeout: 10_000 }).toBeDefined();
    const printed: string[] = [];
    const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line));
    try {
      for (const more of [['numbers:read'], []] as const) {
        const scopes = ['traces:read', 'scenarios:read', ...more] as const;
        const { secret } = await storage.apiKeys.create({ name: 'test', scopes, applicationId: undefined });
        expect(await scenarioCommand(['replay', id, '--show', '--url', httpUrl, '--key', secret])).toBe(0);
        expect(printed.pop()).toMatch(/^The same: \d\d events, \d+ commands\.$/);
      }
    } finally {
      log.mockRestore();
    }
    const kept = await storage.eventLogs.read(id);
    const types = kept?.turns.map(({ event }) => event.type);
    expect(types).toEqual(
      expect.arrayContaining(['started', 'call-alerting', 'http-response', 'terminated']),
    );
  });

  it('is sealed in the database, and in no log', async () => {
    const page = await server.maskline.storage.records.list({ limit: 1 });
    const trace = await server.maskline.storage.traces.read(page.items[0]?.id ?? '');
    expect(trace.messages.length).toBeGreaterThan(10);
    const said = trace.messages.find(({ text }) => text.startsWith('INVITE'))?.text.split('\r\n')[0] ?? '';
    expect(said).toContain('INVITE sip:');
    expect(server.logLines.join('\n')).not.toContain(said);
    expect(server.logLines.join('\n')).not.toContain(
      PhoneNumber.parse(PASSENGER).reveal('leak-scan').slice(4),
    );
  });
});
