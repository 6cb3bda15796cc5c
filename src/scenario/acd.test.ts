import { describe, expect, it } from 'vitest';
import { parseCommand } from './parse-command.ts';
import type { HostEvent, Turn } from './protocol.ts';
import { AT, alerting, commandsOf, loadScript, logsFrom, logsOf } from './test-support/sandbox-kit.ts';
import { SessionKit } from './test-support/session-kit.ts';

/** What the queue answers to each request that a turn made. */
function offline(turn: Turn): HostEvent[] {
  return commandsOf(turn).flatMap((command): HostEvent[] =>
    command.type === 'acd-enqueue' ? [{ type: 'acd-offline', at: AT, requestId: command.requestId }] : [],
  );
}

const ALL = (owner: string, unit: string): string =>
  `for (const name of Object.keys(${owner})) ${unit}.addEventListener(${owner}[name], e => told(name, e));`;

// https://voximplant.com/docs/references/voxengine/acdevents: "In this case, the request is not queued."
describe('enqueueACDRequest', () => {
  it('is answered with Offline, later and once, with the request', async () => {
    const { runtime, turn } = await loadScript(`require(Modules.ACD);
      const request = VoxEngine.enqueueACDRequest('main', '+74950000001', { priority: 1, headers: { 'X-A': '1' }, video: false, customData: 'x' });
      const told = (name, e) => { Logger.write(name + (e.request === request) + request.id().length); request.getStatus(); };
      ${ALL('ACDEvents', 'request')}`);
    expect(turn.error).toBeUndefined();
    expect(logsOf(turn)).toEqual([]);
    expect(commandsOf(turn)).toMatchObject([{ type: 'acd-enqueue', queue: 'main' }]);
    const [answer] = offline(turn);
    expect(logsOf(runtime.dispatch(answer as HostEvent))).toEqual([
      'Offlinetrue36',
      'ACDRequest.getStatus: the request is not queued, since its queue is offline.',
    ]);
    expect(runtime.dispatch(answer as HostEvent).commands).toEqual([]);
  });

  it('cancelled before, it is forgotten; afterwards nothing happens', async () => {
    const { runtime, turn } = await loadScript(
      `const r = VoxEngine.enqueueACDRequest('main'), f = () => Logger.write('no'); r.addEventListener(ACDEvents.Offline, f);
       const gone = VoxEngine.enqueueACDRequest('main'); gone.addEventListener(ACDEvents.Offline, f); gone.removeEventListener(ACDEvents.Offline, f);
       r.cancel(); r.cancel(); VoxEngine.addEventListener(AppEvents.CallAlerting, () => gone.cancel());`,
    );
    expect(commandsOf(turn).map(({ type }) => type)).toEqual(['acd-enqueue', 'acd-enqueue', 'acd-cancel']);
    for (const answer of offline(turn)) expect(runtime.dispatch(answer).commands).toEqual([]);
    expect(runtime.dispatch(alerting()).commands).toEqual([]);
  });
});

// https://voximplant.com/docs/references/voxengine/smartqueueevents and .../smartqueuetask
describe('enqueueTask', () => {
  const TASK = `require(Modules.SmartQueue);
    const call = VoxEngine.callPSTN('1', '2');
    const given = { call, timeout: 60, priority: 1, queue: { id: 1, name: 'main' }, customData: 'x', video: false, scheme: '', maxVideoBitrate: 0, extraHeaders: { 'X-A': '1' },
      skills: [{ name: 'ru', level: 5 }], operatorSettings: { operatorId: 7, timeout: 5, mode: SmartQueueOperatorSettingsMode.STRICT } };
    const task = VoxEngine.enqueueTask(given);
    const told = (name, { task: about, name: _, ...e }) => Logger.write(JSON.stringify([name, about === task, e, task.status, task.terminationStatus, task.clientCall === call, task.agentCall, task.id.length]));
    ${ALL('SmartQueueEvents', 'task')}`;
  const state = (status: string, termination: number): unknown[] => [status, termination, true, null, 36];

  it('is answered with Error: nobody is available', async () => {
    const { runtime, turn } = await loadScript(
      `${TASK} Logger.write(task.status + (task.settings === given) + (task.parameters === given));`,
    );
    expect(logsOf(turn)).toEqual(['DISTRIBUTINGtruetrue']);
    expect(commandsOf(turn)).toContainEqual(expect.objectContaining({ type: 'acd-enqueue', queue: 'main' }));
    const [line = ''] = logsOf(runtime.dispatch(offline(turn)[0] as HostEvent));
    const description = 'No operator is at work: there is no contact centre on this server.';
    expect(JSON.parse(line)).toEqual(['Error', true, { type: 1006, description }, ...state('FAILED', 1006)]);
  });

  it.each([
    ["task.end('bye')", 1100],
    ["task.end('bye', TerminationStatus.NORMAL); task.end('again')", 1000],
  ])('%s cancels it', async (end, status) => {
    const { runtime, turn } = await loadScript(`${TASK} ${end};`);
    const [line = '', ...rest] = logsOf(turn);
    expect(JSON.parse(line)).toEqual([
      'TaskCanceled',
      true,
      { status, description: 'bye' },
      ...state('ENDED', status),
    ]);
    expect(rest).toEqual([]);
    expect(runtime.dispatch(offline(turn)[0] as HostEvent).commands).toEqual([]);
  });

  it('takes whatever it is given', async () => {
    const { turn } = await loadScript(
      "for (const one of [undefined, null, 7, 'x', { queue: 7 }, { queue: { name: 'x'.repeat(1000) }, call: {} }]) { const t = VoxEngine.enqueueTask(one); t.removeEventListener('x'); if (t.clientCall !== null) throw new Error('a call?'); }",
    );
    expect(turn.error).toBeUndefined();
    expect(commandsOf(turn)).toHaveLength(6);
  });
});

it('requests beyond a hundred throw in the script', async () => {
  const [line] = await logsFrom(
    "let n = 0; try { for (;;) { n % 2 ? VoxEngine.enqueueTask({}) : VoxEngine.enqueueACDRequest('q'); n++; } } catch (e) { Logger.write(n + ' ' + e.message); }",
  );
  expect(line).toBe('100 Exceeded the limit of queue requests: a session has at most 100 at once');
});

it.each([
  '{"type":"acd-enqueue","requestId":"a b","queue":"q"}',
  '{"type":"acd-enqueue","requestId":"a","queue":7}',
  `{"type":"acd-enqueue","requestId":"a","queue":"${'q'.repeat(257)}"}`,
  '{"type":"acd-cancel"}',
])('%s is refused', (text) => {
  expect(() => parseCommand(text)).toThrow(/requestId|queue/);
});

describe('in a session', () => {
  it('a script that asks again for ever asks ten times a second, and nothing is left after its end', async () => {
    const kit = await SessionKit.create();
    await kit.start(`let n = 0; const ask = () => { n++; VoxEngine.enqueueACDRequest('q').addEventListener(ACDEvents.Offline, ask); }; ask();
      setTimeout(() => { Logger.write('asked ' + n); VoxEngine.terminate(); }, 1050);`);
    for (let i = 0; i < 12; i++) await kit.advance(100);
    expect(kit.logs).toContain('asked 11');
    kit.expectNothingLeft();
  });
});
