/** Every member of the API, one key each, and which of them the lines of an observed run speak of. */
import {
  API,
  ancestors,
  events,
  fieldsAlong,
  fullName,
  functionPaths,
  methodOf,
  signature,
  signatureOf,
} from './api-list.ts';

export interface Member {
  /** `VoxEngine.callPSTN`, `Call.answer`, `new IVRState`, `CallEvents.Connected`, `CallEvents.Connected.reason`. */
  readonly key: string;
  /** What it belongs to; the global functions belong to `globals`. */
  readonly owner: string;
  readonly kind:
    | 'function'
    | 'method'
    | 'constructor'
    | 'property'
    | 'value'
    | 'event'
    | 'payload'
    | 'field'
    | 'older form';
  /** Signature, string of an enum, or type. */
  readonly detail: string;
}

/** Forms of older scripts: the kinds of arguments by which they are known. Not in the public type definitions. */
const OLDER_FORMS: readonly { readonly of: string; readonly form: string; readonly kinds: RegExp }[] = [
  { of: 'VoxEngine.callPSTN', form: 'callPSTN(number)', kinds: /^string$/ },
  {
    of: 'VoxEngine.callPSTN',
    form: 'callPSTN(number, callerid, null, {}, {})',
    kinds: /^string,string,null,object,object$/,
  },
  {
    of: 'VoxEngine.callUser',
    form: 'callUser(username, callerid, displayName, headers)',
    kinds: /^string,string,string,object$/,
  },
  {
    of: 'VoxEngine.callSIP',
    form: 'callSIP(to, callerid, displayName, password, authUser)',
    kinds: /^string,string,string,string,string/,
  },
  { of: 'VoxEngine.createURLPlayer', form: 'createURLPlayer(url, loop)', kinds: /^string,boolean/ },
  { of: 'VoxEngine.createTTSPlayer', form: 'createTTSPlayer(text, language)', kinds: /^string,string/ },
  { of: 'Call.say', form: 'say(text, language)', kinds: /^string,string$/ },
  { of: 'Call.startPlayback', form: 'startPlayback(url, loop)', kinds: /^string,boolean$/ },
  { of: 'Call.record', form: 'record()', kinds: /^$/ },
  { of: 'ApplicationStorage.put', form: 'put(key, value)', kinds: /^string,string$/ },
];

const EVENTS = events();
const EVENT_KEYS = new Map(EVENTS.map(({ key, name }) => [name, key]));
const EVENT_MAPS = new Set(
  EVENTS.map(({ key }) => `_${key.slice(0, key.lastIndexOf('.')).replace(/^.*\./, '')}`),
);

/** Interfaces that only say what an event carries are shown with the event. */
function isPayload(name: string): boolean {
  return name.replace(/^.*\./, '').startsWith('_');
}

/** The words that a field may have (`SmartQueueTaskStatus`), written as an interface. */
function isLiterals({ properties = {} }: (typeof API)[string]): boolean {
  const all = Object.entries(properties);
  return all.length > 0 && all.every(([name, type]) => type === `'${name}'`);
}

/** In the order of the list, duplicates left out. */
export function members(): readonly Member[] {
  const all = Object.entries(API).flatMap(([name, entry]) => membersOf(name, entry));
  const older = OLDER_FORMS.map(({ of, form }): Member => {
    const owner = of.slice(0, of.lastIndexOf('.'));
    return { key: `${owner}.${form}`, owner, kind: 'older form', detail: form };
  });
  return [...all, ...older];
}

function membersOf(name: string, entry: (typeof API)[string]): Member[] {
  const owner = name === '(global)' ? 'globals' : name;
  const at = (member: string): string => (owner === 'globals' ? member : `${owner}.${member}`);
  const out: Member[] = [];
  for (const [member, detail] of Object.entries(entry.functions ?? {}))
    out.push({ key: at(member), owner, kind: 'function', detail });
  for (const [member, detail] of Object.entries(entry.methods ?? {}))
    out.push(
      member === 'constructor'
        ? { key: `new ${owner}`, owner, kind: 'constructor', detail }
        : { key: at(member), owner, kind: 'method', detail },
    );
  for (const [member, value] of Object.entries(entry.values ?? {}))
    out.push(...enumValue(owner, member, value));
  if (isPayload(name) || isLiterals(entry)) return out;
  const kind = entry.kind === 'class' ? 'property' : 'field';
  for (const [member, detail] of Object.entries(entry.properties ?? {}))
    out.push({ key: at(member.replace(/\?$/, '')), owner, kind, detail });
  return out;
}

function enumValue(owner: string, quoted: string, value: string | number | null): Member[] {
  const member = quoted.replaceAll("'", '');
  const key = `${owner}.${member}`;
  const event = EVENTS.find((one) => one.key === key);
  if (event === undefined)
    return [{ key, owner, kind: 'value', detail: value === null ? '' : String(value) }];
  const payload = [...event.fields].map(
    ([field, { type }]): Member => ({ key: `${key}.${field}`, owner, kind: 'payload', detail: type }),
  );
  return [{ key, owner, kind: 'event', detail: event.name }, ...payload];
}

/** The keys that one line of `observe.ts` speaks of. */
export function keysOf(line: string): readonly string[] {
  const [sign = '', name = '', ...rest] = line.split(' ');
  switch (sign) {
    case 'f':
      return called(name);
    case 'c':
      return [`new ${fullName(name)}`];
    case 'v':
      // An event is supported when it happens, not when its name can be read.
      return [...EVENT_KEYS.values()].includes(name) ? [] : [name];
    case 'g':
      return property(name);
    case 's':
      return OLDER_FORMS.filter((one) => one.of === name && one.kinds.test(rest.join(' '))).map(
        ({ of, form }) => `${of.slice(0, of.lastIndexOf('.'))}.${form}`,
      );
    case 'e':
      return delivered(name, rest[0]);
    default:
      return throughTypes(sign, name, rest);
  }
}

/** An event, a field of it, or a field in a field. */
function delivered(name: string, path: string | undefined): string[] {
  const key = EVENT_KEYS.get(name);
  if (key === undefined) return [];
  const [field = '', ...inner] = (path ?? '').split('.');
  if (inner.length === 0) return [path === undefined ? key : `${key}.${field}`];
  const type = EVENTS.find((one) => one.key === key)?.fields.get(field)?.type;
  return type === undefined ? [] : fieldsAlong(type, inner.join('.'));
}

function called(path: string): string[] {
  const dot = path.lastIndexOf('.');
  if (functionPaths().includes(path)) return [path];
  const found = methodOf(path.slice(0, dot), path.slice(dot + 1));
  return found === undefined ? [] : [`${found.owner}.${path.slice(dot + 1)}`];
}

function property(path: string): string[] {
  const dot = path.lastIndexOf('.');
  const name = path.slice(dot + 1);
  const owner = ancestors(fullName(path.slice(0, dot))).find((one) => {
    const { properties = {} } = API[one] ?? {};
    return name in properties || `${name}?` in properties;
  });
  return owner === undefined ? [] : [`${owner}.${name}`];
}

/** Fields of arguments (`a`), of results (`r`) and of what callbacks get (`k`). */
function throughTypes(sign: string, name: string, rest: readonly string[]): readonly string[] {
  const text = signatureOf(name);
  if (text === undefined) return [];
  const { parameters, result } = signature(text);
  const from = name;
  if (sign === 'r') return fieldsAlong(result, rest[0] ?? '', from);
  const type = parameters[Number(rest[0])]?.type ?? '';
  if (sign === 'a') return fieldsAlong(type, rest[1] ?? '', from);
  const inner = sign === 'k' ? signature(type).parameters[Number(rest[1])]?.type : undefined;
  return inner === undefined ? [] : fieldsAlong(inner, rest[2] ?? '', from);
}

/** @internal exported for the page */
export function isEventMap(name: string): boolean {
  return EVENT_MAPS.has(name.replace(/^.*\./, ''));
}
