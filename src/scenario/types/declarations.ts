/**
 * `voxengine.d.ts` for editors, from the list of the API and from what is really here: what is not is marked as deprecated
 * with the reason, so that editors strike it through before a call fails. `maskline scenario types` writes it.
 */
import { API, type ApiEntry, type Parameter, signature, splitTop } from './api-list.ts';
import { EXTRA, MORE_FORMS, MORE_MEMBERS, WIDER_FIELDS } from './extra-declarations.ts';
import { statusOf } from './member-status.ts';

const BUILT_IN = new Set(
  'string number boolean any void unknown never null undefined true false object Object Function Date Promise Array T keyof'.split(
    ' ',
  ),
);
/** Whole types, beside names of fields and of parameters, and strings. */
const NAME = /(?<!['"\w.])[A-Za-z_]\w*(?:\.\w+)*(?!['"\w])(?!\s*\??:)/g;

const HEAD = `// The VoxEngine API of Maskline, written by "maskline scenario types". For scripts that run in a scenario's sandbox:
// no DOM and no Node there. A tsconfig.json beside them:
//   { "compilerOptions": { "lib": ["es2023"], "types": [], "strict": true, "noEmit": true, "allowJs": true, "checkJs": true,
//     "moduleDetection": "legacy" }, "include": ["*.js", "*.ts"], "exclude": ["*.test.ts"] }
// Struck through is what Maskline does not have; hover to see why.`;

export function declarations(): string {
  const top = Object.keys(API).filter((name) => !name.includes('.') && name !== '(global)');
  const globals = Object.entries(API['(global)']?.functions ?? {}).map(
    ([name, text]) => `declare function ${name}${callable(text, '')};`,
  );
  return [HEAD, ...top.flatMap((name) => declare(name, name, 'declare ')), ...globals, ...EXTRA, ''].join(
    '\n',
  );
}

/** @param path the whole name, `name` its last part. */
function declare(path: string, name: string, prefix: string): string[] {
  const entry = API[path] as ApiEntry;
  switch (entry.kind) {
    case 'enum':
      return block(`${prefix}enum ${name}`, [
        ...Object.entries(entry.values ?? {}).map(([key, value]) => enumValue(path, key, value)),
        ...(MORE_MEMBERS[path] ?? []),
      ]);
    case 'interface':
      return block(`${prefix}interface ${name}${bases(entry, path)}`, [
        ...fields(path, entry),
        ...(MORE_MEMBERS[path] ?? []),
      ]);
    case 'class':
      return block(`${prefix}class ${name}${bases(entry, path)}`, classMembers(path, entry));
    case 'type':
      return [`${prefix}type ${name} = ${type(entry.type ?? 'any', path)};`];
    default:
      return namespace(path, name, prefix, entry);
  }
}

function namespace(path: string, name: string, prefix: string, entry: ApiEntry): string[] {
  const inner = Object.keys(API)
    .filter((one) => one.startsWith(`${path}.`))
    .flatMap((one) => declare(one, one.slice(path.length + 1), ''));
  const functions = Object.entries(entry.functions ?? {}).flatMap(([member, text]) => [
    ...note(`${path}.${member}`, path),
    `function ${member}${callable(text, path)};`,
    ...(MORE_FORMS[`${path}.${member}`] ?? []).map((form) => `function ${member}${form};`),
  ]);
  const all = [...functions, ...(MORE_MEMBERS[path] ?? []), ...inner];
  return block(`${prefix}namespace ${name}`, all);
}

function classMembers(path: string, entry: ApiEntry): string[] {
  const methods = Object.entries(entry.methods ?? {}).flatMap(([name, text]) => {
    if (name === 'constructor') return [`constructor${callable(text, path).replace(/: [^)]*$/, '')};`];
    return [
      ...note(`${path}.${name}`, path),
      `${name}${callable(text, path)};`,
      ...(MORE_FORMS[`${path}.${name}`] ?? []).map((form) => `${name}${form};`),
    ];
  });
  const properties = Object.entries(entry.properties ?? {}).map(
    ([name, text]) => `${name}: ${type(text, path)};`,
  );
  return [...properties, ...methods, ...(MORE_MEMBERS[path] ?? [])];
}

function fields(path: string, entry: ApiEntry): string[] {
  return Object.entries(entry.properties ?? {}).flatMap(([name, text]) => {
    const key = `${path}.${name.replace(/\?$/, '')}`;
    const status = statusOf({ key, owner: path });
    const note =
      status.kind === 'supported' || name.startsWith('[') || path.includes('_')
        ? []
        : [`/** ${status.kind === 'not' ? 'Not here' : 'In part'}: ${status.why} */`];
    // What scripts leave out in the cloud, too, though its list says that it has to be there.
    const isGiven = /(?:Parameters|Options|Settings|Prompt|Segment|Request)$/.test(path);
    const shown = isGiven && !name.endsWith('?') ? `${name}?` : name;
    return [...note, `${shown}: ${WIDER_FIELDS[key] ?? type(text, path)};`];
  });
}

function enumValue(path: string, quoted: string, value: string | number | null): string {
  const key = quoted.replaceAll("'", '');
  const status = statusOf({ key: `${path}.${key}`, owner: path });
  const note =
    status.kind === 'not' && path.endsWith('Events')
      ? `/** @deprecated Does not happen here: ${status.why} */ `
      : '';
  return `${note}${/^\w+$/.test(key) && !/^\d/.test(key) ? key : `'${key}'`} = ${JSON.stringify(value ?? key)},`;
}

/** Why editors strike a function through. */
function note(key: string, owner: string): string[] {
  const status = statusOf({ key, owner });
  return status.kind === 'not' ? [`/** @deprecated Not in Maskline: ${status.why}. */`] : [];
}

function bases(entry: ApiEntry, path: string): string {
  const names = splitTop(entry.extends ?? '', ',').filter((name) => isDeclared(name, path));
  return names.length === 0 ? '' : ` extends ${names.join(', ')}`;
}

/** `(a: X, b?: Y): R`, with the type parameter of listeners. */
function callable(text: string, path: string): string {
  const { parameters, result } = signature(text);
  const events = /(\w+Events|_Events|AMD\._Events)\[T\]/.exec(text)?.[1];
  const generic = /\bT\b/.test(text) && events !== undefined ? `<T extends keyof ${events}>` : '';
  const last = parameters.findLastIndex(({ optional }) => !optional);
  const shown = parameters.map((one, index) => parameter(one, index > last, path));
  return `${generic}(${shown.join(', ')}): ${type(result, path)}`;
}

function parameter({ name, optional, type: text }: Parameter, mayBeOptional: boolean, path: string): string {
  // `record()` and `enqueueACDRequest(name)` are called with less than the list asks for.
  const isOptions = /Parameters$/.test(text) || name === 'customData';
  return `${name}${(optional && mayBeOptional) || isOptions ? '?' : ''}: ${type(text, path)}`;
}

/** Names that nobody declares are left out of unions, and are `any` alone. */
function type(text: string, path: string): string {
  const union = splitTop(text.replace(/^\s*\|/, ''), '|');
  if (union.length > 1) {
    const known = union.filter((one) => !/^[\w.]+$/.test(one) || isDeclared(one, path));
    return known.length === 0 ? 'any' : known.map((one) => type(one, path)).join(' | ');
  }
  return text
    .replace(NAME, (name) => (isDeclared(name, path) ? name : 'any'))
    .replace(/\) => ([^|]*)$/, ') => $1');
}

function isDeclared(name: string, path: string): boolean {
  if (BUILT_IN.has(name)) return true;
  const inside = `${path.includes('.') ? path.slice(0, path.lastIndexOf('.')) : path}.${name}`;
  return API[inside] !== undefined || API[name] !== undefined;
}

function block(head: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [`${head} {}`] : [`${head} {`, ...lines.map((line) => `  ${line}`), '}'];
}
