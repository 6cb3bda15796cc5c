// Tone scripts, the syntax in which SIP adapters describe call progress tones and VoxEngine's `createToneScriptPlayer`
// takes them: frequencies with their levels in dBm, then sections of cadences.
//
//   350@-19,440@-19;10(*/0/1+2)                 350 and 440 Hz together, without a pause, for ten seconds
//   400@-19,450@-19;*(0.4/0.2/1+2,0.4/2/1+2)    for ever: 0.4 s on, 0.2 s off, 0.4 s on, 2 s off
//
// A section is `seconds(on/off/which, …)`; `*` for seconds means without end; `which` names frequencies by their place
// from 1, joined by `+`, or 0 for silence. Several sections follow each other. Samples are computed as they are needed,
// so that a script for an hour costs no more than one for a second.
import type { Sound } from './player.ts';

const RATE = 8000;
/** A sine at full scale is +3.14 dBm0 (ITU-T G.711 §4). */
const FULL_SCALE_DBM = 3.14;
/** As in tones.ts. */
const RAMP_SAMPLES = 32;
const MAX_SECONDS = 3600;
const MAX_FREQUENCIES = 8;
const MAX_SECTIONS = 8;
const MAX_SEGMENTS = 16;

/** The script cannot be played; the message says where it is wrong. */
export class ToneScriptError extends Error {
  override readonly name = 'ToneScriptError';
}

interface Frequency {
  readonly hertz: number;
  readonly amplitude: number;
}
interface Segment {
  /** Samples; `on` may be `Infinity`. */
  readonly on: number;
  readonly off: number;
  readonly frequencies: readonly Frequency[];
}
interface Section {
  /** Samples from the beginning of the script; the last `to` may be `Infinity`. */
  readonly from: number;
  readonly to: number;
  /** After so many samples its segments begin anew. */
  readonly period: number;
  readonly segments: readonly Segment[];
}

/** @throws ToneScriptError when the text is no tone script. */
export class ToneScriptSound implements Sound {
  readonly #sections: readonly Section[];
  readonly length: number;

  constructor(script: string) {
    this.#sections = parse(script.replace(/\s+/g, ''));
    this.length = this.#sections.at(-1)?.to ?? 0;
  }

  read(out: Int16Array, position: number): number {
    const count = Math.min(out.length, this.length - position);
    for (let i = 0; i < count; i++) out[i] = this.#sampleAt(position + i);
    return count;
  }

  #sampleAt(position: number): number {
    const section = this.#sections.find(({ to }) => position < to);
    if (section === undefined) return 0;
    let at = (position - section.from) % section.period;
    for (const segment of section.segments) {
      if (at < segment.on)
        return toneAt(segment, at, Math.min(segment.on, section.to - section.from), position);
      at -= segment.on;
      if (at < segment.off) return 0;
      at -= segment.off;
    }
    return 0;
  }
}

function toneAt({ frequencies }: Segment, at: number, length: number, position: number): number {
  let value = 0;
  for (const { hertz, amplitude } of frequencies)
    value += amplitude * Math.sin((2 * Math.PI * hertz * position) / RATE);
  const edge = Math.min(1, at / RAMP_SAMPLES, (length - 1 - at) / RAMP_SAMPLES);
  return Math.max(-32768, Math.min(32767, Math.round(value * edge)));
}

function parse(script: string): Section[] {
  const [tones = '', ...cadences] = script.split(';').filter((part) => part !== '');
  const frequencies = bounded(tones.split(','), MAX_FREQUENCIES, 'frequencies').map(frequency);
  if (cadences.length === 0)
    throw new ToneScriptError('The tone script has no cadence, such as ;10(0.5/0.5/1).');
  const sections: Section[] = [];
  let from = 0;
  for (const text of bounded(cadences, MAX_SECTIONS, 'sections')) {
    const { seconds, period, segments } = section(text, frequencies);
    const to = from + samples(seconds);
    sections.push({ from, to, period, segments });
    from = to;
  }
  if (from === 0) throw new ToneScriptError('The tone script lasts no time at all.');
  return sections;
}

/** `400@-19`; without a level −19 dBm. */
function frequency(text: string): Frequency {
  const parts = /^(\d+(?:\.\d+)?)(?:@([+-]?\d+(?:\.\d+)?))?$/.exec(text);
  const hertz = Number(parts?.[1]);
  const level = Number(parts?.[2] ?? -19);
  if (parts === null || hertz < 20 || hertz >= RATE / 2 || level > FULL_SCALE_DBM)
    throw new ToneScriptError(`"${text}" is no frequency with a level, such as 400@-19 (20 to 3999 Hz).`);
  return { hertz, amplitude: 32767 * 10 ** ((level - FULL_SCALE_DBM) / 20) };
}

/** `10(0.5/0.5/1+2,…)`. A bracket too many at the end is seen in scripts of real life. */
function section(
  text: string,
  frequencies: readonly Frequency[],
): { seconds: number; period: number; segments: readonly Segment[] } {
  const parts = /^([\d.]+|\*)\(([^()]*)\)+$/.exec(text);
  if (parts === null)
    throw new ToneScriptError(`"${text}" is no section of a tone script, such as 10(0.5/0.5/1).`);
  const segments = bounded((parts[2] ?? '').split(','), MAX_SEGMENTS, 'segments').map((one) =>
    segment(one, frequencies),
  );
  const period = segments.reduce((sum, { on, off }) => sum + on + off, 0);
  if (!(period > 0)) throw new ToneScriptError(`"${text}" has neither a tone nor a pause.`);
  return { seconds: duration(parts[1] ?? '', text), period, segments };
}

function segment(text: string, frequencies: readonly Frequency[]): Segment {
  const [on = '', off = '', which = '', ...rest] = text.split('/');
  const wrong = (): ToneScriptError =>
    new ToneScriptError(`"${text}" is no cadence, such as 0.4/0.2/1+2 (on, off, which frequencies).`);
  if (rest.length > 0 || !/^\d+(?:\+\d+)*$/.test(which)) throw wrong();
  const chosen = which.split('+').filter((place) => Number(place) !== 0);
  return {
    on: samples(duration(on, text)),
    off: samples(duration(off, text)),
    frequencies: chosen.map((place) => {
      const one = frequencies[Number(place) - 1];
      if (one === undefined) throw wrong();
      return one;
    }),
  };
}

function duration(text: string, where: string): number {
  if (text === '*') return Number.POSITIVE_INFINITY;
  const seconds = /^(?:\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds <= MAX_SECONDS))
    throw new ToneScriptError(`"${where}": a time is * or seconds up to ${MAX_SECONDS}.`);
  return seconds;
}

function samples(seconds: number): number {
  return Math.round(seconds * RATE);
}

function bounded<T>(list: readonly T[], max: number, what: string): readonly T[] {
  if (list.length > max) throw new ToneScriptError(`A tone script has at most ${max} ${what}.`);
  return list;
}
