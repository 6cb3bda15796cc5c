/**
 * Notes that a request's answer holds digits of telephone numbers. Each request has an `ApiKey` object of its own
 * (`authorize.ts` sees to it), so that whatever knows the key can note it, and `audit.ts` finds it before the answer leaves.
 */
import type { ApiKey } from './ports.ts';

export interface Disclosure {
  /** How many digits were shown, the same number several times as several. */
  numbers: number;
  /** Ids of the records that they stand in. */
  readonly subjects: Set<string>;
  /** Ids of the applications that these belong to; '' for what belongs to none. */
  readonly applications: Set<string>;
}

const noted = new WeakMap<ApiKey, Disclosure>();

/** @param of the record that the digits stand in, where that is known. */
export function noteDigits(
  key: ApiKey,
  of?: { readonly id: string; readonly applicationId: string | undefined },
): void {
  let disclosure = noted.get(key);
  if (disclosure === undefined) {
    disclosure = { numbers: 0, subjects: new Set(), applications: new Set() };
    noted.set(key, disclosure);
  }
  disclosure.numbers += 1;
  if (of === undefined) return;
  disclosure.subjects.add(of.id);
  disclosure.applications.add(of.applicationId ?? '');
}

/** What was noted since the last time; undefined: nothing. */
export function takeDisclosure(key: ApiKey): Disclosure | undefined {
  const disclosure = noted.get(key);
  noted.delete(key);
  return disclosure;
}
