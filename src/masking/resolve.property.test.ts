import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PhoneNumber } from '../kernel/phone-number.ts';
import { VirtualClock } from '../kernel/virtual-clock.ts';
import { AMBIGUITY_OPTIONS } from './policy.ts';
import type { PullAnswer } from './ports.ts';
import { resolve } from './resolve.ts';
import {
  APPLICATION,
  NO_RULES,
  party,
  person,
  ResolutionModel,
  service,
  session,
} from './test-support/resolution-model.ts';
import { DEFAULT_POLICY, type MaskingSession, type Question, type RoutingPolicy } from './types.ts';

/** Small worlds, so that people meet often: six of them, four service numbers, of which the application holds three. */
const somebody = fc.nat(5).map(person);
const someService = fc.constantFrom(0, 0, 1, 3).map(service);
const digits = fc.constantFrom('11', '12', '13');
const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: undefined, freq: 1 });

const someSession: fc.Arbitrary<MaskingSession> = fc
  .record({
    id: fc.nat(9).map((id) => `ms_${id}`),
    mode: fc.constantFrom('axb', 'axyb', 'axn', 'axg', 'extension'),
    people: fc.uniqueArray(fc.nat(5), { minLength: 2, maxLength: 4 }),
    services: fc.array(someService, { minLength: 4, maxLength: 4 }),
    extensions: fc.array(optional(digits), { minLength: 4, maxLength: 4 }),
    erased: fc.constantFrom(true, false, false),
    closed: fc.constantFrom(true, false, false),
    oneWayFrom: optional(fc.constantFrom('role 0', 'role 1')),
    maxCalls: optional(fc.nat(2)),
    lastCallAt: optional(fc.nat(1_000)),
    createdAt: fc.nat(1_000),
  })
  .map((made) => {
    const size =
      made.mode === 'axn' ? 1 : made.mode === 'axb' || made.mode === 'axyb' ? 2 : made.people.length;
    const parties = made.people.slice(0, size).map((index, at) => {
      const on = made.services[made.mode === 'axyb' ? at : 0] as PhoneNumber;
      const one = party(`${made.id} ${at}`, person(index), on, {
        role: `role ${at}`,
        extension: made.mode === 'extension' ? made.extensions[at] : undefined,
      });
      return made.erased && at === 0 ? { ...one, number: undefined } : one;
    });
    return session(made.id, parties, {
      mode: made.mode as MaskingSession['mode'],
      status: made.closed ? 'closed' : 'open',
      rules: { ...NO_RULES, oneWayFrom: made.oneWayFrom, maxCalls: made.maxCalls },
      createdAt: made.createdAt,
      lastCallAt: made.lastCallAt,
    });
  });

const somePolicy: fc.Arbitrary<RoutingPolicy> = fc
  .record({
    ambiguous: fc
      .subarray([...AMBIGUITY_OPTIONS], { minLength: 0 })
      .chain((of) => fc.shuffledSubarray(of, { minLength: of.length })),
    mostRecentSeconds: optional(fc.constantFrom(1, 1e9)),
    extensionPrompt: fc.boolean(),
    attemptsPerHour: optional(fc.integer({ min: 1, max: 2 })),
    operator: optional(fc.constant('desk')),
    asks: fc.boolean(),
  })
  .map(({ asks, ...rest }) => ({
    ...DEFAULT_POLICY,
    ...rest,
    pull: asks
      ? {
          url: 'https://b.example/',
          timeoutMs: 500,
          freshSeconds: 1,
          staleSeconds: 1,
          downSeconds: 1,
          numbers: false,
        }
      : undefined,
  }));

const someAnswer: fc.Arbitrary<PullAnswer> = fc.oneof(
  fc.record({
    kind: fc.constant('connect' as const),
    to: fc.oneof(somebody, someService),
    show: optional(fc.oneof(someService, somebody)),
    sound: fc.constant({
      ...{ greeting: undefined, announcement: undefined, record: false, transcribe: false },
      ...{ language: undefined, ringSeconds: undefined, maxCallSeconds: undefined },
    }),
  }),
  fc.record({ kind: fc.constant('session' as const), sessionId: fc.nat(9).map((id) => `ms_${id}`) }),
  fc.constantFrom<PullAnswer>(
    { kind: 'ask-extension' },
    { kind: 'reject' },
    { kind: 'unknown' },
    { kind: 'not-asked' },
    { kind: 'failed', why: 'no answer within 2 s' },
  ),
);

const someWorld = fc.record({
  sessions: fc.uniqueArray(someSession, { minLength: 1, maxLength: 8, selector: ({ id }) => id }),
  policy: somePolicy,
  answer: someAnswer,
  blocks: fc.array(
    fc.record({
      person: somebody,
      counterpart: optional(somebody),
      direction: fc.constantFrom('from', 'to', 'both'),
    }),
    { maxLength: 2 },
  ),
  calls: fc.array(
    fc.record({
      sessionId: fc.nat(9).map((id) => `ms_${id}`),
      caller: somebody,
      callee: somebody,
      at: fc.nat(9),
    }),
    { maxLength: 4 },
  ),
  question: fc.record({
    applicationId: fc.constant(APPLICATION),
    caller: somebody,
    dialled: fc.nat(1).map(service),
    extension: optional(fc.oneof(digits, fc.constant(''))),
    chosen: optional(
      fc.oneof(
        fc.nat(9).map((id) => `ms_${id}`),
        fc.constant(''),
      ),
    ),
    callId: fc.constant('call'),
  }),
});

interface World {
  readonly sessions: readonly MaskingSession[];
  readonly policy: RoutingPolicy;
  readonly answer: PullAnswer;
  readonly blocks: ResolutionModel['blocks'];
  readonly calls: ResolutionModel['calls'];
  readonly question: Question;
}

async function resolved({ sessions, policy, answer, blocks, calls, question }: World) {
  const clock = new VirtualClock();
  const model = new ResolutionModel(clock);
  model.sessions.push(...sessions);
  model.blocks.push(...blocks);
  model.calls.push(...calls.map((call) => ({ ...call, at: clock.now() - call.at })));
  model.policyNow = policy;
  const resolution = await resolve(question, {
    store: model,
    numbers: model,
    clock,
    pull: { ask: async () => answer },
    intercept: { ask: async () => ({ kind: 'allow' }) },
  });
  return { model, resolution };
}

/** Whom the caller may reach at all: by a session that both are in, by digits, by anyone's session, or by the backend. */
function reachable({ sessions, answer, calls, question }: World, number: PhoneNumber): boolean {
  const has = (one: MaskingSession, who: PhoneNumber): boolean =>
    one.parties.some((each) => each.number?.equals(who));
  const live = sessions.filter(({ status }) => status === 'open');
  const bySession = live.some(
    (one) =>
      has(one, number) &&
      (has(one, question.caller) ||
        one.mode === 'axn' ||
        one.parties.some((each) => each.extension === question.extension && each.number?.equals(number))),
  );
  const back = live.some(
    (one) =>
      one.mode === 'axn' &&
      has(one, question.caller) &&
      calls.some((call) => call.sessionId === one.id && call.caller.equals(number)),
  );
  return bySession || back || (answer.kind === 'connect' && answer.to.equals(number));
}

describe('a resolution', () => {
  it('[row 31] never connects a stranger, shows a number that is not held, or passes a block', async () => {
    let connected = 0;
    await fc.assert(
      fc.asyncProperty(someWorld, async (world) => {
        const { model, resolution } = await resolved(world);
        const { decision } = resolution;
        if (decision.kind !== 'connect') return;
        connected += 1;
        expect(decision.callees.length).toBeGreaterThan(0);
        for (const { number, show } of decision.callees) {
          expect(number.equals(world.question.caller)).toBe(false);
          expect(reachable(world, number)).toBe(true);
          expect(model.isServiceNumber(APPLICATION, show)).toBe(true);
          expect(model.isBlocked(world.question.caller, number)).toBe(false);
        }
        const { chosen } = world.question;
        if (chosen !== undefined && chosen !== '') expect(decision.sessionId).toBe(chosen);
      }),
      { numRuns: 3_000 },
    );
    expect(connected).toBeGreaterThan(500);
  });

  it('is a function of what is stored and answered, and its steps hold no number', async () => {
    await fc.assert(
      fc.asyncProperty(someWorld, async (world) => {
        const one = (await resolved(world)).resolution;
        const again = (await resolved({ ...world, sessions: world.sessions.toReversed() })).resolution;
        expect(inspect(again, { depth: 9 })).toBe(inspect(one, { depth: 9 }));
        expect(JSON.stringify(one.steps)).not.toMatch(/\d{5,}/);
      }),
      { numRuns: 1_000 },
    );
  });

  it('never guesses: without most-recent and backend, who could mean two sessions is not connected unasked', async () => {
    await fc.assert(
      fc.asyncProperty(someWorld, async (world) => {
        const policy = { ...world.policy, pull: undefined, ambiguous: ['menu', 'extension'] as const };
        const question = { ...world.question, chosen: undefined, extension: undefined };
        const { model, resolution } = await resolved({ ...world, policy, question });
        const named = (await model.candidates(question)).filter(({ caller }) => caller !== undefined);
        if (named.length > 1) expect(resolution.decision.kind).not.toBe('connect');
      }),
      { numRuns: 1_000 },
    );
  });
});
