import type { PhoneNumber } from '../../kernel/phone-number.ts';
import { readDialledUri } from '../../sip/user-agent/dialled-uri.ts';
import type { CallTarget } from '../../sip/user-agent/types.ts';
import { factsOf } from './number-facts.ts';
import type { ApplicationFence, FenceDirectory, FenceRefusal, FenceRules } from './types.ts';

/** What a target is to the fence: free of charge, something that is refused, or a call that is counted. */
export type DestinationVerdict = 'free' | 'counted' | FenceRefusal;

/** Countries of service numbers, once per version of a fence. */
const homeCountries = new WeakMap<ApplicationFence, ReadonlySet<string>>();

/**
 * Judges where a call wants to go. An account of ours, by name or by its number, is free. In this order: what is denied;
 * what is allowed by prefix; what is dear; what lies in an allowed country. A number that is not E.164 has no country, and
 * needs a prefix.
 *
 * @param domain our own SIP domain, whose users are accounts
 */
export function judgeDestination(
  target: CallTarget,
  fence: ApplicationFence,
  directory: Pick<FenceDirectory, 'ringsAccount'>,
  domain: string,
): DestinationVerdict {
  if (target.kind === 'user') return 'free';
  if (target.kind === 'trunk') {
    return directory.ringsAccount(target.number) ? 'free' : judgeNumber(target.number, fence);
  }
  const uri = readDialledUri(target.uri);
  if (uri === undefined) return 'fence/host';
  const { hosts, number, hasUser } = uri;
  if (hasUser && hosts.length === 1 && hosts[0] === domain.toLowerCase()) return 'free';
  if (!hosts.every((host) => hostAllowed(host, fence.rules))) return 'fence/host';
  // A gateway behind an allowed host is a way to the telephone network like any trunk.
  return number === undefined ? 'counted' : judgeNumber(number, fence);
}

function judgeNumber(number: PhoneNumber, fence: ApplicationFence): DestinationVerdict {
  const { rules } = fence;
  const digits = number.reveal('fence');
  const startsWith = (prefix: string): boolean => digits.startsWith(prefix);
  if (rules.denyPrefixes.some(startsWith)) return 'fence/destination';
  if (rules.prefixes.some(startsWith)) return 'counted';
  if (!number.isE164) return 'fence/destination';
  const { country, premium } = factsOf(digits);
  if (premium && !rules.premium) return 'fence/premium';
  if (rules.countries.includes('*')) return 'counted';
  // Allowed as dear, and of no country: there is nothing else to say yes to.
  if (premium && country === undefined) return 'counted';
  if (country === undefined) return 'fence/destination';
  const allowed = rules.countries.includes(country) || countriesOf(fence).has(country);
  return allowed ? 'counted' : 'fence/destination';
}

function countriesOf(fence: ApplicationFence): ReadonlySet<string> {
  let countries = homeCountries.get(fence);
  if (countries === undefined) {
    const known = fence.numbers
      .filter((number) => number.isE164)
      .flatMap((number) => factsOf(number.reveal('fence')).country ?? []);
    countries = new Set(known);
    homeCountries.set(fence, countries);
  }
  return countries;
}

function hostAllowed(host: string, { hosts }: FenceRules): boolean {
  return hosts.some((allowed) => {
    const wanted = allowed.toLowerCase();
    if (wanted === '*' || wanted === host) return true;
    return wanted.startsWith('*.') && host.endsWith(wanted.slice(1));
  });
}
