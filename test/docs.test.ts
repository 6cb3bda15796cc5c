import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { titlesIn } from '../script/coverage-page.ts';
import { PAGES, ROOT } from '../script/generate-docs.ts';
import { PITFALLS } from '../script/pitfalls.ts';

test.each(Object.keys(PAGES))('%s is up to date; if not, run node script/generate-docs.ts', (path) => {
  expect(readFileSync(join(ROOT, path), 'utf8')).toBe(PAGES[path]!());
});

describe('the coverage page', () => {
  const page = readFileSync(join(ROOT, 'docs/reference/coverage.md'), 'utf8');

  test('reads titles of plain, nested and parametrised tests, and nothing else', () => {
    const source = [
      "describe('[row 8] flows', () => {});",
      "it('[row 3] [RFC 3261 §13.2.2.4] it\\'s acknowledged', () => {});",
      'test.each([[1, 2]])(',
      '  `[RFC 3581 §4] %s`,',
      '  () => {});',
      "it('without a mark', () => expect('[row 9]').toBe(text('x')));",
    ].join('\n');
    expect(titlesIn('a.test.ts', source)).toEqual([
      { file: 'a.test.ts', title: 'flows', marks: ['row 8'] },
      { file: 'a.test.ts', title: "it's acknowledged", marks: ['row 3', 'RFC 3261 §13.2.2.4'] },
      { file: 'a.test.ts', title: '%s', marks: ['RFC 3581 §4'] },
    ]);
  });

  test('has every pitfall once', () => {
    expect(PITFALLS.map(({ row }) => row)).toEqual(Array.from({ length: 44 }, (_, index) => index + 1));
  });

  test('finds a test for every pitfall that is not left to later work', () => {
    const rows = page.split('\n### ').filter((part) => part.includes('Not yet: no test names it'));
    expect(rows.map((part) => part.split('\n')[0])).toEqual([]);
  });
});
