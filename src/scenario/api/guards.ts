/**
 * The interpreter looks at its clock when a script's code runs, and not inside its own loops: `new Array(2 ** 32 - 1).join()`
 * or a search for a long text in a long text keeps the thread, and everybody else's sessions on it, for minutes. What of the
 * built-ins loops over a length without calling the script is therefore refused for lengths that no heap holds.
 *
 * Objects that only look like arrays go through a proxy, so that every step runs code that can be stopped. What gets past
 * this (a proxy of an array that lies about its length) is stopped by the main thread, with its worker.
 */
const { apply, construct, get, has } = Reflect;
const { isArray } = Array;
const { setPrototypeOf } = Object;

/** Twice what 16 MB hold. */
const MAX_LENGTH = 1 << 22;
/** Comparisons of single characters: about a second. */
const MAX_STEPS = 2 ** 29;

type Method = (...args: unknown[]) => unknown;
type Methods = Record<string | symbol, Method>;

const STEPS = setPrototypeOf(
  {
    get: (target: object, key: PropertyKey) => get(target, key) as unknown,
    has: (target: object, key: PropertyKey) => has(target, key),
  },
  null,
) as ProxyHandler<object>;

function tooLong(value: unknown): boolean {
  return isArray(value) && value.length > MAX_LENGTH;
}

function refuse(name: string): never {
  throw new RangeError(`${name}: too long for a scenario`);
}

function define(target: object, key: string | symbol, value: Method, like: Method): void {
  Object.defineProperty(value, 'name', { value: like.name, configurable: true });
  Object.defineProperty(value, 'length', { value: like.length, configurable: true });
  Object.defineProperty(target, key, { value, writable: true, configurable: true, enumerable: false });
}

/** Without those that fill: they meet the limit of the heap. */
const ARRAY_METHODS = [
  'concat',
  'copyWithin',
  'every',
  'filter',
  'find',
  'findIndex',
  'findLast',
  'findLastIndex',
  'forEach',
  'includes',
  'indexOf',
  'join',
  'lastIndexOf',
  'map',
  'reduce',
  'reduceRight',
  'reverse',
  'shift',
  'slice',
  'some',
  'sort',
  'splice',
  'toLocaleString',
  'toReversed',
  'toSorted',
  'toSpliced',
  'unshift',
  'with',
];

function guardArrays(): void {
  const methods = Array.prototype as unknown as Methods;
  for (const name of ARRAY_METHODS) {
    const native = methods[name];
    if (native === undefined) continue;
    const guarded = {
      method(this: unknown, ...args: unknown[]): unknown {
        if (isArray(this)) {
          if (tooLong(this)) refuse(name);
          if (name === 'concat') for (let i = 0; i < args.length; i++) if (tooLong(args[i])) refuse(name);
          return apply(native, this, args);
        }
        if (this === null || this === undefined) return apply(native, this, args);
        const stepped = new Proxy(Object(this) as object, STEPS);
        const result = apply(native, stepped, args);
        return result === stepped ? this : result;
      },
    };
    define(methods, name, guarded.method, native);
  }
}

/** In script code throughout, since arrays lie in arrays. */
function flatten(into: unknown[], from: readonly unknown[], depth: number): unknown[] {
  if (tooLong(from)) refuse('flat');
  for (let i = 0; i < from.length; i++) {
    if (!(i in from)) continue;
    const one = from[i];
    if (depth > 0 && isArray(one)) flatten(into, one, depth - 1);
    else into[into.length] = one;
  }
  return into;
}

function guardFlat(): void {
  const methods = Array.prototype as unknown as Methods;
  const { map } = methods as { map: Method };
  const own = {
    flat(this: readonly unknown[], depth?: unknown): unknown[] {
      return flatten([], this, depth === undefined ? 1 : Number(depth) || 0);
    },
    flatMap(this: readonly unknown[], callback: unknown, self?: unknown): unknown[] {
      return flatten([], apply(map, this, [callback, self]) as unknown[], 1);
    },
  };
  for (const name of ['flat', 'flatMap'] as const)
    define(methods, name, own[name] as Method, methods[name] as Method);
}

/** Those that look for a text in a text; by which symbol a pattern does that itself. */
const SEARCHES: Readonly<Record<string, symbol | undefined>> = {
  indexOf: undefined,
  includes: undefined,
  split: Symbol.split,
  replace: Symbol.replace,
  replaceAll: Symbol.replace,
};

function guardSearches(): void {
  const methods = String.prototype as unknown as Methods;
  for (const [name, symbol] of Object.entries(SEARCHES)) {
    const native = methods[name];
    if (native === undefined) continue;
    const guarded = {
      method(this: unknown, ...args: unknown[]): unknown {
        const pattern = args[0];
        // A regular expression counts its own steps.
        if (this === null || this === undefined || (pattern instanceof RegExp && symbol !== undefined))
          return apply(native, this, args);
        const own =
          symbol === undefined || pattern === null || pattern === undefined
            ? undefined
            : (pattern as Methods)[symbol];
        if (own !== undefined && own !== null) {
          args[0] = this;
          return apply(own, pattern, args);
        }
        const text = `${this as string}`;
        if (pattern !== undefined || name !== 'split') args[0] = `${pattern as string}`;
        if (typeof args[0] === 'string' && text.length * args[0].length > MAX_STEPS) refuse(name);
        return apply(native, text, args);
      },
    };
    define(methods, name, guarded.method, native);
  }
}

function guardRest(): void {
  const nativeSet = Set;
  const guardedSet = new Proxy(
    nativeSet,
    setPrototypeOf(
      {
        construct: (target: new () => object, args: unknown[], newTarget: new () => object) => {
          if (tooLong(args[0])) refuse('Set');
          return construct(target, args, newTarget);
        },
      },
      null,
    ) as ProxyHandler<SetConstructor>,
  );
  Object.defineProperty(nativeSet.prototype, 'constructor', {
    value: guardedSet,
    writable: true,
    configurable: true,
  });
  Object.defineProperty(globalThis, 'Set', { value: guardedSet, writable: true, configurable: true });
  const { raw } = String;
  const own = {
    raw(template: { readonly raw: ArrayLike<unknown> }, ...values: unknown[]): string {
      const pieces = Object(template.raw) as ArrayLike<unknown>;
      let out = '';
      const { length } = pieces;
      for (let i = 0; i < length; i++) {
        out += String(pieces[i]);
        if (i + 1 < length && i < values.length) out += String(values[i]);
      }
      return out;
    },
  };
  define(String, 'raw', own.raw as Method, raw as Method);
}

export function installGuards(): void {
  guardArrays();
  guardFlat();
  guardSearches();
  guardRest();
}
