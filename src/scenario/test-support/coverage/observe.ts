/**
 * Runs inside the sandboxes of tests, after `main.ts` has put the API on the global object, and tells which of its members
 * a script used. Never part of a production image (`sandbox/image.ts`, `Instrument`).
 *
 * Only what the script itself does counts: `depth` is above zero while the API's own code runs. Each line is told once per
 * session:
 *   `f Owner.function` called · `c Class` constructed · `v Enum.Name` read · `g Class.property` read, set or present
 *   `s function types` the kinds of the arguments · `a function index path` a field of an argument
 *   `r function path` a field of what came back · `k function index path` a field of what a callback got
 *   `e Event.String field` delivered to a handler
 */
import { Listeners } from '../../api/events.ts';
import { NAMES } from './names.ts';

type Any = (...args: unknown[]) => unknown;
const holder = globalThis as unknown as Record<string, unknown>;
const tell = holder.__used as (line: string) => void;
delete holder.__used;

// Scripts of tests replace built-ins; these are taken before.
const {
  apply,
  construct,
  get: getMember,
  ownKeys,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  defineProperty,
} = Reflect;
const { get: weakGet, set: weakSet, has: weakHas } = WeakMap.prototype;
const { setPrototypeOf } = Object;
const then = Promise.prototype.then;
const isArray = Array.isArray;
const PLAIN = Object.prototype;

const told: Record<string, true> = Object.create(null);
let depth = 0;
/** The script itself is adding a listener just now. */
let adding = false;

function used(line: string): void {
  if (told[line]) return;
  told[line] = true;
  tell(line);
}

/** The names of fields, and of the fields in them, without running a getter. */
function fields(value: unknown, say: (path: string) => void, path = '', level = 0): void {
  if (value === null || typeof value !== 'object' || level > 3) return;
  try {
    if (!isArray(value) && path !== '' && getPrototypeOf(value) !== PLAIN) return;
    const keys = ownKeys(value);
    for (let i = 0; i < keys.length && i < 60; i++) {
      const key = keys[i];
      if (typeof key !== 'string') continue;
      const found = getOwnPropertyDescriptor(value, key)?.value as unknown;
      if (found === undefined) continue;
      const inner = isArray(value) ? path : path === '' ? key : `${path}.${key}`;
      if (!isArray(value)) say(inner);
      fields(found, say, inner, level + 1);
    }
  } catch {
    // A proxy of a hostile script.
  }
}

/** A script may put names of traps on `Object.prototype`. */
function proxy<T extends object>(target: T, handler: ProxyHandler<T>): T {
  return new Proxy(target, setPrototypeOf(handler, null) as ProxyHandler<T>);
}

function kindsOf(args: readonly unknown[]): string {
  let out = '';
  for (let i = 0; i < args.length && i < 8; i++) {
    const one = args[i];
    out += `${i === 0 ? '' : ','}${one === null ? 'null' : isArray(one) ? 'array' : typeof one}`;
  }
  return out;
}

/** Runs the script's own code from inside the API's. */
function asScript(run: () => unknown): unknown {
  const before = depth;
  depth = 0;
  try {
    return run();
  } finally {
    depth = before;
  }
}

function callbackOf(name: string, index: number, callback: Any): Any {
  return proxy(callback, {
    apply: (target, self, args: unknown[]) => {
      for (let i = 0; i < args.length; i++)
        fields(args[i], (path) => used(`k ${name} ${index} ${i} ${path}`));
      return asScript(() => apply(target, self, args));
    },
  });
}

function observeCall(
  name: string,
  args: unknown[],
  isListening: boolean,
  run: (args: unknown[]) => unknown,
): unknown {
  if (depth > 0) return run(args);
  used(`f ${name}`);
  used(`s ${name} ${kindsOf(args)}`);
  const passed = args;
  for (let i = 0; i < args.length; i++) {
    const one = args[i];
    fields(one, (path) => used(`a ${name} ${i} ${path}`));
    if (typeof one === 'function' && !isListening && NAMES.callbacks[name] === i)
      passed[i] = callbackOf(name, i, one as Any);
  }
  depth++;
  adding = isListening;
  try {
    return came(name, run(passed));
  } finally {
    depth--;
    adding = false;
  }
}

function came(name: string, result: unknown): unknown {
  if (result instanceof Promise) {
    const look = (value: unknown): void => fields(value, (path) => used(`r ${name} ${path}`));
    apply(then, result, [look, () => {}]);
  } else {
    fields(result, (path) => used(`r ${name} ${path}`));
    observeClass(result);
  }
  return result;
}

/** A method that is inherited counts for the class of the object. */
function nameFor(name: string, self: unknown): string {
  if (depth > 0 || self === null || typeof self !== 'object') return name;
  try {
    const proto = getPrototypeOf(self);
    const derived = proto === null ? undefined : nameOf(proto);
    return derived === undefined ? name : `${derived}${name.slice(name.lastIndexOf('.'))}`;
  } catch {
    return name;
  }
}

function observed(name: string, target: Any): Any {
  const isListening = name.endsWith('.addEventListener') || name.endsWith('.removeEventListener');
  return proxy(target, {
    apply: (_, self, args: unknown[]) =>
      observeCall(nameFor(name, self), args, isListening, (passed) => apply(target, self, passed)),
    construct: (_, args: unknown[], newTarget) => {
      if (depth === 0) used(`c ${name}`);
      return observeCall(`${name}.constructor`, args, false, (passed) =>
        construct(target, passed, newTarget),
      ) as object;
    },
  });
}

const prototypes = new WeakMap<object, true>();

/** Wraps the methods of what the API handed out, once per class, and notes which properties it has. */
function observeClass(value: unknown): void {
  if (value === null || typeof value !== 'object') return;
  try {
    const proto = getPrototypeOf(value);
    if (proto === null || proto === PLAIN) return;
    const name = nameOf(proto);
    if (name === undefined) return;
    for (const key of ownKeys(value)) if (typeof key === 'string') used(`g ${name}.${key}`);
    for (let at: object | null = proto; at !== null && at !== PLAIN; at = getPrototypeOf(at))
      observeMembers(at);
  } catch {
    // A proxy of a hostile script.
  }
}

function nameOf(proto: object): string | undefined {
  const maker = getOwnPropertyDescriptor(proto, 'constructor')?.value as unknown;
  const name =
    typeof maker === 'function' ? (getOwnPropertyDescriptor(maker, 'name')?.value as unknown) : undefined;
  return typeof name === 'string' && NAMES.classes[name] === true ? name : undefined;
}

function observeMembers(proto: object): void {
  if (apply(weakHas, prototypes, [proto])) return;
  apply(weakSet, prototypes, [proto, true]);
  // A class that the list does not have is the base of one that it has.
  const name = nameOf(proto) ?? '?';
  for (const key of ownKeys(proto)) {
    const found = getOwnPropertyDescriptor(proto, key);
    if (
      typeof key !== 'string' ||
      key === 'constructor' ||
      found === undefined ||
      found.configurable !== true
    )
      continue;
    const label = `${name}.${key}`;
    if (typeof found.value === 'function') found.value = observed(label, found.value as Any);
    for (const side of ['get', 'set'] as const) {
      const accessor = found[side] as Any | undefined;
      if (accessor === undefined) continue;
      found[side] = function (this: unknown, ...args: unknown[]) {
        if (depth === 0) used(`g ${label}`);
        return apply(accessor, this, args);
      } as never;
    }
    defineProperty(proto, key, found);
  }
}

const forScript = new WeakMap<object, Record<string, Any>>();
const forApi = new WeakMap<object, Any>();
const { add, remove } = Listeners.prototype;

/** A handler of the script's tells what it got; one of the API's own runs as the API. */
function handlerOf(event: string, handler: Any): Any {
  if (!adding) {
    let own = apply(weakGet, forApi, [handler]) as Any | undefined;
    own ??= (payload) => {
      depth++;
      try {
        return handler(payload);
      } finally {
        depth--;
      }
    };
    apply(weakSet, forApi, [handler, own]);
    return own;
  }
  let byEvent = apply(weakGet, forScript, [handler]) as Record<string, Any> | undefined;
  byEvent ??= Object.create(null) as Record<string, Any>;
  byEvent[event] ??= (payload) => {
    used(`e ${event}`);
    const keys = ownKeys(payload as object);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string | symbol;
      const value = getOwnPropertyDescriptor(payload as object, key)?.value as unknown;
      if (typeof key !== 'string' || value === undefined) continue;
      used(`e ${event} ${key}`);
      fields(value, (path) => used(`e ${event} ${key}.${path}`), '', 1);
      observeClass(value);
    }
    return asScript(() => handler(payload));
  };
  apply(weakSet, forScript, [handler, byEvent]);
  return byEvent[event] as Any;
}

Listeners.prototype.add = function (event, handler): void {
  const isPlain = typeof handler === 'function' && typeof event === 'string';
  apply(add, this, [event, isPlain ? handlerOf(event, handler as Any) : handler]);
};
Listeners.prototype.remove = function (event, handler): void {
  apply(remove, this, [event, handler]);
  if (typeof handler !== 'function' || typeof event !== 'string') return;
  const own = apply(weakGet, forApi, [handler]) as Any | undefined;
  const scripts = (apply(weakGet, forScript, [handler]) as Record<string, Any> | undefined)?.[event];
  if (own !== undefined) apply(remove, this, [event, own]);
  if (scripts !== undefined) apply(remove, this, [event, scripts]);
};

/** The owner of `AMD.Events` is `AMD`; undefined while nobody has made it. */
function find(path: string): { owner: object; key: string; value: unknown } | undefined {
  const parts = path.split('.');
  let owner: object = globalThis;
  for (let i = 0; ; i++) {
    const key = parts[i] as string;
    // What is absent warns when it is read.
    const found = getOwnPropertyDescriptor(owner, key)?.value as unknown;
    if (found === undefined || found === null) return undefined;
    if (i === parts.length - 1) return { owner, key, value: found };
    owner = found as object;
  }
}

function replace({ owner, key }: { owner: object; key: string }, value: unknown): void {
  const found = getOwnPropertyDescriptor(owner, key) as PropertyDescriptor;
  defineProperty(owner, key, { ...found, value });
}

for (const path of NAMES.functions) {
  const place = find(path);
  if (place !== undefined && typeof place.value === 'function')
    replace(place, observed(path, place.value as Any));
}
for (const path of NAMES.constructors) {
  const place = find(path);
  if (place === undefined || typeof place.value !== 'function') continue;
  observeMembers(place.value.prototype as object);
  replace(place, observed(path, place.value as Any));
}
for (const path of NAMES.enums) {
  const place = find(path);
  if (place === undefined || typeof place.value !== 'object') continue;
  const target = place.value as object;
  const get = (_: object, key: string | symbol): unknown => {
    if (depth === 0 && typeof key === 'string') used(`v ${path}.${key}`);
    return getMember(target, key);
  };
  replace(place, proxy(target, { get }));
}
