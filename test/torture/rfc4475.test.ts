import { describe, expect, test } from 'vitest';
import { response } from '../../src/sip/message/build.ts';
import {
  callId,
  contacts,
  cseq,
  from,
  maxForwards,
  requestUri,
  routes,
  to,
  vias,
} from '../../src/sip/message/fields.ts';
import { formatNameAddr } from '../../src/sip/message/name-addr.ts';
import { parseMessage } from '../../src/sip/message/parse.ts';
import { serialize } from '../../src/sip/message/serialize.ts';
import type { NameAddr, SipMessage } from '../../src/sip/message/types.ts';
import { validateRequest, validateResponse } from '../../src/sip/message/validate.ts';
import { corpus, type Expected, type Party } from './corpus.ts';

function read(bytes: Uint8Array): SipMessage {
  const result = parseMessage(bytes);
  if (!result.ok) throw new Error(result.reason);
  return result.message;
}

function verdictOf(message: SipMessage): Expected['verdict'] | string {
  if (message.kind === 'response') return validateResponse(message) ? 'usable' : 'unusable';
  const verdict = validateRequest(message);
  return verdict.kind === 'reject' ? verdict.status : verdict.kind;
}

function expectParty(actual: NameAddr, expected: Party): void {
  const { displayName, scheme, user, tag } = expected;
  if (displayName !== undefined) expect(actual.displayName).toBe(displayName);
  if (scheme !== undefined) expect(actual.uri.scheme).toBe(scheme);
  if (user !== undefined) expect(actual.uri).toMatchObject({ user });
  if (tag !== undefined) expect(actual.params.get('tag') ?? null).toBe(tag);
}

function expectReading(message: SipMessage, reads: Expected['reads']): void {
  for (const name of ['method', 'uri', 'status', 'reason'] as const) {
    if (reads[name] !== undefined) expect(message).toMatchObject({ [name]: reads[name] });
  }
  if (reads.requestUri !== undefined && message.kind === 'request') {
    expect(requestUri(message)).toMatchObject(reads.requestUri);
  }
  if (reads.from !== undefined) expectParty(from(message), reads.from);
  if (reads.to !== undefined) expectParty(to(message), reads.to);
  if (reads.callId !== undefined) expect(callId(message)).toBe(reads.callId);
  if (reads.cseq !== undefined) expect([cseq(message).sequence, cseq(message).method]).toEqual(reads.cseq);
  if (reads.maxForwards !== undefined) expect(maxForwards(message)).toBe(reads.maxForwards);
  if (reads.vias !== undefined) {
    expect(vias(message).map((via) => `${via.transport} ${via.host} ${via.params.get('branch')}`)).toEqual(
      reads.vias,
    );
  }
  if (reads.contacts !== undefined) expect(contacts(message).map(formatNameAddr)).toEqual(reads.contacts);
  if (reads.routes !== undefined) expect(routes(message).map(formatNameAddr)).toEqual(reads.routes);
  for (const [name, value] of Object.entries(reads.headers ?? {}))
    expect(message.headers.get(name)).toBe(value);
  if (reads.bodyBytes !== undefined) expect(message.body.length).toBe(reads.bodyBytes);
}

/** A message as plain values; the lines of the headers but Content-Length, which is written anew. */
const values = (message: SipMessage) => ({
  ...message,
  body: Buffer.from(message.body).toString('latin1'),
  headers: [...message.headers].filter(([name]) => !/^(content-length|l)$/i.test(name)),
});

test('[RFC 4475 §3] the corpus is complete: all 49 messages, each read and judged below', () => {
  expect(corpus).toHaveLength(49);
});

describe.each(corpus)('$name', ({ bytes, expected }) => {
  test(`[row 20] [${expected.section}] ${expected.title}: ${expected.verdict}`, () => {
    const message = read(bytes);
    expect(verdictOf(message)).toBe(expected.verdict);
    expectReading(message, expected.reads);
  });

  test(`[row 20] [${expected.section}] what can be used is written and read again as the same`, () => {
    const message = read(bytes);
    if (message.kind === 'response' ? !validateResponse(message) : validateRequest(message).kind !== 'ok') {
      // An answer to what is refused can still be built and read.
      if (message.kind === 'request') expect(read(serialize(response(message, 400))).kind).toBe('response');
      else expect(() => serialize({ ...message, status: 0 })).toThrow();
      return;
    }
    expect(values(read(serialize(message)))).toEqual(values(message));
    if (message.kind === 'request') {
      const answer = response(message, 200, { toTag: 'ours' });
      expect(values(read(serialize(answer)))).toEqual(values(answer));
    }
  });
});
