/** Takes a number out of what customers wrote. */
import type { Mentions } from '../kernel/number-spellings.ts';
import { ERASED_NUMBER } from '../kernel/phone-number.ts';

/** What stands in place of a text that had the number. */
export const ERASED_TEXT = ERASED_NUMBER.masked;

/** JSON whose texts do not have the number; keys and numbers that have it go. What cannot be mended is an empty object. */
export function jsonWithout(json: string, mentions: Mentions): string {
  const cleaned = JSON.stringify(without(JSON.parse(json), mentions) ?? {});
  return mentions(cleaned) ? '{}' : cleaned;
}

function without(value: unknown, mentions: Mentions): unknown {
  if (typeof value === 'string') return mentions(value) ? ERASED_TEXT : value;
  if (typeof value === 'number') return mentions(String(value)) ? undefined : value;
  if (Array.isArray(value)) return value.map((item) => without(item, mentions) ?? null);
  if (value === null || typeof value !== 'object') return value;
  const kept = Object.entries(value).filter(([key]) => !mentions(key));
  return Object.fromEntries(kept.map(([key, item]) => [key, without(item, mentions)]));
}

/** A text as it is, or what stands in its place. */
export function textWithout<T extends string | null>(
  text: string | null | undefined,
  mentions: Mentions,
  instead: T,
): string | T {
  return text == null || mentions(text) ? instead : text;
}
