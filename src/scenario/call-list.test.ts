import { describe, expect, it } from 'vitest';
import { BadCommand, parseCommand } from './parse-command.ts';
import type { CallListReport, CallListReports, CallListTask } from './ports.ts';
import { AT, commandsOf, loadScript, logsOf } from './test-support/sandbox-kit.ts';
import { route, SessionKit, turns } from './test-support/session-kit.ts';

const answer = (requestId: number, code: number, error?: string) =>
  ({ type: 'calllist-answer', at: AT, requestId, code, ...(error === undefined ? {} : { error }) }) as const;

describe('CallList (voximplant.com/docs/references/voxengine/calllist)', () => {
  it('reports texts and objects, by callback and by promise, and always answers', async () => {
    const { runtime, turn } = await loadScript(`require(Modules.CallList);
      const say = (name) => (r) => Logger.write(name + r.code + (r.error || '') + r.text + r.headers.length);
      CallList.reportResult({ rating: 5 }, say('result ')); VoxEngine.CallList.reportError('busy', say('error '));
      CallList.reportProgress('ringing', say('progress ')); CallList.reportError('no callback');
      CallList.reportResultAsync('ok').then(say('a ')); CallList.reportErrorAsync({ code: 486 }).then(say('b '));
      CallList.reportProgressAsync(7).then(say('c ')); CallList.reportError('v', undefined);`);
    expect(
      commandsOf(turn).map((command) => (command.type === 'calllist-report' ? command.report : command)),
    ).toEqual([
      { kind: 'result', data: '{"rating":5}' },
      { kind: 'error', data: 'busy' },
      { kind: 'progress', data: 'ringing' },
      { kind: 'error', data: 'no callback' },
      { kind: 'result', data: 'ok' },
      { kind: 'error', data: '{"code":486}' },
      { kind: 'progress', data: '7' },
      { kind: 'error', data: 'v' },
    ]);
    const logs = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((id) =>
      logsOf(runtime.dispatch(id === 2 ? answer(id, 409, 'before') : answer(id, 200))),
    );
    expect(logs).toEqual(['result 2000', 'error 409before0', 'progress 2000', 'a 2000', 'b 2000', 'c 2000']);
  });

  it('requestNextAttempt (voximplant.com/docs/guides/solutions/editable-call-lists)', async () => {
    const { runtime, turn } = await loadScript(`
      const at = (s) => new Date(${AT} + s * 1000).toISOString();
      CallList.requestNextAttempt({ error: { code: 486 }, attempts_left: 3, start_at: 1800000000, custom_data: { index: 1 },
        start_execution_time: '05:00:00', end_execution_time: '18:00:00' }, r => Logger.write('next ' + r.code));
      CallList.requestNextAttemptAsync({ error: 'x', next_attempt_time: at(600), custom_data: 'text' }).then(r => Logger.write('promised ' + r.code));
      CallList.requestNextAttempt({ error: 'x', next_attempt_time: at(-1), end_execution_time: '09:30:00' });
      CallList.requestNextAttempt({ attempts_left: 0 });
      for (const bad of [null, { error: '', start_at: 'soon' }, { error: '', next_attempt_time: 'soon' }, { error: '', start_execution_time: '25:00:00' }, { error: '', attempts_left: 'x' }])
        try { CallList.requestNextAttempt(bad); } catch (e) { Logger.write(e.message); }
      CallList.requestNextAttemptAsync(null).catch(e => Logger.write('rejected ' + e.name));`);
    const reports = commandsOf(turn).flatMap((command) =>
      command.type === 'calllist-report' ? [command.report] : [],
    );
    expect(reports).toEqual([
      {
        ...{
          kind: 'next',
          data: '{"code":486}',
          attemptsLeft: 3,
          customData: '{"index":1}',
          notBefore: 1.8e12,
        },
        window: { from: 5 * 3600, to: 18 * 3600 },
      },
      { kind: 'next', data: 'x', customData: 'text', notBefore: AT + 600_000 },
      { kind: 'next', data: 'x', window: { from: 0, to: 9.5 * 3600 } },
      { kind: 'next', data: '', attemptsLeft: 0 },
    ]);
    expect(logsOf(turn)).toEqual([
      'CallList.requestNextAttempt: `error` says why the attempt failed; it is missing.',
      'CallList.requestNextAttempt needs an object',
      'CallList.requestNextAttempt: start_at is no Unix time in seconds',
      'CallList.requestNextAttempt: next_attempt_time is no ISO 8601 date',
      'CallList.requestNextAttempt: an execution time is written HH:mm:ss',
      'CallList.requestNextAttempt: attempts_left is no number',
      'rejected TypeError',
    ]);
    expect([1, 2].flatMap((id) => logsOf(runtime.dispatch(answer(id, 200))))).toEqual([
      'next 200',
      'promised 200',
    ]);
  });

  it('limits, in the script and for hostile commands', async () => {
    const { turn } =
      await loadScript(`try { CallList.reportResult('x'.repeat(70000)); } catch (e) { Logger.write(e.message); }
      try { for (;;) CallList.reportProgress('x'); } catch (e) { Logger.write(e.message); }`);
    expect(logsOf(turn)).toEqual([
      'CallList: a report has at most 65536 characters',
      'CallList: more than 20 reports wait for an answer',
    ]);
    for (const report of [
      undefined,
      { kind: 'other', data: '' },
      { kind: 'result', data: 5 },
      { kind: 'result', data: 'x'.repeat(70_000) },
      { kind: 'next', data: '', attemptsLeft: -1 },
      { kind: 'next', data: '', window: { from: 0, to: 90_000 } },
      { kind: 'next', data: '', notBefore: 1e300 },
    ])
      expect(() => parseCommand(JSON.stringify({ type: 'calllist-report', requestId: 1, report }))).toThrow(
        BadCommand,
      );
  });
});

class Reports implements CallListReports {
  readonly told: [CallListTask, CallListReport][] = [];
  answer: () => Promise<boolean> = () => Promise.resolve(true);
  report(task: CallListTask, report: CallListReport): Promise<boolean> {
    this.told.push([task, report]);
    return this.answer();
  }
}

describe('a session of the dialler', () => {
  const begin = async (callLists: Reports, script: string): Promise<SessionKit> => {
    const kit = await SessionKit.create({}, { callLists });
    const callListTask = { taskId: 7, token: 'token' };
    await kit.service.start({
      route: route(script),
      customData: '{"name":"Ann"}',
      inbound: undefined,
      callListTask,
    });
    await turns();
    return kit;
  };

  it('gets its row, reports, and ends when the report is taken down', async () => {
    const callLists = new Reports();
    const kit = await begin(
      callLists,
      `VoxEngine.addEventListener(AppEvents.Started, () => CallList.reportResult(JSON.parse(VoxEngine.customData()), VoxEngine.terminate));`,
    );
    expect(callLists.told).toEqual([
      [
        { taskId: 7, token: 'token' },
        { kind: 'result', data: '{"name":"Ann"}' },
      ],
    ]);
    expect(kit.ended).toMatchObject([{ error: undefined }]);
    kit.expectNothingLeft();
    await kit.service.close(0);
  });

  it('may report in its last words, too', async () => {
    const callLists = new Reports();
    const kit = await begin(
      callLists,
      `VoxEngine.addEventListener(AppEvents.Terminating, () => CallList.reportError('no answer')); VoxEngine.terminate();`,
    );
    expect(callLists.told.map(([, { data }]) => data)).toEqual(['no answer']);
    kit.expectNothingLeft();
    await kit.service.close(0);
  });

  it('hears of a second report, of a fault, of a database that is late, and of having no list', async () => {
    const callLists = new Reports();
    const script = `(async () => { for (const r of ['a', 'b', 'c']) { const { code, error } = await CallList.reportErrorAsync(r); Logger.write(code + ' ' + error); } VoxEngine.terminate(); })();`;
    const answers = [
      () => Promise.resolve(false),
      () => Promise.reject(new Error('gone')),
      () => new Promise<boolean>(() => {}),
    ];
    callLists.answer = () => (answers.shift() ?? (() => Promise.resolve(true)))();
    const kit = await begin(callLists, script);
    await kit.advance(5000);
    const said = kit.logs.filter((line) => /^\d/.test(line));
    expect(said).toEqual([
      '409 the attempt was reported on before; the first report counts',
      '500 gone',
      '504 the call list did not answer within 5 s',
    ]);
    await kit.service.close(0);
    kit.expectNothingLeft();

    const other = await SessionKit.create();
    await other.start(script);
    expect(other.logs).toContain('404 this session was not started by a call list');
    await other.service.close(0);
    other.expectNothingLeft();
  });
});
