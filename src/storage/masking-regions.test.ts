import { describe, expect, it } from 'vitest';
import { PhoneNumber } from '../kernel/phone-number.ts';
import { countryOf, numbersInRegion } from './masking-regions.ts';

const NUMBERS = [
  { id: 'new york', number: PhoneNumber.parse('+12125550100') },
  { id: 'los angeles', number: PhoneNumber.parse('+12135550100') },
  { id: 'berlin', number: PhoneNumber.parse('+493055501000') },
  { id: 'almaty', number: PhoneNumber.parse('+77272550100') },
  { id: 'moscow', number: PhoneNumber.parse('+74952000000') },
];
const REGIONS = new Map([
  ['new york', 'East'],
  ['los angeles', 'West'],
]);
const near = (region: string | undefined, first: string) =>
  numbersInRegion(NUMBERS, region, PhoneNumber.parse(first), REGIONS);

describe('numbers of a region', () => {
  it('are the ones that the pool calls so, or those of the country', () => {
    expect(near('east', '+79123456789')).toEqual(['new york']);
    expect(near('us', '+79123456789')).toEqual(['new york', 'los angeles']);
    expect(near('nowhere', '+79123456789')).toEqual([]);
    expect(near(undefined, '+79123456789')).toBeUndefined();
  });

  it('same: of the country of the first party, though two countries share a code', () => {
    expect(near('same', '+79123456789')).toEqual(['moscow']);
    expect(near('same', '+77012345678')).toEqual(['almaty']);
  });

  it('same: of the area, where the pool says regions and the numbers tell', () => {
    expect(near('same', '+12125559999')).toEqual(['new york']);
    expect(near('same', '+13105559999')).toEqual(['new york', 'los angeles']);
  });

  it('have no country when they are no numbers', () => {
    expect(countryOf(PhoneNumber.parse('1001'))).toBeUndefined();
    expect(PhoneNumber.parse('1001').sharedDigits(PhoneNumber.parse('1002'))).toBe(0);
  });
});
