import { describe, expect, it } from 'vitest';
import { PhoneNumber } from '../kernel/phone-number.ts';
import type { MaskedCalls, Refusal } from '../masking/masking-service.ts';
import type { ConnectDecision, Decision, Question } from '../masking/types.ts';
import { BadCommand, parseCommand } from './parse-command.ts';
import { route, SessionKit, turns } from './test-support/session-kit.ts';

const CALLER = '+79120000001';
const SERVICE = '+74950000001';
const CALLEE = '+79120000002';

/** Decides what it is told to, and keeps what it was told. */
class Desk implements MaskedCalls {
  readonly questions: Question[] = [];
  readonly told: string[] = [];
  readonly wishes: (readonly [string, string | undefined])[] = [];
  decision: Decision | Error | Promise<never> = connect();
  /** Of a leg that is about to be dialled. */
  verdict: Refusal | Error | Promise<never> | undefined;

  async resolve(question: Question) {
    this.questions.push(question);
    const decision = await this.decision;
    if (decision instanceof Error) throw decision;
    return { decision, language: 'ru-RU' };
  }
  async begin({ sessionId, scenarioSessionId, calleePartyId }: Parameters<MaskedCalls['begin']>[0]) {
    this.told.push(`begin ${sessionId} ${calleePartyId} ${scenarioSessionId === '' ? '' : 'in a session'}`);
    const verdict = await this.verdict;
    if (verdict instanceof Error) throw verdict;
    return verdict;
  }
  answered(): void {
    this.told.push('answered');
  }
  ended(_id: string, outcome: Parameters<MaskedCalls['ended']>[1]): void {
    this.told.push(`ended ${JSON.stringify(outcome)}`);
  }
  async leaveAlone({ asker, other }: Parameters<MaskedCalls['leaveAlone']>[0]): Promise<boolean> {
    const name = (one: PhoneNumber): string =>
      one.equals(PhoneNumber.parse(CALLER))
        ? 'caller'
        : one.equals(PhoneNumber.parse(CALLEE))
          ? 'callee'
          : 'else';
    this.wishes.push([name(asker), other === undefined ? undefined : name(other)]);
    return true;
  }
  async promise(): Promise<void> {
    this.told.push('promised');
  }
}

function connect(more: Partial<ConnectDecision> = {}): ConnectDecision {
  return {
    kind: 'connect',
    sessionId: 'ms_1',
    callees: [
      {
        number: PhoneNumber.parse(CALLEE),
        show: PhoneNumber.parse(SERVICE),
        partyId: 'party-2',
        announcement: undefined,
      },
    ],
    greeting: undefined,
    ringSeconds: undefined,
    maxCallSeconds: undefined,
    record: false,
    transcribe: false,
    language: 'ru-RU',
    callerPartyId: 'party-1',
    ...more,
  };
}

async function world(script: string, decision: Desk['decision'] = connect(), verdict?: Desk['verdict']) {
  const desk = new Desk();
  desk.decision = decision;
  desk.verdict = verdict;
  const kit = await SessionKit.create({}, { masking: desk });
  const caller = kit.calls.ring(route(`require(Modules.Masking); ${script}`), CALLER, SERVICE);
  await turns();
  return { desk, kit, caller };
}

const JOIN = `VoxEngine.addEventListener(AppEvents.CallAlerting, async ({ call }) => {
  const decision = await Masking.resolve(call);
  Logger.write(JSON.stringify(decision));
  const other = Masking.call(decision);
  Logger.write([other.number(), other.callerid(), other.toString() !== ''].join());
  for (const name of ['Failed', 'Disconnected'])
    other.addEventListener(CallEvents[name], (e) => { Logger.write(name + ' ' + e.code + ' ' + JSON.stringify(e)); VoxEngine.terminate(); });
});`;

describe('Masking', () => {
  it('[row 31] asks for the call’s own caller and number, whatever the script says', async () => {
    const { desk, kit } = await world(
      `VoxEngine.addEventListener(AppEvents.CallAlerting, async ({ call }) => {
        await Masking.resolve(call, { caller: '+1', dialled: '+2', applicationId: 'other', extension: 17, chosen: 'ms_9' });
        VoxEngine.terminate();
      });`,
    );
    const [question] = desk.questions;
    expect(question).toMatchObject({ applicationId: 'taxi', extension: '17', chosen: 'ms_9' });
    expect(question?.caller.equals(PhoneNumber.parse(CALLER))).toBe(true);
    expect(question?.dialled.equals(PhoneNumber.parse(SERVICE))).toBe(true);
    await kit.advance(10_000);
    kit.expectNothingLeft();
  });

  it('dials a number that the script never sees, and tells what became of it', async () => {
    const { desk, kit, caller } = await world(JOIN);
    const [leg] = kit.calls.dialled;
    expect(leg?.request?.target.kind).toBe('number');
    expect(leg?.number.equals(PhoneNumber.parse(CALLEE))).toBe(true);
    await leg?.connect();
    await turns();
    leg?.peerEnds();
    await turns();
    expect(desk.told).toEqual([
      'begin ms_1 party-2 in a session',
      'answered',
      'ended {"answered":true,"seconds":12,"status":200}',
    ]);
    expect(kit.logs.join('\n')).not.toContain(CALLEE.slice(2));
    expect(kit.serverLog.join('\n')).not.toContain(CALLEE.slice(2));
    expect(JSON.parse(kit.logs[0] ?? '')).toEqual({
      id: expect.any(String),
      kind: 'connect',
      language: 'ru-RU',
      sessionId: 'ms_1',
      callees: [{ announcement: null }],
      greeting: null,
      record: false,
      transcribe: false,
      ringSeconds: null,
      maxCallSeconds: null,
    });
    expect(kit.logs[1]).toBe(',,true');
    caller.peerEnds();
    await kit.advance(10_000);
    kit.expectNothingLeft();
  });

  it('gives up after the ring time-out, and ends a call at its longest length, on the host’s clock', async () => {
    const silent = await world(JOIN, connect({ ringSeconds: 15 }));
    await silent.kit.advance(14_999);
    expect(silent.kit.calls.dialled[0]?.state).toBe('PROGRESSING');
    await silent.kit.advance(1);
    expect(silent.desk.told.at(-1)).toBe('ended {"answered":false,"seconds":0,"status":487}');

    const long = await world(JOIN, connect({ ringSeconds: 15, maxCallSeconds: 60 }));
    await long.kit.calls.dialled[0]?.connect();
    await long.kit.advance(59_999);
    expect(long.kit.calls.dialled[0]?.state).toBe('CONNECTED');
    await long.kit.advance(1);
    expect(long.kit.calls.dialled[0]?.said).toEqual(['hangup']);
    expect(long.kit.logs).toContain('The call is ended: it may last 60 s.');
    for (const { kit } of [silent, long]) {
      await kit.advance(10_000);
      kit.expectNothingLeft();
    }
  });

  it('[row 31] a call that may not begin any more fails with what the fence says', async () => {
    const script = `VoxEngine.addEventListener(AppEvents.CallAlerting, async ({ call }) => {
      const other = Masking.call(await Masking.resolve(call));
      other.addEventListener(CallEvents.Failed, ({ code, reason }) => { Logger.write(code + ' ' + reason); VoxEngine.terminate(); });
    });`;
    const outcome = async (verdict: Desk['verdict']) => {
      const { desk, kit } = await world(script, connect(), verdict);
      await kit.advance(70_000);
      kit.expectNothingLeft();
      expect(desk.told.at(-1)).toMatch(/^ended \{"answered":false/);
      return kit.logs;
    };
    expect(await outcome({ kind: 'reject', status: 403, reason: 'calls-used-up' })).toEqual([
      '403 calls-used-up',
    ]);
    expect(await outcome(new Error('nobody answers'))).toEqual([
      'The call is not made: nobody answers.',
      '503 The call could not be written down',
    ]);
  });

  it('a script that dies leaves no call behind, and its end is told', async () => {
    const { desk, kit } = await world(
      `VoxEngine.addEventListener(AppEvents.CallAlerting, async ({ call }) => {
        Masking.call(await Masking.resolve(call)).addEventListener(CallEvents.Ringing, () => { throw new Error('oops'); });
      });`,
    );
    kit.calls.dialled[0]?.events.emit('ringing', { headers: {} });
    await kit.advance(10_000);
    expect(desk.told.at(-1)).toBe('ended {"answered":false,"seconds":0,"status":487}');
    kit.expectNothingLeft();
  });

  it('calls nobody for a caller who has hung up, with another one’s decision, or with one of yesterday', async () => {
    const { kit, caller, desk } = await world(
      `let decision; let inbound;
      const attempt = (one, parameters) => Masking.call(one, parameters).addEventListener(CallEvents.Failed, (e) => Logger.write(e.code + ' ' + e.reason));
      VoxEngine.addEventListener(AppEvents.CallAlerting, async ({ call }) => {
        decision = await Masking.resolve(call);
        call.answer();
        attempt({ ...decision, id: 'made-up' });
        attempt(decision, { callee: 1 });
        setTimeout(() => attempt(decision), 601000);
        call.addEventListener(CallEvents.Disconnected, () => attempt(decision));
      });`,
    );
    await caller.connect();
    await kit.advance(601_000);
    caller.peerEnds();
    await turns();
    expect(kit.logs).toEqual([
      '404 There is no such decision, or no such callee',
      '404 There is no such decision, or no such callee',
      '408 The decision is older than 600 s; resolve again',
      '487 The caller has hung up',
    ]);
    expect(kit.calls.dialled).toEqual([]);
    expect(desk.told).toEqual([]);
    await kit.advance(70_000);
    kit.expectNothingLeft();
  });

  it('says no about a call that the script has made itself, and after too many questions', async () => {
    const { kit, desk } = await world(
      `const told = (error) => Logger.write(error.message);
      VoxEngine.addEventListener(AppEvents.CallAlerting, async ({ call }) => {
        const own = VoxEngine.callPSTN('+79120000003', '${SERVICE}');
        await Masking.resolve(own).catch(told);
        await Masking.leaveAlone(own).catch(told);
        await Masking.resolve({}).catch(told);
        await Masking.resolve(call, { extension: 'abc' }).catch(told);
        try { Masking.call({ kind: 'reject' }); } catch (error) { told(error); }
        for (let i = 0; i < 60; i++) await Masking.resolve(call).catch((error) => { if (i === 59) told(error); });
        VoxEngine.terminate();
      });`,
    );
    await kit.advance(10_000);
    expect(kit.logs).toEqual([
      'Masking: the call is none that came in from outside',
      'Masking: the call was not made by Masking.call',
      'Masking.resolve needs a Call',
      'Masking.resolve: the extension is not up to 20 digits',
      'Masking.call needs a decision of the kind connect, from Masking.resolve',
      'Masking: a session asks at most 50 questions',
    ]);
    expect(desk.questions.length).toBeLessThan(51);
    kit.expectNothingLeft();
  });

  it('either party asks to be left alone, and a caller to be called back', async () => {
    const { kit, desk, caller } = await world(
      `VoxEngine.addEventListener(AppEvents.CallAlerting, async ({ call }) => {
        await Masking.leaveAlone(call);
        const other = Masking.call(await Masking.resolve(call));
        await Masking.leaveAlone(other);
        await Masking.leaveAlone(call);
        Logger.write(String(await Masking.promise(call)));
      });`,
    );
    expect(desk.wishes).toEqual([
      ['caller', undefined],
      ['callee', 'caller'],
      ['caller', 'callee'],
    ]);
    expect(desk.told).toContain('promised');
    expect(kit.logs).toEqual(['true']);
    caller.peerEnds(487);
    kit.calls.dialled[0]?.peerEnds(487);
    await kit.advance(70_000);
    kit.expectNothingLeft();
  });

  it('a database that fails, or does not answer, is an error for the script', async () => {
    const script = `VoxEngine.addEventListener(AppEvents.CallAlerting, async ({ call }) => {
      try { await Masking.resolve(call); } catch (error) { Logger.write(error.message); }
      call.reject(503);
      VoxEngine.terminate();
    });`;
    const failed = await world(script, new Error('the database is away'));
    expect(failed.kit.logs).toEqual(['Masking: the database is away']);
    const silent = await world(script, new Promise<never>(() => {}));
    await silent.kit.advance(30_000);
    expect(silent.kit.logs).toEqual(['Masking: no answer within 30 s']);
    for (const { kit } of [failed, silent]) {
      await kit.advance(10_000);
      kit.expectNothingLeft();
    }
  });

  it('hostile commands are refused', () => {
    for (const bad of [
      { type: 'masking-resolve', requestId: 0, callId: 'a' },
      { type: 'masking-resolve', requestId: 1, callId: 'a b' },
      { type: 'masking-resolve', requestId: 1, callId: 'a', extension: '1'.repeat(21) },
      { type: 'masking-resolve', requestId: 1, callId: 'a', extension: "1' or 1" },
      { type: 'masking-resolve', requestId: 1, callId: 'a', chosen: 'm'.repeat(65) },
      { type: 'masking-call', callId: 'a', decisionId: 'b', callee: -1 },
      { type: 'masking-call', callId: 'a', decisionId: 'b', callee: 0.5 },
      { type: 'masking-call', callId: 'a', decisionId: '../b', callee: 0 },
      { type: 'masking-leave-alone', requestId: 1 },
      { type: 'masking-decide', requestId: 1 },
    ])
      expect(() => parseCommand(JSON.stringify(bad)), JSON.stringify(bad)).toThrow(BadCommand);
  });
});
