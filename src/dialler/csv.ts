import { MasklineError } from '../kernel/errors.ts';

export interface CsvOptions {
  /** One character each. */
  readonly delimiter: string;
  readonly quote: string;
  /** Empty: a quote is written twice, and in no other way (RFC 4180 §2.7). */
  readonly escape: string;
}

/** A record and the line on which it begins, from 1. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * Reads CSV (RFC 4180) with any delimiter. Lines end in CR LF or LF; empty lines are left out.
 *
 * @throws MasklineError `call-list/invalid` for a quote that is not closed or is followed by text.
 */
export function* readCsv(text: string, options: CsvOptions): Generator<CsvRecord> {
  const { delimiter, quote, escape: escaper } = options;
  let at = text.startsWith('\ufeff') ? 1 : 0;
  let line = 1;
  while (at < text.length) {
    const first = line;
    const fields: string[] = [];
    let open = true;
    while (open) {
      const field = text[at] === quote ? quoted() : plain();
      fields.push(field);
      if (text[at] === delimiter) at += 1;
      else open = false;
    }
    if (text[at] === '\r') at += 1;
    if (text[at] === '\n') at += 1;
    else if (at < text.length) throw invalid(`line ${line}: text after a closing quote`);
    line += 1;
    if (fields.length > 1 || fields[0] !== '') yield { line: first, fields };
  }

  function plain(): string {
    const from = at;
    while (at < text.length && text[at] !== delimiter && text[at] !== '\n' && !isLineEnd()) at += 1;
    return text.slice(from, at);
  }

  function isLineEnd(): boolean {
    return text[at] === '\r' && (text[at + 1] === '\n' || at + 1 === text.length);
  }

  function quoted(): string {
    const began = line;
    let out = '';
    for (at += 1; at < text.length; at += 1) {
      const char = text[at] as string;
      const escaped = char === escaper && escaper !== quote && at + 1 < text.length;
      if (escaped || (char === quote && text[at + 1] === quote)) {
        at += 1;
        out += text[at];
      } else if (char === quote) {
        at += 1;
        return out;
      } else {
        if (char === '\n') line += 1;
        out += char;
      }
    }
    throw invalid(`line ${began}: a quote is not closed`);
  }
}

export function invalid(detail: string): MasklineError {
  return new MasklineError('call-list/invalid', detail);
}
