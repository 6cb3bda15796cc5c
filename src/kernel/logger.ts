import pino, { type DestinationStream, type LoggerOptions } from 'pino';
import { maskNumbersIn } from './phone-number.ts';

/** The part of pino's interface that Maskline uses: structured fields first, then a constant message. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Logger;
}

/** Field names whose values are secrets wherever they stand. */
const SECRETS = ['password', 'secret', 'authorization', 'apiKey', 'key', 'ha1', 'token'];

/**
 * JSON logs. Numbers are hidden twice: `PhoneNumber` values print masked by type, and every string that leaves is
 * searched for runs of digits that look like a number (an error text of a library may carry one).
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' },
    formatters: { level: (label) => ({ level: label }), log: (fields) => hideNumbers(fields, 0) },
    serializers: { err: (error: unknown) => describeError(error) },
    hooks: {
      logMethod(args, method) {
        method.apply(this, args.map((arg) => (typeof arg === 'string' ? maskNumbersIn(arg) : arg)) as never);
      },
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** An error as log fields: name, message, code and stack, with numbers hidden. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: maskNumbersIn(String(error)) };
  const code = (error as { code?: unknown }).code;
  return {
    type: error.name,
    message: maskNumbersIn(error.message),
    ...(code === undefined ? {} : { code }),
    stack: maskNumbersIn(error.stack ?? ''),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}

function hideNumbers(fields: Record<string, unknown>, depth: number): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) out[name] = hideValue(value, depth);
  return out;
}

function hideValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return maskNumbersIn(value);
  if (value === null || typeof value !== 'object' || depth > 4) return value;
  if (value instanceof Error) return describeError(value);
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return value;
  if (Array.isArray(value)) return value.map((item) => hideValue(item, depth + 1));
  return hideNumbers(value as Record<string, unknown>, depth + 1);
}

/** Swallows everything; the default in unit tests. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};
