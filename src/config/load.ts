import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isSupportedCountry } from 'libphonenumber-js';
import type { TSchema } from 'typebox';
import Value from 'typebox/value';
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument, type Range } from 'yaml';
import { MasklineError } from '../kernel/errors.ts';
import { MASKING_SCENARIO, type Settings, SettingsSchema } from './schema.ts';
import { speechProblems } from './speech-schema.ts';

/** Settings as loaded, and the folder that relative paths in them start from. */
export interface LoadedSettings {
  readonly settings: Settings;
  readonly folder: string;
}

/** Reads and checks a settings file. Throws `config/invalid` with every problem, its line, and what to do. */
export function loadSettings(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
): LoadedSettings {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new MasklineError('config/invalid', `The settings file ${path} cannot be read.`, { cause: error });
  }
  return { settings: parseSettings(text, environment, path), folder: dirname(resolve(path)) };
}

/** The same for a text; `name` stands in messages. */
export function parseSettings(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
  name = 'settings',
): Settings {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true });
  const problems: string[] = document.errors.map((error) => error.message.split('\n')[0] ?? error.message);
  if (problems.length > 0) throw invalid(name, problems);

  const substituted = substitute(
    (document.toJS({ maxAliasCount: 0 }) as unknown) ?? {},
    environment,
    '',
    problems,
  );
  const value: unknown = Value.Default(SettingsSchema, withSections(SettingsSchema, substituted));
  const lineOf = (path: string): string => {
    const range = rangeOf(document, keysOf(path));
    return range == null ? '' : ` (line ${lines.linePos(range[0]).line})`;
  };
  problems.push(...describeErrors(value, lineOf));
  if (problems.length === 0) problems.push(...crossChecks(value as Settings));
  if (problems.length > 0) throw invalid(name, problems);
  return value as Settings;
}

/** Where a key (or a list's item) stands in the file. */
function rangeOf(document: Document, keys: readonly (string | number)[]): Range | null | undefined {
  const parent: unknown = keys.length <= 1 ? document.contents : document.getIn(keys.slice(0, -1), true);
  const last = keys.at(-1);
  if (isMap(parent)) {
    const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === last);
    if (pair !== undefined && isScalar(pair.key)) return pair.key.range;
  }
  const node: unknown = document.getIn(keys, true);
  return isNode(node) ? node.range : undefined;
}

function invalid(name: string, problems: readonly string[]): MasklineError {
  return new MasklineError(
    'config/invalid',
    `${name}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
  );
}

/** `${NAME}` becomes the environment's value; a missing one is a problem, never an empty password. */
function substitute(
  value: unknown,
  environment: Readonly<Record<string, string | undefined>>,
  path: string,
  problems: string[],
): unknown {
  if (typeof value === 'string') {
    return value.replace(/\$\{([A-Z_][A-Z0-9_]*)\}/g, (_, variable: string) => {
      const found = environment[variable];
      if (found === undefined) {
        problems.push(
          `${path || '/'}: the environment variable ${variable} is not set; set it or write the value.`,
        );
      }
      return found ?? '';
    });
  }
  if (Array.isArray(value)) {
    return value.map((item, index) => substitute(item, environment, `${path}/${index}`, problems));
  }
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        substitute(item, environment, `${path}/${key}`, problems),
      ]),
    );
  }
  return value;
}

/** Adds absent sections as empty objects, in the entries of lists too, so that their defaults apply. */
function withSections(schema: TSchema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema as { items?: TSchema };
    return items === undefined ? value : value.map((item) => withSections(items, item));
  }
  if (value === null || typeof value !== 'object') return value;
  const properties = (schema as { properties?: Record<string, TSchema> }).properties ?? {};
  const out: Record<string, unknown> = { ...value };
  for (const [key, inner] of Object.entries(properties)) {
    if ('items' in inner && out[key] !== undefined) out[key] = withSections(inner, out[key]);
    if (!('properties' in inner)) continue;
    if (out[key] === undefined || out[key] === null) {
      if ('~optional' in inner) continue;
      out[key] = {};
    }
    out[key] = withSections(inner, out[key]);
  }
  return out;
}

interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: Record<string, unknown>;
}

/** One readable line per mistake. */
function describeErrors(value: unknown, lineOf: (path: string) => string): string[] {
  const errors = Value.Errors(SettingsSchema, value) as unknown as SchemaError[];
  const out = new Set<string>();
  for (const error of errors) {
    const where = `${error.instancePath || '/'}${lineOf(error.instancePath)}`;
    if (error.keyword === 'additionalProperties') {
      const names = (error.params.additionalProperties as string[] | undefined) ?? [];
      for (const name of names) out.add(unknownKey(error.instancePath, name, lineOf));
    } else if (error.keyword === 'anyOf') {
      const allowed = errors
        .filter((other) => other.keyword === 'const' && other.instancePath === error.instancePath)
        .map((other) => JSON.stringify(other.params.allowedValue));
      out.add(`${where}: must be one of ${allowed.join(', ')}.`);
    } else if (error.keyword === 'required') {
      const names = (error.params.requiredProperties as string[] | undefined) ?? [];
      out.add(`${where}: ${names.join(', ')} must be given.`);
    } else if (error.keyword !== 'boolean' && error.keyword !== 'const') {
      out.add(`${where}: ${error.message}.`);
    }
  }
  return [...out];
}

function unknownKey(parent: string, name: string, lineOf: (path: string) => string): string {
  const known = knownKeys(parent);
  const guess = known
    .map((key) => ({ key, distance: editDistance(key.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  const hint =
    guess !== undefined && guess.distance <= 3
      ? ` Did you mean "${guess.key}"?`
      : known.length > 0
        ? ` Known here: ${known.join(', ')}.`
        : '';
  return `${parent}/${name}${lineOf(`${parent}/${name}`)}: there is no such setting.${hint}`;
}

/** The keys that the schema has at a path such as `/sip/listen/0`. */
function knownKeys(path: string): string[] {
  let schema = SettingsSchema as unknown as Record<string, unknown>;
  for (const key of keysOf(path)) {
    const properties = schema.properties as Record<string, Record<string, unknown>> | undefined;
    const next = /^\d+$/.test(String(key))
      ? (schema.items as Record<string, unknown> | undefined)
      : properties?.[String(key)];
    if (next === undefined) return [];
    schema = next;
  }
  return Object.keys((schema.properties as object | undefined) ?? {});
}

function keysOf(path: string): (string | number)[] {
  return path
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((key) => (/^\d+$/.test(key) ? Number(key) : key));
}

/** What one value says about another. */
function crossChecks(settings: Settings): string[] {
  const problems = speechProblems(settings.speech);
  if (settings.media.ports.max - settings.media.ports.min < 3) {
    problems.push('/media/ports: the range must hold at least two pairs of ports.');
  }
  if (!settings.sip.allowMd5 && !settings.sip.allowSha256) {
    problems.push('/sip: allowMd5 and allowSha256 are both false, so that nobody could authenticate.');
  }
  for (const [index, trunk] of settings.trunks.entries()) {
    const at = `/trunks/${index}`;
    if (trunk.register && trunk.outboundAuth === undefined) {
      problems.push(`${at}: register needs outboundAuth with the provider's user name and password.`);
    }
    if (trunk.numberFormat === 'national' && trunk.country === undefined) {
      problems.push(`${at}: numberFormat national needs country, such as "GB".`);
    }
    if (trunk.country !== undefined && !isSupportedCountry(trunk.country)) {
      problems.push(`${at}/country: "${trunk.country}" is no country of ISO 3166.`);
    }
  }
  duplicates(
    '/trunks',
    settings.trunks.map((trunk) => trunk.name),
    problems,
  );
  duplicates(
    '/applications',
    settings.applications.map((application) => application.name),
    problems,
  );
  duplicates(
    '/applications/*/users',
    settings.applications.flatMap((application) => application.users.map((user) => user.name)),
    problems,
  );
  for (const [index, application] of settings.applications.entries()) {
    for (const country of application.fence.countries) {
      if (country !== '*' && !isSupportedCountry(country)) {
        problems.push(
          `/applications/${index}/fence/countries: "${country}" is no ISO 3166 code of a country with telephone numbers.`,
        );
      }
    }
    for (const [position, rule] of application.rules.entries()) {
      const at = `/applications/${index}/rules/${position}`;
      try {
        new RegExp(rule.pattern);
      } catch {
        problems.push(`${at}/pattern: not a regular expression.`);
      }
      for (const name of rule.scenarios) {
        const isShipped = application.masking && name === MASKING_SCENARIO;
        if (!isShipped && !(name in application.scenarios)) {
          problems.push(
            `${at}/scenarios: there is no scenario "${name}" in /applications/${index}/scenarios.`,
          );
        }
      }
    }
  }
  return problems;
}

function duplicates(where: string, names: readonly string[], problems: string[]): void {
  for (const name of new Set(names.filter((item, index) => names.indexOf(item) !== index))) {
    problems.push(`${where}: the name "${name}" is used twice.`);
  }
}

/** Levenshtein distance, for "did you mean". */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length]!;
}
