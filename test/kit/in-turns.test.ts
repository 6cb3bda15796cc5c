import { describe, expect, it } from 'vitest';
import { inTurns } from './in-turns.ts';

/** Work that ends when it is told to, and what happened in which order. */
class Desk {
  readonly log: string[] = [];
  readonly #ends = new Map<string, (error?: Error) => void>();

  readonly work = (item: string): Promise<void> => {
    this.log.push(item);
    return new Promise((resolve, reject) =>
      this.#ends.set(item, (error) => (error === undefined ? resolve() : reject(error))),
    );
  };

  async end(item: string, error?: Error): Promise<void> {
    this.#ends.get(item)?.(error);
    await new Promise(setImmediate);
  }
}

/** Each letter is a name. */
const names = (item: string): readonly string[] => [...item];

describe('work in turns', () => {
  it('is done at once where it shares no name, and in order where it does', async () => {
    const desk = new Desk();
    const running = inTurns(['ab', 'bc', 'd', 'ac'], { atOnce: 9, names, work: desk.work });
    await desk.end('');
    expect(desk.log).toEqual(['ab', 'd']);
    await desk.end('ab');
    expect(desk.log).toEqual(['ab', 'd', 'bc']);
    await desk.end('bc');
    expect(desk.log).toEqual(['ab', 'd', 'bc', 'ac']);
    await desk.end('d');
    await desk.end('ac');
    await running;
  });

  it('is done by so many at once', async () => {
    const desk = new Desk();
    const running = inTurns(['a', 'b', 'c'], { atOnce: 2, names, work: desk.work });
    await desk.end('');
    expect(desk.log).toEqual(['a', 'b']);
    for (const item of ['b', 'a', 'c']) await desk.end(item);
    expect(desk.log).toEqual(['a', 'b', 'c']);
    await running;
  });

  it('fails with what failed, when what had begun has ended, and begins nothing that follows it', async () => {
    const desk = new Desk();
    const running = inTurns(['a', 'b', 'a'], { atOnce: 9, names, work: desk.work });
    let failed = false;
    const told = running.catch((error: Error) => {
      failed = true;
      return error.message;
    });
    await desk.end('');
    await desk.end('a', new Error('broken'));
    expect(failed).toBe(false);
    await desk.end('b');
    expect(await told).toBe('broken');
    expect(desk.log).toEqual(['a', 'b']);
  });
});
