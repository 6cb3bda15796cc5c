import type { Random } from '../kernel/random.ts';

/**
 * What is drawn for a party to be reached by. The first digit says how many there are, so that none is the beginning of
 * another, and whoever listens knows when the last one was typed. The last is a check digit: one digit mistyped, or two
 * neighbours swapped, is nobody's extension instead of a stranger's.
 */
const LENGTHS: readonly { readonly digits: number; readonly first: string }[] = [
  { digits: 4, first: '23456' },
  { digits: 5, first: '78' },
  { digits: 6, first: '9' },
];
/** Extensions of each length that are drawn at a time: with nine of ten taken, one in two such draws finds a free one. */
const DRAWN = 8;

/** Some of each length, the shortest first. */
export function drawExtensions(random: Random): readonly string[] {
  return LENGTHS.flatMap(({ digits, first }) =>
    Array.from({ length: DRAWN }, () => {
      const free = Array.from({ length: digits - 2 }, () => random.int(10)).join('');
      const payload = `${first[random.int(first.length)]}${free}`;
      return `${payload}${checkDigit(payload)}`;
    }),
  );
}

/** Wished ones are any four to six digits. */
export function isExtension(text: string): boolean {
  return /^\d{4,6}$/.test(text);
}

/**
 * H. Michael Damm, "Total anti-symmetrische Quasigruppen" (2004), the table of order 10: finds every single mistyped digit
 * and every swap of neighbours.
 */
const DAMM = [
  '0317598642',
  '7092154863',
  '4206871359',
  '1750983426',
  '6123045978',
  '3674209581',
  '5869720134',
  '8945362017',
  '9438617205',
  '2581436790',
] as const;

export function checkDigit(payload: string): string {
  let interim = 0;
  for (const digit of payload) interim = Number(DAMM[interim]?.[Number(digit)]);
  return String(interim);
}
