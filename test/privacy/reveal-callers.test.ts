import { describe, expect, test } from 'vitest';
import { shippedFiles } from '../kit/source-files.ts';

/**
 * Who may take real digits out of a `PhoneNumber`, and why (`RevealPurpose` in src/kernel/phone-number.ts). Whoever adds
 * a caller adds it here, and says in the review why it is no leak.
 */
const CALLERS: Readonly<Record<string, readonly string[]>> = {
  dial: ['sip/user-agent/trunk-select.ts'],
  present: ['sip/user-agent/identity-headers.ts'],
  lookup: ['storage/directory.ts'],
  fence: ['call/fence/destination.ts'],
  backend: ['masking/pull-question.ts'],
  scenario: ['scenario/host/call-events.ts'],
  store: ['storage/vault.ts'],
  erase: ['cli/erase.ts'],
  api: ['http/views.ts'],
  'leak-scan': ['privacy/secret.ts'],
};

interface Caller {
  readonly path: string;
  readonly purpose: string | undefined;
}

const callers: Caller[] = shippedFiles().flatMap((file) =>
  [...file.code.matchAll(/\.reveal\(\s*(?:'([\w-]+)')?/g)].map((match) => ({
    path: file.path,
    purpose: match[1],
  })),
);

describe('callers of PhoneNumber.reveal', () => {
  test('are found at all', () => {
    expect(callers.length).toBeGreaterThan(3);
  });

  test('say their purpose in place', () => {
    expect(callers.filter((caller) => caller.purpose === undefined)).toEqual([]);
  });

  test('are listed here', () => {
    const unlisted = callers.filter(({ path, purpose }) => !(CALLERS[purpose ?? ''] ?? []).includes(path));
    expect(unlisted).toEqual([]);
  });

  test('and whoever is listed still is one', () => {
    const stale = Object.entries(CALLERS).flatMap(([purpose, paths]) =>
      paths
        .filter((path) => !callers.some((caller) => caller.path === path && caller.purpose === purpose))
        .map((path) => `${purpose}: ${path}`),
    );
    expect(stale).toEqual([]);
  });
});
