import { PlatformError, type PlatformErrorCode } from './errors.ts';
import { isTimeZone } from './time.ts';

/** What came with a request: text, or the bytes of a file. */
export type RawParams = ReadonlyMap<string, string | Uint8Array>;

/** How one parameter is read. Everything a client sends is hostile: each kind has a form and a size. */
export interface Param<T> {
  /** For the reference: `number`, `intlist`, … as the vendor's reference names types. */
  readonly type: string;
  readonly required: boolean;
  /** For the reference; what differs from the cloud. */
  readonly note: string | undefined;
  /** Reads what came, or nothing. Throws `PlatformError`. */
  read(raw: string | Uint8Array | undefined, name: string): T;
}

export type Params = Readonly<Record<string, Param<unknown>>>;
export type Args<P extends Params> = { readonly [K in keyof P]: P[K] extends Param<infer T> ? T : never };

/** Ids as they are asked for: some of them, or every one. */
export type IdList = readonly number[] | 'all';

interface Kind<T> {
  readonly type: string;
  /** Answered when it is missing or wrong. */
  readonly code: PlatformErrorCode | undefined;
  /** undefined: wrong. */
  readonly parse: (text: string) => T | undefined;
  readonly note?: string | undefined;
  /** An empty value means something; else it is as good as none (the vendor's own tools send empty names). */
  readonly keepEmpty?: boolean;
}

const MAX_LIST = 1_000;
const MAX_ID = 2 ** 53 - 1;

function param<T>(kind: Kind<T>): Param<T | undefined> & { readonly kind: Kind<T> } {
  const { type, note, code, parse, keepEmpty = false } = kind;
  return {
    type,
    note,
    required: false,
    kind,
    read: (raw, name) => {
      const text = typeof raw === 'string' || raw === undefined ? raw : decode(raw, name);
      if (text === undefined || (text === '' && !keepEmpty)) return undefined;
      // PostgreSQL keeps neither NUL nor lone surrogates.
      const value = text.includes('\0') || !text.isWellFormed() ? undefined : parse(text);
      if (value === undefined) throw new PlatformError(code ?? 496, { parameter: name });
      return value;
    },
  };
}

type Optional<T> = ReturnType<typeof param<T>>;

/** The same parameter, without which there is no answer. */
export function required<T>(optional: Optional<T>): Param<T> {
  const { code } = optional.kind;
  return {
    ...optional,
    required: true,
    read: (raw, name) => {
      const value = optional.read(raw, name);
      if (value === undefined) throw new PlatformError(code ?? 485, { parameter: name });
      return value;
    },
  };
}

/** The same parameter with a value for when it is missing. */
export function otherwise<T>(optional: Optional<T>, value: T): Param<T> {
  return { ...optional, read: (raw, name) => optional.read(raw, name) ?? value };
}

export interface IntegerOptions {
  readonly code?: PlatformErrorCode;
  readonly min?: number;
  readonly max?: number;
  readonly note?: string;
}

export function integer({ code, min = 0, max = MAX_ID, note }: IntegerOptions = {}) {
  return param<number>({
    type: 'number',
    code,
    note,
    parse: (text) => {
      const value = /^[+-]?\d{1,16}$/.test(text.trim()) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? value : undefined;
    },
  });
}

/** The number of an object. */
export const id = (code: PlatformErrorCode) => integer({ code, min: 1 });

export interface TextOptions {
  readonly code?: PlatformErrorCode;
  readonly max?: number;
  readonly form?: RegExp;
  readonly keepEmpty?: boolean;
  readonly note?: string;
}

export function text({ code, max = 1_024, form, keepEmpty, note }: TextOptions = {}) {
  return param<string>({
    type: 'string',
    code,
    note,
    ...(keepEmpty === undefined ? {} : { keepEmpty }),
    parse: (value) => (value.length <= max && (form === undefined || form.test(value)) ? value : undefined),
  });
}

/** One line without controls, such as a name. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is refused
export const LINE = /^[^\u0000-\u001f\u007f]*$/;

export const line = (options: Omit<TextOptions, 'form'> = {}) => text({ max: 255, ...options, form: LINE });

export const flag = () =>
  param<boolean>({
    type: 'boolean',
    code: undefined,
    parse: (value) => {
      const lower = value.toLowerCase();
      if (lower === 'true' || lower === '1') return true;
      return lower === 'false' || lower === '0' ? false : undefined;
    },
  });

/** Numbers between semicolons, or `all`. */
export const ids = (code: PlatformErrorCode) =>
  param<IdList>({
    type: 'intlist',
    code,
    parse: (value) => {
      if (value === 'all') return 'all';
      const parts = split(value);
      const numbers = parts?.map((part) => (/^\d{1,16}$/.test(part) ? Number(part) : 0)) ?? [];
      return parts === undefined || numbers.some((one) => one < 1 || one > MAX_ID) ? undefined : numbers;
    },
  });

/** Texts between semicolons. */
export const list = (code?: PlatformErrorCode) =>
  param<readonly string[]>({
    type: 'stringlist',
    code,
    parse: (value) => {
      const parts = LINE.test(value) ? split(value) : undefined;
      return parts?.every((part) => part.length <= 255) ? parts : undefined;
    },
  });

/** `YYYY-MM-DD HH:mm:ss` as text: which moment it is depends on the time zone. */
export const time = () =>
  param<string>({
    type: 'timestamp',
    code: 111,
    parse: (value) => (/^\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}:\d{2})?$/.test(value) ? value : undefined),
  });

export const timeZone = () =>
  param<string>({
    type: 'string',
    code: undefined,
    parse: (value) => (value.length <= 64 && isTimeZone(value) ? value : undefined),
  });

export function oneOf<const T extends string>(values: readonly T[], code?: PlatformErrorCode) {
  return param<T>({
    type: 'string',
    code,
    note: values.map((value) => `\`${value}\``).join(', '),
    parse: (given) => values.find((value) => value.toLowerCase() === given.toLowerCase()),
  });
}

/** The bytes of an upload, or text. */
export function file(code: PlatformErrorCode): Param<string | Uint8Array> {
  return {
    type: 'file',
    required: true,
    note: undefined,
    read: (raw) => {
      if (raw === undefined || raw.length === 0) throw new PlatformError(code);
      return raw;
    },
  };
}

/** Would change the answer, and is not here: whoever sends it is told, rather than given something else. */
export function forbidden(note: string, harmless: readonly string[] = []): Param<undefined> {
  return {
    type: 'string',
    required: false,
    note: `not here: ${note}`,
    read: (raw, name) => {
      if (raw === undefined || raw === '' || harmless.includes(String(raw).toLowerCase())) return undefined;
      throw new PlatformError(492, { parameter: name, detail: note });
    },
  };
}

/** Taken, and without effect here. */
export function ignored(note: string): Param<undefined> {
  return { type: 'string', required: false, note: `without effect: ${note}`, read: () => undefined };
}

/** Which page of a list: 20 from the first on, as documented. */
export const paging = {
  count: otherwise(integer({ min: 0 }), 20),
  offset: otherwise(integer({ max: 1_000_000_000 }), 0),
};

/** Every list ends somewhere. */
export const MAX_COUNT = 1_000;

export function readParams<P extends Params>(params: P, raw: RawParams): Args<P> {
  return Object.fromEntries(
    Object.entries(params).map(([name, one]) => [name, one.read(raw.get(name), name)]),
  ) as Args<P>;
}

function split(value: string): readonly string[] | undefined {
  const parts = value
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return parts.length === 0 || parts.length > MAX_LIST ? undefined : parts;
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new PlatformError(496, { parameter: name });
  }
}
