/**
 * What `maskline doctor` looks at before the first call, and when calls fail: everything around the node that is not
 * its own code. A check never changes anything that lasts, says what it saw in one sentence, and what to do about it.
 * It runs beside a node that serves: what that node holds (ports, the embedded database) is asked of it, not taken.
 */
import type { Settings } from '../../config/schema.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Random } from '../../kernel/random.ts';
import type { Network } from '../../sip/transport/types.ts';

export interface Finding {
  /** What was looked at: `disk`, `trunk provider`. */
  readonly check: string;
  /** `problem`: calls will fail. `warning`: some may, or will some day. */
  readonly state: 'ok' | 'warning' | 'problem';
  readonly says: string;
  /** What to do; absent when all is well. */
  readonly todo?: string;
}

export interface Patient {
  readonly settings: Settings;
  /** Relative paths in the settings start here. */
  readonly folder: string;
  /** The data folder, absolute. */
  readonly data: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Whether a node with these settings serves at the moment. */
  readonly isServing: boolean;
}

export type Check = (patient: Patient) => Promise<readonly Finding[]>;

/** Runs the checks side by side; their findings in order. A check that throws is a problem, too. */
export async function diagnose(
  patient: Patient,
  checks: Readonly<Record<string, Check>>,
): Promise<readonly Finding[]> {
  const all = Object.entries(checks).map(async ([name, check]) => {
    try {
      return await check(patient);
    } catch (error) {
      return [problem(name, messageOf(error), 'This check itself failed; the sentence says at what.')];
    }
  });
  return (await Promise.all(all)).flat();
}

export function ok(check: string, says: string): Finding {
  return { check, state: 'ok', says };
}

export function warning(check: string, says: string, todo: string): Finding {
  return { check, state: 'warning', says, todo };
}

export function problem(check: string, says: string, todo: string): Finding {
  return { check, state: 'problem', says, todo };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
