import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PhoneNumber } from '../kernel/phone-number.ts';
import {
  isMaskedIdentity,
  type MaskedIdentity,
  type ShowableNumbers,
  showAnonymous,
  showServiceNumber,
  showVerifiedNumber,
} from './masked-identity.ts';

const SERVICE = PhoneNumber.parse('+74950000001');
const VERIFIED = PhoneNumber.parse('+74957778899');
const STRANGER = PhoneNumber.parse('+79031112233');

const numbers: ShowableNumbers = {
  isServiceNumber: (applicationId, number) => applicationId === 'taxi' && number.equals(SERVICE),
  isVerifiedNumber: (applicationId, number) => applicationId === 'taxi' && number.equals(VERIFIED),
};

const SRC = join(import.meta.dirname, '..');

function sources(): { readonly path: string; readonly text: string }[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path, text: readFileSync(join(SRC, path), 'utf8') }));
}

describe('MaskedIdentity', () => {
  it('[row 29] shows a service number of the application, and no other number', () => {
    expect(showServiceNumber(numbers, 'taxi', SERVICE, 'Taxi')).toEqual({
      kind: 'number',
      number: SERVICE,
      displayName: 'Taxi',
    });
    expect(showServiceNumber(numbers, 'taxi', VERIFIED)).toBeUndefined();
    expect(showServiceNumber(numbers, 'taxi', STRANGER)).toBeUndefined();
    expect(showServiceNumber(numbers, 'courier', SERVICE)).toBeUndefined();
  });

  it('[row 29] shows a verified number of the application, and no other number', () => {
    expect(showVerifiedNumber(numbers, 'taxi', VERIFIED)).toEqual({
      kind: 'number',
      number: VERIFIED,
      displayName: '',
    });
    expect(showVerifiedNumber(numbers, 'taxi', SERVICE)).toBeUndefined();
    expect(showVerifiedNumber(numbers, 'taxi', STRANGER)).toBeUndefined();
    expect(showVerifiedNumber(numbers, 'courier', VERIFIED)).toBeUndefined();
  });

  it('[RFC 3323 §4.1.1.3] shows nobody', () => {
    expect(showAnonymous()).toEqual({ kind: 'anonymous' });
  });

  it('does not print its digits', () => {
    const identity = showServiceNumber(numbers, 'taxi', SERVICE);
    expect(JSON.stringify(identity)).not.toContain('4950000001');
  });

  it('[row 29] cannot be written as a literal, nor copied with another number', () => {
    // The compiler is the first assertion: without an error on the next line, `tsc` fails on the directive above it.
    // @ts-expect-error a literal was not made by a maker
    const number: MaskedIdentity = { kind: 'number', number: STRANGER, displayName: '' };
    // @ts-expect-error a literal was not made by a maker
    const anonymous: MaskedIdentity = { kind: 'anonymous' };
    const shown = showServiceNumber(numbers, 'taxi', SERVICE);
    // @ts-expect-error a copy was not made by a maker
    const copy: MaskedIdentity = { ...shown, kind: 'number', number: STRANGER, displayName: '' };
    // The second one is at run time.
    expect([number, anonymous, copy].map(isMaskedIdentity)).toEqual([false, false, false]);
    expect(shown !== undefined && isMaskedIdentity(shown)).toBe(true);
    expect(isMaskedIdentity(showAnonymous())).toBe(true);
  });

  it('[row 29] cannot be changed once made', () => {
    const shown = showServiceNumber(numbers, 'taxi', SERVICE);
    expect(() => Object.assign(shown as object, { number: STRANGER })).toThrow(TypeError);
  });

  it('[row 29] is cast to nowhere, and its classes are constructed in its own file alone', () => {
    const forged =
      /(?:\bas\s+|<)(?:unknown\s+as\s+)?(?:Readonly<)?MaskedIdentity\b|new (?:Number|Anonymous)Identity\b/;
    const forging = sources()
      .filter(({ path, text }) => !path.endsWith('.test.ts') && forged.test(text))
      .map(({ path }) => path);
    expect(forging).toEqual(['masking/masked-identity.ts']);
  });
});
