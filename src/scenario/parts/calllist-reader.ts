import { BadCommand, type Fields, fieldsOf, integer, number, string } from '../command-fields.ts';
import type { CallListCommand } from './calllist-protocol.ts';
import type { Readers } from './reader.ts';

/** Characters of a report, and of what a next attempt is given. */
const MAX_DATA = 64 * 1024;
const MAX_ATTEMPTS = 100;
const DAY = 86_400;
/** As far as a `Date` goes. */
const MAX_TIME = 8.64e15;

export const CALL_LIST_READERS: Readers<CallListCommand> = {
  'calllist-report': (fields, type) => ({
    type,
    requestId: integer(fields, 'requestId', 1, Number.MAX_SAFE_INTEGER),
    report: report(fieldsOf(fields.get('report'), 'report')),
  }),
};

function report(fields: Fields): CallListCommand['report'] {
  const kind = string(fields, 'kind', 16);
  const data = string(fields, 'data', MAX_DATA);
  if (kind === 'result' || kind === 'error' || kind === 'progress') return { kind, data };
  if (kind !== 'next') throw new BadCommand('report.kind is unknown');
  const has = (name: string): boolean => fields.get(name) !== undefined;
  const window = has('window') ? fieldsOf(fields.get('window'), 'window') : undefined;
  return {
    kind,
    data,
    ...(has('attemptsLeft') ? { attemptsLeft: integer(fields, 'attemptsLeft', 0, MAX_ATTEMPTS) } : {}),
    ...(has('customData') ? { customData: string(fields, 'customData', MAX_DATA) } : {}),
    ...(has('notBefore') ? { notBefore: number(fields, 'notBefore', 0, MAX_TIME) } : {}),
    ...(window === undefined
      ? {}
      : { window: { from: integer(window, 'from', 0, DAY), to: integer(window, 'to', 0, DAY) } }),
  };
}
