import { beforeEach, describe, expect, it } from 'vitest';
import { FakeMediaSession } from '../../call/test-support/fake-media.ts';
import type { MediaLeg } from '../../media/engine.ts';
import { MediaGraph } from './media-graph.ts';

let media: FakeMediaSession;
let graph: MediaGraph;

beforeEach(() => {
  media = new FakeMediaSession();
  graph = new MediaGraph(media);
});

async function leg(key: string): Promise<MediaLeg> {
  const opened = await media.openLeg({ family: 'ipv4' });
  graph.addSource(key, opened);
  graph.addSink(key, opened);
  return opened;
}

function both(a: string, b: string): void {
  graph.connect(a, b);
  graph.connect(b, a);
}

/** Who hears whom, by key; an edge that points at something else stands with its bare node. */
const heard = (ends: Readonly<Record<string, MediaLeg>>): string[] => {
  const name = (node: number) => Object.entries(ends).find(([, end]) => end.nodeId === node)?.[0] ?? 'other';
  return [...media.edges].map(([sink, source]) => `${name(sink)} hears ${name(source)}`).sort();
};

describe('the edges that a script asked for', () => {
  it('[row 15] are made when both ends are there: the callee at early media, the caller at the answer', async () => {
    both('a', 'b');
    const b = await leg('b');
    expect(media.edges.size).toBe(0);
    const a = await leg('a');
    expect(heard({ a, b })).toEqual(['a hears b', 'b hears a']);
  });

  it('are never made when they were taken back before', async () => {
    both('a', 'b');
    graph.disconnect('a', 'b');
    graph.disconnect('b', 'a');
    await leg('a');
    await leg('b');
    expect(media.edges.size).toBe(0);
  });

  it('may be taken back one way', async () => {
    const [a, b] = [await leg('a'), await leg('b')];
    both('a', 'b');
    graph.disconnect('b', 'a');
    expect(heard({ a, b })).toEqual(['b hears a']);
  });

  it('give way to a newer one, which an older one’s end does not take away', async () => {
    const [a, b] = [await leg('a'), await leg('b')];
    both('a', 'b');
    const player = media.createPlayer({ kind: 'samples', samples: new Int16Array(160) }, { loop: false });
    graph.addSource('prompt', player);
    graph.connect('prompt', 'a');
    graph.disconnect('b', 'a');
    expect(heard({ a, b })).toEqual(['a hears other', 'b hears a']);
  });

  it('give way to a newer one also while they wait for an end', async () => {
    const a = await leg('a');
    graph.connect('b', 'a');
    const player = media.createPlayer({ kind: 'samples', samples: new Int16Array(160) }, { loop: false });
    graph.addSource('prompt', player);
    graph.connect('prompt', 'a');
    const b = await leg('b');
    expect(heard({ a, b })).toEqual(['a hears other']);
  });

  it('[row 40] are forgotten with a call that ended while the other was waited for', async () => {
    both('a', 'b');
    await leg('b');
    graph.remove('b');
    await leg('a');
    expect(media.edges.size).toBe(0);
    graph.remove('a');
    expect(graph.size).toBe(0);
  });
});
