/** Hours in which people may be called. Pure. */
import { zoneOffset } from '../scenario/sandbox/zone-offset.ts';
import { invalid } from './csv.ts';
import type { CallWindow } from './ports.ts';

const DAY = 86_400;
const DAY_MS = DAY * 1000;
/** Enough for a window on one day of the week, seen from that day. */
const DAYS_AHEAD = 8;

/** The first instant from `at` on, in milliseconds, in which a window is open. */
export function nextOpening(windows: readonly CallWindow[], zone: string, at: number): number {
  if (windows.length === 0) return at;
  const today = Math.floor((at + zoneOffset(zone, at) * 60_000) / DAY_MS);
  let best = Number.POSITIVE_INFINITY;
  // Yesterday's window may still be open after midnight.
  for (let day = today - 1; day <= today + DAYS_AHEAD; day += 1) {
    for (const { days, from, to } of windows) {
      if (days !== undefined && !days.includes(weekday(day))) continue;
      const opens = instantOf(zone, day, from);
      const closes = instantOf(zone, day, to <= from ? to + DAY : to);
      if (at < closes) best = Math.min(best, Math.max(at, opens));
    }
  }
  return best;
}

/** 1970-01-01 was a Thursday. */
function weekday(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}

/** The instant of a local time. Twice, because the offset may change between the two; an hour that is skipped is the next. */
function instantOf(zone: string, day: number, seconds: number): number {
  const local = day * DAY_MS + seconds * 1000;
  const guess = local - zoneOffset(zone, local) * 60_000;
  return local - zoneOffset(zone, guess) * 60_000;
}

/** `17:00:00` or `17:00` → seconds after midnight; 24:00:00 is the end of the day. @throws `call-list/invalid` */
export function readTime(text: string, where: string): number {
  const parts = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text.trim());
  const [hours, minutes, seconds] = [Number(parts?.[1]), Number(parts?.[2]), Number(parts?.[3] ?? 0)];
  const total = hours * 3600 + minutes * 60 + seconds;
  if (parts === null || minutes > 59 || seconds > 59 || total > DAY)
    throw invalid(`${where}: a time is written HH:mm:ss`);
  return total;
}

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/**
 * The column `call_schedule`: `[{ "day_of_week": "mon", "start": "09:00", "end": "18:00" }, …]`
 * (voximplant.com/docs/guides/solutions/call-lists). @throws `call-list/invalid`
 */
export function readSchedule(json: string, where: string): CallWindow[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw invalid(`${where}: it is not JSON`);
  }
  if (!Array.isArray(value) || value.length === 0 || value.length > 50)
    throw invalid(`${where}: it is no list of one to 50 windows`);
  return value.map((entry: unknown) => {
    const { day_of_week: day, start, end } = (entry ?? {}) as Record<string, unknown>;
    const name = typeof day === 'string' ? day.trim().toLowerCase() : '';
    const index = WEEKDAYS.findIndex((one) => one === name || one.slice(0, 3) === name);
    if (index < 0) throw invalid(`${where}: day_of_week is no day of the week`);
    return { days: [index], from: readTime(String(start), where), to: readTime(String(end), where) };
  });
}

/** @throws `call-list/invalid` */
export function checkWindows(windows: readonly CallWindow[], zone: string): void {
  if (Number.isNaN(zoneOffset(zone, 0)))
    throw invalid(`timeZone: ${JSON.stringify(zone)} is no IANA time zone`);
  if (windows.length > 50) throw invalid('windows: more than 50');
  for (const { days, from, to } of windows) {
    const inDay = (seconds: number): boolean => Number.isInteger(seconds) && seconds >= 0 && seconds <= DAY;
    const fits = days?.every((day) => Number.isInteger(day) && day >= 0 && day <= 6) ?? true;
    if (!inDay(from) || !inDay(to) || !fits || days?.length === 0)
      throw invalid('windows: days are 0 to 6, and times 0 to 86400 seconds after midnight');
  }
}
