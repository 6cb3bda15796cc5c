import { Headers } from './headers.ts';
import { isToken } from './plain.ts';
import { isBlank, parseDecimal, TOKEN } from './scan.ts';
import type { ParseResult, SipMessage } from './types.ts';

const fail = (reason: string): ParseResult => ({ ok: false, reason });

/** Larger than any header block that a transport lets through; guards callers that have no cap of their own. */
const MAX_HEADER_LINES = 2_000;

/**
 * Reads one message (RFC 3261 §7). Only lines are split here; fields are read when asked for (`fields.ts`). What can be
 * represented is accepted, for `validate.ts` to judge: a peer whose message is refused here gets no answer.
 * Body bytes beyond Content-Length are cut (§18.3). The body shares memory with `bytes`.
 */
export function parseMessage(bytes: Uint8Array): ParseResult {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = skipLeadingCrlf(buffer);
  const end = buffer.indexOf('\r\n\r\n', start, 'latin1');
  const head = decode(buffer, start, end < 0 ? buffer.length : end + 2);
  if (!head.endsWith('\r\n')) return fail('the header block does not end');
  if (head.includes('\0') && /(?<!\\)\0/.test(head)) return fail('NUL stands in the header block');

  const lineEnd = head.indexOf('\r\n');
  const headers = new Headers();
  const problem = readFields(head, lineEnd + 2, headers);
  if (problem.fatal !== undefined) return fail(problem.fatal);

  const rest = end < 0 ? buffer.subarray(buffer.length) : buffer.subarray(end + 4);
  const length = parseDecimal(headers.get('content-length') ?? '', rest.length);
  const body = length === undefined ? rest : rest.subarray(0, length);
  return startLine(head.slice(0, lineEnd), headers, body, problem.defect);
}

/** §7.5: empty lines before the start line are ignored. */
function skipLeadingCrlf(bytes: Uint8Array): number {
  let start = 0;
  while (bytes[start] === 0x0d && bytes[start + 1] === 0x0a) start += 2;
  return start;
}

/** UTF-8 (§7); a block that is not UTF-8 is read as ISO 8859-1, which is what old phones send. */
function decode(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end);
  return text.includes('\ufffd') ? bytes.toString('latin1', start, end) : text;
}

function readFields(head: string, from: number, headers: Headers): { fatal?: string; defect?: string } {
  let defect: string | undefined;
  let lines = 0;
  let colon = -1;
  for (let start = from; start < head.length; ) {
    if (++lines > MAX_HEADER_LINES) return { fatal: 'the header block has too many lines' };
    let end = head.indexOf('\r', start);
    let folded = false;
    // §7.3.1: a line that begins with white space continues the one before.
    while (isBlank(head.charCodeAt(end + 2))) {
      folded = true;
      end = head.indexOf('\r', end + 2);
    }
    if (head.charCodeAt(end + 1) !== 0x0a) return { fatal: 'a line ends with CR or LF alone' };
    // Looked for once, not by each line that has none.
    if (colon < start) colon = indexOrEnd(head, ':', start);
    let wellFormed: boolean;
    if (folded) {
      const line = unfold(head.slice(start, end));
      if (line.includes('\n')) return { fatal: 'a line ends with CR or LF alone' };
      wellFormed = readField(line, 0, line.indexOf(':'), line.length, headers);
    } else {
      // The next LF is that of the line's end, or one that stands alone.
      if (head.indexOf('\n', start) !== end + 1) return { fatal: 'a line ends with CR or LF alone' };
      wellFormed = readField(head, start, colon, end, headers);
    }
    start = end + 2;
    if (!wellFormed) defect = 'a header line is malformed';
  }
  return defect === undefined ? {} : { defect };
}

function indexOrEnd(text: string, character: string, start: number): number {
  const index = text.indexOf(character, start);
  return index < 0 ? text.length : index;
}

/** False when the line, from `start` to `end` with a colon at `colon`, is no header field; the validator judges that. */
function readField(text: string, start: number, colon: number, end: number, headers: Headers): boolean {
  if (colon <= start || colon >= end) return false;
  const name = isBlank(text.charCodeAt(colon - 1))
    ? text.slice(start, colon).trimEnd()
    : text.slice(start, colon);
  if (!isToken(name)) return false;
  let from = colon + 1;
  let to = end;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  headers.appendParsed(name, text.slice(from, to));
  return true;
}

const unfold = (text: string): string => text.replace(/[ \t]*\r\n[ \t]+/g, ' ');

function startLine(
  line: string,
  headers: Headers,
  body: Uint8Array,
  defect: string | undefined,
): ParseResult {
  if (line.includes('\n') || line.includes('\r')) return fail('a line ends with CR or LF alone');
  const message = /^SIP\//i.test(line)
    ? statusLine(line, headers, body, defect)
    : requestLine(line, headers, body, defect);
  return message === undefined
    ? fail('the first line is neither a request nor a status line')
    : { ok: true, message };
}

/** §7.2. The reason phrase may be missing, also without its space. */
function statusLine(
  line: string,
  headers: Headers,
  body: Uint8Array,
  defect: string | undefined,
): SipMessage | undefined {
  const match = /^(SIP\/[^ ]+) (\d{1,10})(?: (.*))?$/i.exec(line);
  if (match === null) return undefined;
  const [, version, status, reason] = match;
  return {
    kind: 'response',
    status: Number(status),
    reason: reason ?? '',
    headers,
    body,
    ...(version!.toUpperCase() === 'SIP/2.0' ? {} : { version: version! }),
    ...(defect === undefined ? {} : { defect }),
  };
}

/** §7.1. White space inside or around the URI is kept, so that the validator can refuse it (RFC 4475 §3.1.2.8–10). */
function requestLine(
  line: string,
  headers: Headers,
  body: Uint8Array,
  defect: string | undefined,
): SipMessage | undefined {
  const first = line.indexOf(' ');
  const trimmed = line.trimEnd();
  const last = trimmed.lastIndexOf(' ');
  const method = line.slice(0, first);
  if (first <= 0 || last <= first || !TOKEN.test(method)) return undefined;
  const version = trimmed.slice(last + 1);
  if (!/^SIP\/\S+$/i.test(version)) return undefined;
  const wrong = trimmed.length === line.length ? defect : 'white space follows the request line';
  return {
    kind: 'request',
    method,
    uri: line.slice(first + 1, last),
    headers,
    body,
    ...(version.toUpperCase() === 'SIP/2.0' ? {} : { version }),
    ...(wrong === undefined ? {} : { defect: wrong }),
  };
}
