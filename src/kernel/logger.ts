import pino, { type DestinationStream, type LoggerOptions, type Logger as PinoLogger } from 'pino';
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
    formatters: { level: (label) => ({ level: label }) },
  };
  return new RedactingLogger(destination === undefined ? pino(options) : pino(options, destination));
}

class RedactingLogger implements Logger {
  readonly #pino: PinoLogger;

  constructor(inner: PinoLogger) {
    this.#pino = inner;
  }

  debug(fields: object, message: string): void {
    if (this.#pino.isLevelEnabled('debug')) this.#pino.debug(hideFields(fields), maskNumbersIn(message));
  }

  info(fields: object, message: string): void {
    if (this.#pino.isLevelEnabled('info')) this.#pino.info(hideFields(fields), maskNumbersIn(message));
  }

  warn(fields: object, message: string): void {
    this.#pino.warn(hideFields(fields), maskNumbersIn(message));
  }

  error(fields: object, message: string): void {
    this.#pino.error(hideFields(fields), maskNumbersIn(message));
  }

  child(fields: object): Logger {
    return new RedactingLogger(this.#pino.child(hideFields(fields)));
  }
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

function hideFields(fields: object): Record<string, unknown> {
  return hideEntries(fields, 0);
}

function hideEntries(fields: object, depth: number): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) out[name] = hideValue(value, depth);
  return out;
}

function hideValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return maskNumbersIn(value);
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Error) return describeError(value);
  if (depth > 4) return '[too deep]';
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === 'function') return hideValue(toJSON.call(value), depth + 1);
  if (Array.isArray(value)) return value.map((item) => hideValue(item, depth + 1));
  return hideEntries(value, depth + 1);
}

/** Swallows everything; the default in unit tests. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};
