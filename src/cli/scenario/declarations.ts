/**
 * The API's type declarations for editors, made from the list of names and signatures. What Maskline does not have is
 * marked as deprecated with the reason, so that editors strike it through.
 */
import { readFileSync } from 'node:fs';
import { ABSENT, REASONS } from '../../scenario/api/absent.ts';

interface Entry {
  readonly kind: string;
  readonly extends?: string;
  readonly type?: string;
  readonly values?: Readonly<Record<string, string | null>>;
  readonly functions?: Readonly<Record<string, string>>;
  readonly methods?: Readonly<Record<string, string>>;
  readonly properties?: Readonly<Record<string, string>>;
}

const LIST = new URL('../../scenario/voxengine-api.json', import.meta.url);

const HEAD = `// The VoxEngine API of Maskline, written by "maskline scenario types". For scripts that run in a scenario's sandbox:
// no DOM and no Node there. A tsconfig.json beside them:
//   { "compilerOptions": { "lib": ["es2023"], "types": [], "strict": true, "noEmit": true, "allowJs": true, "checkJs": true,
//     "moduleDetection": "legacy" }, "include": ["*.js", "*.ts"], "exclude": ["*.test.ts"] }
// Struck through is what Maskline does not have; hover to see why.
`;

/** Families of constants with names of vendors. */
const TAIL = `/** A voice or a language profile by its vendor's name; Maskline speaks with the voice that it has for that language. */
interface VendorNames extends Voice {
  readonly [name: string]: VendorNames;
}
declare const VoiceList: VendorNames;
declare const Language: VendorNames;
interface ASRLanguage extends VendorNames {}
declare const ASRLanguage: ASRLanguage;
declare const ASRProfileList: VendorNames;
declare const ASRModelList: VendorNames;
`;
const IN_TAIL = new Set([
  'VendorNames',
  'VoiceList',
  'Language',
  'ASRLanguage',
  'ASRProfileList',
  'ASRModelList',
]);

/** Ours, and what scripts for the cloud use though its type definitions leave it out. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  Call: [
    '/** Ours: the peer is on hold, is not heard any more, and hears what is sent to its call. */',
    'hold(): void;',
    'unhold(): void;',
  ],
  CallSayParameters: ['/** As older scripts have it. */', 'language?: Voice;'],
  TTSPlayerParameters: ['/** As older scripts have it. */', 'language?: Voice;'],
  Modules: [
    '/** Part of the core. */',
    'Net = "net",',
    'Player = "player",',
    'CallList = "calllist",',
    'WebSocket = "websocket",',
    'AMD = "amd",',
  ],
  VoxEngine: [
    '/** As older scripts have it: `AMD.create`. */',
    'function createAMD(parameters: AMD.AMDParameters): AMD.AnsweringMachineDetector;',
    'function getCallById(callId: string): Call | undefined;',
    '/** The URL of this session. */',
    'function mediaSessionAccessURL(): string;',
  ],
};

export function typeDeclarations(): string {
  const { api } = JSON.parse(readFileSync(LIST, 'utf8')) as { readonly api: Readonly<Record<string, Entry>> };
  return new Declarations(api).text;
}

class Declarations {
  readonly #api: Readonly<Record<string, Entry>>;
  readonly #absent = new Map<string, string>();

  constructor(api: Readonly<Record<string, Entry>>) {
    this.#api = JSON.parse(JSON.stringify(api).replace(VENDORS, 'VendorNames')) as typeof api;
    for (const [group, names] of Object.entries(ABSENT) as readonly (readonly [
      string,
      readonly string[],
    ])[]) {
      const prefix = group === 'globals' ? '' : `${group.replace('.prototype', '')}.`;
      for (const name of names) {
        const label = prefix + name;
        const why = REASONS[label];
        this.#absent.set(
          label,
          `/** @deprecated Not in Maskline${why === undefined ? ' yet' : `: ${why}`}. */`,
        );
      }
    }
  }

  get text(): string {
    const own = Object.keys(this.#api).filter((name) => !name.includes('.') && name !== '(global)');
    const globals = Object.entries(this.#api['(global)']?.functions ?? {}).map(
      ([name, signature]) => `declare function ${method(name, signature)}`,
    );
    const entries = own.map((name) => this.#declare(name, name, 'declare '));
    return [HEAD, ...globals, '', ...entries, ...this.#unknown(), TAIL].join('\n');
  }

  #declare(label: string, name: string, declare: string): string {
    const entry = this.#api[label];
    if (entry === undefined) return '';
    const { kind, type = '' } = entry;
    const lines =
      kind === 'type'
        ? [`${declare}type ${name} = ${type.replace(/^\| /, '')};`]
        : [`${this.#opening(entry, name, declare)} {`, ...indent(this.#members(label, entry)), '}'];
    return [...this.#note(label), ...lines].join('\n');
  }

  #opening({ kind, extends: from }: Entry, name: string, declare: string): string {
    const parents = from === undefined ? '' : ` extends ${from.split(',').join(', ')}`;
    if (kind === 'interface') return `interface ${name}${parents}`;
    return `${declare}${kind} ${name}${kind === 'class' ? parents : ''}`;
  }

  #members(label: string, { values, functions, methods, properties }: Entry): readonly string[] {
    const nested = Object.keys(this.#api)
      .filter((name) => name.startsWith(`${label}.`) && !name.slice(label.length + 1).includes('.'))
      .flatMap((name) => this.#declare(name, name.slice(label.length + 1), '').split('\n'));
    return [
      // Of some constants only the names are public.
      ...Object.entries(values ?? {}).map(([key, value]) =>
        value === null ? `${key},` : `${key} = ${JSON.stringify(value)},`,
      ),
      ...Object.entries(properties ?? {}).map(([key, type]) => `${key}: ${type};`),
      ...Object.entries(functions ?? {}).flatMap(([name, signature]) => [
        ...this.#note(`${label}.${name}`),
        `function ${method(name, signature)}`,
      ]),
      ...Object.entries(methods ?? {}).flatMap(([name, signature]) => [
        ...this.#note(`${label}.${name}`),
        method(name, signature),
      ]),
      ...nested,
      ...(MORE[label] ?? []),
    ];
  }

  #note(label: string): readonly string[] {
    const note = this.#absent.get(label);
    return note === undefined ? [] : [note];
  }

  /** Types that signatures name and the list does not describe: nothing can be made of them. */
  #unknown(): readonly string[] {
    const missing = new Set<string>();
    for (const [label, entry] of Object.entries(this.#api)) {
      const texts = [entry.functions, entry.methods, entry.properties].flatMap((group) =>
        Object.values(group ?? {}),
      );
      for (const text of [...texts, entry.type ?? ''])
        for (const [name] of text.matchAll(/(?<![\w.'"])[A-Z_]\w*(?:\.[A-Z]\w*)*/g))
          if (!this.#knows(name, label)) missing.add(name);
    }
    const whole = [...missing]
      .filter((name) => !name.includes('.'))
      .map((name) => `interface ${name} ${NOTHING}`);
    const inside = [...missing]
      .filter((name) => name.includes('.'))
      .map((name) => {
        const [last = '', ...outer] = name.split('.').reverse();
        const opening = outer
          .reverse()
          .map((one, at) => `${at === 0 ? 'declare ' : ''}namespace ${one} {`)
          .join(' ');
        return `${opening} interface ${last} ${NOTHING} ${'}'.repeat(outer.length)}`;
      });
    return [...whole, ...inside, ''];
  }

  #knows(name: string, label: string): boolean {
    const [namespace] = label.split('.');
    return (
      name in this.#api ||
      `${namespace}.${name}` in this.#api ||
      OF_THE_LANGUAGE.has(name) ||
      IN_TAIL.has(name) ||
      name === 'T'
    );
  }
}

/** One of the vendors' families, and all of them. */
const VENDORS = /(?:\| )?(ASRProfileList|ASRModelList|VoiceList)\.\w+(?: \| \1\.\w+)*/g;
const NOTHING = '{ readonly notInTheList: never }';
const OF_THE_LANGUAGE = new Set([
  'Promise',
  'Record',
  'Date',
  'Array',
  'Object',
  'Error',
  'Uint8Array',
  'Function',
  'Map',
  'Partial',
]);

/** `(a: A) => B` as a method. The type of an event decides the type of what its handler gets. */
function method(name: string, signature: string): string {
  const at = endOfParameters(signature);
  const parameters = signature.slice(0, at).replace(/\b[\w.]+ \| T\b/, 'T');
  const result = signature.slice(at).replace(/^ => /, '');
  const events = /([\w.]+)\[T\]/.exec(signature)?.[1];
  const generic = events === undefined ? '' : `<T extends keyof ${events}>`;
  return name === 'constructor' ? `constructor${parameters};` : `${name}${generic}${parameters}: ${result};`;
}

/** Behind the parenthesis that closes the first one. */
function endOfParameters(signature: string): number {
  let depth = 0;
  for (let at = 0; at < signature.length; at++) {
    if (signature[at] === '(') depth++;
    else if (signature[at] === ')' && --depth === 0) return at + 1;
  }
  return signature.length;
}

function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}
