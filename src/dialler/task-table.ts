/** Tables of people to call: rows into tasks, control columns read. Pure but for the ids that it is given. */
import { invalid, readCsv } from './csv.ts';
import type { CallWindow, NewTask, TaskTable } from './ports.ts';
import { nextOpening, readSchedule, readTime } from './windows.ts';

const MAX_CHARS = 32 * 1024 * 1024;
const MAX_ROWS = 100_000;
const MAX_COLUMNS = 100;
const MAX_NAME = 100;
/** What `VoxEngine.customData()` may have, as in POST /v1/scenarios/…/sessions. */
const MAX_DATA = 64 * 1024;

/** voximplant.com/docs/guides/solutions/call-lists: 0 is the highest. */
const DEFAULT_PRIORITY = 50;
const MAX_PRIORITY = 0x7fffffff;
/** An attempt is planned at most so far ahead; what is further or past counts for nothing. */
export const MAX_AHEAD_MS = 275 * 86_400_000;

/** What the table itself does not say. */
export interface TableDefaults {
  readonly windows: readonly CallWindow[];
  readonly timeZone: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly uuid: () => string;
}

export interface ReadTable {
  readonly columns: readonly string[];
  readonly tasks: readonly NewTask[];
}

/** @throws MasklineError `call-list/invalid`, with the line */
export function readTable(table: TaskTable, defaults: TableDefaults): ReadTable {
  const records = readCsv(textOf(table), {
    delimiter: oneChar('delimiter', table.delimiter ?? ';'),
    quote: oneChar('quote', table.quote ?? '"'),
    escape: table.escape === undefined || table.escape === '' ? '' : oneChar('escape', table.escape),
  });
  let columns: readonly string[] | undefined;
  const tasks: NewTask[] = [];
  const uuids = new Set<string>();
  for (const { line, fields } of records) {
    if (columns === undefined) {
      columns = checkColumns(fields);
      continue;
    }
    if (fields.length !== columns.length)
      throw invalid(`line ${line} has ${fields.length} fields, the header line ${columns.length}`);
    const task = readRow(new Map(columns.map((name, i) => [name, fields[i] as string])), line, defaults);
    if (uuids.has(task.uuid)) throw invalid(`line ${line}: __task_uuid is there twice`);
    uuids.add(task.uuid);
    tasks.push(task);
    if (tasks.length > MAX_ROWS) throw invalid(`more than ${MAX_ROWS} rows; append the rest`);
  }
  if (columns === undefined || tasks.length === 0) throw invalid('the table has no rows');
  return { columns, tasks };
}

function textOf({ csv, encoding = 'utf-8' }: TaskTable): string {
  if (csv.length > MAX_CHARS) throw invalid(`the table is larger than ${MAX_CHARS / 1_048_576} MB`);
  if (typeof csv === 'string') return csv;
  let decoder: InstanceType<typeof TextDecoder>;
  try {
    decoder = new TextDecoder(encoding, { fatal: true });
  } catch {
    throw invalid(`encoding: ${JSON.stringify(encoding.slice(0, 40))} is not known`);
  }
  try {
    return decoder.decode(csv);
  } catch {
    throw invalid(`the table is not in ${decoder.encoding}`);
  }
}

function oneChar(name: string, value: string): string {
  if (value.length !== 1 || value === '\n' || value === '\r') throw invalid(`${name}: it is one character`);
  return value;
}

function checkColumns(fields: readonly string[]): readonly string[] {
  const names = fields.map((name) => name.trim());
  if (names.length > MAX_COLUMNS) throw invalid(`more than ${MAX_COLUMNS} columns`);
  for (const name of names)
    if (name === '' || name.length > MAX_NAME)
      throw invalid('a name in the header line is empty or too long');
  if (new Set(names).size < names.length) throw invalid('a name is twice in the header line');
  return names;
}

function readRow(row: ReadonlyMap<string, string>, line: number, defaults: TableDefaults): NewTask {
  const customData = JSON.stringify(Object.fromEntries(row));
  if (customData.length > MAX_DATA) throw invalid(`line ${line} is longer than ${MAX_DATA} characters`);
  const value = (name: string): string | undefined => row.get(name)?.trim() || undefined;
  const where = (name: string): string => `line ${line}, ${name}`;
  const windows = rowWindows(value, where);
  const { now, timeZone } = defaults;
  const from = Math.max(
    now,
    startAt(value('__start_at'), where('__start_at')),
    nextAttempt(value, now, where),
  );
  return {
    uuid: readUuid(value('__task_uuid'), where('__task_uuid')) ?? defaults.uuid(),
    customData,
    notBefore: nextOpening(windows.length > 0 ? windows : defaults.windows, timeZone, from),
    priority: readPriority(value('task_priority'), where('task_priority')),
    windows,
  };
}

type Value = (name: string) => string | undefined;
type Where = (name: string) => string;

/** One window for every day, or a schedule by days of the week. */
function rowWindows(value: Value, where: Where): CallWindow[] {
  const schedule = value('call_schedule');
  if (schedule !== undefined) return readSchedule(schedule, where('call_schedule'));
  const [start, end] = [value('__start_execution_time'), value('__end_execution_time')];
  if (start === undefined && end === undefined) return [];
  return [
    {
      from: readTime(start ?? '00:00:00', where('__start_execution_time')),
      to: readTime(end ?? '24:00:00', where('__end_execution_time')),
    },
  ];
}

function startAt(text: string | undefined, where: string): number {
  if (text === undefined) return 0;
  const seconds = Number(text);
  if (!Number.isFinite(seconds) || seconds < 0 || seconds > 8.64e12)
    throw invalid(`${where}: it is no Unix time in seconds`);
  return seconds * 1000;
}

/** ISO 8601 with a zone; a date that is past or too far away is as if it were not there, as in the cloud. */
function nextAttempt(value: Value, now: number, where: Where): number {
  const text = value('next_attempt_time');
  return text === undefined ? 0 : (readInstant(text, now) ?? failed(where('next_attempt_time')));
}

function failed(where: string): never {
  throw invalid(`${where}: it is no ISO 8601 date with a time zone`);
}

/** 0 for what is past or more than nine months ahead; undefined for what is no ISO 8601 date with a time zone. */
export function readInstant(text: string, now: number): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/.test(text))
    return undefined;
  const at = Date.parse(text);
  if (Number.isNaN(at)) return undefined;
  return at < now || at > now + MAX_AHEAD_MS ? 0 : at;
}

function readPriority(text: string | undefined, where: string): number {
  const priority = text === undefined ? DEFAULT_PRIORITY : Number(text);
  if (!Number.isInteger(priority) || priority < 0 || priority > MAX_PRIORITY)
    throw invalid(`${where}: it is no number from 0`);
  return priority;
}

function readUuid(text: string | undefined, where: string): string | undefined {
  if (text !== undefined && !/^[A-Za-z0-9:-]{1,40}$/.test(text))
    throw invalid(`${where}: at most 40 Latin letters, digits, hyphens and colons`);
  return text;
}
