import { describe, expect, it } from 'vitest';
import type { CallListReport } from '../scenario/ports.ts';
import { readCsv } from './csv.ts';
import { type Ending, outcomeOf } from './outcome.ts';
import type { CallWindow, ClaimedTask, TaskTable } from './ports.ts';
import { readTable } from './task-table.ts';
import { nextOpening, readSchedule } from './windows.ts';

/** A Monday. */
const NOW = Date.UTC(2026, 0, 5, 12);
const HOUR = 3600;
const hours = (count: number) => count * HOUR * 1000;

function read(csv: string | Uint8Array, more: Partial<TaskTable> = {}, windows: readonly CallWindow[] = []) {
  let ids = 0;
  return readTable({ csv, ...more }, { windows, timeZone: 'UTC', now: NOW, uuid: () => `id-${++ids}` });
}
const only = (columns: string, row: string) => read(`phone;${columns}\n+1;${row}\n`).tasks[0];

describe('tables (voximplant.com/docs/guides/solutions/call-lists)', () => {
  it('RFC 4180 §2: quotes, delimiters and line ends inside them, a byte order mark, empty lines', () => {
    const records = (text: string, escaped = '') =>
      [...readCsv(text, { delimiter: ';', quote: '"', escape: escaped })].map(({ line, fields }) => [
        line,
        ...fields,
      ]);
    expect(records('\ufeffa;b\r\n"x;""y""";"two\nlines"\n\n;\nlast;a"b')).toEqual([
      [1, 'a', 'b'],
      [2, 'x;"y"', 'two\nlines'],
      [5, '', ''],
      [6, 'last', 'a"b'],
    ]);
    expect(records('"a\\"b";c', '\\')).toEqual([[1, 'a"b', 'c']]);
    expect(() => records('a\n"b')).toThrow('line 2: a quote is not closed');
    expect(() => records('"a"b;c')).toThrow('line 1: text after a closing quote');
  });

  it('a row is JSON of its columns; encodings and delimiters by name', () => {
    const { columns, tasks } = read('phone;name\n+442079460123;Ann\n+442079460124;"B;b"\n');
    expect(columns).toEqual(['phone', 'name']);
    expect(tasks).toEqual([
      {
        ...{ uuid: 'id-1', customData: '{"phone":"+442079460123","name":"Ann"}', notBefore: NOW },
        ...{ priority: 50, windows: [] },
      },
      expect.objectContaining({ uuid: 'id-2', customData: '{"phone":"+442079460124","name":"B;b"}' }),
    ]);
    const cyrillic = new Uint8Array([...Buffer.from('name\n'), 0xc0, 0xed, 0xff]);
    expect(read(cyrillic, { encoding: 'windows-1251' }).tasks[0]?.customData).toBe('{"name":"Аня"}');
    expect(read("a,b\n'1,5',2", { delimiter: ',', quote: "'" }).tasks[0]?.customData).toBe(
      '{"a":"1,5","b":"2"}',
    );
    expect(() => read(cyrillic)).toThrow('the table is not in utf-8');
  });

  it('control columns', () => {
    expect(only('__start_execution_time;__end_execution_time', '17:00:00;22:00:00')).toMatchObject({
      windows: [{ from: 17 * HOUR, to: 22 * HOUR }],
      notBefore: NOW + hours(5),
    });
    expect(only('__start_execution_time', '10:00')?.notBefore).toBe(NOW);
    expect(only('__start_at', String(NOW / 1000 + 60))?.notBefore).toBe(NOW + 60_000);
    expect(only('__task_uuid;task_priority', 'order-7:a;0')).toMatchObject({
      uuid: 'order-7:a',
      priority: 0,
    });
    expect(only('next_attempt_time', '2026-01-05T18:00:00.5+03:00')?.notBefore).toBe(NOW + hours(3) + 500);
    // Past, or more than nine months ahead: as if it were not there.
    expect(only('next_attempt_time', '2026-01-01T00:00:00Z')?.notBefore).toBe(NOW);
    expect(only('next_attempt_time', '2027-01-01T00:00:00Z')?.notBefore).toBe(NOW);
    const schedule = '"[{""day_of_week"":""Tue"",""start"":""09:00"",""end"":""10:00""}]"';
    expect(only('call_schedule', schedule)).toMatchObject({ notBefore: NOW + hours(21) });
    expect(read('a\n1', {}, [{ from: 13 * HOUR, to: 14 * HOUR }]).tasks[0]?.notBefore).toBe(NOW + hours(1));
  });

  it.each([
    ['', 'no rows'],
    ['a;b', 'no rows'],
    ['a;b\n1', 'line 2 has 1 fields, the header line 2'],
    ['a;a\n1;2', 'a name is twice'],
    ['a;\n1;2', 'is empty or too long'],
    [`${Array.from({ length: 101 }, (_, i) => `c${i}`).join(';')}\n1`, 'more than 100 columns'],
    [`a\n${'x'.repeat(70_000)}`, 'line 2 is longer'],
    ['__start_execution_time\n25:00:00', 'line 2, __start_execution_time: a time is written HH:mm:ss'],
    ['__start_at\nsoon', 'no Unix time'],
    ['__task_uuid\na b', 'at most 40 Latin letters'],
    ['__task_uuid\na\na', 'line 3: __task_uuid is there twice'],
    ['task_priority\nhigh', 'no number from 0'],
    ['next_attempt_time\n2026-01-05 18:00', 'no ISO 8601 date'],
    ['call_schedule\n[]', 'no list of one to 50 windows'],
    ['call_schedule\nmonday', 'it is not JSON'],
  ])('refuses %j', (csv, why) => {
    expect(() => read(csv)).toThrow(why);
    expect(() => read(csv)).toThrow(expect.objectContaining({ code: 'call-list/invalid' }));
  });

  it('refuses options that are none', () => {
    for (const bad of [{ delimiter: '' }, { delimiter: '\n' }, { quote: "''" }, { escape: '\\\\' }])
      expect(() => read('a\n1', bad)).toThrow('it is one character');
    expect(() => read(new Uint8Array(), { encoding: 'klingon' })).toThrow('encoding: "klingon" is not known');
  });
});

describe('hours', () => {
  const open = (windows: CallWindow[], zone: string, at: number) => nextOpening(windows, zone, at) - at;

  it('of a day, over midnight, and by days of the week', () => {
    const night = [{ from: 22 * HOUR, to: 2 * HOUR }];
    expect(open([], 'UTC', NOW)).toBe(0);
    expect(open(night, 'UTC', NOW)).toBe(hours(10));
    expect(open(night, 'UTC', NOW + hours(13))).toBe(0);
    expect(open(night, 'UTC', NOW + hours(14))).toBe(hours(20));
    expect(open([{ from: 0, to: 86_400 }], 'UTC', NOW)).toBe(0);
    const sunday = readSchedule('[{"day_of_week":"sunday","start":"23:00","end":"01:00"}]', '');
    expect(sunday).toEqual([{ days: [0], from: 23 * HOUR, to: HOUR }]);
    expect(open(sunday, 'UTC', NOW)).toBe(hours(6 * 24 + 11));
    // Monday, half past midnight: Sunday's window is still open.
    expect(open(sunday, 'UTC', NOW + hours(6 * 24 + 12.5))).toBe(0);
  });

  it('in a time zone, also on the days when clocks change', () => {
    const day = [{ from: 9 * HOUR, to: 18 * HOUR }];
    expect(open(day, 'Europe/Moscow', NOW + hours(3))).toBe(hours(15));
    expect(open(day, 'America/New_York', NOW)).toBe(hours(2));
    // Berlin, 29 March 2026: 02:00 becomes 03:00. Noon of the day before to nine o'clock: 20 hours.
    expect(open(day, 'Europe/Berlin', Date.UTC(2026, 2, 28, 17))).toBe(hours(14));
    // 25 October: 03:00 becomes 02:00.
    expect(open(day, 'Europe/Berlin', Date.UTC(2026, 9, 24, 16))).toBe(hours(16));
    expect(
      open([{ from: 2.5 * HOUR, to: 2.75 * HOUR }], 'Europe/Berlin', Date.UTC(2026, 2, 29, 0)),
    ).toBeLessThan(hours(24));
  });
});

describe('outcomes', () => {
  const task: ClaimedTask = {
    ...{ id: 1, token: 't', applicationId: 'a', ruleId: 'r', customData: '{}', windows: [], timeZone: 'UTC' },
    ...{ intervalSeconds: 60, attemptsLeft: 2 },
  };
  const after = (report: CallListReport | undefined, ending: Ending = { kind: 'over' }, attemptsLeft = 2) =>
    outcomeOf({ ...task, attemptsLeft }, report, ending, NOW);

  it('without a report the attempt is a success (voximplant.com/docs/references/voxengine/calllist/reporterror)', () => {
    expect(after(undefined)).toEqual({ status: 'Processed', result: undefined });
    expect(after(undefined, { kind: 'failed', message: 'x is not defined' })).toEqual({
      status: 'Error',
      result: '{"error":"x is not defined"}',
    });
  });

  it('an error is tried again while attempts are left, a report counts whatever came after it', () => {
    const again = { status: 'New', result: 'busy', attemptsLeft: 1, notBefore: NOW + 60_000 };
    expect(after({ kind: 'error', data: 'busy' })).toEqual(again);
    expect(after({ kind: 'error', data: 'busy' }, { kind: 'failed', message: 'x' })).toEqual(again);
    expect(after({ kind: 'error', data: 'busy' }, { kind: 'over' }, 1)).toEqual({
      status: 'Error',
      result: 'busy',
    });
    expect(after({ kind: 'result', data: 'ok' }, { kind: 'node-gone' })).toEqual({
      status: 'Processed',
      result: 'ok',
    });
    expect(after(undefined, { kind: 'node-gone' })).toMatchObject({ status: 'New', attemptsLeft: 1 });
    expect(after(undefined, { kind: 'not-begun', retryAt: NOW + 5 })).toMatchObject({
      attemptsLeft: 2,
      notBefore: NOW + 5,
    });
    expect(after(undefined, { kind: 'impossible', message: 'gone' })).toMatchObject({ status: 'Error' });
  });
});
