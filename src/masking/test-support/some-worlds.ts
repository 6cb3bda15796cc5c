/** Worlds drawn at random: sessions, people, blocks, calls, a policy, and a question; for properties of resolutions. */

import fc from 'fast-check';
import type { PhoneNumber } from '../../kernel/phone-number.ts';
import { AMBIGUITY_OPTIONS } from '../policy.ts';
import type { PullAnswer } from '../ports.ts';
import { NO_RULES } from '../rules.ts';
import { DEFAULT_POLICY, type MaskingSession, type Question, type RoutingPolicy } from '../types.ts';
import { APPLICATION, party, person, type ResolutionModel, service, session } from './resolution-model.ts';

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

export const someWorld = fc.record({
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
  /** Ago, milliseconds; no two at once. */
  calls: fc.uniqueArray(
    fc.record({
      sessionId: fc.nat(9).map((id) => `ms_${id}`),
      caller: somebody,
      callee: somebody,
      at: fc.nat(20).map((count) => count * 300_000),
    }),
    { maxLength: 6, selector: ({ at }) => at },
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

export interface World {
  readonly sessions: readonly MaskingSession[];
  readonly policy: RoutingPolicy;
  readonly answer: PullAnswer;
  readonly blocks: ResolutionModel['blocks'];
  readonly calls: ResolutionModel['calls'];
  readonly question: Question;
}
