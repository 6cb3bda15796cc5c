import { describe, expect, it } from 'vitest';
import { PhoneNumber } from '../kernel/phone-number.ts';
import { VirtualClock } from '../kernel/virtual-clock.ts';
import type { InterceptVerdict, PullAnswer, PullMode } from './ports.ts';
import { resolve } from './resolve.ts';
import { NO_RULES } from './rules.ts';
import {
  APPLICATION,
  party,
  person,
  ResolutionModel,
  service,
  session,
} from './test-support/resolution-model.ts';
import {
  DEFAULT_POLICY,
  type MaskingSession,
  type PullRules,
  type Question,
  type Resolution,
  type RoutingPolicy,
  type SessionRules,
} from './types.ts';

const [DRIVER, CLIENT, OTHER, STRANGER] = [person(1), person(2), person(3), person(4)] as const;
const [X, Y, Z] = [service(0), service(1), service(2)] as const;

const PULL: PullRules = {
  url: 'https://backend.example/pull',
  timeoutMs: 1_000,
  freshSeconds: 5,
  staleSeconds: 60,
  downSeconds: 600,
  numbers: false,
};
const SILENT = {
  greeting: undefined,
  announcement: undefined,
  record: false,
  transcribe: false,
  language: undefined,
  ringSeconds: undefined,
  maxCallSeconds: undefined,
};
const connectTo = (to = OTHER, show: typeof X | undefined = undefined): PullAnswer => ({
  kind: 'connect',
  to,
  show,
  sound: SILENT,
});

/** One world with a few sessions, and what a call in it comes to. */
function world(sessions: readonly MaskingSession[] = [], policy: Partial<RoutingPolicy> = {}) {
  const clock = new VirtualClock();
  const model = new ResolutionModel(clock);
  model.sessions.push(...sessions);
  model.policyNow = { ...DEFAULT_POLICY, ...policy };
  const world = {
    clock,
    model,
    answer: { kind: 'unknown' } as PullAnswer,
    verdict: { kind: 'allow' } as InterceptVerdict,
    pulled: [] as { readonly sessions: readonly string[]; readonly mode: PullMode }[],
    intercepted: 0,
    resolve: (question: Partial<Question> = {}, mode?: PullMode): Promise<Resolution> =>
      resolve(
        {
          applicationId: APPLICATION,
          caller: DRIVER,
          dialled: X,
          extension: undefined,
          chosen: undefined,
          callId: 'call',
          ...question,
        },
        {
          store: model,
          numbers: model,
          clock,
          pull: {
            ask: async (_question, _rules, asked, how) => {
              world.pulled.push({ sessions: asked.map(({ id }) => id), mode: how });
              return world.answer;
            },
          },
          intercept: {
            ask: async () => {
              world.intercepted += 1;
              return world.verdict;
            },
          },
        },
        mode,
      ),
  };
  return world;
}

const axb = (id: string, counterpart = CLIENT, more: Partial<MaskingSession> = {}, on = X): MaskingSession =>
  session(
    id,
    [
      party(`${id} driver`, DRIVER, on, { role: 'driver' }),
      party(`${id} client`, counterpart, on, { role: 'client', label: `order ${id}` }),
    ],
    more,
  );
const withRules = (rules: Partial<SessionRules>): Partial<MaskingSession> => ({
  rules: { ...NO_RULES, ...rules },
});

/** The steps as `session decided`, in order. */
const told = ({ steps }: Resolution): string[] => steps.map(({ step, verdict }) => `${step} ${verdict}`);
const reached = ({ decision }: Resolution) =>
  decision.kind === 'connect' ? decision.callees.map(({ number, show }) => [number, show]) : decision;

describe('the session step', () => {
  it('connects either party of an axb session with the other, who sees the same number', async () => {
    const { resolve } = world([axb('one')]);
    const there = await resolve();
    expect(reached(there)).toEqual([[CLIENT, X]]);
    expect(told(there)).toEqual(['session decided', 'fences passed', 'intercept skipped']);
    expect(reached(await resolve({ caller: CLIENT }))).toEqual([[DRIVER, X]]);
  });

  it('shows the callee of an axyb session its own number, and is found by the caller’s own alone', async () => {
    const pair = session('pair', [party('a', DRIVER, X), party('b', CLIENT, Y)], { mode: 'axyb' });
    const { resolve } = world([pair]);
    expect(reached(await resolve({ dialled: X }))).toEqual([[CLIENT, Y]]);
    expect(reached(await resolve({ caller: CLIENT, dialled: Y }))).toEqual([[DRIVER, X]]);
    expect(reached(await resolve({ dialled: Y }))).toMatchObject({
      kind: 'reject',
      reason: 'unknown-caller',
    });
  });

  it('connects anyone with the first party of an axn session, and the first party with the last caller', async () => {
    const { resolve, model } = world([session('shop', [party('seller', DRIVER, X)], { mode: 'axn' })]);
    expect(reached(await resolve({ caller: STRANGER }))).toEqual([[DRIVER, X]]);
    const early = await resolve();
    expect(early.decision).toMatchObject({ kind: 'reject', status: 404, reason: 'unknown-caller' });
    expect(early.steps[0]?.detail).toContain('nobody has called yet');
    model.calls.push({ sessionId: 'shop', caller: STRANGER, callee: DRIVER, at: 1 });
    model.calls.push({ sessionId: 'shop', caller: OTHER, callee: DRIVER, at: 2 });
    model.calls.push({ sessionId: 'shop', caller: DRIVER, callee: OTHER, at: 3 });
    expect(reached(await resolve())).toEqual([[OTHER, X]]);
    // Whoever withheld the number cannot be called back, and nobody else is called in their place.
    model.calls.push({ sessionId: 'shop', caller: PhoneNumber.parse('anonymous'), callee: DRIVER, at: 4 });
    const withheld = await resolve();
    expect(withheld.decision).toMatchObject({ kind: 'reject', status: 404, reason: 'unknown-caller' });
    expect(withheld.steps[0]?.detail).toContain('withheld');
  });

  it('calls the group of an axg session in order, and connects a member with the first party', async () => {
    const group = session(
      'group',
      [party('client', DRIVER, X), party('m1', CLIENT, X), party('m2', OTHER, X), party('m3', STRANGER, X)],
      { mode: 'axg' },
    );
    const { resolve } = world([group]);
    expect(reached(await resolve())).toEqual([
      [CLIENT, X],
      [OTHER, X],
      [STRANGER, X],
    ]);
    expect(reached(await resolve({ caller: OTHER }))).toEqual([[DRIVER, X]]);
  });

  it('takes a session that names the caller before one that anyone may call', async () => {
    const anyone = session('anyone', [party('seller', OTHER, X)], { mode: 'axn', createdAt: 9 });
    const { resolve } = world([anyone, axb('one')]);
    expect(reached(await resolve())).toEqual([[CLIENT, X]]);
    expect(reached(await resolve({ caller: STRANGER }))).toEqual([[OTHER, X]]);
  });

  it('hands on what the session says of the call', async () => {
    const greeting = { kind: 'say', text: 'Hello', language: undefined } as const;
    const announcement = { kind: 'play', url: 'https://sounds.example/order.wav' } as const;
    const rules = {
      greeting,
      record: true,
      transcribe: true,
      maxCallSeconds: 600,
      ringSeconds: 20,
      language: 'ru-RU',
    };
    const one = axb('one', CLIENT, withRules(rules));
    const parties = one.parties.map((each) => ({ ...each, announcement }));
    const { decision } = await world([{ ...one, parties }]).resolve();
    expect(decision).toMatchObject({ ...rules, sessionId: 'one', callerPartyId: 'one driver' });
    expect(decision).toMatchObject({ callees: [{ partyId: 'one client', announcement }] });
  });

  it('connects nobody when the service number is not ours any more, or the other side was erased', async () => {
    const gone = world([axb('one')]);
    gone.model.held.splice(0, 1);
    expect((await gone.resolve()).decision).toMatchObject({ kind: 'reject', reason: 'unknown-caller' });
    const erased = axb('two');
    const parties = erased.parties.map((one, at) => (at === 1 ? { ...one, number: undefined } : one));
    const left = await world([{ ...erased, parties }]).resolve();
    expect(left.decision.kind).toBe('reject');
    expect(told(left)[0]).toBe('session failed');
  });
});

describe('a caller who could mean several sessions', () => {
  const two = [axb('old', CLIENT, { createdAt: 1, lastCallAt: 50 }), axb('new', OTHER, { createdAt: 2 })];

  it('is asked by default, and is never guessed', async () => {
    const { decision, steps } = await world(two).resolve();
    expect(decision).toEqual({
      kind: 'choose',
      options: [
        { sessionId: 'old', label: 'order old' },
        { sessionId: 'new', label: 'order new' },
      ],
    });
    expect(steps.map(({ detail }) => detail)).toEqual(['2 live sessions', 'menu: 2 of 2 sessions are named']);
  });

  it('gets the session that was chosen, and never another one in its place', async () => {
    const { resolve, model } = world(two);
    expect(reached(await resolve({ chosen: 'new' }))).toEqual([[OTHER, X]]);
    model.sessions[1] = { ...(model.sessions[1] as MaskingSession), status: 'closed' };
    const late = await resolve({ chosen: 'new' });
    expect(late.decision).toMatchObject({ kind: 'reject', reason: 'unknown-caller' });
    expect(told(late)).toEqual(['session failed', 'expired decided']);
    // Nor somebody else's.
    expect((await resolve({ chosen: 'foreign' })).decision.kind).toBe('reject');
  });

  it('most-recent: the latest call decides, where the policy says so at any time', async () => {
    expect(reached(await world(two, { ambiguous: ['most-recent'] }).resolve())).toEqual([[CLIENT, X]]);
    const uncalled = two.map((one) => ({ ...one, lastCallAt: undefined }));
    expect(reached(await world(uncalled, { ambiguous: ['most-recent'] }).resolve())).toEqual([[OTHER, X]]);
  });

  it('most-recent: decides within its time alone, to the millisecond', async () => {
    const at = world(two, { ambiguous: ['most-recent', 'menu'], mostRecentSeconds: 60 });
    const lastCallAt = at.clock.now() - 60_000;
    at.model.sessions[0] = { ...(two[0] as MaskingSession), lastCallAt };
    expect(reached(await at.resolve())).toEqual([[CLIENT, X]]);
    at.model.sessions[0] = { ...(two[0] as MaskingSession), lastCallAt: lastCallAt - 1 };
    const late = await at.resolve();
    expect(late.decision.kind).toBe('choose');
    expect(told(late)).toEqual(['session passed', 'ambiguous passed', 'ambiguous decided']);
  });

  it('menu: names so many as the policy says, and none when labels do not tell them apart', async () => {
    const three = [...two, axb('third', STRANGER, { createdAt: 3 })];
    const { decision } = await world(three, { menuEntries: 2 }).resolve();
    expect(decision).toMatchObject({ options: [{ sessionId: 'old' }, { sessionId: 'third' }] });
    const same = two.map((one) => ({
      ...one,
      parties: one.parties.map((each) => ({ ...each, label: 'order' })),
    }));
    const alike = await world(same, { ambiguous: ['menu', 'operator'], operator: 'desk' }).resolve();
    expect(alike.decision).toEqual({ kind: 'operator', user: 'desk', announcement: undefined });
  });

  it('menu: who chose nothing goes on to the next', async () => {
    const at = world(two, { ambiguous: ['menu', 'operator'], operator: 'desk' });
    expect((await at.resolve({ chosen: '' })).decision.kind).toBe('operator');
  });

  it('extension: is asked for where a session has one, decides, is asked for again, and is given up', async () => {
    const extended = two.map((one, at) => ({
      ...one,
      parties: one.parties.map((each, place) => (place === 1 ? { ...each, extension: `100${at}` } : each)),
    }));
    const at = world(extended, { ambiguous: ['extension', 'operator'], operator: 'desk', extensionTries: 2 });
    expect((await at.resolve()).decision).toEqual({ kind: 'ask-extension', tries: 2 });
    expect(reached(await at.resolve({ extension: '1001' }))).toEqual([[OTHER, X]]);
    expect((await at.resolve({ extension: '9999' })).decision).toEqual({ kind: 'ask-extension', tries: 2 });
    expect((await at.resolve({ extension: '' })).decision.kind).toBe('operator');
    const without = world(two, { ambiguous: ['extension', 'menu'] });
    expect((await without.resolve()).decision.kind).toBe('choose');
  });

  it('extension: digits that were typed come before a menu', async () => {
    const extended = two.map((one, at) => ({
      ...one,
      parties: one.parties.map((each, place) => (place === 1 ? { ...each, extension: `100${at}` } : each)),
    }));
    const { resolve } = world(extended);
    expect((await resolve()).decision.kind).toBe('choose');
    expect(reached(await resolve({ extension: '1001' }))).toEqual([[OTHER, X]]);
    expect((await resolve({ extension: '9999' })).decision.kind).toBe('ask-extension');
    expect((await resolve({ extension: '', chosen: '' })).decision.kind).toBe('reject');
  });

  it('pull: the backend is asked about these sessions, and chooses one of them', async () => {
    const at = world(two, { ambiguous: ['pull', 'menu'], pull: PULL });
    at.answer = { kind: 'session', sessionId: 'new' };
    expect(reached(await at.resolve())).toEqual([[OTHER, X]]);
    expect(at.pulled).toEqual([{ sessions: ['old', 'new'], mode: 'call' }]);
    at.answer = { kind: 'session', sessionId: 'foreign' };
    expect((await at.resolve()).decision.kind).toBe('choose');
  });

  it('is asked about once, and ends as an unknown caller where nothing can decide', async () => {
    const at = world(two, { ambiguous: ['pull'], pull: PULL });
    const end = await at.resolve();
    expect(at.pulled).toHaveLength(1);
    expect(end.decision).toMatchObject({ kind: 'reject', reason: 'unknown-caller' });
    expect(told(end)).toEqual([
      'session passed',
      'ambiguous passed',
      'ambiguous passed',
      'extension skipped',
      'pull skipped',
      'expired passed',
      'unknown decided',
    ]);
  });

  it('goes through the options in the order of the policy', async () => {
    const at = (ambiguous: RoutingPolicy['ambiguous']) =>
      world(two, { ambiguous, operator: 'desk' })
        .resolve()
        .then(({ decision }) => decision.kind);
    expect(await at(['operator', 'menu', 'most-recent'])).toBe('operator');
    expect(await at(['menu', 'most-recent', 'operator'])).toBe('choose');
    expect(await at(['most-recent', 'operator', 'menu'])).toBe('connect');
  });
});

describe('the extension step', () => {
  const desk = session(
    'desk',
    [party('ann', CLIENT, X, { extension: '4711' }), party('bob', OTHER, X, { extension: '4712' })],
    { mode: 'extension' },
  );

  it('asks for digits where the number has any, and connects with whose they are', async () => {
    const { resolve } = world([desk]);
    const first = await resolve({ caller: STRANGER });
    expect(first.decision).toEqual({ kind: 'ask-extension', tries: 3 });
    expect(reached(await resolve({ caller: STRANGER, extension: '4712' }))).toEqual([[OTHER, X]]);
    expect((await resolve({ caller: STRANGER, extension: '4713' })).decision.kind).toBe('ask-extension');
    expect((await resolve({ caller: STRANGER, extension: '' })).decision).toMatchObject({
      reason: 'unknown-caller',
    });
    expect((await resolve({ caller: STRANGER, dialled: Y })).decision.kind).toBe('reject');
  });

  it('asks nobody where the policy says so', async () => {
    const { resolve } = world([desk], { extensionPrompt: false });
    expect((await resolve({ caller: STRANGER })).decision.kind).toBe('reject');
    expect(reached(await resolve({ caller: STRANGER, extension: '4711' }))).toEqual([[CLIENT, X]]);
  });

  it('does not connect a party with itself', async () => {
    const { resolve } = world([desk]);
    const own = await resolve({ caller: CLIENT, extension: '4711' });
    expect(own.decision.kind).not.toBe('connect');
    expect(told(own)[1]).toBe('extension failed');
  });
});

describe('the pull step', () => {
  const policy = { pull: PULL };

  it('comes after sessions and typed digits', async () => {
    const at = world([axb('one')], policy);
    at.answer = connectTo(STRANGER);
    expect(reached(await at.resolve())).toEqual([[CLIENT, X]]);
    expect(at.pulled).toEqual([]);
    expect(reached(await at.resolve({ dialled: Y }))).toEqual([[STRANGER, Y]]);
  });

  it('connects with what the backend says, and with no number that the application does not hold', async () => {
    const at = world([], policy);
    at.answer = connectTo(OTHER, Z);
    expect(reached(await at.resolve())).toEqual([[OTHER, Z]]);
    for (const wrong of [connectTo(OTHER, CLIENT), connectTo(DRIVER), connectTo(Y)]) {
      at.answer = wrong;
      const refused = await at.resolve();
      expect(refused.decision.kind).toBe('reject');
      expect(told(refused)[2]).toBe('pull failed');
    }
  });

  it('does what else the backend says', async () => {
    const at = world([], { ...policy, operator: 'desk' });
    const announcement = { kind: 'say', text: 'Closed today', language: undefined } as const;
    const answers: readonly (readonly [PullAnswer, object])[] = [
      [{ kind: 'ask-extension' }, { kind: 'ask-extension', tries: 3 }],
      [
        { kind: 'play', announcement },
        { kind: 'play', announcement },
      ],
      [
        { kind: 'operator', user: 'ann' },
        { kind: 'operator', user: 'ann' },
      ],
      [
        { kind: 'operator', user: undefined },
        { kind: 'operator', user: 'desk' },
      ],
      [{ kind: 'reject' }, { kind: 'reject', status: 403, reason: 'backend-rejected' }],
      [{ kind: 'unknown' }, { kind: 'reject', status: 404, reason: 'unknown-caller' }],
      [
        { kind: 'failed', why: 'no answer' },
        { kind: 'reject', status: 404, reason: 'unknown-caller' },
      ],
      [
        { kind: 'session', sessionId: 'one' },
        { kind: 'reject', status: 404, reason: 'unknown-caller' },
      ],
    ];
    for (const [answer, decision] of answers) {
      at.answer = answer;
      expect((await at.resolve()).decision).toMatchObject(decision);
    }
  });

  it('does not ask for digits again when the caller has typed none that fit', async () => {
    const at = world([], policy);
    at.answer = { kind: 'ask-extension' };
    expect((await at.resolve({ extension: '' })).decision.kind).toBe('reject');
  });

  it('explains without asking, or asks without a hook, as its reader wishes', async () => {
    const intercept = {
      url: 'https://backend.example/hook',
      timeoutMs: 1_000,
      whenSilent: 'refuse',
    } as const;
    const at = world([axb('one')], { ...policy, intercept });
    at.answer = { kind: 'not-asked' };
    const cached = await at.resolve({ dialled: Y, callId: undefined }, 'cached');
    expect(cached.steps.find(({ step }) => step === 'pull')).toMatchObject({ verdict: 'skipped' });
    at.answer = connectTo();
    const probed = await at.resolve({ dialled: Y, callId: undefined }, 'probe');
    expect(reached(probed)).toEqual([[OTHER, Y]]);
    expect(at.pulled.map(({ mode }) => mode)).toEqual(['cached', 'probe']);
    expect(at.intercepted).toBe(0);
    expect(probed.steps.at(-1)).toEqual({
      step: 'intercept',
      verdict: 'skipped',
      detail: 'the hook would be asked now',
    });
  });
});

describe('expired and unknown callers', () => {
  const announcement = { kind: 'say', text: 'This order is over', language: undefined } as const;
  const policy: Partial<RoutingPolicy> = {
    expired: { kind: 'announce', announcement },
    unknown: { kind: 'operator', user: 'desk', announcement },
  };

  it('are told apart', async () => {
    const { resolve, clock } = world(
      [axb('one', CLIENT, { expiresAt: Date.UTC(2026, 0, 1) + 1_000 })],
      policy,
    );
    expect((await resolve()).decision.kind).toBe('connect');
    await clock.advance(1_000);
    expect((await resolve()).decision).toEqual({ kind: 'play', announcement });
    expect((await resolve({ caller: STRANGER })).decision).toEqual({
      kind: 'operator',
      user: 'desk',
      announcement,
    });
    expect((await resolve({ dialled: Y })).decision.kind).toBe('operator');
  });

  it('may be promised a call', async () => {
    const { resolve } = world([], { unknown: { kind: 'call-back', announcement } });
    expect((await resolve()).decision).toEqual({ kind: 'call-back', announcement });
  });
});

describe('the fences', () => {
  it('one way: lets the role that the session names call, and nobody else', async () => {
    const { resolve } = world([axb('one', CLIENT, withRules({ oneWayFrom: 'driver' }))]);
    expect((await resolve()).decision.kind).toBe('connect');
    const back = await resolve({ caller: CLIENT });
    expect(back.decision).toEqual({ kind: 'reject', status: 403, reason: 'one-way' });
    expect(told(back)).toEqual(['session decided', 'fences decided']);
  });

  it('refuse a session whose calls are used up', async () => {
    const one = axb('one', CLIENT, { ...withRules({ maxCalls: 2 }), calls: 1 });
    const { resolve, model } = world([one]);
    expect((await resolve()).decision.kind).toBe('connect');
    model.sessions[0] = { ...one, calls: 2 };
    expect((await resolve()).decision).toEqual({ kind: 'reject', status: 403, reason: 'calls-used-up' });
  });

  it.each([
    ['from', DRIVER, CLIENT, true, false],
    ['to', DRIVER, CLIENT, false, true],
    ['both', DRIVER, CLIENT, true, true],
    ['from', DRIVER, undefined, true, false],
    ['to', DRIVER, undefined, false, true],
    ['both', DRIVER, OTHER, false, false],
  ] as const)('a block "%s" of %s and %s', async (direction, about, counterpart, there, back) => {
    const { resolve, model } = world([axb('one')]);
    model.blocks.push({ person: about, counterpart, direction });
    const isRefused = ({ decision }: Resolution) =>
      decision.kind === 'reject' && decision.reason === 'blocked';
    expect(isRefused(await resolve())).toBe(there);
    expect(isRefused(await resolve({ caller: CLIENT }))).toBe(back);
  });

  it('also hold for whom the backend names', async () => {
    const at = world([], { pull: PULL });
    at.answer = connectTo(OTHER);
    at.model.blocks.push({ person: OTHER, counterpart: DRIVER, direction: 'to' });
    expect((await at.resolve()).decision).toMatchObject({ reason: 'blocked' });
  });

  it('leave those of a group who may be called', async () => {
    const group = session('group', [party('a', DRIVER, X), party('b', CLIENT, X), party('c', OTHER, X)], {
      mode: 'axg',
    });
    const { resolve, model } = world([group]);
    model.blocks.push({ person: CLIENT, counterpart: undefined, direction: 'to' });
    expect(reached(await resolve())).toEqual([[OTHER, X]]);
  });

  it('count attempts of the last hour, of one to the other', async () => {
    const { resolve, model, clock } = world([axb('one')], { attemptsPerHour: 2 });
    const at = clock.now();
    model.calls.push(
      { sessionId: 'one', caller: CLIENT, callee: DRIVER, at },
      { sessionId: 'one', caller: DRIVER, callee: CLIENT, at },
    );
    expect((await resolve()).decision.kind).toBe('connect');
    model.calls.push({ sessionId: 'one', caller: DRIVER, callee: CLIENT, at });
    expect((await resolve()).decision).toEqual({ kind: 'reject', status: 480, reason: 'too-many-attempts' });
    await clock.advance(3_600_000);
    expect((await resolve()).decision.kind).toBe('reject');
    await clock.advance(1);
    expect((await resolve()).decision.kind).toBe('connect');
  });
});

describe('the intercept hook', () => {
  const intercept = { url: 'https://backend.example/hook', timeoutMs: 1_000, whenSilent: 'refuse' } as const;

  it('is asked last, before a call alone, and may veto', async () => {
    const at = world([axb('one')], { intercept });
    expect((await at.resolve()).decision.kind).toBe('connect');
    at.verdict = { kind: 'veto' };
    expect((await at.resolve()).decision).toEqual({ kind: 'reject', status: 403, reason: 'vetoed' });
    expect((await at.resolve({ caller: STRANGER })).decision).toMatchObject({ reason: 'unknown-caller' });
    at.model.blocks.push({ person: DRIVER, counterpart: undefined, direction: 'from' });
    expect((await at.resolve()).decision).toMatchObject({ reason: 'blocked' });
    expect(at.intercepted).toBe(2);
  });

  it('is a setting when it does not answer', async () => {
    const strict = world([axb('one')], { intercept });
    strict.verdict = { kind: 'silent', why: 'no answer within 1 s' };
    expect((await strict.resolve()).decision).toEqual({
      kind: 'reject',
      status: 503,
      reason: 'intercept-silent',
    });
    const lenient = world([axb('one')], { intercept: { ...intercept, whenSilent: 'allow' } });
    lenient.verdict = strict.verdict;
    const let_ = await lenient.resolve();
    expect(let_.decision.kind).toBe('connect');
    expect(let_.steps.at(-1)).toMatchObject({ step: 'intercept', verdict: 'failed' });
  });
});
