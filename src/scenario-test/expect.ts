/** A few assertions on `node:assert`, for test files that run with and without vitest. A failure shows what happened. */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { laddersOfTest } from './open-flows.ts';
import { Phone } from './phone.ts';

export interface Expectation {
  readonly not: Expectation;
  /** The same value, or the same phone. */
  toBe(expected: unknown): void;
  /** Equal in all parts. */
  toEqual(expected: unknown): void;
  /** An object with at least these parts. */
  toMatchObject(expected: object): void;
  /** A text with this piece or pattern. */
  toMatch(expected: string | RegExp): void;
  /** A list with this element, or a text with this piece. */
  toContain(expected: unknown): void;
  toHaveLength(expected: number): void;
  /** A promise or an async function that rejects, with such a message. */
  rejects(expected?: string | RegExp): Promise<void>;
}

/** Says what has to be so. */
export function expect(actual: unknown): Expectation {
  return { ...expectation(actual, false), not: { ...expectation(actual, true), not: undefined as never } };
}

function expectation(actual: unknown, negated: boolean): Omit<Expectation, 'not'> {
  const judge = (holds: boolean, relation: string, expected: unknown): void => {
    if (holds === negated) throw failure(actual, `${negated ? 'not ' : ''}${relation}`, expected);
  };
  return {
    toBe: (expected) => judge(Object.is(actual, expected), 'to be', expected),
    toEqual: (expected) =>
      judge(
        passes(() => assert.deepEqual(actual, expected)),
        'to equal',
        expected,
      ),
    toMatchObject: (expected) =>
      judge(
        passes(() => assert.partialDeepStrictEqual(actual, expected)),
        'to have',
        expected,
      ),
    toMatch: (expected) => judge(matches(String(actual), expected), 'to match', expected),
    toContain: (expected) => judge(contains(actual, expected), 'to contain', expected),
    toHaveLength: (expected) =>
      judge((actual as { readonly length?: unknown }).length === expected, 'to have the length', expected),
    rejects: async (expected) => {
      const message = await messageOf(actual);
      const fits = message !== undefined && (expected === undefined || matches(message, expected));
      if (fits !== negated) return;
      throw failure(message ?? 'a promise that is kept', `${negated ? 'not ' : ''}to reject with`, expected);
    },
  };
}

function failure(actual: unknown, relation: string, expected: unknown): Error {
  const ladders = laddersOfTest();
  const message = `expected ${show(actual)} ${relation} ${show(expected)}`;
  const error = new assert.AssertionError({
    message: ladders === '' ? message : `${message}\n\n${ladders}\n`,
  });
  Error.captureStackTrace(error, expectation);
  return error;
}

function show(value: unknown): string {
  if (value instanceof Phone) return `the phone ${value.name}`;
  return typeof value === 'string' ? `"${value}"` : inspect(value, { depth: 4 });
}

function passes(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

function matches(text: string, expected: string | RegExp): boolean {
  return expected instanceof RegExp ? expected.test(text) : text.includes(expected);
}

function contains(actual: unknown, expected: unknown): boolean {
  if (typeof actual === 'string') return actual.includes(String(expected));
  return [...(actual as Iterable<unknown>)].some((one) => passes(() => assert.deepEqual(one, expected)));
}

async function messageOf(actual: unknown): Promise<string | undefined> {
  try {
    await (typeof actual === 'function' ? (actual as () => unknown)() : actual);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
