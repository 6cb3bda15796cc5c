import type { Plan } from './plan.ts';
import { play } from './run.ts';

/** A plan without one thing, if it had that. */
type Without = (plan: Plan) => Plan;

const STEPS: readonly Without[] = [
  (plan) => ({ ...plan, faults: { ...plan.faults, loss: 0 } }),
  (plan) => ({ ...plan, faults: { ...plan.faults, duplication: 0 } }),
  (plan) => ({ ...plan, faults: { ...plan.faults, delayed: 0 } }),
  (plan) => ({ ...plan, faults: { ...plan.faults, slice: 0 } }),
  (plan) => ({ ...plan, faults: { ...plan.faults, latency: 1 } }),
  (plan) => ({ ...plan, faults: { ...plan.faults, database: undefined, databaseMs: 0 } }),
  (plan) => ({ ...plan, faults: { ...plan.faults, mediaDiesAt: undefined } }),
  (plan) => ({ ...plan, faults: { ...plan.faults, drainAt: undefined } }),
  (plan) => ({ ...plan, script: { ...plan.script, diesAfter: undefined } }),
  (plan) => ({ ...plan, script: { ...plan.script, endsAfter: undefined } }),
  (plan) => ({ ...plan, script: { ...plan.script, latency: 0 } }),
  (plan) => ({ ...plan, script: { ...plan.script, records: false } }),
  (plan) => ({ ...plan, script: { ...plan.script, talks: false } }),
  (plan) => ({ ...plan, script: { ...plan.script, holds: false } }),
  (plan) => ({ ...plan, caller: { ...plan.caller, actions: [] } }),
  (plan) => ({ ...plan, caller: { ...plan.caller, diesAt: undefined } }),
  (plan) => ({ ...plan, caller: { ...plan.caller, cutOff: undefined } }),
  (plan) => ({ ...plan, caller: { ...plan.caller, breaksAt: [] } }),
  (plan) => ({ ...plan, caller: { ...plan.caller, hangsUpAfter: undefined } }),
  (plan) => ({ ...plan, caller: { ...plan.caller, repeatsInvite: false, lateOffer: false, digest: false } }),
  (plan) => ({ ...plan, carrier: { ...plan.carrier, actions: [] } }),
  (plan) => ({ ...plan, carrier: { ...plan.carrier, diesAt: undefined } }),
  (plan) => ({ ...plan, carrier: { ...plan.carrier, cutOff: undefined } }),
  (plan) => ({ ...plan, carrier: { ...plan.carrier, breaksAt: [] } }),
  (plan) => ({ ...plan, callees: plan.callees.map((callee) => ({ ...callee, challenges: [] })) }),
  (plan) => ({ ...plan, callees: plan.callees.map((callee) => ({ ...callee, hangsUpAfter: undefined })) }),
  (plan) => ({
    ...plan,
    callees: plan.callees.map((callee) => ({
      ...callee,
      steps: callee.steps.filter(({ fork }) => fork === 0),
    })),
  }),
  (plan) => ({
    ...plan,
    callees: plan.callees.map((callee) => ({
      ...callee,
      steps: callee.steps.filter(({ status }) => status >= 200),
    })),
  }),
];

/** Leaves out, one after the other, what the run can do without and still break the same rule. */
export async function shrink(plan: Plan): Promise<Plan> {
  const wanted = await brokenRules(plan);
  let smallest = plan;
  for (const step of STEPS) {
    const candidate = step(smallest);
    const broken = await brokenRules(candidate);
    if ([...broken].some((rule) => wanted.has(rule))) smallest = candidate;
  }
  return smallest;
}

/** Violations without the identifiers and figures of one run. */
async function brokenRules(plan: Plan): Promise<Set<string>> {
  const { outcome } = await play(plan);
  return new Set(outcome.violations.map((violation) => violation.replace(/[0-9a-f]*\d[0-9a-f]*/g, '#')));
}
