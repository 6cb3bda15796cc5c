/**
 * How a number is spelled on a trunk, both ways (PITFALLS row 24). Inside, a number is E.164; what a carrier expects
 * and sends is its own tradition.
 */
import { getCountryCallingCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js';
import type { TrunkSettings } from './types.ts';

export type NumberStyle = Pick<
  TrunkSettings,
  'numberFormat' | 'country' | 'trunkPrefix' | 'internationalPrefix'
>;

/** E.164 as the trunk writes it; what is not E.164 is left alone. */
export function writeNumber(text: string, isE164: boolean, style: NumberStyle): string {
  if (!isE164 || style.numberFormat === 'e164') return text;
  return style.numberFormat === 'national' ? asDialledIn(style, text) : digitsOf(text);
}

/** A number as it would be dialled on a telephone of the trunk's country. */
function asDialledIn({ country, trunkPrefix, internationalPrefix }: NumberStyle, e164: string): string {
  const number = parsePhoneNumberFromString(e164);
  if (number === undefined || country === undefined || !isSupportedCountry(country)) return digitsOf(e164);
  if (number.countryCallingCode === getCountryCallingCode(country)) {
    // Countries that share a code (+1, +7) share its national format.
    return trunkPrefix === undefined
      ? digitsOf(number.formatNational())
      : trunkPrefix + number.nationalNumber;
  }
  if (internationalPrefix !== undefined) return internationalPrefix + digitsOf(e164);
  // Undefined where a country has several, such as one per carrier.
  const dialled = number.format('IDD', { fromCountry: country });
  return (dialled as string | undefined) === undefined ? `00${digitsOf(e164)}` : digitsOf(dialled);
}

function digitsOf(text: string): string {
  return text.replace(/\D/g, '');
}

export type DialStyle = NumberStyle & Pick<TrunkSettings, 'stripPrefix' | 'dialPrefix'>;

/** What is dialled: as the trunk writes it, with the trunk's own prefix. Names of accounts get none. */
export function writeDialled(text: string, isE164: boolean, style: DialStyle): string {
  const written = writeNumber(text, isE164, style);
  return isDialString(written) ? replacePrefix(written, style.stripPrefix, style.dialPrefix) : written;
}

/** What can be dialled on a keypad, with a plus sign or without. */
export function isDialString(text: string): boolean {
  return /^\+?[\d*#]+$/.test(text);
}

/** How the other side spells its numbers. Everything absent: as in an international text. */
export type InboundSpelling = Partial<
  Pick<
    TrunkSettings,
    'numberFormat' | 'country' | 'internationalPrefix' | 'inboundStripPrefix' | 'inboundDialPrefix'
  >
>;

/** A number that a peer sent, brought closer to E.164: what only the trunk's settings can tell. No digits, no change. */
export function respell(text: string, spelling: InboundSpelling): string {
  const plain = text.replace(/[\s().-]/g, '');
  if (!isDialString(plain)) return text;
  const { inboundStripPrefix = '', inboundDialPrefix = '', internationalPrefix = '' } = spelling;
  const number = replacePrefix(plain, inboundStripPrefix, inboundDialPrefix);
  if (number.startsWith('+')) return number;
  if (internationalPrefix !== '' && number.startsWith(internationalPrefix))
    return `+${number.slice(internationalPrefix.length)}`;
  return spelling.numberFormat === 'e164-without-plus' && readsAsE164(number, spelling.country)
    ? `+${number}`
    : number;
}

/** The trunk said that it sends E.164, so that reading comes first; a national one counts where only it is valid. */
function readsAsE164(digits: string, country: string | undefined): boolean {
  const international = parsePhoneNumberFromString(`+${digits}`);
  if (international === undefined || !international.isPossible()) return false;
  if (international.isValid() || country === undefined || !isSupportedCountry(country)) return true;
  return parsePhoneNumberFromString(digits, country)?.isValid() !== true;
}

function replacePrefix(text: string, old: string, replacement: string): string {
  return replacement + (text.startsWith(old) ? text.slice(old.length) : text);
}
