// The stream goes on where it was, whatever happens to its connections.
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { eventStream, type StreamOptions } from '../../clients/typescript/src/event-stream.ts';
import { MasklineProblem, MasklineUnreachable } from '../../clients/typescript/src/problem.ts';

const wire = (...ids: string[]): string => ids.map((id) => `id: ${id}\ndata: {"n":"${id}"}\n\n`).join('');

const problem = (status: number, retryable: boolean): MasklineProblem =>
  new MasklineProblem({
    ...{ type: 'about:blank', title: 'Error', status, code: 'key/scope', detail: 'No.', hint: 'Ask.' },
    ...{ retryable, requestId: 'r' },
  });

/** A body that says this and then stays open until its request is aborted. */
const silentAfter = (text: string, signal: AbortSignal): Response =>
  new Response(
    new ReadableStream({
      start: (controller) => {
        controller.enqueue(new TextEncoder().encode(text));
        signal.addEventListener('abort', () => controller.error(signal.reason));
      },
    }),
  );

/** Reads until so many events came. `connections` are what the node does, one after the other. */
async function read(
  count: number,
  connections: ((signal: AbortSignal) => Response | Error)[],
  options: StreamOptions = {},
): Promise<{ ids: string[]; asked: (string | undefined)[]; waits: number[] }> {
  const stop = new AbortController();
  const [ids, asked, waits]: [string[], (string | undefined)[], number[]] = [[], [], []];
  const open = async (cursor: string | undefined, signal: AbortSignal): Promise<Response> => {
    asked.push(cursor);
    const result = connections.shift()!(signal);
    if (result instanceof Error) throw result;
    return result;
  };
  const sleep = async (ms: number): Promise<void> => void waits.push(ms);
  for await (const { n, cursor } of eventStream<{ n: string }>(open, sleep, {
    ...options,
    signal: stop.signal,
  })) {
    expect(n).toBe(cursor);
    ids.push(cursor);
    if (ids.length === count) stop.abort();
  }
  return { ids, asked, waits };
}

describe('eventStream', () => {
  test('asks again behind the last event when a connection ends, breaks, or cannot be made', async () => {
    const { ids, asked, waits } = await read(
      5,
      [
        () => new Response(wire('1', '2')),
        () => new MasklineUnreachable('no connection', undefined),
        () => problem(503, true),
        () => new Response(`${wire('3')}id: 4\ndata: cut`),
        (signal) => silentAfter(wire('4', '5'), signal),
      ],
      { cursor: '0' },
    );
    expect(ids).toEqual(['1', '2', '3', '4', '5']);
    expect(asked).toEqual(['0', '2', '2', '2', '3']);
    // Longer each time, until something comes.
    expect(waits).toEqual([500, 1000, 2000, 500]);
  });

  test('the place moves on without an event, too', async () => {
    const { ids, asked } = await read(1, [
      () => new Response('retry: 2000\nid: 7\n\n'),
      () => new Response(`id: 9\n\n`),
      () => new Response(wire('12')),
    ]);
    expect(ids).toEqual(['12']);
    expect(asked).toEqual([undefined, '7', '9']);
  });

  test('a connection that is silent for too long is left', async () => {
    const silent = (signal: AbortSignal): Response => silentAfter(wire('1'), signal);
    const { ids, asked } = await read(2, [silent, () => new Response(wire('2'))], { idleMs: 5 });
    expect(ids).toEqual(['1', '2']);
    expect(asked).toEqual([undefined, '1']);
  });

  test('heart-beats keep it: ten minutes of them, and not one silence of 45 s', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    let beats = 0;
    const beating = (signal: AbortSignal): Response =>
      new Response(
        new ReadableStream({
          pull: async (controller) => {
            await vi.advanceTimersByTimeAsync(30_000);
            if (signal.aborted) return controller.error(signal.reason);
            beats += 1;
            controller.enqueue(new TextEncoder().encode(beats < 20 ? ': beat\n\n' : wire('1')));
          },
        }),
      );
    expect((await read(1, [beating])).asked).toEqual([undefined]);
    expect(beats).toBeGreaterThanOrEqual(20);
  });

  test('a refusal for good is an error', async () => {
    await expect(read(1, [() => problem(403, false)])).rejects.toBeInstanceOf(MasklineProblem);
  });

  test('a body that is not what it should be is an error and no endless loop', async () => {
    await expect(read(1, [() => new Response('data: {nonsense\n\n')])).rejects.toBeInstanceOf(SyntaxError);
  });
});
