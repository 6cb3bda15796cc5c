import { Metadata, type NumberType, parsePhoneNumberFromString } from 'libphonenumber-js/max';

type CountryCode = NonNullable<ReturnType<typeof parsePhoneNumberFromString>>['country'] & string;

/** What the numbering plans say of a number. */
export interface NumberFacts {
  /** ISO 3166; undefined for what belongs to no country, such as satellite and international numbers. */
  readonly country: string | undefined;
  /** Premium-rate, shared-cost, personal or satellite: what it costs is not what its country costs. */
  readonly premium: boolean;
}

const DEAR: readonly NumberType[] = ['PREMIUM_RATE', 'SHARED_COST', 'PERSONAL_NUMBER', 'PAGER'];

/**
 * Calling codes without a country (ITU-T E.164 annex; E.164.1 list of assigned codes): 870 Inmarsat, 878 personal,
 * 881 satellite, 882 and 883 international networks, 888 relief, 979 premium. 800 and 808 are free and shared.
 */
const NO_COUNTRY = /^\+(?:808|870|878|88[1-38]|979)/;

/** @param e164 with its plus sign */
export function factsOf(e164: string): NumberFacts {
  if (NO_COUNTRY.test(e164)) return { country: undefined, premium: true };
  const parsed = parsePhoneNumberFromString(e164);
  if (parsed === undefined) return { country: undefined, premium: false };
  const type = parsed.getType();
  const country = parsed.country ?? likelyCountry(parsed.getPossibleCountries(), parsed.nationalNumber);
  return { country, premium: type !== undefined && DEAR.includes(type) };
}

/**
 * Of a number that no plan knows (not assigned, or reserved for drama): several countries may share its calling code. One
 * that has leading digits of its own, such as those of the Caribbean under +1, has the number if they fit; else it is the
 * main country, which libphonenumber names first.
 */
function likelyCountry(possible: readonly CountryCode[], national: string): string | undefined {
  const metadata = new Metadata();
  const owner = possible.find((country) => {
    metadata.selectNumberingPlan(country);
    const leading = (metadata.numberingPlan as { leadingDigits?(): string | undefined }).leadingDigits?.();
    return leading !== undefined && new RegExp(`^(?:${leading})`).test(national);
  });
  return owner ?? possible[0];
}
