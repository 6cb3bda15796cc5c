import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import type { EventStore } from '../events/ports.ts';
import type { ReadEvent } from '../events/types.ts';
import { eventStream } from './event-stream.ts';

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

function follow() {
  const clock = new VirtualClock(0);
  const log = new FakeLog();
  const rings = new Set<() => void>();
  const ended = new AbortController();
  const world = { clock, log, ended, isGood: true, text: '', isOver: false };
  const text = eventStream({
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
    for await (const part of text) world.text += part;
    world.isOver = true;
  })();
  return Object.assign(world, { reading, rings, ring: () => [...rings].forEach((one) => void one()) });
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
});
