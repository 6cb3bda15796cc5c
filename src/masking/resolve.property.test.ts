import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PhoneNumber } from '../kernel/phone-number.ts';
import { VirtualClock } from '../kernel/virtual-clock.ts';
import { resolve } from './resolve.ts';
import { APPLICATION, ResolutionModel } from './test-support/resolution-model.ts';
import { someWorld, type World } from './test-support/some-worlds.ts';
import type { MaskingSession } from './types.ts';

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
