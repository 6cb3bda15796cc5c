import fc from 'fast-check';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../commands/index.ts';
import { type Given, withToken } from '../given.ts';

export function hostile(given: Given): void {
  const { inject } = given;
  test('whatever the parameters, a command is answered, and the fault is never ours', async () => {
    const names = [...COMMANDS.keys()];
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom(
        ...[
          '',
          'all',
          '1',
          '-1',
          '0',
          '1;2;3',
          ';',
          '9007199254740993',
          '1e3',
          'NaN',
          'null',
          '[]',
          '%',
          "' or 1=1 --",
        ],
        ...[
          '2026-02-29 10:00:00',
          '9999-12-31 23:59:59',
          '0000-00-00',
          'true',
          '../..',
          '\0',
          '\ud800',
          '(a+)+$',
          'taxi',
        ],
        ...[
          'x'.repeat(3_000),
          '+79000000000',
          '79000000000;79000000001',
          'Europe/Moscow',
          '__proto__',
          '10000',
        ],
      ),
      fc.integer().map(String),
    );
    const request = fc.constantFrom(...names).chain((name) => {
      const known = Object.keys(COMMANDS.get(name)?.params ?? {});
      const some = fc.dictionary(fc.constantFrom(...known, 'cmd', '__proto__', 'constructor'), hostile, {
        maxKeys: 8,
      });
      return fc.tuple(fc.constant(name), some, fc.constantFrom('query', 'form', 'json'));
    });
    const headers = withToken(given.tool.token({ exp: Math.floor(Date.now() / 1_000) + 600 }));
    await fc.assert(
      fc.asyncProperty(request, async ([name, params, how]) => {
        const url = `/platform_api/${name}`;
        const text = new URLSearchParams(Object.entries(params)).toString();
        const reply = await inject(
          how === 'query'
            ? { url: `${url}?${text}`, headers }
            : how === 'form'
              ? {
                  method: 'POST',
                  url,
                  payload: text,
                  headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
                }
              : { method: 'POST', url, payload: params, headers },
        );
        if (reply.error === undefined) expect(reply).toHaveProperty('result');
        else expect([2, 4]).not.toContain(reply.error.code);
      }),
      { numRuns: 150, seed: 7 },
    );
  });
}
