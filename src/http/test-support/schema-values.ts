import fc from 'fast-check';

/** As much of JSON Schema as our OpenAPI document uses. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Texts that mean something to the server under that name, as they are when a value is drawn; those that fit are used often. */
export type Texts = (name: string) => readonly string[];

const MAX_ITEMS = 3;

/** Values that a schema takes, or nearly: lengths and patterns of texts are kept only where they come easily. */
export function valuesOf(schema: JsonSchema, texts: Texts, name = ''): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((one) => valuesOf(one, texts, name)));
  switch (schema.type) {
    case 'object':
      return objectsOf(schema, texts);
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}, texts, name), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.max(schema.minItems ?? 0, Math.min(MAX_ITEMS, schema.maxItems ?? MAX_ITEMS)),
      });
    case 'integer':
      return fc.integer(bounds(schema));
    case 'number':
      return fc.double({ ...bounds(schema), noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'string':
      return textsOf(schema, () => texts(name));
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function bounds({ minimum, maximum }: JsonSchema): { min: number; max: number } {
  return { min: minimum ?? -1_000, max: maximum ?? 1_000_000 };
}

function objectsOf(schema: JsonSchema, texts: Texts): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], patternProperties } = schema;
  const free = patternProperties === undefined ? undefined : Object.values(patternProperties)[0];
  if (free !== undefined)
    return fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), valuesOf(free, texts), { maxKeys: MAX_ITEMS });
  const members = Object.fromEntries(
    Object.entries(properties).map(([name, one]) => [name, valuesOf(one, texts, name)]),
  );
  const needed = required.filter((name) => name in members);
  const bare = Object.fromEntries(Object.entries(members).filter(([name]) => needed.includes(name)));
  return fc.oneof(fc.record(members, { requiredKeys: needed }), fc.record(bare));
}

function textsOf(
  { pattern, format, minLength = 0, maxLength = 40 }: JsonSchema,
  texts: () => readonly string[],
): fc.Arbitrary<string> {
  if (format === 'date-time')
    return fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
      .map((date) => date.toISOString());
  const fitting = (text: string): boolean =>
    text.length >= minLength &&
    text.length <= maxLength &&
    (pattern === undefined || new RegExp(pattern).test(text));
  // A pattern that lets through nearly everything is met by any text.
  const isLoose = pattern === undefined || pattern.startsWith('^[^');
  const free = isLoose
    ? fc.string({ minLength, maxLength: Math.min(maxLength, minLength + 20) })
    : fc.stringMatching(new RegExp(pattern)).map((text) => text.slice(0, maxLength));
  return fc.tuple(fc.nat({ max: 9_999 }), free).map(([draw, other]) => {
    const fit = draw % 8 === 0 ? [] : texts().filter(fitting);
    return fit[draw % fit.length] ?? other;
  });
}

/** What somebody sends who has mistyped: one place of the value is something else, missing, or too much. */
export function broken(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const junk = fc.oneof(
    fc.jsonValue({ maxDepth: 1 }),
    fc.constantFrom('', '\u0000', '__proto__', 'x'.repeat(5_000), -1, 1e308, null, [], {}, [[]], true),
  );
  return fc
    .tuple(values, fc.nat(), junk, fc.constantFrom('replace', 'remove', 'add'))
    .map(([value, at, other, how]) => changeAt(structuredClone(value), at, other, how));
}

type How = 'replace' | 'remove' | 'add';

function changeAt(value: unknown, at: number, junk: unknown, how: How): unknown {
  const places: { readonly holder: Record<string, unknown>; readonly name: string }[] = [];
  const walk = (one: unknown): void => {
    if (one === null || typeof one !== 'object') return;
    for (const [name, inner] of Object.entries(one)) {
      places.push({ holder: one as Record<string, unknown>, name });
      walk(inner);
    }
  };
  walk(value);
  const place = places[at % Math.max(1, places.length)];
  if (place === undefined) return junk;
  if (how === 'remove') delete place.holder[place.name];
  else if (how === 'add') place.holder.unheardOf = junk;
  else place.holder[place.name] = junk;
  return value;
}
