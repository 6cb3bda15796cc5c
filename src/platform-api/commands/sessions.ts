import { type Answer, type Context, command } from '../command.ts';
import { PlatformError } from '../errors.ts';
import { applicationParams, findApplication, needRule, numbersOf } from '../objects.ts';
import { type Args, id, ignored, line, otherwise, required, text } from '../params.ts';
import type { PlatformRule } from '../ports.ts';

/** Bytes; kept in memory as long as the session runs. */
const MAX_CUSTOM_DATA = 64 * 1024;

const startParams = {
  rule_id: id(147),
  rule_name: line({ code: 147 }),
  ...applicationParams,
  script_custom_data: otherwise(text({ max: MAX_CUSTOM_DATA, keepEmpty: true }), ''),
  user_id: ignored('a session is nobody’s'),
  user_name: ignored('a session is nobody’s'),
  reference_ip: ignored('the session runs on the node that was asked'),
  server_location: ignored('the session runs on the node that was asked'),
};

export const sessions = [
  command({
    name: 'StartScenarios',
    summary: 'Starts the scenarios of a rule in a session without an inbound call.',
    scope: 'scenarios:start',
    page: 'scenarios',
    params: startParams,
    run: async (context, args) => await start(context, args, undefined),
  }),

  command({
    name: 'StartConference',
    summary: 'The same for a conference: if one of that name runs, that is what is answered.',
    scope: 'scenarios:start',
    page: 'scenarios',
    missing: 'no video; a conference is of one node',
    params: { conference_name: required(line({ code: 269, max: 50 })), ...startParams },
    run: async (context, args) => await start(context, args, args.conference_name),
  }),
];

async function start(
  context: Context,
  args: Args<typeof startParams>,
  conferenceName: string | undefined,
): Promise<Answer> {
  const application = await findApplication(context, args);
  const rule = await needRule(context, args, application);
  const customData = args.script_custom_data;
  if (Buffer.byteLength(customData) > MAX_CUSTOM_DATA) {
    throw new PlatformError(496, { parameter: 'script_custom_data' });
  }
  const route = await routeOf(context, rule);
  const { sessionId, access } = await context.scenarios.start({
    route,
    customData: customData === '' ? rule.customData : customData,
    inbound: undefined,
    ...(conferenceName === undefined ? {} : { conferenceName }),
  });
  const number = await numbersOf(context, 'session', [sessionId]);
  return {
    result: 1,
    ...(access === undefined
      ? {}
      : { media_session_access_url: access.url, media_session_access_secure_url: access.secureUrl }),
    call_session_history_id: number(sessionId),
  };
}

/** From the database and not from memory: another node may have made the rule a moment ago. */
async function routeOf(context: Context, rule: PlatformRule) {
  const { directory } = context;
  if (rule.scenarioIds.length === 0) throw new PlatformError(375);
  const application = (await directory.applications()).find((one) => one.id === rule.applicationId);
  const names = new Map((await directory.scenarios()).map((one) => [one.id, one.name]));
  const sources = await directory.sources(rule.scenarioIds);
  const scenarios = rule.scenarioIds.map((one) => ({ name: names.get(one), source: sources.get(one) }));
  if (application === undefined) throw new PlatformError(147);
  return {
    applicationId: application.id,
    applicationName: application.name,
    ruleName: rule.name,
    scenarios: scenarios.map(({ name, source }) => {
      // Removed between two look-ups.
      if (name === undefined || source === undefined) throw new PlatformError(375);
      return { name, source };
    }),
  };
}
