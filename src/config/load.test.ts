import { describe, expect, test } from 'vitest';
import { parseSettings } from './load.ts';

const problemsOf = (text: string, environment: Record<string, string> = {}): string => {
  try {
    parseSettings(text, environment, 'maskline.yaml');
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

describe('settings file', () => {
  test('an empty file gives the defaults', () => {
    const settings = parseSettings('', {});
    expect(settings.sip.listen).toHaveLength(2);
    expect(settings.media.ports).toEqual({ min: 20000, max: 29999 });
    expect(settings.http.host).toBe('127.0.0.1');
    expect(settings.sip.answerUnknownOptions).toBe(false);
  });

  test('a wrong key is refused, with its line and a suggestion', () => {
    const message = problemsOf('sip:\n  domain: taxi.example\n  lisen:\n    - port: 5070\n');
    expect(message).toContain('/sip/lisen (line 3): there is no such setting. Did you mean "listen"?');
  });

  test('every mistake is named at once', () => {
    const message = problemsOf('http:\n  port: 99999\nlog:\n  level: loud\ntrunks:\n  - name: carrier\n');
    expect(message).toContain('/http/port (line 2)');
    expect(message).toContain('/log/level (line 4): must be one of "debug", "info", "warn", "error"');
    expect(message).toContain('/trunks/0 (line 6): host must be given');
  });

  test('broken YAML says where', () => {
    expect(problemsOf('sip: [unclosed')).toMatch(/line 1/);
  });

  test('secrets come from the environment, and a missing one is an error', () => {
    const text =
      'trunks:\n  - name: carrier\n    host: sip.example.com\n    register: true\n    outboundAuth: { username: u, password: "${TRUNK_PASSWORD}" }\n';
    expect(parseSettings(text, { TRUNK_PASSWORD: 'secret' }).trunks[0]?.outboundAuth?.password).toBe(
      'secret',
    );
    expect(problemsOf(text)).toContain('TRUNK_PASSWORD is not set');
  });

  test('a rule that names an unknown scenario, a bad pattern, and a registration without credentials', () => {
    const message = problemsOf(
      [
        'trunks: [{ name: a, host: h, register: true }]',
        'applications:',
        '  - name: taxi',
        '    rules: [{ name: all, pattern: "(", scenarios: [nope] }]',
      ].join('\n'),
    );
    expect(message).toContain('register needs outboundAuth');
    expect(message).toContain('not a regular expression');
    expect(message).toContain('there is no scenario "nope"');
  });

  test('[row 24] national numbers without a country, and a country that there is not', () => {
    const message = problemsOf(
      'trunks: [{ name: a, host: h, numberFormat: national }, { name: b, host: h, country: XX }]',
    );
    expect(message).toContain('/trunks/0: numberFormat national needs country');
    expect(message).toContain('/trunks/1/country: "XX" is no country');
  });

  test('[row 28] no digest algorithm at all would keep everybody out', () => {
    expect(problemsOf('sip: { allowMd5: false, allowSha256: false }')).toContain('nobody could authenticate');
    expect(parseSettings('sip: { allowSha256: false }', {}).sip).toMatchObject({ allowMd5: true });
  });

  test('YAML aliases cannot blow up memory', () => {
    expect(problemsOf('a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n')).not.toBe('');
  });
});
