import { readFileSync } from 'node:fs';
import { type Check, type Finding, ok, problem, warning } from './diagnosis.ts';

/** Digests, certificates, call records and the order of events depend on it; a second of difference hurts nobody. */
export const TOLERATED_MS = 2_000;
const HARMFUL_MS = 60_000;
/** The newest migration is older; a clock before it was never set. */
const NOT_BEFORE = Date.UTC(2026, 0, 1);
/** systemd-timesyncd makes it once it has set the clock; see systemd-timesyncd.service(8). */
const SYNCHRONISED = '/run/systemd/timesync/synchronized';
const CHRONY = '/run/chrony/chronyd.pid';

/** The machine's own idea of the time, and whether anybody corrects it. */
export const checkClock: Check = async ({ clock }) => [
  machineClock(clock.now(), isSynchronised(SYNCHRONISED) || isSynchronised(CHRONY)),
];

export function machineClock(now: number, synchronised: boolean): Finding {
  const says = `It is ${new Date(now).toISOString()} here.`;
  if (now < NOT_BEFORE) return problem('clock', says, 'Set the clock: timedatectl set-ntp true.');
  if (synchronised) return ok('clock', `${says} A time service keeps it.`);
  return warning(
    'clock',
    `${says} No time service of this machine is known to keep it (in a container the host may).`,
    'Install systemd-timesyncd or chrony, unless the host does it.',
  );
}

/** Another's clock against ours; `theirs` was read at `ours`, ms since the epoch. */
export function compareClocks(check: string, whose: string, theirs: number, ours: number): Finding {
  const difference = Math.round((theirs - ours) / 1000);
  const says = `The clock of ${whose} is ${Math.abs(difference)} s ${difference < 0 ? 'behind' : 'ahead of'} ours.`;
  const todo = 'Set both by a time service (timedatectl set-ntp true).';
  if (Math.abs(theirs - ours) <= TOLERATED_MS) return ok(check, `The clock of ${whose} agrees with ours.`);
  return Math.abs(theirs - ours) > HARMFUL_MS ? problem(check, says, todo) : warning(check, says, todo);
}

function isSynchronised(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES';
  }
}
