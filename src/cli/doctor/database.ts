import { StorageError } from '../../storage/errors.ts';
import { type DatabaseState, inspectDatabase } from '../../storage/inspect.ts';
import type { PrivacyState } from '../../storage/inspect-privacy.ts';
import { compareClocks } from './clock.ts';
import { type Check, type Finding, messageOf, ok, type Patient, problem, warning } from './diagnosis.ts';

/** The median of a database near by is under 1 ms. Nothing on the call path waits for it, but the records do. */
const SLOW_MS = 50;
/** Calls end within minutes, nodes come back within hours. */
const STUCK_MS = 86_400_000;

/** Can the database be opened, does our key fit it, and does it answer quickly? Nothing in it is changed. */
export const checkDatabase: Check = async (patient) => {
  const { settings, data, environment } = patient;
  const databaseUrl = environment.DATABASE_URL ?? settings.databaseUrl;
  try {
    return judge(await inspectDatabase({ ...patient, databaseUrl, dataFolder: data }));
  } catch (error) {
    return [failure(error, patient, databaseUrl === '')];
  }
};

export function judge(state: DatabaseState): Finding[] {
  if (state.kind === 'absent')
    return [ok('database', 'There is none yet; the first start makes the embedded one.')];
  const which = state.kind === 'embedded' ? 'The embedded database' : 'The PostgreSQL server';
  const ms = median(state.pings);
  const says = `${which} opens with our key and answers in ${ms.toFixed(1)} ms.`;
  const speed =
    ms <= SLOW_MS
      ? ok('database', says)
      : warning(
          'database',
          says,
          'Look at its load and at the way to it: records and API questions wait for it.',
        );
  return [
    speed,
    ...version(state.pending),
    ...power(state.kind),
    ...clocks(state),
    ...(state.privacy === undefined ? [] : privacy(state.privacy, state.clock.ours)),
  ];
}

function version(pending: readonly string[]): Finding[] {
  if (pending.length === 0) return [];
  const says = `The next start brings it up to date: ${pending.join(', ')}.`;
  return [warning('database', says, 'Make a backup first; an older Maskline cannot open it afterwards.')];
}

function power(kind: 'embedded' | 'server'): Finding[] {
  if (kind === 'server') return [];
  return [
    ok(
      'database',
      'It does not wait for the disk: a power cut may lose the last second. A server does wait.',
    ),
  ];
}

/** Nodes that share a database order their events by its rows, and expire registrations by their own clocks. */
function clocks(state: Exclude<DatabaseState, { kind: 'absent' }>): Finding[] {
  if (state.kind === 'embedded') return [];
  return [compareClocks('clock of the database', 'the database', state.clock.theirs, state.clock.ours)];
}

/** A change of keys that was not finished, and erasures that do not end. */
function privacy({ staleRows, erasures, files }: PrivacyState, now: number): Finding[] {
  const found: Finding[] = [];
  if (staleRows > 0)
    found.push(
      warning(
        'data keys',
        `${staleRows} rows are under an older key than the one that seals.`,
        'Run `maskline keys rotate-data`: it goes on where it was. Until then the older key must stay in the key file.',
      ),
    );
  const { running, since } = erasures;
  if (since !== undefined && now - since > STUCK_MS) {
    const waiting = Object.entries(files).map(([node, count]) => `${node || 'an unknown node'} (${count})`);
    const says = `${running} ${running === 1 ? 'erasure does' : 'erasures do'} not come to an end`;
    const which = waiting.length === 0 ? '' : `; files wait on ${waiting.join(', ')}`;
    found.push(
      warning(
        'erasures',
        `${says}${which}.`,
        'Start the nodes that have files; look for calls that do not end.',
      ),
    );
  }
  return found;
}

function failure(error: unknown, { isServing }: Patient, embedded: boolean): Finding {
  if (error instanceof StorageError) {
    if (error.code === 'storage/folder-in-use' && isServing)
      return ok('database', 'The node that serves has it open; GET /ready says how it does.');
    return problem('database', error.message.replace(error.hint, '').trim(), error.hint);
  }
  const todo = embedded ? 'Correct `data`, or who may read it.' : 'Check DATABASE_URL and the server.';
  return problem('database', messageOf(error), todo);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
