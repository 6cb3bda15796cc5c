/**
 * Reads JSON that others wrote (a policy, a backend's answer) into types, field by field. What is wrong is named by its JSON
 * pointer (RFC 6901), and never quoted: it may be a number or a secret. A member that nobody knows is refused, because a
 * mistyped `reccord` would otherwise be obeyed as its absence. `null` is absence.
 */
import type { Announcement } from './types.ts';

export class DocumentError extends Error {
  override readonly name = 'DocumentError';
  /** JSON pointer, such as `/pull/url`; empty: the document as a whole. */
  readonly field: string;

  constructor(field: string, expected: string) {
    super(`${field === '' ? 'The document' : field} must be ${expected}.`);
    this.field = field;
  }
}

/** Characters of a URL that anything on the way takes (RFC 9110 §4.1 asks for 8000; ours hold no data). */
const MAX_URL = 2_000;
/** About two minutes of speech. */
const MAX_SPOKEN = 2_000;
/** BCP 47, as far as providers of speech look at it. */
const LANGUAGE = /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/;

export class Fields {
  readonly #at: string;
  readonly #members: ReadonlyMap<string, unknown>;

  /** @throws DocumentError when it is not an object, or has other members than the known ones. */
  constructor(value: unknown, known: readonly string[], at = '') {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new DocumentError(at, 'an object');
    this.#at = at;
    this.#members = new Map(
      Object.entries(value).filter(([, member]) => member !== null && member !== undefined),
    );
    const unknown = [...this.#members.keys()].find((name) => !known.includes(name));
    if (unknown !== undefined)
      throw new DocumentError(
        at,
        `without members other than ${known.map((name) => `"${name}"`).join(', ')}`,
      );
  }

  has(name: string): boolean {
    return this.#members.has(name);
  }

  /** @throws DocumentError about that member. */
  wrong(name: string, expected: string): never {
    throw new DocumentError(`${this.#at}/${name}`, expected);
  }

  text(name: string, most: number): string | undefined {
    const value = this.#members.get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string' || value.trim() === '' || value.length > most)
      this.wrong(name, `a text of 1 to ${most} characters`);
    // A NUL cannot be stored, a lone surrogate cannot be sent.
    if (value.includes('\0') || !value.isWellFormed()) this.wrong(name, 'a text of Unicode characters');
    return value;
  }

  needText(name: string, most: number): string {
    return this.text(name, most) ?? this.wrong(name, 'there');
  }

  integer(name: string, least: number, most: number): number | undefined {
    const value = this.#members.get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
      this.wrong(name, `a whole number from ${least} to ${most}`);
    return value;
  }

  flag(name: string): boolean | undefined {
    const value = this.#members.get(name);
    if (value !== undefined && typeof value !== 'boolean') this.wrong(name, 'true or false');
    return value as boolean | undefined;
  }

  oneOf<T extends string>(name: string, words: readonly T[]): T | undefined {
    const value = this.#members.get(name);
    if (value === undefined) return undefined;
    return words.find((word) => word === value) ?? this.wrong(name, `one of ${words.join(', ')}`);
  }

  /** A list of different words. */
  words<T extends string>(name: string, words: readonly T[]): readonly T[] | undefined {
    const value = this.#members.get(name);
    if (value === undefined) return undefined;
    const expected = `a list of different words out of ${words.join(', ')}`;
    if (!Array.isArray(value) || new Set(value).size !== value.length) this.wrong(name, expected);
    return (value as unknown[]).map(
      (one) => words.find((word) => word === one) ?? this.wrong(name, expected),
    );
  }

  /** An http or https URL without a password: it stands in logs of others, and nobody looks for secrets there. */
  url(name: string): string | undefined {
    const value = this.text(name, MAX_URL);
    if (value === undefined) return undefined;
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (
      url === undefined ||
      !['http:', 'https:'].includes(url.protocol) ||
      url.username !== '' ||
      url.password !== ''
    )
      this.wrong(name, 'a URL that begins with https:// or http://, without a user name or password');
    return url.href;
  }

  language(name: string): string | undefined {
    const value = this.text(name, 35);
    if (value !== undefined && !LANGUAGE.test(value)) this.wrong(name, 'a language such as en-US');
    return value;
  }

  object(name: string, known: readonly string[]): Fields | undefined {
    const value = this.#members.get(name);
    return value === undefined ? undefined : new Fields(value, known, `${this.#at}/${name}`);
  }

  announcement(name: string): Announcement | undefined {
    const fields = this.object(name, ['kind', 'text', 'language', 'url']);
    if (fields === undefined) return undefined;
    const kind = fields.oneOf('kind', ['say', 'play']) ?? fields.wrong('kind', 'say or play');
    if (kind === 'play') {
      for (const other of ['text', 'language'])
        if (fields.has(other)) fields.wrong(other, 'absent where a sound is played');
      return { kind, url: fields.url('url') ?? fields.wrong('url', 'there') };
    }
    if (fields.has('url')) fields.wrong('url', 'absent where a text is said');
    return { kind, text: fields.needText('text', MAX_SPOKEN), language: fields.language('language') };
  }

  needAnnouncement(name: string): Announcement {
    return this.announcement(name) ?? this.wrong(name, 'there');
  }
}
