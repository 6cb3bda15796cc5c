import type { HangupCause } from '../hangup-cause.ts';

/** Why the fence ends a call that has lasted as long as one may. */
export const TOO_LONG: HangupCause = {
  code: 200,
  reason: 'The fence ended the call: it had lasted as long as a call may.',
  by: 'local',
};

/** Whether a leg's reason is one of the fence's; all of them begin alike, those of the error catalogue too. */
export function isFenceReason(reason: string | undefined): reason is string {
  return reason?.startsWith('The fence ') === true;
}
