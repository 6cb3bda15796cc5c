/** Rooms without sockets: frames in, frames out. */
import { describe, expect, it } from 'vitest';
import { G722Decoder, G722Encoder } from '../codec/g722.ts';
import { toneShare } from '../goertzel.ts';
import { sine } from '../tones.ts';
import { type ChannelSink, connect, type LegSink, Source } from './graph.ts';
import { MixerNode } from './mixer-node.ts';

/** Somebody with a telephone: what they say goes in, what they hear comes out. */
class Person {
  readonly mouth: Source;
  heard: number[] = [];
  /** Frames that were encoded for all at once. */
  shared = 0;

  constructor(room: MixerNode, id: number) {
    const { ear, output } = room.join(id);
    this.mouth = new Source(1000 + id);
    connect(this.mouth, ear);
    const sink: LegSink = {
      kind: 'leg',
      node: id,
      source: undefined,
      ready: true,
      takePacket: () => {},
      takeSamples: (_from, samples) => this.heard.push(...samples),
      takeShared: (_from, frame) => {
        this.shared += 1;
        this.heard.push(...frame.samples);
      },
    };
    connect(output, sink);
  }

  say(samples: Int16Array, frame: number): void {
    this.mouth.giveSamples(samples.subarray(frame * 160, frame * 160 + 160), 0);
  }
}

function talk(room: MixerNode, frames: number, saying: ReadonlyMap<Person, Int16Array>): void {
  for (let frame = 0; frame < frames; frame++) {
    for (const [person, samples] of saying) person.say(samples, frame);
    room.tick(0);
  }
}

const ONE = sine(440, 1000);
const TWO = sine(700, 1000);

describe('a room', () => {
  it('everybody hears all the others, and nobody themselves', () => {
    const room = new MixerNode(1);
    const [anna, boris, clara] = [new Person(room, 2), new Person(room, 3), new Person(room, 4)];
    talk(room, 50, new Map([[anna, ONE], [boris, TWO]])); // biome-ignore format: one line says it
    expect(Int16Array.from(anna.heard)).toEqual(TWO);
    expect(Int16Array.from(boris.heard)).toEqual(ONE);
    expect(Int16Array.from(clara.heard)).toEqual(ONE.map((sample, i) => sample + TWO[i]!));
  });

  it('who does not speak hears the one mix that is encoded once; who spoke, again when the room was quiet', () => {
    const room = new MixerNode(1);
    const [anna, boris, clara] = [new Person(room, 2), new Person(room, 3), new Person(room, 4)];
    talk(room, 50, new Map([[anna, ONE]]));
    expect([anna.shared, boris.shared, clara.shared]).toEqual([0, 50, 50]);
    talk(room, 20, new Map([[boris, ONE]]));
    expect([anna.shared, boris.shared, clara.shared]).toEqual([0, 50, 70]);
    talk(room, 40, new Map());
    expect(anna.shared).toBe(boris.shared - 50);
    expect(anna.shared).toBeGreaterThan(0);
  });

  it('adds up with saturation, and a loud room stays within 16 bits', () => {
    const room = new MixerNode(1);
    const loud = new Int16Array(1600).fill(30_000);
    const people = Array.from({ length: 50 }, (_, n) => new Person(room, 2 + n));
    talk(room, 10, new Map(people.map((person) => [person, loud])));
    expect(new Set(people.flatMap(({ heard }) => heard))).toEqual(new Set([32_767]));
  });

  it('noise of a line that is open is not mixed, and a word does not lose its end', () => {
    const room = new MixerNode(1);
    const [anna, boris] = [new Person(room, 2), new Person(room, 3)];
    const hum = Int16Array.from({ length: 8000 }, (_, i) => (i % 2 === 0 ? 8 : -8));
    talk(room, 20, new Map([[anna, hum]]));
    expect(new Set(boris.heard)).toEqual(new Set([0]));
    boris.heard = [];
    talk(room, 5, new Map([[anna, ONE]]));
    talk(room, 30, new Map([[anna, hum]]));
    expect(boris.heard.slice(5 * 160, 10 * 160)).toEqual([...hum.subarray(0, 5 * 160)]);
    expect(new Set(boris.heard.slice(-5 * 160))).toEqual(new Set([0]));
  });

  it('who may not speak is not heard, who may not hear is sent silence', () => {
    const room = new MixerNode(1);
    const [anna, boris, clara] = [new Person(room, 2), new Person(room, 3), new Person(room, 4)];
    room.allow(2, { speak: false, hear: true });
    room.allow(3, { speak: true, hear: false });
    talk(room, 10, new Map([[anna, ONE], [boris, TWO]])); // biome-ignore format: one line says it
    expect(clara.heard).toEqual([...TWO.subarray(0, 1600)]);
    expect(anna.heard).toEqual(clara.heard);
    expect([boris.heard.length, new Set(boris.heard)]).toEqual([1600, new Set([0])]);
    room.allow(3, { speak: true, hear: true });
    boris.heard = [];
    talk(room, 2, new Map([[clara, ONE]]));
    expect(boris.heard).toEqual([...ONE.subarray(0, 320)]);
  });

  it('the mix has everybody; who leaves is gone from it, and closing ends every edge', () => {
    const room = new MixerNode(1);
    const [anna, boris] = [new Person(room, 2), new Person(room, 3)];
    const mixed: number[] = [];
    const recorder: ChannelSink = {
      kind: 'channel',
      node: 9,
      source: undefined,
      takePacket: () => {},
      takeSamples: (_from, samples) => mixed.push(...samples),
    };
    connect(room.output, recorder);
    talk(room, 2, new Map([[anna, ONE], [boris, TWO]])); // biome-ignore format: one line says it
    expect(mixed).toEqual([...ONE.subarray(0, 320).map((sample, i) => sample + TWO[i]!)]);
    room.leave(2);
    mixed.length = 0;
    talk(room, 2, new Map([[anna, ONE], [boris, TWO]])); // biome-ignore format: one line says it
    expect(mixed).toEqual([...TWO.subarray(0, 320)]);
    room.close();
    expect([recorder.source, room.participants.size, boris.mouth.isHeard]).toEqual([undefined, 0, false]);
  });

  it('one room may speak into another', () => {
    const [one, other] = [new MixerNode(1), new MixerNode(2)];
    const [anna, boris] = [new Person(one, 3), new Person(other, 4)];
    connect(one.output, other.join(5).ear);
    for (let frame = 0; frame < 50; frame++) {
      anna.say(ONE, frame);
      one.tick(0);
      other.tick(0);
    }
    expect(boris.heard).toEqual([...ONE]);
  });
});

describe('G.722', () => {
  it('an encoder that follows another one goes on without a click in the same decoder', () => {
    const [shared, own] = [new G722Encoder(), new G722Encoder()];
    const bytes = Array.from(ONE, (sample, i) => {
      if (i === 4000) own.follow(shared);
      return (i < 4000 ? shared : own).encodeNarrow(sample);
    });
    const straight = new G722Encoder();
    expect(bytes).toEqual(Array.from(ONE, (sample) => straight.encodeNarrow(sample)));
  });

  it('after 200 ms of silence, a decoder takes the bytes of another encoder', () => {
    const [own, shared] = [new G722Encoder(), new G722Encoder()];
    for (const sample of TWO) shared.encodeNarrow(sample);
    const silent = new Int16Array(1600);
    for (const sample of silent) shared.encodeNarrow(sample);
    const decoder = new G722Decoder();
    const heard = [...ONE, ...silent].map((sample) => decoder.decodeNarrow(own.encodeNarrow(sample)));
    heard.push(...Array.from(ONE, (sample) => decoder.decodeNarrow(shared.encodeNarrow(sample))));
    const after = Int16Array.from(heard.slice(9600));
    expect(toneShare(after.subarray(160), 440)).toBeGreaterThan(0.99);
    expect(Math.max(...after.map(Math.abs))).toBeLessThan(1.2 * Math.max(...ONE.map(Math.abs)));
  });
});
