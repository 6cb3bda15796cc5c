/** Readers of single fields of a command. Each checks form and size, and throws `BadCommand` with the field's name. */
import type { Headers } from './protocol.ts';

/** Thrown for a command that cannot be carried out; the session logs it as a warning and goes on. */
export class BadCommand extends Error {
  override readonly name = 'BadCommand';
}

const ID = /^[A-Za-z0-9-]{1,64}$/;
const MAX_BODY = 2 * 1024 * 1024;
const MAX_HEADERS = 64;

export type Fields = ReadonlyMap<string, unknown>;

/** Own properties only: what a script put on `Object.prototype` stays in its own world, and `__proto__` is just a key. */
export function fieldsOf(value: unknown, name: string): Fields {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new BadCommand(`${name} is no object`);
  return new Map(Object.entries(value));
}

export function string(fields: Fields, name: string, max: number): string {
  const value = fields.get(name);
  if (typeof value !== 'string') throw new BadCommand(`${name} is no string`);
  if (value.length > max) throw new BadCommand(`${name} is longer than ${max} characters`);
  return value;
}

export function pattern(fields: Fields, name: string, shape: RegExp): string {
  const value = string(fields, name, 4096);
  if (!shape.test(value)) throw new BadCommand(`${name} has a wrong form`);
  return value;
}

export function id(fields: Fields, name: string): string {
  return pattern(fields, name, ID);
}

export function boolean(fields: Fields, name: string): boolean {
  const value = fields.get(name);
  if (typeof value !== 'boolean') throw new BadCommand(`${name} is no boolean`);
  return value;
}

export function number(fields: Fields, name: string, min: number, max: number): number {
  const value = fields.get(name);
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw new BadCommand(`${name} is no number from ${min} to ${max}`);
  }
  return value;
}

export function integer(fields: Fields, name: string, min: number, max: number): number {
  const value = number(fields, name, min, max);
  if (!Number.isSafeInteger(value)) throw new BadCommand(`${name} is no integer`);
  return value;
}

export function optionalNumber(fields: Fields, name: string, max: number): number | undefined {
  return fields.get(name) === undefined ? undefined : number(fields, name, 0, max);
}

/** Of HTTP: RFC 9110 §5.1 token, and a value without controls; CR and LF would forge header lines (PITFALLS row 20). */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is refused here
const HEADER_VALUE = /^[^\u0000-\u0008\u000a-\u001f\u007f]{0,4095}$/;

/**
 * Header fields of a message of SIP. Their form is not judged here: the call layer passes what it allows, leaves out the
 * rest with a warning, and the call goes on; a command that was refused for one of them would leave its script waiting.
 */
export function headers(fields: Fields): Headers {
  const value = fields.get('headers');
  const out: Record<string, string> = Object.create(null);
  if (value === undefined) return out;
  const entries = [...fieldsOf(value, 'headers')];
  if (entries.length > MAX_HEADERS) throw new BadCommand(`more than ${MAX_HEADERS} headers`);
  for (const [name, text] of entries) {
    if (typeof text !== 'string') throw new BadCommand('a header value is no string');
    out[name] = text;
  }
  return out;
}

export function headerList(value: unknown): readonly (readonly [string, string])[] {
  if (!Array.isArray(value) || value.length > MAX_HEADERS) throw new BadCommand('headers are no short list');
  return value.map((pair: unknown) => {
    if (!Array.isArray(pair) || pair.length !== 2) throw new BadCommand('a header is no pair');
    const [name, text] = pair as readonly unknown[];
    checkHeader(name, text);
    return [name as string, text as string] as const;
  });
}

function checkHeader(name: unknown, value: unknown): void {
  if (typeof name !== 'string' || !HEADER_NAME.test(name))
    throw new BadCommand('a header name has a wrong form');
  if (typeof value !== 'string' || !HEADER_VALUE.test(value))
    throw new BadCommand('a header value has a wrong form');
}

export function body(value: unknown): string | readonly number[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') {
    if (value.length > MAX_BODY) throw new BadCommand('the body is larger than 2 MB');
    return value;
  }
  if (!Array.isArray(value) || value.length > MAX_BODY)
    throw new BadCommand('the body is no text and no list of bytes');
  for (const byte of value as readonly unknown[]) {
    if (!Number.isInteger(byte) || (byte as number) < 0 || (byte as number) > 255)
      throw new BadCommand('the body holds a value that is no byte');
  }
  return value as readonly number[];
}
