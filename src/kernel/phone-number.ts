import { inspect } from 'node:util';
import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js';
import { type Mentions, mentionsOf } from './number-spellings.ts';

/**
 * Why real digits are being taken out of a `PhoneNumber`. A closed list: `test/privacy/reveal-callers.test.ts`
 * names the one file that may use each of them.
 */
export type RevealPurpose =
  /** The Request-URI and To of an outbound INVITE: the person who is called is told their own number. */
  | 'dial'
  /** From, P-Asserted-Identity and Contact of an outbound INVITE: only ever a number that may be shown. */
  | 'present'
  /** The customer's own script, which decides whom to connect. */
  | 'scenario'
  /** Look-up of users, service numbers and rules. */
  | 'lookup'
  /** Whether the fence of an application allows it: its country and prefix. */
  | 'fence'
  /** Encryption at rest and the blind index. */
  | 'store'
  /** A question to the customer's own backend at call time: service numbers, and callers where the policy says so. */
  | 'backend'
  /** The command that asks a node to erase somebody. */
  | 'erase'
  /** An answer of the API to a key that may read numbers. */
  | 'api'
  /** The leak scan, which has to know what it looks for. */
  | 'leak-scan';

/**
 * Reading a number runs through the patterns of its country, and one call reads the same few a dozen times. By country
 * and spelling, the one used longest ago first; kept in memory only.
 */
const recent = new Map<string, PhoneNumber>();
const MAX_RECENT = 1_000;
/** Characters of a spelling that is worth remembering. */
const MAX_RECENT_LENGTH = 48;

/**
 * A telephone number, or the user name of a SIP account, whose digits do not print themselves: `toString`, JSON,
 * template strings and `console.log` all give the masked form. `.reveal(purpose)` is the only way to the digits.
 */
export class PhoneNumber {
  readonly #value: string;
  /** True when the value is a valid E.164 number of a known country; false for extensions and account names. */
  readonly isE164: boolean;

  private constructor(value: string, isE164: boolean) {
    this.#value = value;
    this.isE164 = isE164;
  }

  /**
   * Reads any spelling (`+7 (912) 345-67-89`, `8 912 …` with a default country, `00…`, `tel:` content) into E.164.
   * What is not a number that can be dialled keeps its characters, less visual separators (RFC 3966 §5.1.1).
   *
   * @param defaultCountry ISO 3166 code used for national spellings, such as a trunk's country.
   */
  static parse(text: string, defaultCountry?: string): PhoneNumber {
    if (text.length > MAX_RECENT_LENGTH) return PhoneNumber.#read(text, defaultCountry);
    const key = `${defaultCountry ?? ''} ${text}`;
    let read = recent.get(key);
    if (read === undefined) {
      read = PhoneNumber.#read(text, defaultCountry);
      const oldest = recent.size < MAX_RECENT ? undefined : recent.keys().next().value;
      if (oldest !== undefined) recent.delete(oldest);
    } else recent.delete(key);
    recent.set(key, read);
    return new PhoneNumber(read.#value, read.isE164);
  }

  static #read(text: string, defaultCountry: string | undefined): PhoneNumber {
    const trimmed = text.trim().slice(0, 128);
    const separatorsGone = trimmed.replace(/[\s().-]/g, '');
    if (/^\+?\d{5,}$/.test(separatorsGone)) {
      const international = separatorsGone.replace(/^00(?=\d)/, '+');
      const parsed = parsePhoneNumberFromString(
        international,
        defaultCountry === undefined ? undefined : { defaultCountry: defaultCountry as CountryCode },
      );
      if (parsed?.isPossible()) return new PhoneNumber(parsed.number, true);
      // A trunk often sends E.164 without the plus sign.
      if (!international.startsWith('+') && international.length >= 10) {
        const plus = parsePhoneNumberFromString(`+${international}`);
        if (plus?.isValid()) return new PhoneNumber(plus.number, true);
      }
      return new PhoneNumber(international, false);
    }
    return new PhoneNumber(/^[+\d().\-\s]+$/.test(trimmed) ? separatorsGone : trimmed, false);
  }

  /** The real digits (or account name). The purpose is for the reader and the test that lists all callers. */
  reveal(_purpose: RevealPurpose): string {
    return this.#value;
  }

  /** Whether both are the same number. Does not reveal either. */
  equals(other: PhoneNumber): boolean {
    return this.#value === other.#value;
  }

  /** Finds the number in texts, in whichever spelling. Does not reveal it. */
  mentions(): Mentions {
    return mentionsOf(this.#value);
  }

  /** ISO 3166 code of the country that the number belongs to; undefined for what is no number of a country. */
  get country(): string | undefined {
    return this.isE164 ? parsePhoneNumberFromString(this.#value)?.country : undefined;
  }

  /** Digits that both begin with, the country code included; 0 unless both are E.164. Does not reveal either. */
  sharedDigits(other: PhoneNumber): number {
    if (!this.isE164 || !other.isE164) return 0;
    let shared = 1;
    while (shared < this.#value.length && this.#value[shared] === other.#value[shared]) shared += 1;
    return shared - 1;
  }

  /** What logs, errors and inspection show: first two and last two characters, e.g. `+7•••••••89`. */
  get masked(): string {
    return this.#value === ERASED ? ERASED : maskDigits(this.#value);
  }

  toString(): string {
    return this.masked;
  }

  toJSON(): string {
    return this.masked;
  }

  [inspect.custom](): string {
    return `PhoneNumber(${this.masked})`;
  }
}

const ERASED = '(erased)';

/** Stands where the number of a person was who was erased. No account has that name, and nobody can be called there. */
export const ERASED_NUMBER = PhoneNumber.parse(ERASED);

/** Keeps the first two and last two characters of a number-like text and hides the rest. */
export function maskDigits(text: string): string {
  if (text.length <= 4) return '•'.repeat(text.length);
  return `${text.slice(0, 2)}${'•'.repeat(text.length - 4)}${text.slice(-2)}`;
}

/**
 * UUIDs (`ms_…` and the like, too), IPv4 addresses and ISO dates hold runs of digits too, and the engineer on call needs them
 * whole.
 */
const NOT_A_NUMBER =
  /(?<![a-z\d])[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}\b|(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])|\b\d{4}-\d{2}-\d{2}(?![\d-])/;
const NUMBER_LIKE = /\+?\d(?:[\s().-]{0,2}\d){6,}/;
const SCAN = new RegExp(`(${NOT_A_NUMBER.source})|${NUMBER_LIKE.source}`, 'gi');

/** Hides every run of seven or more digits (with separators) in a free text, such as a script's log line. */
export function maskNumbersIn(text: string): string {
  return text.replace(SCAN, (found, kept: string | undefined) => kept ?? maskDigits(found));
}
