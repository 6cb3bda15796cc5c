import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import type { EventStore } from '../events/ports.ts';
import type { ReadEvent } from '../events/types.ts';
import { eventStreamBody, Stalled } from './event-stream.ts';

/** A log of numbered events; the cursor is how many were read. */
class FakeLog implements Pick<EventStore, 'read' | 'end' | 'append'> {
  readonly events: ReadEvent[] = [];
  reads = 0;

  add(count: number): void {
    for (let n = 0; n < count; n++) {
      const position = this.events.length + 1;
      const about = { applicationId: 'app', subject: 's', type: 'call.started' as const, at: 0, data: {} };
      this.events.push({ ...about, id: `evt_${position}`, position, cursor: String(position) });
    }
  }
  async read({ cursor = '0', limit }: Parameters<EventStore['read']>[0]) {
    this.reads++;
    const items = this.events.slice(Number(cursor), Number(cursor) + limit);
    return { items, cursor: items.at(-1)?.cursor ?? cursor };
  }
  async end(): Promise<string> {
    return String(this.events.length);
  }
  async append(): Promise<never> {
    throw new Error('nobody writes through the stream');
  }
}

/** @param reads whether somebody reads it. */
function follow({ reads = true } = {}) {
  const clock = new VirtualClock(0);
  const log = new FakeLog();
  const rings = new Set<() => void>();
  const ended = new AbortController();
  const world = { clock, log, ended, isGood: true, text: '', isOver: false };
  const body = eventStreamBody({
    ...{ log, clock, cursor: '0', signal: ended.signal, filter: { applicationId: 'app', types: [] } },
    bell: {
      onRing: (listener) => {
        rings.add(listener);
        return () => void rings.delete(listener);
      },
    },
    mayGoOn: async () => world.isGood,
  });
  const reading = (async (): Promise<void> => {
    if (!reads) return;
    for await (const part of body) world.text += String(part);
    world.isOver = true;
  })();
  return Object.assign(world, { body, reading, rings, ring: () => [...rings].forEach((one) => void one()) });
}

const ids = (text: string): string[] => [...text.matchAll(/"id":"(evt_\d+)"/g)].map(([, id]) => id!);

describe('the stream of events', () => {
  it('looks each second, and sooner when the bell rings, but not all the time', async () => {
    const world = follow();
    await world.clock.advance(0);
    expect([world.text, world.log.reads]).toEqual(['retry: 2000\nid: 0\n\n', 1]);
    world.log.add(1);
    await world.clock.advance(999);
    expect(ids(world.text)).toEqual([]);
    await world.clock.advance(1);
    expect(ids(world.text)).toEqual(['evt_1']);
    world.log.add(1);
    world.ring();
    await world.clock.advance(199);
    expect(ids(world.text)).toHaveLength(1);
    await world.clock.advance(1);
    expect(ids(world.text)).toEqual(['evt_1', 'evt_2']);
    const { reads } = world.log;
    for (let n = 0; n < 10; n++) {
      world.ring();
      await world.clock.advance(20);
    }
    expect(world.log.reads - reads).toBe(1);
    world.ended.abort();
    await world.reading;
    expect([world.clock.pending, world.rings.size]).toEqual([0, 0]);
  });

  it('tells a backlog without waiting in between', async () => {
    const world = follow();
    world.log.add(350);
    await world.clock.advance(0);
    expect(ids(world.text)).toHaveLength(350);
    world.ended.abort();
    await world.reading;
  });

  it('beats every fifteen seconds of silence, and ends when its key is no longer good', async () => {
    const world = follow();
    await world.clock.advance(14_000);
    expect(world.text.match(/^id: /gm)).toHaveLength(1);
    await world.clock.advance(2_000);
    expect(world.text.match(/^id: /gm)).toHaveLength(2);
    world.isGood = false;
    await world.clock.advance(13_000);
    expect(world.isOver).toBe(false);
    await world.clock.advance(3_000);
    await world.reading;
    expect([world.isOver, world.clock.pending, world.rings.size]).toEqual([true, 0, 0]);
  });

  it('asks for its key while events come without a pause, too', async () => {
    const world = follow();
    world.isGood = false;
    for (let second = 0; second < 16 && !world.isOver; second++) {
      world.log.add(1);
      await world.clock.advance(1_000);
    }
    await world.reading;
    expect([world.isOver, ids(world.text).length < 16, world.clock.pending]).toEqual([true, true, 0]);
  });

  it('reads no further than a few pages for who does not read, and cuts it after a minute', async () => {
    const world = follow({ reads: false });
    world.log.add(100_000);
    const failed = new Promise<Error>((resolve) => world.body.once('error', resolve));
    world.body.read(0);
    await world.clock.advance(59_999);
    const { reads } = world.log;
    expect([world.body.destroyed, reads > 1 && reads < 10]).toEqual([false, true]);
    expect(world.body.readableLength).toBeLessThan(128 * 1024);
    await world.clock.advance(1);
    expect(await failed).toBeInstanceOf(Stalled);
    expect((await failed).message).toBe('its client has read nothing for 60 s');
    expect([world.log.reads, world.clock.pending, world.rings.size]).toEqual([reads, 0, 0]);
  });

  it('who reads slowly gets everything in order', async () => {
    const world = follow({ reads: false });
    world.log.add(2_000);
    world.body.read(0);
    let text = '';
    while (ids(text).length < 2_000) {
      await world.clock.advance(30_000);
      text += String(world.body.read() ?? '');
    }
    expect(ids(text)).toEqual(world.log.events.map(({ id }) => id));
    world.ended.abort();
    world.body.destroy();
    await world.clock.advance(0);
    expect(world.clock.pending).toBe(0);
  });
});
