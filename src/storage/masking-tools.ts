import type { Clock } from '../kernel/clock.ts';
import type { PhoneNumber } from '../kernel/phone-number.ts';
import type { Random } from '../kernel/random.ts';
import type { Vault } from './vault.ts';

/**
 * What the stores of the masking service work with. The time is the node's clock, as everywhere in storage, and not the
 * database's: it can be a virtual one in tests. Nodes whose clocks differ, and clocks that jump, cannot bring two people
 * together: a number that was taken over closes the session that had it before, for good, in the same transaction
 * (`masking-create.ts`), and the cool-off, an hour by default, is more than clocks differ that are set by NTP.
 */
export interface MaskingTools {
  readonly vault: Vault;
  readonly random: Random;
  readonly clock: Clock;
  /** Service numbers of an application as this node knows them; for countries and regions. */
  readonly serviceNumbers: (
    applicationId: string,
  ) => readonly { readonly id: string; readonly number: PhoneNumber }[];
  /** Tells this node that there may be new events. */
  readonly ring: () => void;
}

/** Stands for no end at all; 'infinity' is read differently by the two drivers. */
export const NEVER = new Date('9999-12-31T00:00:00Z');

export const PERSON_PLACE = 'people.number';
export const METADATA_PLACE = 'masking_sessions.metadata';

/** Person of a slot that is everybody's (`axn`). */
export const ANYONE = '*';

/** At most `NEVER`. */
export function secondsAfter(at: Date, seconds: number): Date {
  return new Date(Math.min(at.getTime() + seconds * 1000, NEVER.getTime()));
}

/** Undefined for what never comes. */
export function timeOf(at: Date): number | undefined {
  return at.getTime() >= NEVER.getTime() ? undefined : at.getTime();
}
