/** Extra headers as scripts give them: an object of names and values, lines `Name: value`, or nothing. */
import type { Headers } from '../protocol.ts';

export function headersOf(value: unknown): Headers {
  const out: Record<string, string> = {};
  if (Array.isArray(value) || typeof value === 'string') return Object.fromEntries(headerLines(value));
  if (value === null || typeof value !== 'object') return out;
  for (const [name, text] of Object.entries(value)) {
    if (text !== undefined && text !== null) out[name] = String(text);
  }
  return out;
}

/** `['Name: value', …]`, or one text of such lines. */
export function headerLines(value: string | readonly unknown[]): [string, string][] {
  const lines = typeof value === 'string' ? value.split(/\r?\n/) : value.map(text);
  return lines.flatMap((line): [string, string][] => {
    const colon = line.indexOf(':');
    return colon > 0 ? [[line.slice(0, colon).trim(), line.slice(colon + 1).trim()]] : [];
  });
}

/** Text of an argument; nothing for null and undefined, so that a missing order does not dial "undefined". */
export function text(value: unknown): string {
  return value === undefined || value === null ? '' : String(value);
}
