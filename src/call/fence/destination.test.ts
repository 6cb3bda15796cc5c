import { describe, expect, it } from 'vitest';
import { parseSettings } from '../../config/load.ts';
import { PhoneNumber } from '../../kernel/phone-number.ts';
import type { CallTarget } from '../../sip/user-agent/types.ts';
import { judgeDestination } from './destination.ts';
import { type ApplicationFence, FENCE_DEFAULTS, type FenceRules } from './types.ts';

const ACCOUNT = PhoneNumber.parse('+447700900101');
const directory = { ringsAccount: (number: PhoneNumber) => number.equals(ACCOUNT) };

function fence(rules: Partial<FenceRules> = {}, numbers = ['+442079460123']): ApplicationFence {
  return {
    rules: { ...FENCE_DEFAULTS, ...rules },
    numbers: numbers.map((number) => PhoneNumber.parse(number)),
  };
}

const judge = (target: CallTarget, of: ApplicationFence): string =>
  judgeDestination(target, of, directory, 'maskline.local');
const dial = (number: string, of = fence()): string =>
  judge({ kind: 'trunk', number: PhoneNumber.parse(number) }, of);
const dialUri = (uri: string, rules: Partial<FenceRules> = {}): string =>
  judge({ kind: 'uri', uri }, fence(rules));

it('has the same defaults in the settings', () => {
  expect(parseSettings('applications: [{ name: taxi }]', {}).applications[0]?.fence).toEqual(FENCE_DEFAULTS);
});

it('takes countries that there are', () => {
  const read = (country: string) =>
    parseSettings(`applications: [{ name: a, fence: { countries: [${country}] } }]`, {});
  expect(read("GB, '*'").applications[0]?.fence.countries).toEqual(['GB', '*']);
  expect(() => read('UK')).toThrow(/fence\/countries: "UK"/);
});

describe('a telephone number', () => {
  it.each([
    ['+447400123456', 'of the same country', 'counted'],
    ['+447700900202', 'of the same country, reserved for drama', 'counted'],
    ['+447781123456', 'of Guernsey, which shares the calling code', 'fence/destination'],
    ['+33612345678', 'of another country', 'fence/destination'],
    ['+18765551234', 'of Jamaica', 'fence/destination'],
    ['+449098790000', 'premium rate at home', 'fence/premium'],
    ['+448431234567', 'shared cost at home', 'fence/premium'],
    ['+447012345678', 'personal at home', 'fence/premium'],
    ['+881612345678', 'satellite', 'fence/premium'],
    ['+882161234567', 'international network', 'fence/premium'],
    ['+883510012345', 'international network', 'fence/premium'],
    ['+870773111632', 'Inmarsat', 'fence/premium'],
    ['+979123456789', 'international premium rate', 'fence/premium'],
    ['201', 'short', 'fence/destination'],
    ['118118', 'short and dear', 'fence/destination'],
    ['0011881612345678', 'with a foreign international prefix', 'fence/destination'],
    ['00881612345678', 'with an international prefix', 'fence/premium'],
    ['+447700900101', 'of an account of ours', 'free'],
  ])('%s, %s: %s', (number, _, verdict) => {
    expect(dial(number)).toBe(verdict);
  });

  it('under +1 belongs to the country whose leading digits fit, also when no plan knows it', () => {
    const usa = fence({}, ['+12025550123']);
    expect(dial('+15550100100', usa)).toBe('counted');
    expect(dial('+18769999999', usa)).toBe('fence/destination');
  });

  it('is judged by the countries of all service numbers', () => {
    const two = fence({}, ['+442079460123', '+74950000101']);
    expect(dial('+79991234567', two)).toBe('counted');
    expect(dial('+77011234567', two)).toBe('fence/destination');
  });

  it('is refused everywhere for an application without numbers', () => {
    expect(dial('+447400123456', fence({}, []))).toBe('fence/destination');
  });

  it('may be in a country that was added, or in every country', () => {
    expect(dial('+33612345678', fence({ countries: ['FR'] }))).toBe('counted');
    expect(dial('+18765551234', fence({ countries: ['*'] }))).toBe('counted');
    expect(dial('+881612345678', fence({ countries: ['*'] }))).toBe('fence/premium');
  });

  it('may have a prefix that was allowed, also a dear or a short one', () => {
    const of = fence({ prefixes: ['+8816', '+44909879', '2'] });
    expect(dial('+881612345678', of)).toBe('counted');
    expect(dial('+449098790000', of)).toBe('counted');
    expect(dial('201', of)).toBe('counted');
    expect(dial('301', of)).toBe('fence/destination');
  });

  it('is refused by a denied prefix, whatever else allows it', () => {
    const of = fence({ countries: ['*'], prefixes: ['+4474'], denyPrefixes: ['+44740'], premium: true });
    expect(dial('+447400123456', of)).toBe('fence/destination');
  });

  it('may be dear where that is allowed', () => {
    const of = fence({ premium: true });
    expect(dial('+449098790000', of)).toBe('counted');
    expect(dial('+881612345678', of)).toBe('counted');
    expect(dial('+33899701234', of)).toBe('fence/destination');
  });
});

describe('a SIP address', () => {
  it('of an account of ours is free, by name and in our domain', () => {
    expect(judge({ kind: 'user', username: 'driver' }, fence())).toBe('free');
    expect(dialUri('sip:driver@maskline.local')).toBe('free');
  });

  it('of another host needs that host', () => {
    expect(dialUri('sip:bob@example.net')).toBe('fence/host');
    expect(dialUri('sip:bob@example.net', { hosts: ['Example.net'] })).toBe('counted');
    expect(dialUri('sip:bob@pbx.example.net:5070', { hosts: ['*.example.net'] })).toBe('counted');
    expect(dialUri('sip:bob@evilexample.net', { hosts: ['*.example.net'] })).toBe('fence/host');
    expect(dialUri('sip:bob@[2001:db8::1]', { hosts: ['2001:db8::1'] })).toBe('counted');
    expect(dialUri('sip:bob@anywhere.example', { hosts: ['*'] })).toBe('counted');
  });

  it('leads where maddr says', () => {
    expect(dialUri('sip:bob@example.net;maddr=192.0.2.66', { hosts: ['example.net'] })).toBe('fence/host');
    expect(dialUri('sip:driver@maskline.local;maddr=192.0.2.66')).toBe('fence/host');
  });

  it('with a telephone number in it is judged as that number, too', () => {
    const hosts = { hosts: ['gateway.example'] };
    expect(dialUri('sip:+881612345678@gateway.example', hosts)).toBe('fence/premium');
    expect(dialUri('sip:%2B881612345678@gateway.example', hosts)).toBe('fence/premium');
    expect(dialUri('sip:00881612345678;x=y@gateway.example;user=phone', hosts)).toBe('fence/premium');
    expect(dialUri('sip:+447400123456@gateway.example', hosts)).toBe('counted');
  });

  it('that cannot be read is refused', () => {
    expect(dialUri('sip:bob@@example.net', { hosts: ['*'] })).toBe('fence/host');
  });
});
