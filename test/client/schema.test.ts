import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  clientSchema,
  DOCUMENT,
  GENERATED,
  type OpenApi,
  type Schema,
} from '../../script/generate-client.ts';

const document = JSON.parse(readFileSync(DOCUMENT, 'utf8')) as OpenApi;

test('the types of the client are those of the API; if not, run node script/generate-client.ts', () => {
  expect(readFileSync(GENERATED, 'utf8')).toBe(clientSchema(document));
});

describe('types of a schema', () => {
  /** Its type as a field of what is received. */
  const typeOf = (schema: Schema): string => {
    const text = clientSchema({ paths: {}, components: { schemas: { It: schema } } });
    return /export type It = ([\s\S]*?);\n\n/.exec(text)![1]!;
  };

  test.each<[Schema, string]>([
    [{ type: 'integer' }, 'number'],
    [{ type: ['string', 'null'] }, 'string | null'],
    [{ enum: ["driver's", 'b'] }, "'driver\\'s' | 'b'"],
    [{ const: 'connect' }, "'connect'"],
    [{ anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'integer' }] }, 'string | number'],
    [{ type: 'array', items: { type: 'boolean' } }, 'Array<boolean>'],
    [{ type: 'object', additionalProperties: { type: 'string' } }, 'Record<string, string>'],
    [{ type: 'object', patternProperties: { '^.*$': { type: 'string' } } }, 'Record<string, string>'],
    [{ type: 'object', properties: {}, additionalProperties: true }, 'Record<string, unknown>'],
    [{ type: 'object', properties: {}, additionalProperties: false }, 'Record<never, never>'],
    [{ $ref: '#/components/schemas/Problem' }, 'Problem'],
  ])('%j', (schema, expected) => {
    expect(typeOf(schema)).toBe(expected);
  });

  test('a name that is none of JavaScript is quoted, a field that may be absent is optional, a description stays', () => {
    const schema: Schema = {
      type: 'object',
      properties: { 'webhook-id': { type: 'string', description: 'Ends */ here.' }, at: { type: 'number' } },
      required: ['at'],
    };
    expect(typeOf(schema)).toBe(
      "{\n  /** Ends *\u200b/ here. */\n  'webhook-id'?: string;\n  at: number;\n}",
    );
  });

  test('what it does not know is an error and never silently unknown', () => {
    expect(() => typeOf({ type: 'tuple' })).toThrow('does not know this schema');
    expect(() => typeOf({ not: {} } as Schema)).toThrow('does not know this schema');
    expect(() => typeOf({ type: 'array' })).toThrow('an array without items');
  });
});
