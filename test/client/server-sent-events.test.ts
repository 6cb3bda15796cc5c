import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ServerSentEvent, serverSentEvents } from '../../clients/typescript/src/server-sent-events.ts';

/** The events of a body that comes in these pieces. */
async function read(pieces: readonly Uint8Array[]): Promise<ServerSentEvent[]> {
  const events: ServerSentEvent[] = [];
  for await (const event of serverSentEvents(ReadableStream.from(pieces) as ReadableStream<Uint8Array>))
    events.push(event);
  return events;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const WIRE = [
  ': heart-beat\n\n',
  'id: a1\nevent: call.ended\ndata: {"label":"Заказ"}\n\n',
  'data: two\r\ndata:lines\r\n\r\n',
  'retry: 3000\nunknown\n\n',
  'id: a2\n\n',
  'id: a2\n\n',
  'id\rdata\r\r',
  'id: cut\ndata: off\n',
].join('');

const EVENTS: ServerSentEvent[] = [
  { id: 'a1', event: 'call.ended', data: '{"label":"Заказ"}' },
  { id: 'a1', event: 'message', data: 'two\nlines' },
  { id: 'a2', event: 'message', data: undefined },
  { id: '', event: 'message', data: '' },
];

test('fields, several lines of data, ids that last, comments, all ends of lines, and nothing that is cut off', async () => {
  expect(await read([bytes(WIRE)])).toEqual(EVENTS);
});

test('it does not matter in which pieces the bytes come, also within a letter or a CRLF', async () => {
  const whole = bytes(WIRE);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: whole.length }), { maxLength: 20 }), async (cuts) => {
      const at = [0, ...cuts.sort((one, other) => one - other), whole.length];
      const pieces = at.slice(1).map((end, index) => whole.slice(at[index], end));
      expect(await read(pieces)).toEqual(EVENTS);
    }),
  );
});

test('who stops reading closes the connection', async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(bytes('data: more\n\n')),
    cancel: () => {
      cancelled = true;
    },
  });
  for await (const { data } of serverSentEvents(body)) if (data === 'more') break;
  expect(cancelled).toBe(true);
});
