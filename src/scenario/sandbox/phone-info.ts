/** What libphonenumber knows of a number, for `PhoneNumber.getInfo`. Pure: the same on each machine with this version. */
import { createRequire } from 'node:module';
import type * as LibPhoneNumber from 'libphonenumber-js/max';

/** `PhoneNumber.Info` of the API. */
export interface PhoneInfo {
  readonly number: string;
  readonly numberType: string;
  /** ISO 3166 code, or empty. */
  readonly region: string;
  /** The country in English; libphonenumber-js knows no places within one. */
  readonly location: string;
  readonly isPossibleNumber: boolean;
  readonly isValidNumber: boolean;
  readonly isValidNumberForRegion: boolean;
  readonly error?: string;
}

/** Of the API's documentation, by what the library says. */
const ERRORS: Readonly<Record<string, string>> = {
  INVALID_COUNTRY: 'INVALID_COUNTRY_CODE',
  NOT_A_NUMBER: 'NOT_A_NUMBER',
  TOO_SHORT: 'TOO_SHORT_NSN',
  TOO_LONG: 'TOO_LONG_NSN',
};

let library: typeof LibPhoneNumber | undefined;
let names: Intl.DisplayNames | undefined;

/** The metadata of all kinds of numbers is large: it is loaded when a script asks for the first time. */
function load(): typeof LibPhoneNumber {
  library ??= createRequire(import.meta.url)('libphonenumber-js/max') as typeof LibPhoneNumber;
  return library;
}

/** @param country ISO 3166 code for national spellings; empty: none. Never throws; what is no number has an `error`. */
export function phoneInfo(number: string, country: string): PhoneInfo {
  const { isSupportedCountry, ParseError, parsePhoneNumberWithError } = load();
  const wanted = country.toUpperCase();
  const nothing = { number: '', numberType: 'UNKNOWN', region: '', location: '' };
  const no = { isPossibleNumber: false, isValidNumber: false, isValidNumberForRegion: false };
  if (wanted !== '' && !isSupportedCountry(wanted))
    return { ...nothing, ...no, error: 'INVALID_COUNTRY_CODE' };
  try {
    const parsed = parsePhoneNumberWithError(
      number,
      wanted === '' ? { extract: false } : { extract: false, defaultCountry: wanted },
    );
    const region = parsed.country ?? '';
    const isValid = parsed.isValid();
    return {
      number: parsed.number,
      numberType: parsed.getType() ?? 'UNKNOWN',
      region,
      location: region === '' ? '' : nameOf(region),
      isPossibleNumber: parsed.isPossible(),
      isValidNumber: isValid,
      isValidNumberForRegion: isValid && region !== '' && (wanted === '' || region === wanted),
    };
  } catch (error) {
    const why = error instanceof ParseError ? ERRORS[error.message] : undefined;
    return { ...nothing, ...no, error: why ?? 'NOT_A_NUMBER' };
  }
}

function nameOf(region: string): string {
  names ??= new Intl.DisplayNames(['en'], { type: 'region' });
  return names.of(region) ?? region;
}
