import type { PhoneNumber } from '../kernel/phone-number.ts';

/**
 * Two classes that are not exported. Their `#made` makes them nominal: neither a literal nor a changed copy
 * (`{ ...identity, number }`) has it, so the compiler refuses both, and `isMaskedIdentity` does at run time.
 */
class NumberIdentity {
  readonly kind = 'number';
  readonly number: PhoneNumber;
  readonly displayName: string;
  readonly #made = true;

  constructor(number: PhoneNumber, displayName: string) {
    this.number = number;
    this.displayName = displayName;
    Object.freeze(this);
  }

  static has(value: object): boolean {
    return #made in value && value.#made;
  }
}

class AnonymousIdentity {
  readonly kind = 'anonymous';
  readonly #made = true;

  constructor() {
    Object.freeze(this);
  }

  static has(value: object): boolean {
    return #made in value && value.#made;
  }
}

/**
 * The only thing that an outbound leg may show (ARCHITECTURE, privacy 2). There are three makers below and no other, and none
 * of them takes anything from an inbound leg.
 */
export type MaskedIdentity = NumberIdentity | AnonymousIdentity;

/** Whether a value came from one of the makers; catches what was cast past the compiler. */
export function isMaskedIdentity(value: object): value is MaskedIdentity {
  return NumberIdentity.has(value) || AnonymousIdentity.has(value);
}

/** What an application may show; storage implements it from memory. */
export interface ShowableNumbers {
  isServiceNumber(applicationId: string, number: PhoneNumber): boolean;
  isVerifiedNumber(applicationId: string, number: PhoneNumber): boolean;
}

/** Shows a service number of the application; undefined when it holds no such number. */
export function showServiceNumber(
  numbers: ShowableNumbers,
  applicationId: string,
  number: PhoneNumber,
  displayName = '',
): MaskedIdentity | undefined {
  if (!numbers.isServiceNumber(applicationId, number)) return undefined;
  return new NumberIdentity(number, displayName);
}

/** Shows a number that the customer proved to be theirs; undefined when it was not verified. */
export function showVerifiedNumber(
  numbers: ShowableNumbers,
  applicationId: string,
  number: PhoneNumber,
  displayName = '',
): MaskedIdentity | undefined {
  if (!numbers.isVerifiedNumber(applicationId, number)) return undefined;
  return new NumberIdentity(number, displayName);
}

/** Shows nobody (RFC 3323 §4.1.1.3). */
export function showAnonymous(): MaskedIdentity {
  return new AnonymousIdentity();
}
