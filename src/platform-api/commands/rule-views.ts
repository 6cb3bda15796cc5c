import type { Context } from '../command.ts';
import { numbersOf, visibleScenarios } from '../objects.ts';
import type { PlatformRule, PlatformScenario } from '../ports.ts';
import { writeTime } from '../time.ts';

/** Rules as the API shows them; with the scenarios that they run, in order. */
export async function ruleViews(context: Context, rules: readonly PlatformRule[], withScenarios: boolean) {
  const rule = await numbersOf(
    context,
    'rule',
    rules.map((one) => one.id),
  );
  const application = await numbersOf(
    context,
    'application',
    rules.map((one) => one.applicationId),
  );
  const scenarios = withScenarios ? await scenarioViews(context, await visibleScenarios(context)) : new Map();
  return rules.map((one) => ({
    rule_id: rule(one.id),
    application_id: application(one.applicationId),
    rule_name: one.name,
    rule_pattern: one.pattern,
    ...(one.exclude === '' ? {} : { rule_pattern_exclude: one.exclude }),
    video_conference: false,
    modified: writeTime(one.modifiedAt),
    ...(withScenarios ? { scenarios: one.scenarioIds.flatMap((id) => scenarios.get(id) ?? []) } : {}),
  }));
}

/** By our id. */
export async function scenarioViews(context: Context, scenarios: readonly PlatformScenario[]) {
  const number = await numbersOf(
    context,
    'scenario',
    scenarios.map((one) => one.id),
  );
  const applications = scenarios.flatMap((one) => one.applicationId ?? []);
  const application = await numbersOf(context, 'application', applications);
  return new Map(
    scenarios.map((one) => [
      one.id,
      {
        scenario_id: number(one.id),
        scenario_name: one.name,
        ...(one.applicationId === undefined ? {} : { application_id: application(one.applicationId) }),
        modified: writeTime(one.modifiedAt),
        parent: false,
      },
    ]),
  );
}
