import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadCommand, parseCommand } from './parse-command.ts';

const dial = {
  type: 'dial',
  callId: 'a-1',
  target: { kind: 'pstn', number: '+7912' },
  callerid: '+7495',
  displayName: '',
  headers: {},
};

describe('parseCommand', () => {
  it('reads what it knows and leaves the rest behind', () => {
    expect(parseCommand(JSON.stringify({ ...dial, extra: 1, target: { ...dial.target, extra: 2 } }))).toEqual(
      dial,
    );
  });

  it.each([
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['an unknown type', '{"type":"shutdown"}'],
    ['a type that is an object', '{"type":{"toString":"dial"}}'],
    ['an id with a path', JSON.stringify({ ...dial, callId: '../../etc' })],
    ['a missing field', '{"type":"call-answer"}'],
    ['a code that is no refusal', '{"type":"call-reject","callId":"a","code":200,"headers":{}}'],
    ['an endless timer', '{"type":"timer-set","timerId":1,"ms":1e12,"repeat":false}'],
    ['a fraction as an id', '{"type":"timer-clear","timerId":1.5}'],
    ['an unknown target', JSON.stringify({ ...dial, target: { kind: 'shell', number: 'x' } })],
    ['digits that are none', '{"type":"call-send-digits","callId":"a","digits":"1;2"}'],
    ['too long a text', JSON.stringify({ type: 'log', level: 'info', message: 'x'.repeat(70_000) })],
    [
      'too many headers',
      JSON.stringify({
        ...dial,
        headers: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`X-${i}`, '1'])),
      }),
    ],
  ])('refuses %s', (_name, text) => {
    expect(() => parseCommand(text)).toThrow(BadCommand);
  });

  const request = { type: 'http-request', requestId: 1, method: 'GET', url: 'http://a', raw: false };

  it.each([
    ['a body of other things', { ...request, headers: [], body: [256] }],
    ['a method with a space', { ...request, headers: [], method: 'GET /' }],
    ['too long an address', { ...request, headers: [], url: `http://a/${'x'.repeat(9000)}` }],
  ])('an HTTP request with %s is refused by name, so that its script hears of it', (_name, command) => {
    expect(parseCommand(JSON.stringify(command))).toMatchObject({ type: 'http-refused', requestId: 1 });
  });

  it('[row 20] refuses HTTP headers that would forge lines', () => {
    for (const value of ['a\r\nVia: x', 'a\nb', 'a\0b', 'a\x7f']) {
      const withHeader = (name: string, text: string) =>
        JSON.stringify({ ...request, headers: [[name, text]] });
      const reasonOf = (text: string) => {
        const command = parseCommand(text);
        return command.type === 'http-refused' ? command.reason : undefined;
      };
      expect(reasonOf(withHeader('X-A', value))).toMatch(/header value/);
      expect(reasonOf(withHeader(`X-${value}`, 'a'))).toMatch(/header name/);
    }
  });

  it('keeps __proto__ a plain key and pollutes nothing', () => {
    const command = parseCommand(
      `{"type":"call-answer","callId":"a","__proto__":{"callId":"b"},"headers":{"__proto__":"x","X-A":"1"}}`,
    );
    if (command.type !== 'call-answer') throw new Error('wrong type');
    expect(command.callId).toBe('a');
    expect(Object.getPrototypeOf(command.headers)).toBeNull();
    expect(({} as Record<string, unknown>)['X-A']).toBeUndefined();
  });

  it('throws nothing but BadCommand, whatever the text', () => {
    const anyCommand = fc.record({
      type: fc.constantFrom('dial', 'http-request', 'call-play', 'media-connect', 'timer-set', 'log'),
      callId: fc.json(),
      headers: fc.anything(),
      target: fc.anything(),
      source: fc.anything(),
    });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          anyCommand.map((value) => String(JSON.stringify(value))),
        ),
        (text) => {
          try {
            parseCommand(text);
          } catch (error) {
            expect(error).toBeInstanceOf(BadCommand);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
