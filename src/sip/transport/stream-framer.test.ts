import { describe, expect, test } from 'vitest';
import { type Framed, StreamFramer } from './stream-framer.ts';

const message = (body: string, name = 'Content-Length', method = 'MESSAGE'): string =>
  `${method} sip:a@example.com SIP/2.0\r\nVia: SIP/2.0/TCP c.example.com;branch=z9hG4bK1\r\n${name}: ${body.length}\r\n\r\n${body}`;

/** What comes out, told in words. */
function told(framed: readonly Framed[]): string[] {
  return framed.map((one) =>
    one.kind === 'message'
      ? `message ${Buffer.from(one.message.body).toString()}`
      : one.kind === 'error'
        ? `error ${one.status ?? ''} ${one.reason}`
        : one.kind,
  );
}

function feed(text: string, slice: number): string[] {
  const framer = new StreamFramer();
  const out: Framed[] = [];
  const bytes = Buffer.from(text);
  for (let i = 0; i < bytes.length; i += slice) out.push(...framer.push(bytes.subarray(i, i + slice)));
  return told(out);
}

describe('framing', () => {
  const stream = `\r\n${message('one')}${message('', 'l')}\r\n\r\n${message('two\r\n\r\nthree', 'Content-Length\t')}\r\n`;

  test.each([1, 2, 3, 5, 7, 64, 10_000])('[row 18] slices of %i bytes give the same messages', (slice) => {
    expect(feed(stream, slice)).toEqual(['message one', 'message ', 'ping', 'message two\r\n\r\nthree']);
  });

  test('[row 18] a stream cut in two at every byte gives the same messages', () => {
    const bytes = Buffer.from(stream);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const framer = new StreamFramer();
      const out = [...framer.push(bytes.subarray(0, cut)), ...framer.push(bytes.subarray(cut))];
      expect(told(out), `cut at ${cut}`).toEqual([
        'message one',
        'message ',
        'ping',
        'message two\r\n\r\nthree',
      ]);
      expect(framer.midMessage).toBe(false);
    }
  });

  test('[row 18] the bytes of a message do not change when more arrive', () => {
    const framer = new StreamFramer();
    const [first] = framer.push(Buffer.from(message('first')));
    framer.push(Buffer.from(message('XXXXXXXXXXXXXXXXX').repeat(50)));
    expect(told([first!])).toEqual(['message first']);
  });

  test('[RFC 5626 §3.5.1] a ping is two empty lines between messages, not one, and not inside a message', () => {
    expect(feed('\r\n', 1)).toEqual([]);
    expect(feed('\r\n\r\n', 1)).toEqual(['ping']);
    expect(feed('\r\n'.repeat(5), 1)).toEqual(['ping', 'ping']);
    expect(feed(`\r\n${message('')}\r\n${message('')}`, 1)).toEqual(['message ', 'message ']);
    expect(feed(message('\r\n\r\n'), 1)).toEqual(['message \r\n\r\n']);
  });

  test('folded and repeated equal Content-Length fields are read', () => {
    const folded = message('abc').replace('Content-Length: 3', 'Content-Length:\r\n  3\r\nl: 3');
    expect(feed(folded + message('d'), 4)).toEqual(['message abc', 'message d']);
  });
});

describe('errors', () => {
  test.each([
    [
      'no Content-Length',
      message('').replace(/Content-Length.*\r\n/, ''),
      'error 400 Content-Length is missing',
    ],
    ['a negative one', message('').replace(': 0', ': -5'), 'error 400 Content-Length is not a number'],
    [
      'two that differ',
      message('').replace(': 0', ': 0\r\nl: 7'),
      'error 400 Content-Length stands more than once',
    ],
    [
      'no SIP',
      'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
      'error  the first line is neither a request nor a status line',
    ],
    ['a lone CR', '\rX', 'error  a line ends with CR alone'],
  ])('[row 18] %s ends the stream for good', (_, text, error) => {
    const framer = new StreamFramer();
    expect(told(framer.push(Buffer.from(message('ok') + text + message('never'))))).toEqual([
      'message ok',
      error,
    ]);
    expect(framer.push(Buffer.from(message('never')))).toEqual([]);
    expect(framer.midMessage).toBe(false);
    expect(feed(text, 1).at(-1)).toBe(error);
  });

  test('[row 19] a length of 4 GiB is refused when it is declared, before any of it is stored', () => {
    for (const length of ['65537', '4294967296', '9'.repeat(60)]) {
      const head = message('').replace(': 0', `: ${length}`);
      expect(feed(head, 3)).toEqual(['error 513 Content-Length is too large']);
    }
    const framer = new StreamFramer();
    expect(framer.push(Buffer.from(message('').replace(': 0', ': 65536')))).toEqual([]);
    expect(framer.midMessage).toBe(true);
  });

  test('[row 19] a header block that does not end is given up at its cap, in whatever slices it comes', () => {
    const endless = `MESSAGE sip:a@b SIP/2.0\r\n${'X-Filler: yes\r\n'.repeat(6000)}`;
    for (const slice of [1, 1000, 100_000]) {
      expect(feed(endless, slice)).toEqual(['error  the header block is too large']);
    }
    const framer = new StreamFramer({ headBytes: 100, bodyBytes: 10 });
    expect(told(framer.push(Buffer.from(message('').replace('a@', `${'a'.repeat(100)}@`))))).toEqual([
      'error  the header block is too large',
    ]);
    expect(
      told(new StreamFramer({ headBytes: 200, bodyBytes: 10 }).push(Buffer.from(message('x'.repeat(11))))),
    ).toEqual(['error 513 Content-Length is too large']);
  });

  test('[row 19] the largest allowed message passes byte by byte in reasonable time', () => {
    expect(feed(message('x'.repeat(65_536)), 1)).toEqual([`message ${'x'.repeat(65_536)}`]);
  });
});
