/**
 * Writes the types of the TypeScript client from the OpenAPI document: `node script/generate-client.ts`. A test compares.
 *
 * Our own and not openapi-typescript: that one works on the JavaScript API of TypeScript 5, and the compiler here is the
 * native one, which has no such API. Our document uses a small part of JSON Schema; what is outside of it is an error here,
 * and never silently `unknown`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
export const DOCUMENT = join(ROOT, 'docs/reference/openapi.json');
export const GENERATED = join(ROOT, 'clients/typescript/src/schema.ts');

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly description?: string;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

interface Operation {
  readonly operationId: string;
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas?: Readonly<Record<string, Schema>> };
}

/** Whether a value is sent or received: what is sent may be read-only, and `undefined` where a field may be absent. */
type Way = 'sent' | 'received';

/** The text of `clients/typescript/src/schema.ts`. @throws Error for a schema that it does not understand. */
export function clientSchema(document: OpenApi): string {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );
  return [
    '// Generated from docs/reference/openapi.json by script/generate-client.ts. Do not edit.',
    '',
    ...Object.entries(document.components.schemas ?? {}).flatMap(([name, schema]) => [
      ...comment(schema.description, ''),
      `export type ${name} = ${typeOf(schema, 'received', '')};`,
      '',
    ]),
    '/** What each operation takes and answers, by its operationId. */',
    'export interface Operations {',
    ...operations.flatMap(({ operation }) => operationType(operation)),
    '}',
    '',
    '/** How each operation is asked. */',
    'export const OPERATIONS = {',
    ...operations.map(({ path, method, operation }) => operationRow(path, method, operation)),
    '} as const;',
    '',
  ].join('\n');
}

function operationType(operation: Operation): string[] {
  const { operationId, summary, description, parameters = [], requestBody } = operation;
  const within = (place: string): string =>
    fields(
      parameters.filter((parameter) => parameter.in === place),
      '    ',
    );
  const body = requestBody?.content['application/json']?.schema;
  const optional = body === undefined || requestBody?.required !== true ? ' | undefined' : '';
  return [
    ...comment([summary, description].filter(Boolean).join(' '), '  '),
    `  ${operationId}: {`,
    `    path: ${within('path')};`,
    `    query: ${within('query')};`,
    `    body: ${body === undefined ? 'undefined' : `${typeOf(body, 'sent', '    ')}${optional}`};`,
    `    answer: ${answerType(operation)};`,
    '  };',
  ];
}

/** JSON where there is JSON; the client gives out other content as a `Response`, to be streamed. */
function answerType({ responses }: Operation): string {
  const contents = successes(responses);
  const json = contents.flatMap((content) => content['application/json']?.schema ?? []);
  if (json.length > 0)
    return [...new Set(json.map((schema) => typeOf(schema, 'received', '    ')))].join(' | ');
  return contents.length > 0 ? 'Response' : 'undefined';
}

function operationRow(path: string, method: string, operation: Operation): string {
  const { operationId, parameters = [], responses } = operation;
  const once = parameters.some(({ name }) => name.toLowerCase() === 'idempotency-key');
  const contents = successes(responses);
  const isJson = contents.some((content) => content['application/json'] !== undefined);
  const answer = isJson ? 'json' : contents.length > 0 ? 'raw' : 'none';
  return `  ${operationId}: { method: '${method.toUpperCase()}', path: '${path}', answer: '${answer}', once: ${once} },`;
}

/** Contents of the answers that are no failure. */
function successes(responses: Operation['responses']): Content[] {
  return Object.entries(responses).flatMap(([status, { content }]) =>
    status.startsWith('2') && content !== undefined && Object.keys(content).length > 0 ? [content] : [],
  );
}

function fields(parameters: readonly Parameter[], indent: string): string {
  const properties = Object.fromEntries(
    parameters.map(({ name, schema, description }) => [
      name,
      description === undefined ? schema : { ...schema, description },
    ]),
  );
  const required = parameters.filter((parameter) => parameter.required === true).map(({ name }) => name);
  return objectType({ properties, required, additionalProperties: false }, 'sent', indent);
}

function typeOf(schema: Schema, way: Way, indent: string): string {
  if (schema.$ref !== undefined) return schema.$ref.replace('#/components/schemas/', '');
  if ('const' in schema) return literal(schema.const);
  if (schema.enum !== undefined) return union(schema.enum.map(literal));
  const either = schema.anyOf ?? schema.oneOf;
  if (either !== undefined) return union(either.map((one) => typeOf(one, way, indent)));
  if (schema.allOf !== undefined)
    return schema.allOf.map((one) => `(${typeOf(one, way, indent)})`).join(' & ');
  if (Array.isArray(schema.type)) {
    return union((schema.type as readonly string[]).map((type) => typeOf({ ...schema, type }, way, indent)));
  }
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'number':
    case 'null':
      return schema.type;
    case 'integer':
      return 'number';
    case 'array': {
      if (schema.items === undefined) throw new Error('an array without items');
      const readOnly = way === 'sent' ? 'Readonly' : '';
      return `${readOnly}Array<${typeOf(schema.items, way, indent)}>`;
    }
    case 'object':
      return objectType(schema, way, indent);
    case undefined:
      // `{}`: anything. Only where the document says nothing at all about the value.
      if (Object.keys(schema).every((key) => key === 'description')) return 'unknown';
  }
  throw new Error(`the generator does not know this schema: ${JSON.stringify(schema).slice(0, 200)}`);
}

function objectType(schema: Schema, way: Way, indent: string): string {
  const inner = `${indent}  `;
  const known = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const optional = !(schema.required ?? []).includes(name);
    const absent = optional && way === 'sent' ? ' | undefined' : '';
    return [
      ...comment(property.description, inner),
      `${inner}${propertyName(name)}${optional ? '?' : ''}: ${typeOf(property, way, inner)}${absent};`,
    ];
  });
  const rest = restOf(schema);
  const more = rest === undefined ? undefined : `Record<string, ${typeOf(rest, way, inner)}>`;
  if (known.length === 0) return more ?? 'Record<never, never>';
  const object = `{\n${known.join('\n')}\n${indent}}`;
  return more === undefined ? object : `${object} & ${more}`;
}

/** What values of names that the schema does not list may be. */
function restOf({ additionalProperties, patternProperties }: Schema): Schema | undefined {
  const patterns = Object.values(patternProperties ?? {});
  if (patterns.length > 0) return { anyOf: patterns };
  if (additionalProperties === true) return {};
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}

const propertyName = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name));

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value.replaceAll(/['\\]/g, '\\$&')}'` : JSON.stringify(value);
}

const union = (types: readonly string[]): string => [...new Set(types)].join(' | ');

function comment(text: string | undefined, indent: string): string[] {
  if (text === undefined || text === '') return [];
  return [`${indent}/** ${text.replaceAll('*/', '*\u200b/').replaceAll(/\s*\n\s*/g, ' ')} */`];
}

if (import.meta.main) {
  writeFileSync(GENERATED, clientSchema(JSON.parse(readFileSync(DOCUMENT, 'utf8')) as OpenApi));
  console.log(GENERATED);
}
