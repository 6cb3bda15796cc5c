/** Which source files cite which section of an RFC and which pitfall, read from their comments. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Citations {
  readonly file: string;
  /** `RFC 3261 §12.2.1.1`; an RFC without a section as `RFC 6026`. */
  readonly sections: readonly string[];
  readonly rows: readonly number[];
}

const SOURCE = /\.ts$/;
const NOT_SOURCE = /\.(test|contract)\.ts$|\/test-support/;
const COMMENT = /\/\*[\s\S]*?\*\/|\/\/[^\n]*(?:\n\s*\/\/[^\n]*)*/g;
const TOKEN = /RFC (\d+)|§§?(\d+(?:\.\d+)*)(?:[–-](\d+(?:\.\d+)*))?|\brows? ((?:\d+(?:, | and |–)?)+)/g;

/** Comments of `src/sip` that name a section and no RFC mean the one that they implement. */
const IMPLIED: readonly (readonly [folder: string, rfc: string])[] = [['src/sip/', '3261']];

export function citationsIn(file: string, text: string): Citations {
  const sections = new Set<string>();
  const rows = new Set<number>();
  for (const [comment] of text.matchAll(COMMENT)) {
    let rfc = IMPLIED.find(([folder]) => file.startsWith(folder))?.[1];
    for (const [, named, section, last, listed] of comment.replace(/\n\s*(\*|\/\/)?/g, ' ').matchAll(TOKEN)) {
      if (named !== undefined) {
        rfc = named;
        sections.add(`RFC ${rfc}`);
      } else if (listed !== undefined && /PITFALLS/.test(comment)) {
        for (const row of listed.match(/\d+/g) ?? []) rows.add(Number(row));
      } else if (section !== undefined && rfc !== undefined) {
        for (const one of range(section, last)) sections.add(`RFC ${rfc} §${one}`);
      }
    }
  }
  return { file, sections: [...sections], rows: [...rows] };
}

/** `5.1–5.3` is three sections, and `13–15` too. */
function range(first: string, last: string | undefined): string[] {
  if (last === undefined) return [first];
  const parent = first.split('.').slice(0, -1);
  const from = Number(first.split('.').at(-1));
  const to = Number(last.split('.').at(-1));
  if (!(to >= from && to - from < 30)) return [first];
  return Array.from({ length: to - from + 1 }, (_, i) => [...parent, String(from + i)].join('.'));
}

/** All source files, in order. */
export function citations(root: string): Citations[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .map((path) => `src/${path}`)
    .filter((path) => SOURCE.test(path) && !NOT_SOURCE.test(path))
    .sort()
    .map((file) => citationsIn(file, readFileSync(join(root, file), 'utf8')));
}
