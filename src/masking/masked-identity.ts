import type { PhoneNumber } from '../kernel/phone-number.ts';

declare const made: unique symbol;

/**
 * The only thing that an outbound leg may show (DESIGN part 5.2). There are three makers below and no other: the type
 * is branded, so that no other file can build one, and none of the makers takes anything from an inbound leg.
 */
export type MaskedIdentity =
  | {
      readonly kind: 'number';
      readonly number: PhoneNumber;
      readonly displayName: string;
      readonly [made]: true;
    }
  | { readonly kind: 'anonymous'; readonly [made]: true };

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
  return { kind: 'number', number, displayName } as MaskedIdentity;
}

/** Shows a number that the customer proved to be theirs; undefined when it was not verified. */
export function showVerifiedNumber(
  numbers: ShowableNumbers,
  applicationId: string,
  number: PhoneNumber,
  displayName = '',
): MaskedIdentity | undefined {
  if (!numbers.isVerifiedNumber(applicationId, number)) return undefined;
  return { kind: 'number', number, displayName } as MaskedIdentity;
}

/** Shows nobody (RFC 3323 §4.1.1.3). */
export function showAnonymous(): MaskedIdentity {
  return { kind: 'anonymous' } as MaskedIdentity;
}
