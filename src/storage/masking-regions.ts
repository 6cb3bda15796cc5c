import type { PhoneNumber } from '../kernel/phone-number.ts';
import type { NumberWish } from '../masking/types.ts';

interface ServiceNumber {
  readonly id: string;
  readonly number: PhoneNumber;
}

/** Reading the country of a number takes longer than anything else here; numbers of a snapshot live as long as it does. */
const countries = new WeakMap<PhoneNumber, string>();

/** ISO 3166, from the number itself. */
export function countryOf(number: PhoneNumber): string | undefined {
  let found = countries.get(number);
  if (found === undefined) {
    found = number.country ?? '';
    countries.set(number, found);
  }
  return found === '' ? undefined : found;
}

/**
 * Which numbers are of the wished region: one of the pool's own words, or a country (ISO 3166). `same` is the country of the
 * first party; and where the pool says regions, the one whose numbers begin as the party's does, by its area code.
 *
 * @param regions what the pool says of its numbers, by id.
 * @returns undefined when no region is wished.
 */
export function numbersInRegion(
  numbers: readonly ServiceNumber[],
  wished: NumberWish['region'],
  first: PhoneNumber | undefined,
  regions: ReadonlyMap<string, string>,
): readonly string[] | undefined {
  if (wished === undefined) return undefined;
  if (wished !== 'same') {
    const word = wished.toLowerCase();
    return numbers
      .filter(
        ({ id, number }) =>
          regions.get(id)?.toLowerCase() === word || countryOf(number)?.toLowerCase() === word,
      )
      .map(({ id }) => id);
  }
  const country = first && countryOf(first);
  const ofCountry = numbers.filter(({ number }) => country !== undefined && countryOf(number) === country);
  const region = first && regionOf(first, ofCountry, regions);
  return ofCountry.filter(({ id }) => region === undefined || regions.get(id) === region).map(({ id }) => id);
}

/** Country code and area code have so many digits at least; fewer in common say nothing about a place. */
const AREA_DIGITS = 4;

/** The region whose numbers have most digits in common with this one, if it is one. */
function regionOf(
  first: PhoneNumber,
  numbers: readonly ServiceNumber[],
  regions: ReadonlyMap<string, string>,
): string | undefined {
  const near = numbers
    .filter(({ id }) => regions.has(id))
    .map(({ id, number }) => ({ region: regions.get(id), shared: first.sharedDigits(number) }));
  const most = Math.max(0, ...near.map(({ shared }) => shared));
  const best = new Set(near.filter(({ shared }) => shared === most).map(({ region }) => region));
  return most >= AREA_DIGITS && best.size === 1 ? [...best][0] : undefined;
}
