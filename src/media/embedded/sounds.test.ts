/** Listeners and feeds on real sockets. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../../test/kit/rtp-peer.ts';
import { G722Encoder } from '../codec/g722.ts';
import type { MediaListener, PcmRate } from '../engine.ts';
import { toneShare, totalPower } from '../goertzel.ts';
import { sine } from '../tones.ts';
import { bestShare, MediaStage } from './test-support.ts';

let stage: MediaStage;
beforeAll(() => {
  stage = new MediaStage();
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

/** A listener, what it heard, and how many chunks that were. */
function listener(rate: PcmRate, chunkMs = 20) {
  const made = stage.session.createListener({ rate, chunkMs });
  const chunks: Int16Array[] = [];
  made.events.on('audio', ({ samples }) => chunks.push(samples));
  const heard = (from = 0): Int16Array => Int16Array.from(chunks.slice(from).flatMap((one) => [...one]));
  return { made, chunks, heard };
}

/** From the first chunk with sound on. */
function spoken(chunks: readonly Int16Array[]): Int16Array {
  const first = chunks.findIndex((chunk) => chunk.some((sample) => Math.abs(sample) > 2000));
  return Int16Array.from(chunks.slice(first + 1).flatMap((one) => [...one]));
}

const hears = (sound: { readonly chunks: readonly Int16Array[] }, count: number) => (): boolean =>
  spoken(sound.chunks).length >= count;

describe('a listener', () => {
  it.each(['PCMU', 'PCMA', 'G722'] as const)('hears %s at 8 and 16 kHz', async (codec) => {
    const alice = await stage.peer(codec);
    const a = await stage.leg(alice);
    const narrow = listener(8000);
    const wide = listener(16_000, 100);
    stage.session.connect(a, narrow.made);
    stage.session.connect(a, wide.made);
    alice.talk(a.local.port, 700);
    await until('both have heard', () => hears(narrow, 2400)() && hears(wide, 6400)());
    expect(bestShare(spoken(narrow.chunks), 700)).toBeGreaterThan(0.9);
    expect(bestShare(spoken(wide.chunks), 700, 16_000)).toBeGreaterThan(0.9);
    expect(new Set(narrow.chunks.map(({ length }) => length))).toEqual(new Set([160]));
    expect(new Set(wide.chunks.map(({ length }) => length))).toEqual(new Set([1600]));
  });

  it('hears what G.722 has above the telephone band, at 16 kHz', async () => {
    const alice = await stage.peer('G722');
    const a = await stage.leg(alice);
    const wide = listener(16_000);
    stage.session.connect(a, wide.made);
    const high = Int16Array.from(
      { length: 6400 },
      (_, i) => 8000 * Math.sin((2 * Math.PI * 6000 * i) / 16_000),
    );
    const bytes = new G722Encoder().encode(high);
    // At the pace of a telephone, and no faster than the listener takes it.
    for (let at = 0; at < bytes.length; at += 160) {
      const before = wide.chunks.length;
      alice.sendPacket(a.local.port, bytes.subarray(at, at + 160));
      alice.timestamp = (alice.timestamp + 160) >>> 0;
      await until('the next chunk', () => wide.chunks.length > before);
    }
    await until('all of it', hears(wide, 4800));
    expect(bestShare(spoken(wide.chunks), 6000, 16_000)).toBeGreaterThan(0.9);
  });

  it('gets steady time, silence included, as long as something is connected', async () => {
    const alice = await stage.peer();
    const a = await stage.leg(alice);
    const ear = listener(8000);
    await stage.engine.stats();
    expect(ear.chunks).toHaveLength(0);
    stage.session.connect(a, ear.made);
    await until('silence', () => ear.chunks.length >= 5);
    expect(totalPower(ear.heard())).toBe(0);
    for (let n = 0; n < 5; n++) alice.sendFrame(a.local.port, 440);
    await until('sound, then silence again', () => {
      const loud = ear.chunks.findLastIndex((chunk) => totalPower(chunk) > 0);
      return loud >= 0 && ear.chunks.length > loud + 3;
    });
    stage.session.disconnect(a, ear.made);
    await stage.engine.stats();
    const { length } = ear.chunks;
    await stage.engine.stats();
    expect(ear.chunks).toHaveLength(length);
  });

  it('taps what is sent to a leg, a feed here, and nothing after its end', async () => {
    const bob = await stage.peer('PCMA');
    const b = await stage.leg(bob);
    const ear = listener(8000);
    const feed = stage.session.createFeed({ rate: 8000, maxBufferMs: 1000 });
    stage.session.connect(feed, b);
    stage.session.tap(b, ear.made);
    feed.push(sine(600, 300));
    await until('heard', hears(ear, 1600));
    expect(bestShare(spoken(ear.chunks), 600)).toBeGreaterThan(0.9);
    ear.made.close();
    await stage.engine.stats();
    const { length } = ear.chunks;
    expect((await stage.engine.stats()).listeners).toBe(0);
    expect(ear.chunks).toHaveLength(length);
  });

  it('wants whole frames', () => {
    for (const chunkMs of [0, 10, 30, 1020, Number.NaN])
      expect(() => stage.session.createListener({ rate: 8000, chunkMs })).toThrow(RangeError);
    for (const maxBufferMs of [0, 1e9, Number.NaN])
      expect(() => stage.session.createFeed({ rate: 8000, maxBufferMs })).toThrow(RangeError);
  });
});

describe('a feed', () => {
  const ear = (): ReturnType<typeof listener> => listener(8000);

  it.each([8000, 16_000] as const)('says what was pushed at %d Hz, then that it is drained', async (rate) => {
    const bob = await stage.peer('PCMU');
    const b = await stage.leg(bob);
    const feed = stage.session.createFeed({ rate, maxBufferMs: 1000 });
    let drained = 0;
    feed.events.on('drained', () => {
      drained += 1;
    });
    const samples = Int16Array.from(
      { length: (rate * 310) / 1000 },
      (_, i) => 8000 * Math.sin((2 * Math.PI * 500 * i) / rate),
    );
    // In uneven pieces, before anybody hears it.
    for (let at = 0; at < samples.length; at += 333) feed.push(samples.subarray(at, at + 333));
    stage.session.connect(feed, b);
    await until('drained', () => drained === 1);
    await until('all packets', () => bob.packets.length === 16);
    expect(bestShare(bob.heard(), 500)).toBeGreaterThan(0.95);
    feed.push(samples);
    await until('drained again', () => drained === 2);
  });

  it('forgets the oldest beyond its bound, and everything when it is cleared', async () => {
    const bob = await stage.peer('PCMU');
    const b = await stage.leg(bob);
    const feed = stage.session.createFeed({ rate: 8000, maxBufferMs: 100 });
    feed.push(sine(500, 1000));
    feed.push(sine(1500, 80));
    stage.session.connect(feed, b);
    await until('what was kept', () => bob.packets.length === 5);
    expect(toneShare(bob.heard().subarray(160), 1500)).toBeGreaterThan(0.95);
    feed.push(sine(500, 100));
    feed.clear();
    feed.push(sine(900, 100));
    await until('what came after', () => bob.packets.length === 10);
    expect(toneShare(bob.heard().subarray(800), 900)).toBeGreaterThan(0.95);
  });

  it('speaks to whoever it is connected to, one after the other', async () => {
    const one = ear();
    const other = ear();
    const feed = stage.session.createFeed({ rate: 8000, maxBufferMs: 2000 });
    stage.session.connect(feed, one.made);
    feed.push(sine(800, 2000));
    await until('the first hears', hears(one, 800));
    stage.session.connect(feed, other.made);
    await until('the second hears', hears(other, 800));
    feed.close();
    expect((await stage.engine.stats()).feeds).toBe(0);
  });
});

it('the handles of a worker that is gone do nothing', async () => {
  const closed = stage.engine.openSession();
  await closed.close();
  const after: MediaListener = closed.createListener({ rate: 8000, chunkMs: 20 });
  const feed = closed.createFeed({ rate: 8000, maxBufferMs: 100 });
  const room = closed.createMixer();
  closed.connect(feed, after);
  closed.connect(room.join(), after);
  feed.push(sine(800, 100));
  for (const one of [after, feed, room]) one.close();
  expect(await stage.engine.stats()).toMatchObject({ listeners: 0, feeds: 0, mixers: 0 });
});
