/**
 * Which trunk carries a number, and how the number is written there. The only place that takes out the digits of the
 * person who is called.
 */
import type { PhoneNumber } from '../../kernel/phone-number.ts';
import type { Random } from '../../kernel/random.ts';
import { orderSrv } from '../resolver/srv-order.ts';
import { type DialStyle, writeDialled } from './number-format.ts';
import type { TrunkSettings } from './types.ts';

/** Dice, and what is known of trunks beside their settings. */
export interface TrunkChoice {
  readonly random: Random;
  readonly isDown: (trunkId: string) => boolean;
}

/**
 * The trunks that serve the number: those of the longest prefix, by `priority`, among equals by a lot that `weight`
 * bends (RFC 2782), and those that are down behind the others. The first is used, the others are for failover; a trunk
 * of a shorter prefix is another carrier at another price and never stands in.
 */
export function trunksFor(
  trunks: readonly TrunkSettings[],
  number: PhoneNumber,
  { random, isDown }: TrunkChoice,
): TrunkSettings[] {
  const digits = digitsOnly(number.reveal('dial'));
  const matches = trunks.map((trunk) => ({ trunk, match: longestMatch(trunk.prefixes, digits) }));
  const best = Math.max(0, ...matches.map(({ match }) => match));
  const serving = matches.filter(({ match }) => match === best).map(({ trunk }) => trunk);
  const ordered = orderSrv(serving, random);
  const down = new Set(ordered.filter(({ id }) => isDown(id)));
  return [...ordered.filter((trunk) => !down.has(trunk)), ...down];
}

/** Whether the trunk carries the number at all. */
export function serves(trunk: TrunkSettings, number: PhoneNumber): boolean {
  return longestMatch(trunk.prefixes, digitsOnly(number.reveal('dial'))) >= 0;
}

/** Length of the longest prefix that fits; 0 for a trunk without prefixes, -1 when none fits. */
function longestMatch(prefixes: readonly string[], digits: string): number {
  if (prefixes.length === 0) return 0;
  let longest = -1;
  for (const prefix of prefixes) {
    const wanted = digitsOnly(prefix);
    if (digits.startsWith(wanted)) longest = Math.max(longest, wanted.length);
  }
  return longest;
}

function digitsOnly(text: string): string {
  return text.replace(/^\+/, '');
}

/** The user part of Request-URI and To of a call over a trunk. Extensions and names go as they are. */
export function dialledUser(number: PhoneNumber, trunk: DialStyle): string {
  return writeDialled(number.reveal('dial'), number.isE164, trunk);
}
