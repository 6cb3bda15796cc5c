/** PostgreSQL's text and jsonb refuse NUL and lone surrogates; a script's log line may hold either. */
export function cleanText(value: string | undefined): string | null {
  return value === undefined ? null : value.replaceAll('\0', '').toWellFormed();
}

/** The same for every text in a value, keys included. */
export function cleanJson(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (Array.isArray(value)) return value.map(cleanJson);
  if (value === null || typeof value !== 'object') return value;
  // A `PhoneNumber` and its kind say themselves how they are written: masked.
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return JSON.parse(JSON.stringify(value));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [cleanText(key), cleanJson(item)]));
}
