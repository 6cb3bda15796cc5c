import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ackFor, cancelFor, request, response } from '../../src/sip/message/build.ts';
import { SipSyntaxError } from '../../src/sip/message/errors.ts';
import {
  callId,
  contacts,
  contentType,
  cseq,
  expires,
  from,
  fromTag,
  maxForwards,
  optionTags,
  recordRoutes,
  requestUri,
  routes,
  to,
  topVia,
  toTag,
  vias,
} from '../../src/sip/message/fields.ts';
import { formatNameAddr, parseNameAddr } from '../../src/sip/message/name-addr.ts';
import { parseMessage } from '../../src/sip/message/parse.ts';
import { serialize } from '../../src/sip/message/serialize.ts';
import type { SipMessage } from '../../src/sip/message/types.ts';
import { formatUri, parseUri, sipUri, uriEquals } from '../../src/sip/message/uri.ts';
import { validateRequest, validateResponse } from '../../src/sip/message/validate.ts';
import { formatVia, parseVia } from '../../src/sip/message/via.ts';
import { type Framed, StreamFramer } from '../../src/sip/transport/stream-framer.ts';
import { stampReceived } from '../../src/sip/transport/via-routing.ts';
import { corpus } from './corpus.ts';

/** Fixed, so that a run on another machine is the same; a found failure is kept as an example. */
const RUNS = { seed: 4475, numRuns: 1_500 };

/** The readers that must not throw once a message was judged fine. */
const MANDATORY = [topVia, vias, from, to, fromTag, toTag, callId, cseq, contentType, expires, recordRoutes];

const tokenText = fc.stringMatching(/^[A-Za-z0-9.!%*_+`'~-]{1,20}$/);
const hostText = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9-]{0,10}\.example\.com$/),
  fc.ipV4(),
  fc.ipV6().filter((ip) => !ip.includes('.')),
);
const anyText = fc
  .string({ unit: 'binary', maxLength: 20 })
  .filter((text) => !/[\r\n\0]/.test(text) && text.isWellFormed());
const paramMap = fc
  .array(
    fc.tuple(
      tokenText.map((name) => name.toLowerCase()),
      fc.option(anyText),
    ),
    { maxLength: 4 },
  )
  .map((entries) => new Map(entries));
const uris = fc
  .record({
    user: fc.option(
      anyText.filter((text) => text !== ''),
      { nil: undefined },
    ),
    host: hostText,
    port: fc.option(fc.integer({ min: 0, max: 65_535 }), { nil: undefined }),
    params: paramMap,
    headers: paramMap.map((map) => new Map([...map].map(([name, value]) => [name, value ?? '']))),
  })
  .map(sipUri);

describe('what is written is read as the same', () => {
  test('URIs', () => {
    fc.assert(
      fc.property(uris, (uri) => {
        const again = parseUri(formatUri(uri));
        expect(again).toEqual(uri);
        expect(uriEquals(again, uri)).toBe(true);
      }),
      RUNS,
    );
  });

  test('name-addrs with any display name', () => {
    fc.assert(
      fc.property(anyText, uris, paramMap, (displayName, uri, params) => {
        const value = { ...(displayName === '' ? {} : { displayName }), uri, params };
        expect(parseNameAddr(formatNameAddr(value))).toEqual(value);
      }),
      RUNS,
    );
  });

  test('Vias', () => {
    const via = fc.record({
      transport: tokenText.map((name) => name.toUpperCase()),
      host: hostText,
      port: fc.integer({ min: 1, max: 65_535 }),
      params: paramMap,
    });
    fc.assert(
      fc.property(via, (value) => {
        expect(parseVia(formatVia(value))).toEqual({ ...value, host: value.host.toLowerCase() });
      }),
      RUNS,
    );
  });

  test('messages with any header values and bodies', () => {
    const field = fc.tuple(
      tokenText.filter((name) => !/^(content-length|l)$/i.test(name)),
      anyText.map((text) => text.trim()),
    );
    fc.assert(
      fc.property(
        tokenText,
        fc.array(field, { maxLength: 8 }),
        fc.uint8Array({ maxLength: 60 }),
        (method, fields, body) => {
          fc.pre(!/^SIP/i.test(method));
          const parsed = parseMessage(serialize(request(method, 'sip:a@example.com', fields, body)));
          if (!parsed.ok) throw new Error(parsed.reason);
          expect(parsed.message).toMatchObject({ kind: 'request', method, uri: 'sip:a@example.com' });
          expect([...parsed.message.headers].slice(0, -1)).toEqual(fields);
          expect(Buffer.from(parsed.message.body).equals(body)).toBe(true);
        },
      ),
      RUNS,
    );
  });
});

/** Cuts, doubles, swaps and overwrites bytes of a message of the corpus. */
const mutants = fc
  .record({
    base: fc.integer({ min: 0, max: corpus.length - 1 }),
    edits: fc.array(
      fc.record({
        at: fc.nat(),
        remove: fc.nat({ max: 12 }),
        insert: fc.oneof(
          fc.uint8Array({ maxLength: 8 }),
          fc
            .constantFrom(
              '\r\n',
              '\r\n ',
              ':',
              ';',
              ',',
              '"',
              '<',
              '>',
              '\\',
              '\0',
              '%',
              '@',
              '[',
              '=',
              ' ',
              '/',
              '9'.repeat(40),
            )
            .map((text) => Uint8Array.from(Buffer.from(text))),
        ),
      }),
      { minLength: 1, maxLength: 6 },
    ),
  })
  .map(({ base, edits }) => {
    let bytes: Buffer = corpus[base]!.bytes;
    for (const { at, remove, insert } of edits) {
      const place = at % (bytes.length + 1);
      bytes = Buffer.concat([bytes.subarray(0, place), insert, bytes.subarray(place + remove)]);
    }
    return bytes;
  });

/** Everything that our layers do with a received message before a user agent sees it. */
function handle(message: SipMessage): void {
  if (message.kind === 'response') {
    if (!validateResponse(message)) return;
    for (const reader of MANDATORY) reader(message);
    serialize(message);
    return;
  }
  const verdict = validateRequest(message);
  if (verdict.kind === 'drop') return;
  stampReceived(message, { host: '192.0.2.99', port: 1234 });
  const status = verdict.kind === 'reject' ? verdict.status : 200;
  const answer = parseMessage(serialize(response(message, status, { toTag: 'ours' })));
  expect(answer.ok).toBe(true);
  if (verdict.kind === 'reject') return;
  for (const reader of MANDATORY) reader(message);
  for (const reader of [requestUri, contacts, routes, maxForwards, ackOf, cancelFor]) reader(message);
  optionTags(message, 'Require');
  if (answer.ok && answer.message.kind === 'response') expect(validateResponse(answer.message)).toBe(true);
}

const ackOf = (message: Parameters<typeof ackFor>[0]): unknown => ackFor(message, response(message, 486));

describe('whatever arrives', () => {
  test('[row 20] mutated torture messages neither throw nor hang, and what is judged fine can be read and answered', () => {
    fc.assert(
      fc.property(mutants, (bytes) => {
        const parsed = parseMessage(bytes);
        if (parsed.ok) handle(parsed.message);
      }),
      { seed: 4475, numRuns: 20_000 },
    );
  });

  test('[row 20] random bytes neither throw nor hang', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const parsed = parseMessage(bytes);
        if (parsed.ok) handle(parsed.message);
      }),
      RUNS,
    );
  });

  test('[row 20] readers of single values throw a SipSyntaxError or nothing', () => {
    const pieces = fc
      .array(
        fc.constantFrom(
          'sip:',
          'a',
          '"',
          '\\',
          '<',
          '>',
          ';',
          '=',
          ',',
          ' ',
          '@',
          '[',
          ']',
          ':',
          '%4',
          '%41',
          '/',
          'SIP/2.0/UDP ',
          '?',
          '9',
        ),
        {
          maxLength: 25,
        },
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(pieces, (text) => {
        for (const reader of [parseUri, parseNameAddr, parseVia]) {
          try {
            reader(text);
          } catch (error) {
            expect(error).toBeInstanceOf(SipSyntaxError);
          }
        }
      }),
      { seed: 4475, numRuns: 10_000 },
    );
  });

  test('[row 20] long hostile values cost linear time', () => {
    const evil = [
      '"'.repeat(60_000),
      '<'.repeat(60_000),
      ';'.repeat(60_000),
      ', '.repeat(30_000),
      '\\'.repeat(60_000),
    ];
    evil.push(
      ' '.repeat(60_000),
      'a '.repeat(30_000),
      ':'.repeat(60_000),
      '1'.repeat(60_000),
      '%41'.repeat(20_000),
    );
    evil.push('sip:a@b;x="'.repeat(5_000), 'SIP/2.0/UDP a : '.repeat(3_500), '%E9'.repeat(20_000));
    const base = corpus.find((one) => one.name === 'wsinv')!.bytes.toString('latin1');
    const start = process.cpuUsage();
    for (const value of evil) {
      for (const prefix of [
        'Via: SIP/2.0/UDP a',
        'Via: ',
        'Contact: ',
        'To: ',
        'CSeq: ',
        'Route: <sip:',
        'Content-Length: ',
      ]) {
        const parsed = parseMessage(
          Buffer.from(base.replace('NewFangledHeader:   ', `${prefix}${value}\r\nX: `), 'latin1'),
        );
        if (parsed.ok) handle(parsed.message);
      }
    }
    const { user, system } = process.cpuUsage(start);
    // 91 messages of 60 kB. Quadratic time would need minutes; this bound is far from both.
    expect((user + system) / 1e6).toBeLessThan(10);
  });
});

describe('streams', () => {
  // Those whose length a stream can know; the others must end it.
  const framable = (bytes: Buffer): boolean => new StreamFramer().push(bytes)[0]?.kind === 'message';
  const follower = corpus.find((one) => one.name === 'unreason')!.bytes;

  const told = (framed: readonly Framed[]): unknown[] =>
    framed.map((one) =>
      one.kind === 'message'
        ? [[...one.message.headers], Buffer.from(one.message.body).toString('latin1')]
        : [one.kind, 'reason' in one ? one.reason : ''],
    );

  test.each(corpus)('[row 18] $name cut at every byte', ({ bytes }) => {
    const stream = Buffer.concat([bytes, follower]);
    const whole = told(new StreamFramer().push(stream));
    for (let cut = 1; cut < stream.length; cut++) {
      const framer = new StreamFramer();
      const parts = [...framer.push(stream.subarray(0, cut)), ...framer.push(stream.subarray(cut))];
      if (JSON.stringify(told(parts)) !== JSON.stringify(whole))
        expect(told(parts), `cut at ${cut}`).toEqual(whole);
    }
    const byByte = new StreamFramer();
    expect(told([...stream].flatMap((byte) => byByte.push(Uint8Array.of(byte))))).toEqual(whole);
    const parsed = parseMessage(bytes);
    if (framable(bytes) && parsed.ok)
      expect(whole[0]).toEqual(told([{ kind: 'message', message: parsed.message }])[0]);
  });

  test('[row 18] which messages a stream cannot carry, and why', () => {
    const ended = corpus.flatMap(({ name, bytes }) => {
      const error = new StreamFramer().push(bytes).find((one) => one.kind === 'error');
      return error === undefined ? [] : [`${name}: ${error.reason}`];
    });
    expect(ended).toEqual([
      // Its second message says Content-Length: 0 and has a body, which is no message.
      'dblreq: the first line is neither a request nor a status line',
      'inv2543: Content-Length is missing',
      'mcl01: Content-Length stands more than once',
      'ncl: Content-Length is not a number',
    ]);
  });

  test('[row 18] the same messages come out however a stream is sliced', () => {
    const stream = Buffer.concat(corpus.filter(({ bytes }) => framable(bytes)).map(({ bytes }) => bytes));
    const whole = JSON.stringify(told(new StreamFramer().push(stream)));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 1, maxLength: 30 }), (sizes) => {
        const framer = new StreamFramer();
        const out: Framed[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length]!;
          out.push(...framer.push(stream.subarray(at, at + size)));
          at += size;
        }
        expect(JSON.stringify(told(out))).toBe(whole);
      }),
      { seed: 4475, numRuns: 100 },
    );
  });
});
