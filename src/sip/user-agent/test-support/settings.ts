/** Settings for the tests of this folder. */
import { ha1Set } from '../../auth/digest.ts';
import { TRUNK_DEFAULTS, type TrunkSettings, type UserAccount } from '../types.ts';

export function trunk(changes: Partial<TrunkSettings> = {}): TrunkSettings {
  return {
    id: changes.name ?? 'carrier',
    name: 'carrier',
    host: 'carrier.example',
    ...TRUNK_DEFAULTS,
    // Probes are for the tests that look at them.
    optionsSeconds: 0,
    ...changes,
  };
}

export const DOMAIN = 'maskline.test';

export function account(username: string, password: string, changes: Partial<UserAccount> = {}): UserAccount {
  return {
    id: `user-${username}`,
    username,
    applicationId: 'taxi',
    ha1: ha1Set(username, DOMAIN, password),
    ...changes,
  };
}
