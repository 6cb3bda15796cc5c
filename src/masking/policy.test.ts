import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPolicy, writePolicy } from './policy.ts';
import { MaskingError } from './ports.ts';
import { DEFAULT_POLICY } from './types.ts';

const URL = 'https://backend.example/maskline';

function fieldOf(document: unknown): string | undefined {
  try {
    readPolicy(document);
  } catch (error) {
    if (error instanceof MaskingError && error.code === 'masking/policy-invalid') return error.field;
    throw error;
  }
  return 'nothing is wrong';
}

describe('a policy document', () => {
  it('may be empty', () => {
    expect(readPolicy({})).toEqual(DEFAULT_POLICY);
    expect(readPolicy({ pull: null, attemptsPerHour: null })).toEqual(DEFAULT_POLICY);
  });

  it('is read as it was written', () => {
    const say = { kind: 'say', text: 'Этот заказ завершён', language: 'ru-RU' } as const;
    const document = {
      ambiguous: ['most-recent', 'menu', 'pull', 'operator'],
      mostRecentSeconds: 600,
      menuEntries: 3,
      pull: {
        url: URL,
        timeoutMs: 900,
        freshSeconds: 0,
        staleSeconds: 30,
        downSeconds: 7_200,
        numbers: true,
      },
      extensionPrompt: false,
      extensionTries: 1,
      unknown: {
        kind: 'operator',
        user: 'desk',
        announcement: { kind: 'play', url: 'https://sounds.example/a.wav' },
      },
      expired: { kind: 'call-back', announcement: say },
      operator: 'desk',
      intercept: { url: URL, timeoutMs: 500, whenSilent: 'allow' },
      attemptsPerHour: 20,
      language: 'ru-RU',
    };
    const policy = readPolicy(document);
    expect(policy).toEqual(document);
    expect(writePolicy(policy)).toEqual(document);
    expect(readPolicy(writePolicy(DEFAULT_POLICY))).toEqual(DEFAULT_POLICY);
  });

  it('has defaults for what a backend’s rules leave out', () => {
    const { pull, intercept } = readPolicy({ pull: { url: URL }, intercept: { url: URL } });
    expect(pull).toEqual({
      ...{ url: URL, timeoutMs: 2_000, freshSeconds: 5, staleSeconds: 60, downSeconds: 3_600 },
      numbers: false,
    });
    expect(intercept).toEqual({ url: URL, timeoutMs: 2_000, whenSilent: 'refuse' });
  });

  it.each([
    [[], ''],
    ['menu', ''],
    [null, ''],
    [{ ambigous: ['menu'] }, ''],
    [{ ambiguous: 'menu' }, '/ambiguous'],
    [{ ambiguous: ['menu', 'menu'] }, '/ambiguous'],
    [{ ambiguous: ['guess'] }, '/ambiguous'],
    [{ ambiguous: ['pull'] }, '/pull'],
    [{ ambiguous: ['operator'] }, '/operator'],
    [{ menuEntries: 1 }, '/menuEntries'],
    [{ menuEntries: 10 }, '/menuEntries'],
    [{ menuEntries: 2.5 }, '/menuEntries'],
    [{ menuEntries: '3' }, '/menuEntries'],
    [{ mostRecentSeconds: 0 }, '/mostRecentSeconds'],
    [{ extensionPrompt: 'yes' }, '/extensionPrompt'],
    [{ extensionTries: 0 }, '/extensionTries'],
    [{ attemptsPerHour: -1 }, '/attemptsPerHour'],
    [{ language: 'русский' }, '/language'],
    [{ operator: ' ' }, '/operator'],
    [{ operator: 'a\0b' }, '/operator'],
    [{ pull: {} }, '/pull/url'],
    [{ pull: { url: 'ftp://backend.example/' } }, '/pull/url'],
    [{ pull: { url: 'https://user:secret@backend.example/' } }, '/pull/url'],
    [{ pull: { url: 'backend' } }, '/pull/url'],
    [{ pull: { url: URL, timeoutMs: 99 } }, '/pull/timeoutMs'],
    [{ pull: { url: URL, numbers: 1 } }, '/pull/numbers'],
    [{ pull: { url: URL, secret: 'whsec_x' } }, '/pull'],
    [{ intercept: { url: URL, whenSilent: 'maybe' } }, '/intercept/whenSilent'],
    [{ unknown: {} }, '/unknown/kind'],
    [{ unknown: { kind: 'announce' } }, '/unknown/announcement'],
    [{ unknown: { kind: 'operator' } }, '/unknown/user'],
    [{ unknown: { kind: 'reject', user: 'desk' } }, '/unknown/user'],
    [{ expired: { kind: 'announce', announcement: { kind: 'say' } } }, '/expired/announcement/text'],
    [
      { expired: { kind: 'announce', announcement: { kind: 'play', url: 'x' } } },
      '/expired/announcement/url',
    ],
    [
      { expired: { kind: 'announce', announcement: { kind: 'play', url: URL, text: 'x' } } },
      '/expired/announcement/text',
    ],
  ])('%j is wrong at "%s"', (document, field) => {
    expect(fieldOf(document)).toBe(field);
  });

  it('is not quoted where it is wrong', () => {
    expect(() => readPolicy({ operator: '+79035551234 '.repeat(20) })).toThrow(
      /^(?!.*\d{5}).*\/operator must be/,
    );
  });

  it('may be anything: it is read whole, or refused by a field', () => {
    const member = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom<unknown>({ url: URL }, ['menu'], 3, true, { kind: 'reject' }),
    );
    const document = fc.dictionary(fc.constantFrom(...Object.keys(DEFAULT_POLICY), '__proto__'), member);
    let read = 0;
    fc.assert(
      fc.property(fc.oneof(document, fc.jsonValue()), (given) => {
        if (fieldOf(given) !== 'nothing is wrong') return;
        read += 1;
        const policy = readPolicy(given);
        expect(readPolicy(writePolicy(policy))).toEqual(policy);
      }),
      { numRuns: 2_000 },
    );
    expect(read).toBeGreaterThan(20);
  });
});
