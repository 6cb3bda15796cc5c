const formats = new Map<string, Intl.DateTimeFormat>();

/** Minutes east of UTC of an IANA time zone at an instant; NaN when there is no such zone. Pure. */
export function zoneOffset(zone: string, at: number): number {
  if (!/^[A-Za-z0-9_+\-/]{1,64}$/.test(zone) || !Number.isFinite(at) || Math.abs(at) > 8.64e15)
    return Number.NaN;
  let format = formats.get(zone);
  if (format === undefined) {
    try {
      format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
    } catch {
      return Number.NaN;
    }
    if (formats.size >= 100) formats.clear();
    formats.set(zone, format);
  }
  const name = format.formatToParts(at).find((part) => part.type === 'timeZoneName')?.value ?? '';
  const parts = /^GMT(?:([+-])(\d{2}):(\d{2}))?/.exec(name);
  if (parts === null) return Number.NaN;
  const minutes = Number(parts[2] ?? 0) * 60 + Number(parts[3] ?? 0);
  return parts[1] === '-' ? -minutes : minutes;
}
