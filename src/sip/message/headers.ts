import { SipSyntaxError } from './errors.ts';
import { headerKey, isListHeader } from './header-names.ts';
import { splitOutside, TOKEN } from './scan.ts';

/**
 * Ordered header fields. Names are compared without case and with compact forms (RFC 3261 §7.3.3), and keep the
 * spelling they came with. No value ever holds CR or LF, and none that was set here holds NUL (PITFALLS row 20), so
 * that writing a message cannot write a header nobody asked for.
 */
export class Headers {
  #keys: string[] = [];
  #names: string[] = [];
  #values: string[] = [];
  #cache: object | undefined;

  constructor(fields: Iterable<readonly [name: string, value: string]> = []) {
    for (const [name, value] of fields) this.append(name, value);
  }

  /** Room for what `fields.ts` has read; emptied by each change. */
  get cache(): object | undefined {
    return this.#cache;
  }

  set cache(cache: object | undefined) {
    this.#cache = cache;
  }

  /** How many lines there are. */
  get size(): number {
    return this.#keys.length;
  }

  /** The first value; of a comma list its first item. */
  get(name: string): string | undefined {
    const key = headerKey(name);
    const index = this.#keys.indexOf(key);
    if (index < 0) return undefined;
    const value = this.#values[index]!;
    return value.includes(',') && isListHeader(key) ? splitOutside(value, ',')[0] : value;
  }

  /** Every value in order, comma lists split where the field is a list (§7.3.1). */
  getAll(name: string): string[] {
    const key = headerKey(name);
    const found: string[] = [];
    for (let i = 0; i < this.#keys.length; i++) {
      if (this.#keys[i] !== key) continue;
      const value = this.#values[i]!;
      if (value.includes(',') && isListHeader(key)) found.push(...splitOutside(value, ','));
      else found.push(value);
    }
    return found;
  }

  has(name: string): boolean {
    return this.#keys.includes(headerKey(name));
  }

  /** Whether the field stands on more than one line. */
  isRepeated(name: string): boolean {
    const key = headerKey(name);
    const first = this.#keys.indexOf(key);
    return first >= 0 && this.#keys.indexOf(key, first + 1) >= 0;
  }

  /** Whether any of the fields, given by their keys, stands on more than one line. */
  hasRepeated(keys: ReadonlySet<string>): boolean {
    for (let i = 0; i < this.#keys.length; i++) {
      const key = this.#keys[i]!;
      if (keys.has(key) && this.#keys.includes(key, i + 1)) return true;
    }
    return false;
  }

  /** Replaces all fields of the name by one, at the place of the first, or at the end. */
  set(name: string, value: string): void {
    refuseUnsafe(name, value);
    const key = headerKey(name);
    const index = this.#keys.indexOf(key);
    if (index < 0) {
      this.#insert(this.#keys.length, key, name, value);
      return;
    }
    this.#names[index] = name;
    this.#values[index] = value;
    this.#removeFrom(index + 1, key);
    this.#cache = undefined;
  }

  append(name: string, value: string): void {
    refuseUnsafe(name, value);
    this.#insert(this.#keys.length, headerKey(name), name, value);
  }

  /** Puts a field before the first of its name, or before all others. For Via, Route and Record-Route. */
  prepend(name: string, value: string): void {
    refuseUnsafe(name, value);
    const key = headerKey(name);
    this.#insert(Math.max(0, this.#keys.indexOf(key)), key, name, value);
  }

  /** Replaces the first value only; of a comma list its first item. Adds the field when there is none. */
  replaceFirst(name: string, value: string): void {
    refuseUnsafe(name, value);
    const key = headerKey(name);
    const index = this.#keys.indexOf(key);
    if (index < 0) {
      this.prepend(name, value);
      return;
    }
    const rest = isListHeader(key) ? splitOutside(this.#values[index]!, ',').slice(1) : [];
    this.#values[index] = [value, ...rest].join(', ');
    this.#cache = undefined;
  }

  /** Adds text, such as a parameter, to the end of the first field of the name. */
  extendFirst(name: string, suffix: string): void {
    refuseLineBreaks(suffix, 'a header value');
    const index = this.#keys.indexOf(headerKey(name));
    if (index < 0) throw new SipSyntaxError('there is no such header field to extend');
    this.#values[index] += suffix;
    this.#cache = undefined;
  }

  /** Removes every field of the name. */
  delete(name: string): void {
    this.#removeFrom(0, headerKey(name));
    this.#cache = undefined;
  }

  clone(): Headers {
    const copy = new Headers();
    copy.#keys = this.#keys.slice();
    copy.#names = this.#names.slice();
    copy.#values = this.#values.slice();
    return copy;
  }

  /** Copies all fields of the name as they stand, lists unsplit: what a response does with Via (§8.2.6.2). */
  copyFrom(other: Headers, name: string): void {
    const key = headerKey(name);
    for (let i = 0; i < other.#keys.length; i++) {
      if (other.#keys[i] === key) this.#insert(this.#keys.length, key, name, other.#values[i]!);
    }
  }

  /** For the parser only: a line that is known to hold neither CR nor LF. A NUL may stand in a quoted pair. */
  appendParsed(name: string, value: string): void {
    this.#keys.push(headerKey(name));
    this.#names.push(name);
    this.#values.push(value);
  }

  /** Lines in order, as `[name, value]`, lists unsplit. */
  *[Symbol.iterator](): IterableIterator<readonly [name: string, value: string]> {
    for (let i = 0; i < this.#keys.length; i++) yield [this.#names[i]!, this.#values[i]!];
  }

  /** All lines but Content-Length, which the serializer writes itself, each ended by CRLF. */
  toWire(): string {
    let text = '';
    for (let i = 0; i < this.#keys.length; i++) {
      if (this.#keys[i] !== 'content-length') text += `${this.#names[i]}: ${this.#values[i]}\r\n`;
    }
    return text;
  }

  #insert(index: number, key: string, name: string, value: string): void {
    this.#keys.splice(index, 0, key);
    this.#names.splice(index, 0, name);
    this.#values.splice(index, 0, value);
    this.#cache = undefined;
  }

  #removeFrom(start: number, key: string): void {
    for (let i = this.#keys.length - 1; i >= start; i--) {
      if (this.#keys[i] !== key) continue;
      this.#keys.splice(i, 1);
      this.#names.splice(i, 1);
      this.#values.splice(i, 1);
    }
  }
}

function refuseUnsafe(name: string, value: string): void {
  if (!TOKEN.test(name)) throw new SipSyntaxError('a header name is not a token');
  refuseLineBreaks(value, 'a header value');
}

/** Throws when the text could end its line early. */
export function refuseLineBreaks(text: string, what: string): void {
  if (text.includes('\n') || text.includes('\r') || text.includes('\0')) {
    throw new SipSyntaxError(`${what} holds a line break or NUL`);
  }
}
