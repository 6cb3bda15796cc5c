import type { Api } from '../api.ts';
import type { HttpServerOptions } from '../options.ts';
import { auditLog } from './audit-log.ts';
import { callEvents } from './call-events.ts';
import { callReplay } from './call-replay.ts';
import { callTrace } from './call-trace.ts';
import { calls } from './calls.ts';
import { health } from './health.ts';
import { keys } from './keys.ts';
import { metrics } from './metrics.ts';
import { node } from './node.ts';
import { numbers } from './numbers.ts';
import { openapi } from './openapi.ts';
import { recordingAudio } from './recording-audio.ts';
import { recordingTranscript } from './recording-transcript.ts';
import { recordings } from './recordings.ts';
import { scenarios } from './scenarios.ts';
import { sessionAccess } from './session-access.ts';
import { startScenario } from './start-scenario.ts';
import { trunks } from './trunks.ts';
import { users } from './users.ts';

/** All routes, in the order of the documentation. */
export function registerRoutes(api: Api, options: HttpServerOptions): void {
  health(api, options);
  metrics(api, options);
  node(api, options);
  openapi(api);
  calls(api, options);
  callEvents(api, options);
  callTrace(api, options);
  callReplay(api, options);
  recordings(api, options);
  recordingAudio(api, options);
  recordingTranscript(api, options);
  scenarios(api, options);
  startScenario(api, options);
  sessionAccess(api, options.doors);
  numbers(api, options);
  trunks(api, options);
  users(api, options);
  keys(api, options);
  auditLog(api, options);
}
