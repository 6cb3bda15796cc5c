/**
 * What a peer is owed for a message that parsed (RFC 3261 §8.2, §16.3, §18.3; RFC 4475 §3.1.2). Reasons are constants:
 * they go to the peer as reason phrases and into logs, and never quote the message.
 */
import { SipSyntaxError } from './errors.ts';
import {
  callId,
  contacts,
  cseq,
  from,
  maxForwards,
  recordRoutes,
  requestUri,
  routes,
  to,
  topVia,
  vias,
} from './fields.ts';
import { headerKey } from './header-names.ts';
import { parseDecimal } from './scan.ts';
import type { SipMessage, SipRequest, SipResponse, Verdict } from './types.ts';
import { isSipUri } from './uri.ts';

const OK: Verdict = { kind: 'ok' };
const bad = (reason: string): Verdict => ({ kind: 'reject', status: 400, reason });

/** Fields that may stand once (RFC 3261 §7.3.1). Two that say the same are let pass. */
const SINGLE = ['From', 'To', 'Call-ID', 'CSeq', 'Max-Forwards', 'Content-Length', 'Content-Type'] as const;
const SINGLE_KEYS: ReadonlySet<string> = new Set(SINGLE.map(headerKey));

/**
 * Judges a request. `drop` is for what cannot be answered: no Via to send the answer by, or an ACK, which is never
 * answered (§17.1.1.3).
 */
export function validateRequest(request: SipRequest): Verdict {
  const via = problemOf(() => topVia(request));
  if (via !== undefined) return { kind: 'drop', reason: via };
  const verdict = judge(request);
  if (verdict.kind === 'reject' && request.method === 'ACK') return { kind: 'drop', reason: verdict.reason };
  return verdict;
}

function judge(request: SipRequest): Verdict {
  if (request.version !== undefined) {
    return { kind: 'reject', status: 505, reason: 'Version Not Supported' };
  }
  if (request.defect !== undefined) return bad(`Bad Request: ${request.defect}`);
  const problem = requestProblem(request) ?? commonProblem(request);
  return problem === undefined ? OK : bad(`Bad Request: ${problem}`);
}

function requestProblem(request: SipRequest): string | undefined {
  return (
    problemOf(() => requestUriProblem(request)) ??
    problemOf(() => {
      if (cseq(request).method !== request.method) throw new SipSyntaxError('CSeq names another method');
      maxForwards(request);
      contacts(request);
      routes(request);
    })
  );
}

/** §19.1.1: no header fields in a Request-URI (RFC 4475 §3.1.2.11). */
function requestUriProblem(request: SipRequest): void {
  if (/\s/.test(request.uri)) throw new SipSyntaxError('white space stands in the Request-URI');
  const uri = requestUri(request);
  if (isSipUri(uri) && uri.headers.size > 0) throw new SipSyntaxError('the Request-URI holds header fields');
}

/** Whether a response can be used; one that cannot is dropped (§18.1.2). */
export function validateResponse(response: SipResponse): boolean {
  if (response.version !== undefined || response.defect !== undefined) return false;
  if (response.status < 100 || response.status > 699) return false;
  return commonProblem(response) === undefined;
}

function commonProblem(message: SipMessage): string | undefined {
  return (
    problemOf(() => {
      topVia(message);
      from(message);
      to(message);
      callId(message);
      cseq(message);
      vias(message);
      recordRoutes(message);
    }) ??
    repeatedField(message) ??
    lengthProblem(message)
  );
}

function repeatedField(message: SipMessage): string | undefined {
  if (!message.headers.hasRepeated(SINGLE_KEYS)) return undefined;
  for (const name of SINGLE) {
    if (!message.headers.isRepeated(name)) continue;
    const values = message.headers.getAll(name);
    if (values.some((value) => value !== values[0])) return `${name} stands more than once`;
  }
  return undefined;
}

/** §18.3: a datagram that is shorter than its Content-Length says is refused. */
function lengthProblem(message: SipMessage): string | undefined {
  const text = message.headers.get('Content-Length');
  if (text === undefined) return undefined;
  const declared = parseDecimal(text, Number.MAX_SAFE_INTEGER);
  if (declared === undefined) return 'Content-Length is not a number';
  return declared > message.body.length ? 'the body is shorter than Content-Length' : undefined;
}

/** The reason why reading fails, if it does. */
function problemOf(read: () => void): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (error instanceof SipSyntaxError) return error.message;
    throw error;
  }
}
