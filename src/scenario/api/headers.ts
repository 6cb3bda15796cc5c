/** Extra headers as scripts give them: an object of names and values, or nothing. */
import type { Headers } from '../protocol.ts';

export function headersOf(value: unknown): Headers {
  const out: Record<string, string> = {};
  if (value === null || typeof value !== 'object') return out;
  for (const [name, text] of Object.entries(value)) {
    if (text !== undefined && text !== null) out[name] = String(text);
  }
  return out;
}

/** Text of an argument; nothing for null and undefined, so that a missing order does not dial "undefined". */
export function text(value: unknown): string {
  return value === undefined || value === null ? '' : String(value);
}
