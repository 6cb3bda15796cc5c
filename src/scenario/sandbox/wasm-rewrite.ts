/**
 * Two changes to QuickJS's WebAssembly module before it is compiled (WebAssembly core specification, §5.5): the memory
 * that it asks for at the start becomes as small as the image allows, and its mutable globals are exported, so that an
 * instance can be put back to the state of the image. The code itself stays as it was built.
 */

const SECTION = { import: 2, global: 6, export: 7 } as const;
const KIND = { function: 0, table: 1, memory: 2, global: 3 } as const;

export interface Rewritten {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Names under which the mutable globals are exported; each is an i32. */
  readonly globals: readonly string[];
}

/** @param pages what the module's memory must have at least, in WebAssembly pages. Throws when the module is another. */
export function rewriteModule(original: Uint8Array, pages: number): Rewritten {
  const parts: Uint8Array[] = [original.subarray(0, 8)];
  const globals: string[] = [];
  for (const section of sectionsOf(original)) {
    let { body } = section;
    if (section.id === SECTION.import) body = withMemory(body, pages);
    if (section.id === SECTION.global) globals.push(...mutableGlobals(body));
    if (section.id === SECTION.export) body = withGlobals(body, globals);
    parts.push(Uint8Array.of(section.id), leb(body.length), body);
  }
  return { bytes: new Uint8Array(Buffer.concat(parts)), globals };
}

class Reader {
  at = 0;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw new Error('the WebAssembly module of QuickJS is cut off');
    return value;
  }

  /** LEB128 without a sign, §5.2.2. */
  number(): number {
    let result = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      result += (byte & 0x7f) * factor;
      if (byte < 0x80) return result;
    }
  }

  take(length: number): Uint8Array {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  limits(): { minimum: number; maximum: number | undefined } {
    const hasMaximum = this.byte() === 1;
    return { minimum: this.number(), maximum: hasMaximum ? this.number() : undefined };
  }
}

function* sectionsOf(module: Uint8Array): Generator<{ id: number; body: Uint8Array }> {
  const reader = new Reader(module);
  reader.at = 8;
  while (reader.at < module.length) {
    const id = reader.byte();
    yield { id, body: reader.take(reader.number()) };
  }
}

/** The memory is the one import beside functions. */
function withMemory(body: Uint8Array, pages: number): Uint8Array {
  const reader = new Reader(body);
  for (let left = reader.number(); left > 0; left--) {
    for (let name = 0; name < 2; name++) reader.take(reader.number());
    const kind = reader.byte();
    if (kind === KIND.memory) {
      const from = reader.at;
      const { maximum } = reader.limits();
      if (maximum === undefined) break;
      const limits = Buffer.concat([Uint8Array.of(1), leb(pages), leb(maximum)]);
      return Buffer.concat([body.subarray(0, from), limits, body.subarray(reader.at)]);
    }
    if (kind !== KIND.function) break;
    reader.number();
  }
  throw new Error('the WebAssembly module of QuickJS imports its memory in another way than expected');
}

/** Every global must begin as a constant i32: then its name is all that is needed to restore it. */
function mutableGlobals(body: Uint8Array): string[] {
  const [i32, constant, end] = [0x7f, 0x41, 0x0b];
  const reader = new Reader(body);
  const count = reader.number();
  const names: string[] = [];
  for (let index = 0; index < count; index++) {
    const type = reader.byte();
    const mutable = reader.byte() === 1;
    const begins = reader.byte();
    reader.number();
    if (type !== i32 || begins !== constant || reader.byte() !== end)
      throw new Error('the WebAssembly module of QuickJS has a global of another kind than expected');
    if (mutable) names.push(`global:${index}`);
  }
  return names;
}

/** A table that is exported could be changed from outside the memory, and would have to be restored, too. */
function withGlobals(body: Uint8Array, globals: readonly string[]): Uint8Array {
  const reader = new Reader(body);
  const count = reader.number();
  const first = reader.at;
  for (let left = count; left > 0; left--) {
    reader.take(reader.number());
    if (reader.byte() !== KIND.function)
      throw new Error('the WebAssembly module of QuickJS exports more than functions');
    reader.number();
  }
  const added = globals.map((name) => {
    const text = Buffer.from(name);
    return Buffer.concat([leb(text.length), text, Uint8Array.of(KIND.global), leb(Number(name.slice(7)))]);
  });
  return Buffer.concat([leb(count + added.length), body.subarray(first), ...added]);
}

function leb(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}
