/**
 * The list of the VoxEngine API (`voxengine-api.json`: names, signatures, enum strings, event payloads) as data: which
 * members there are, and which type an argument, a result or a payload has.
 */
import list from '../voxengine-api.json' with { type: 'json' };

type Members = Readonly<Record<string, string>>;

/** One entry of the list. */
export interface ApiEntry {
  readonly kind: string;
  readonly extends?: string;
  readonly functions?: Members;
  readonly methods?: Members;
  readonly properties?: Members;
  readonly values?: Readonly<Record<string, string | number | null>>;
  readonly type?: string;
}

export const API = list.api as unknown as Readonly<Record<string, ApiEntry>>;

/** The entry that holds the global functions. */
const GLOBALS = '(global)';

export interface Parameter {
  readonly name: string;
  readonly optional: boolean;
  readonly type: string;
}

/** At the top level of brackets only. */
export function splitTop(text: string, separator: string): string[] {
  const parts: string[] = [];
  let level = 0;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    if ('({[<'.includes(char)) level++;
    // The arrow of a function type closes nothing.
    else if (')}]'.includes(char) || (char === '>' && text[i - 1] !== '=')) level--;
    else if (level === 0 && char === separator) {
      parts.push(text.slice(from, i));
      from = i + 1;
    }
  }
  return [...parts, text.slice(from)].map((part) => part.trim()).filter((part) => part !== '');
}

/** `(a: X, b?: Y) => R` */
export function signature(text: string): {
  readonly parameters: readonly Parameter[];
  readonly result: string;
} {
  let level = 0;
  let end = 0;
  for (; end < text.length; end++) {
    if (text[end] === '(') level++;
    else if (text[end] === ')' && --level === 0) break;
  }
  const parameters = splitTop(text.slice(1, end), ',').map((one) => {
    const [, name = '', mark, type = ''] = /^(\w+)(\?)?:\s*(.*)$/s.exec(one) ?? [];
    return { name, optional: mark !== undefined, type };
  });
  return { parameters, result: text.slice(end + 1).replace(/^\s*=>\s*/, '') };
}

/** `VoxEngine.callPSTN`, `setTimeout`; `Net.httpRequest` is in a namespace of that name. */
export function functionPaths(): string[] {
  return Object.entries(API).flatMap(([owner, { functions = {} }]) =>
    Object.keys(functions).map((name) => (owner === GLOBALS ? name : `${owner}.${name}`)),
  );
}

/** The signature of a function, method or constructor, looked for along `extends`. */
export function signatureOf(path: string): string | undefined {
  const dot = path.lastIndexOf('.');
  if (dot < 0) return API[GLOBALS]?.functions?.[path];
  const [owner, name] = [path.slice(0, dot), path.slice(dot + 1)];
  const entry = entryOf(owner);
  return entry?.functions?.[name] ?? (entry === undefined ? undefined : methodOf(owner, name)?.signature);
}

/** The class that a method is listed at: its own, one that it extends, or one that extends it. */
export function methodOf(owner: string, name: string): { owner: string; signature: string } | undefined {
  for (const one of [...ancestors(fullName(owner)), ...descendants(fullName(owner))]) {
    const found = API[one]?.methods?.[name];
    if (found !== undefined) return { owner: one, signature: found };
  }
  return undefined;
}

/** The class and everything that it extends. */
export function ancestors(name: string): string[] {
  const bases = (API[name]?.extends ?? '').split(',').map((one) => one.trim());
  return [name, ...bases.filter((one) => one !== '').flatMap((base) => ancestors(near(name, base)))];
}

function descendants(name: string): string[] {
  return Object.keys(API).filter((one) => one !== name && ancestors(one).includes(name));
}

/** Inside a namespace names are written without it: `_AMDEvent` beside `AMD._Events`. */
function near(from: string, name: string): string {
  const inside = `${from.slice(0, from.lastIndexOf('.') + 1)}${name}`;
  return inside in API ? inside : fullName(name);
}

/** A class by its last name, as its constructor says it. */
export function fullName(name: string): string {
  if (name in API) return name;
  return Object.keys(API).find((one) => one.endsWith(`.${name}`)) ?? name;
}

function entryOf(name: string): ApiEntry | undefined {
  return API[fullName(name)];
}

/** All fields of an interface, inherited ones first. The mark of optional ones is left out. */
export function fieldsOf(
  name: string,
): ReadonlyMap<string, { readonly owner: string; readonly type: string; readonly optional: boolean }> {
  const out = new Map<string, { owner: string; type: string; optional: boolean }>();
  for (const owner of ancestors(name).reverse()) {
    for (const [field, type] of Object.entries(API[owner]?.properties ?? {}))
      out.set(field.replace(/\?$/, ''), { owner, type, optional: field.endsWith('?') });
  }
  return out;
}

/** The interfaces that a type names: unions, arrays, promises and aliases are looked through. */
export function interfacesIn(type: string, from = ''): string[] {
  const names = [...type.matchAll(/[A-Za-z_][\w.]*/g)].map(([name]) => near(from, name));
  return names.flatMap((name) => {
    const entry = API[name];
    if (entry?.kind === 'type') return interfacesIn(entry.type ?? '', name);
    return entry?.kind === 'interface' ? [name] : [];
  });
}

/** The members that a path of fields leads through, e.g. `text`, `voice` of `TTSPlayerSegment.parameters.voice`. */
export function fieldsAlong(type: string, path: string, from = ''): string[] {
  const [first = '', ...rest] = path.split('.');
  return interfacesIn(type, from).flatMap((name) => {
    const field = fieldsOf(name).get(first);
    if (field === undefined) return [];
    const inner = rest.length === 0 ? [] : fieldsAlong(field.type, rest.join('.'), field.owner);
    return [`${field.owner}.${first}`, ...inner];
  });
}

/** Functions whose callback gets a result: `Net.httpRequest` → 1. */
export function callbackIndexes(): Readonly<Record<string, number>> {
  const out: Record<string, number> = {};
  for (const path of functionPaths()) {
    const { parameters } = signature(signatureOf(path) ?? '');
    const index = parameters.findIndex(({ type }) => /^\(\w+: [\w.]+\) => /.test(type));
    if (index >= 0 && !path.endsWith('EventListener')) out[path] = index;
  }
  return out;
}

export interface ApiEvent {
  /** `CallEvents.Connected` */
  readonly key: string;
  /** `Call.Connected` */
  readonly name: string;
  /** Names of the fields of its payload. */
  readonly fields: ReadonlyMap<string, { readonly type: string; readonly optional: boolean }>;
}

/** Every event, by the map of payloads that stands beside its enum: `_CallEvents`. */
export function events(): ApiEvent[] {
  return Object.entries(API).flatMap(([map, { properties = {} }]) =>
    Object.entries(properties).flatMap(([key, payload]) => {
      const [, path] = /^\[(.+)\]$/.exec(key) ?? [];
      if (path === undefined) return [];
      const dot = path.lastIndexOf('.');
      const name = API[path.slice(0, dot)]?.values?.[path.slice(dot + 1)];
      return [{ key: path, name: String(name), fields: fieldsOf(near(map, payload)) }];
    }),
  );
}
