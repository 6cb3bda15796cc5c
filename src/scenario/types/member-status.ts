/** What the page of the API says of each member: supported, partly, or not, and why. */
import coverage from '../api-coverage.json' with { type: 'json' };
import { NOT, PARTLY } from '../api-status.ts';
import { type Member, members } from './api-members.ts';

export type Status =
  /** `test` has a script that uses it. */
  | { readonly kind: 'supported'; readonly test: string }
  | { readonly kind: 'partly'; readonly why: string; readonly test: string }
  | { readonly kind: 'not'; readonly why: string };

const TESTS: Readonly<Record<string, string>> = coverage.members;
const UNTESTED = 'not here yet';

/** A reason may stand at the member, or at an owner for all that is in it. */
export function reason(reasons: Readonly<Record<string, string>>, key: string): string | undefined {
  for (let name = key; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
    const why = reasons[name];
    if (why !== undefined) return why;
  }
  return undefined;
}

/** Nothing is supported, not even partly, without a test. */
export function statusOf({ key, owner }: Pick<Member, 'key' | 'owner'>): Status {
  const why = reason(NOT, key) ?? NOT[owner];
  if (why !== undefined) return { kind: 'not', why };
  const test = TESTS[key];
  if (test === undefined) return { kind: 'not', why: UNTESTED };
  const missing = reason(PARTLY, key);
  return missing === undefined ? { kind: 'supported', test } : { kind: 'partly', why: missing, test };
}

export interface MemberStatus extends Member {
  readonly status: Status;
}

export function allStatuses(): readonly MemberStatus[] {
  return members().map((member) => ({ ...member, status: statusOf(member) }));
}
