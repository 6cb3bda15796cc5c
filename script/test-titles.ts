/** What the tests say they show: the marks in their titles, `[row 3]` and `[RFC 3261 §12.2.1.1]`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface TitledTest {
  readonly file: string;
  readonly title: string;
  /** What stands in brackets: `row 3`, `RFC 3261 §12.2.1.1`. */
  readonly marks: readonly string[];
}

const FOLDERS = ['src', 'test', 'examples'];
const TEST_FILE = /\.(test|contract)\.ts$/;
/** The first argument of `it`, `test`, `describe`, also behind `.each(…)`. */
const TITLE = /(?:\b(?:it|test|describe)(?:\.\w+)*|\))\s*\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gs;
const MARK = /\[(row \d+|RFC \d+[^\]]*)\]/g;
/** The test of these pages has examples of titles in it. */
const NOT_READ = 'test/docs.test.ts';

/** Titles with marks, in the order of lines. */
export function titlesIn(file: string, text: string): TitledTest[] {
  return [...text.matchAll(TITLE)].flatMap(([, , quoted = '']) => {
    const marks = [...quoted.matchAll(MARK)].map((mark) => mark[1]!.trim());
    if (marks.length === 0) return [];
    const title = quoted.replace(MARK, '').replace(/\\(.)/g, '$1').replace(/\s+/g, ' ').trim();
    return [{ file, title, marks }];
  });
}

/** All of the project, in the order of files. */
export function titledTests(root: string): TitledTest[] {
  return FOLDERS.flatMap((folder) => testFiles(root, folder)).flatMap((file) =>
    titlesIn(file, readFileSync(join(root, file), 'utf8')),
  );
}

function testFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => TEST_FILE.test(path))
    .map((path) => `${folder}/${path}`)
    .filter((path) => path !== NOT_READ)
    .sort();
}
