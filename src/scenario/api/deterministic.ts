/**
 * `Date` and `Math.random` from the host (ARCHITECTURE, rules 3). Time stands still while one event is handled. Local time is
 * UTC, as in VoxEngine's cloud, and not the zone of the machine: a script gives the same result wherever it runs.
 */
import { world } from './host-link.ts';

const NativeDate = Date;
const nativeParse = NativeDate.parse;
const proto = NativeDate.prototype;

/** Date-only ISO strings are UTC by ECMAScript; those that name a zone say so themselves; the rest would be local. */
const HAS_ZONE = /(?:Z|[+-]\d{2}:?\d{2}|GMT|UTC)\s*(?:\([^)]*\))?\s*$/i;
const DATE_ONLY = /^\d{4}(?:-\d{2}(?:-\d{2})?)?$/;

function parse(text: unknown): number {
  const source = String(text).trim();
  if (HAS_ZONE.test(source) || DATE_ONLY.test(source)) return nativeParse(source);
  const iso = /^\d{4}-\d{2}-\d{2}T/.test(source);
  return nativeParse(iso ? `${source}Z` : `${source} UTC`);
}

function fromArguments(args: readonly unknown[]): number {
  if (args.length === 0) return world.at;
  if (args.length > 1) return NativeDate.UTC(...(args.map(Number) as [number, number]));
  const only = args[0];
  if (only instanceof NativeDate) return only.getTime();
  return typeof only === 'string' ? parse(only) : Number(only);
}

function DeterministicDate(this: unknown, ...args: unknown[]): unknown {
  if (new.target === undefined) return new NativeDate(world.at).toString();
  return Reflect.construct(NativeDate, [fromArguments(args)], new.target);
}

const UTC_PARTS = ['FullYear', 'Month', 'Date', 'Day', 'Hours', 'Minutes', 'Seconds', 'Milliseconds'];
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (value: number): string => String(value).padStart(2, '0');

function dateText(date: Date): string {
  return `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${two(date.getUTCDate())} ${date.getUTCFullYear()}`;
}
function timeText(date: Date): string {
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} GMT+0000 (UTC)`;
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
}

export function installDate(): void {
  const members = proto as unknown as Record<string, unknown>;
  for (const part of UTC_PARTS) {
    define(proto, `get${part}`, members[`getUTC${part}`]);
    if (part !== 'Day') define(proto, `set${part}`, members[`setUTC${part}`]);
  }
  define(proto, 'getTimezoneOffset', () => 0);
  define(proto, 'toString', function (this: Date) {
    return Number.isNaN(this.getTime()) ? 'Invalid Date' : `${dateText(this)} ${timeText(this)}`;
  });
  define(proto, 'toDateString', function (this: Date) {
    return Number.isNaN(this.getTime()) ? 'Invalid Date' : dateText(this);
  });
  define(proto, 'toTimeString', function (this: Date) {
    return Number.isNaN(this.getTime()) ? 'Invalid Date' : timeText(this);
  });
  define(proto, 'constructor', DeterministicDate);
  Object.defineProperty(DeterministicDate, 'prototype', { value: proto, writable: false });
  Object.defineProperty(DeterministicDate, 'name', { value: 'Date' });
  Object.defineProperty(DeterministicDate, 'length', { value: 7 });
  define(DeterministicDate, 'now', () => world.at);
  define(DeterministicDate, 'UTC', NativeDate.UTC);
  define(DeterministicDate, 'parse', parse);
  define(globalThis, 'Date', DeterministicDate);
}

/** mulberry32: small, and enough for what scripts use dice for; nothing secret is made from it. */
export function random(): number {
  const state = (world.dice + 0x6d2b79f5) >>> 0;
  world.dice = state;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}

export function installRandom(): void {
  define(Math, 'random', random);
}

export function uuid(): string {
  let out = '';
  for (let i = 0; i < 32; i++) {
    let digit = Math.floor(random() * 16);
    if (i === 12) digit = 4;
    if (i === 16) digit = (digit & 3) | 8;
    if (i === 8 || i === 12 || i === 16 || i === 20) out += '-';
    out += digit.toString(16);
  }
  return out;
}
