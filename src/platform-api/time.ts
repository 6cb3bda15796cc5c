/** Times as the platform API writes them: `YYYY-MM-DD HH:mm:ss`, UTC unless a time zone is asked for. */

const FORM = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2}):(\d{2}))?$/;

/** Milliseconds since the epoch; undefined when no calendar has it. A day alone is its midnight. */
export function readTime(text: string, zone = 'UTC'): number | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const utc = Date.parse(
    `${match[1]}-${match[2]}-${match[3]}T${match[4] ?? '00'}:${match[5] ?? '00'}:${match[6] ?? '00'}Z`,
  );
  if (Number.isNaN(utc) || writeUtc(utc).slice(0, 10) !== text.slice(0, 10)) return undefined;
  if (isUtc(zone)) return utc;
  // Once for the offset at about that time, once more since it may lie on the other side of a change of clocks.
  const guess = utc - offset(utc, zone);
  return utc - offset(guess, zone);
}

export function writeTime(ms: number, zone = 'UTC'): string {
  return writeUtc(isUtc(zone) ? ms : ms + offset(ms, zone));
}

/** Whether there is such a time zone. */
export function isTimeZone(zone: string): boolean {
  if (isUtc(zone)) return true;
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

const isUtc = (zone: string): boolean => /^(?:UTC|GMT|Etc\/(?:UTC|GMT)|auto)$/i.test(zone);

const writeUtc = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

/** Making one takes longer than using it, and a page of history has thousands of moments. */
const formats = new Map<string, Intl.DateTimeFormat>();
const MAX_FORMATS = 50;

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const two = '2-digit' as const;
  const fields = { year: 'numeric', month: two, day: two, hour: two, minute: two, second: two } as const;
  const made = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', ...fields });
  if (formats.size >= MAX_FORMATS) formats.clear();
  formats.set(zone, made);
  return made;
}

/** Milliseconds that the zone is ahead of UTC at that moment. */
function offset(ms: number, zone: string): number {
  const parts = formatOf(zone).formatToParts(ms);
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  const local = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  return local - Math.floor(ms / 1_000) * 1_000;
}
