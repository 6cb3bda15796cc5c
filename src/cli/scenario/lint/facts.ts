/** What the linter knows of the API: the public list of names, less what Maskline does not have, plus what is ours. */
import { readFileSync } from 'node:fs';
import { ABSENT, REASONS } from '../../../scenario/api/absent.ts';
import { nearest } from '../../../scenario/api/nearest.ts';

interface Entry {
  readonly kind: string;
  readonly extends?: string;
  readonly values?: Readonly<Record<string, string>>;
  readonly functions?: Readonly<Record<string, string>>;
  readonly methods?: Readonly<Record<string, string>>;
  readonly properties?: Readonly<Record<string, string>>;
}

const LIST = new URL('../../../scenario/voxengine-api.json', import.meta.url);

/** Members that scripts for the cloud use and its type definitions leave out, and our own. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  VoxEngine: ['RecordExpireTime', 'createAMD', 'getCallById', 'mediaSessionAccessURL', 'CallList'],
  Modules: ['Net', 'Player', 'CallList', 'WebSocket', 'AMD', 'Masking'],
  ApplicationStorage: ['delete'],
  Net: ['HttpRequestOptions', 'HttpRequestResult', 'SendMailOptions', 'SendMailResult'],
  Call: ['hold', 'unhold'],
  Masking: ['resolve', 'call', 'leaveAlone', 'promise'],
};

/** Namespaces of ours, all of whose members are in `MORE`. */
const OURS = new Set(['Masking']);

/** A family of constants with names of vendors, or an object that scripts fill: nothing is known of its members. */
const OPEN = new Set([
  'VoiceList',
  'Language',
  'ASRLanguage',
  'ASRProfileList',
  'ASRModelList',
  'IVR',
  'Voice',
]);

export class Facts {
  readonly #api: Readonly<Record<string, Entry>>;
  readonly #absent = new Map<string, string | undefined>();

  constructor() {
    this.#api = (JSON.parse(readFileSync(LIST, 'utf8')) as { api: Readonly<Record<string, Entry>> }).api;
    const groups = Object.entries(ABSENT) as readonly (readonly [string, readonly string[]])[];
    for (const [group, names] of groups) {
      const prefix = group === 'globals' ? '' : `${group.replace('.prototype', '')}.`;
      for (const name of names) this.#absent.set(prefix + name, REASONS[prefix + name]);
    }
  }

  /** Names on the global object. */
  get globals(): readonly string[] {
    const functions = Object.keys(this.#api['(global)']?.functions ?? {});
    const kinds = new Set(['namespace', 'enum', 'class']);
    const own = Object.entries(this.#api).filter(
      ([name, { kind }]) => kinds.has(kind) && !/^_|\./.test(name),
    );
    return [...own.map(([name]) => name), ...OPEN, ...OURS, ...functions];
  }

  /** The members of a namespace, enum or class; undefined when nothing, or not all, is known of it. */
  membersOf(name: string): readonly string[] | undefined {
    if (OURS.has(name)) return MORE[name];
    const entry = this.#api[name];
    if (entry === undefined || OPEN.has(name)) return undefined;
    const { values, functions, methods, properties } = entry;
    const nested = Object.keys(this.#api).filter((one) => one.startsWith(`${name}.`));
    const own = [values, functions, methods, properties].flatMap((group) => Object.keys(group ?? {}));
    const inherited = entry.extends?.split(',').flatMap((one) => this.membersOf(one) ?? []) ?? [];
    const all = [...own, ...nested.map((one) => one.slice(name.length + 1).split('.')[0] as string)];
    return [...all.map((one) => one.replace(/\?$/, '')), ...inherited, ...(MORE[name] ?? [])];
  }

  isNamespace(name: string): boolean {
    const kind = OURS.has(name) ? 'namespace' : this.#api[name]?.kind;
    return kind === 'namespace' || kind === 'enum';
  }

  isClass(name: string): boolean {
    return this.#api[name]?.kind === 'class';
  }

  /** The class of what `VoxEngine.name(…)` gives. */
  resultOf(name: string): string | undefined {
    const result = / => (\w+)(?: \| \w+)?$/.exec(this.#api.VoxEngine?.functions?.[name] ?? '')?.[1];
    return result !== undefined && this.isClass(result) ? result : undefined;
  }

  /** The enum of the events that a class, or `VoxEngine`, has. */
  eventsOf(name: string): string | undefined {
    const entry = this.#api[name];
    const signature = (entry?.methods ?? entry?.functions)?.addEventListener;
    const found = /event: (\w+)/.exec(signature ?? '')?.[1];
    if (found !== undefined) return found;
    return entry?.extends === undefined ? undefined : this.eventsOf(entry.extends);
  }

  /** The key in an enum of an event's text. */
  eventNamed(enumName: string, value: string): string | undefined {
    const values = this.#api[enumName]?.values ?? {};
    return Object.keys(values).find((key) => values[key] === value);
  }

  /** What Maskline lacks: a sentence, or undefined when it has it. */
  absence(label: string): string | undefined {
    if (!this.#absent.has(label)) return undefined;
    const why = this.#absent.get(label);
    return `${label} is not available in Maskline${why === undefined ? ' yet' : `: ${why}`}`;
  }

  near(name: string, known: readonly string[]): string | undefined {
    return nearest(name, known);
  }
}
