/** How long a receiver asks to be left alone: `Retry-After` (RFC 9110 §10.2.3), a count of seconds or a date. */

/** Who asks for longer means something else, or nothing good: we try for a day. */
const LONGEST_MS = 24 * 3_600_000;

/** A count of seconds; five digits are more than a day has. */
const SECONDS = /^\d{1,5}$/;
/** The three forms of a date that a recipient must accept (RFC 9110 §5.6.7): IMF-fixdate, RFC 850, asctime. All are UTC. */
const DATES: readonly RegExp[] = [
  /^[A-Z][a-z]{2}, (?<day>\d{2}) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/,
  /^[A-Z][a-z]{5,8}, (?<day>\d{2})-(?<month>[A-Z][a-z]{2})-(?<year>\d{2}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/,
  /^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<time>\d{2}:\d{2}:\d{2}) (?<year>\d{4})$/,
];

/**
 * Milliseconds; undefined where there is nothing to respect: no such field, or more than one, something else than the
 * two forms, a time that is over, more than a day.
 *
 * @param values of all fields of that name in the answer.
 * @param now milliseconds since the epoch.
 */
export function readRetryAfter(values: readonly string[], now: number): number | undefined {
  const [value, ...others] = values;
  if (value === undefined || others.length > 0) return undefined;
  const ms = SECONDS.test(value) ? Number(value) * 1000 : readDate(value, now) - now;
  return ms > 0 && ms <= LONGEST_MS ? ms : undefined;
}

/** Milliseconds since the epoch; NaN: no date. */
function readDate(text: string, now: number): number {
  for (const form of DATES) {
    const { day = '', month, year = '', time } = form.exec(text)?.groups ?? {};
    if (month !== undefined) return Date.parse(`${day.trim()} ${month} ${fullYear(year, now)} ${time} UTC`);
  }
  return Number.NaN;
}

/** Two digits are the year that is not more than fifty years ahead (RFC 9110 §5.6.7). */
function fullYear(year: string, now: number): string {
  if (year.length === 4) return year;
  const latest = new Date(now).getUTCFullYear() + 50;
  const inItsCentury = latest - (latest % 100) + Number(year);
  return String(inItsCentury > latest ? inItsCentury - 100 : inItsCentury);
}
