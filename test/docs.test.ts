import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { citationsIn } from '../script/citations.ts';
import { PAGES, ROOT } from '../script/generate-docs.ts';
import { PITFALLS } from '../script/pitfalls.ts';
import { marksWithoutRow, sipTables } from '../script/sip-page.ts';
import { titlesIn } from '../script/test-titles.ts';

test.each(Object.keys(PAGES))('%s is up to date; if not, run node script/generate-docs.ts', (path) => {
  expect(readFileSync(join(ROOT, path), 'utf8')).toBe(PAGES[path]!());
});

describe('the page of RFC sections and pitfalls', () => {
  const { pitfalls, rfcs } = sipTables(ROOT);

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

  test('reads what comments cite: lists, ranges, an RFC that is implied, and no code', () => {
    const source = [
      '/** §17.1.1.2, and RFC 3262 §3 with §5.1–5.3 (PITFALLS rows 3 and 13). */',
      "const text = 'RFC 9999 §1, PITFALLS row 40';",
      '// RFC 6026',
    ].join('\n');
    expect(citationsIn('src/sip/dialog/a.ts', source)).toEqual({
      file: 'src/sip/dialog/a.ts',
      sections: [
        ...[
          'RFC 3261 §17.1.1.2',
          'RFC 3262',
          'RFC 3262 §3',
          'RFC 3262 §5.1',
          'RFC 3262 §5.2',
          'RFC 3262 §5.3',
        ],
        'RFC 6026',
      ],
      rows: [3, 13],
    });
  });

  test('has every pitfall once', () => {
    expect(PITFALLS.map(({ row }) => row)).toEqual(Array.from({ length: 44 }, (_, index) => index + 1));
  });

  test('no row is empty: a file does it, and a test shows it', () => {
    // Row 31 belongs to masking sessions, which do not exist yet.
    const rows = [...pitfalls.filter(({ mark }) => mark !== 'row 31'), ...rfcs.flatMap((rfc) => rfc.rows)];
    const flows = new Set(rfcs.filter(({ of }) => of.isFlows).flatMap((rfc) => rfc.rows));
    expect(rows.length).toBeGreaterThan(200);
    expect(rows.filter((row) => row.tests.length === 0).map(({ mark }) => mark)).toEqual([]);
    expect(rows.filter((row) => row.files.length === 0 && !flows.has(row)).map(({ mark }) => mark)).toEqual(
      [],
    );
  });

  test('every section that a test names has a row', () => {
    expect(marksWithoutRow(ROOT)).toEqual([]);
  });
});
