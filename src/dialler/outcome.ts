/** What becomes of a task. Pure. */
import type { CallListReport } from '../scenario/ports.ts';
import type { ClaimedTask, TaskOutcome } from './ports.ts';
import { nextOpening } from './windows.ts';

/** How the session of a task ended. */
export type Ending =
  /** By itself, in whatever way but the following. */
  | { readonly kind: 'over' }
  /** The script failed. */
  | { readonly kind: 'failed'; readonly message: string }
  /** Its node stopped or died under it. */
  | { readonly kind: 'node-gone' }
  /** It never began: nobody was called. */
  | { readonly kind: 'not-begun'; readonly retryAt: number }
  /** It cannot begin: the rule is gone. */
  | { readonly kind: 'impossible'; readonly message: string };

/**
 * A report decides. Without one, the attempt counts as a success and is not repeated
 * (voximplant.com/docs/references/voxengine/calllist/reporterror); a script that failed is not repeated either, but leaves
 * "information about the runtime error" (voximplant.com/docs/references/httpapi/calllistdetailtype). A node that died
 * under its session is nobody's success: that is a failed attempt.
 */
export function outcomeOf(
  task: ClaimedTask,
  report: CallListReport | undefined,
  ending: Ending,
  now: number,
): TaskOutcome {
  if (report?.kind === 'result') return { status: 'Processed', result: report.data };
  if (report?.kind === 'error') return again(task, now, report.data);
  if (report?.kind === 'next') return asWished(task, now, report);
  switch (ending.kind) {
    case 'over':
      return { status: 'Processed', result: undefined };
    case 'failed':
      return { status: 'Error', result: errorText(ending.message) };
    case 'impossible':
      return { status: 'Error', result: errorText(ending.message) };
    case 'node-gone':
      return again(task, now, errorText('the server stopped during the attempt'));
    case 'not-begun': {
      const notBefore = nextOpening(task.windows, task.timeZone, Math.max(now, ending.retryAt));
      return { status: 'New', result: undefined, attemptsLeft: task.attemptsLeft, notBefore };
    }
  }
}

function errorText(error: string): string {
  return JSON.stringify({ error });
}

/** The attempt has failed. */
function again(task: ClaimedTask, now: number, result: string): TaskOutcome {
  return planned(task, result, {
    attemptsLeft: task.attemptsLeft - 1,
    from: now + task.intervalSeconds * 1000,
  });
}

/** voximplant.com/docs/guides/solutions/editable-call-lists */
function asWished(
  task: ClaimedTask,
  now: number,
  wish: Extract<CallListReport, { kind: 'next' }>,
): TaskOutcome {
  const { attemptsLeft = task.attemptsLeft - 1, notBefore, customData, window } = wish;
  const outcome = planned(window === undefined ? task : { ...task, windows: [window] }, wish.data, {
    attemptsLeft,
    from: notBefore === undefined ? now + task.intervalSeconds * 1000 : Math.max(now, notBefore),
  });
  if (outcome.status !== 'New') return outcome;
  return {
    ...outcome,
    ...(customData === undefined ? {} : { customData }),
    ...(window === undefined ? {} : { windows: [window] }),
  };
}

function planned(
  task: ClaimedTask,
  result: string,
  next: { readonly attemptsLeft: number; readonly from: number },
): TaskOutcome {
  const attemptsLeft = Math.max(0, next.attemptsLeft);
  if (attemptsLeft === 0) return { status: 'Error', result };
  const notBefore = nextOpening(task.windows, task.timeZone, next.from);
  return { status: 'New', result, attemptsLeft, notBefore };
}
