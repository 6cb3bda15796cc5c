/**
 * `TTSOptions` in figures. The values are those of SSML's prosody element (W3C Speech Synthesis Markup Language 1.1,
 * §3.2.4): words, percentages, semitones and decibels. `speed` is a factor. `emotion`, `effectsProfileId` and models of a
 * vendor mean nothing to other voices.
 */
import type { SaySource } from '../protocol.ts';
import { warn } from './host-link.ts';

type Tuning = NonNullable<SaySource['tuning']>;
type Words = Readonly<Record<string, number>>;

const RATES: Words = { 'x-slow': 0.5, slow: 0.75, medium: 1, default: 1, fast: 1.3, 'x-fast': 1.7 };
/** Semitones. */
const PITCHES: Words = { 'x-low': -6, low: -3, medium: 0, default: 0, high: 3, 'x-high': 6 };
/** Decibels. */
const VOLUMES: Words = { silent: -96, 'x-soft': -12, soft: -6, medium: 0, default: 0, loud: 6, 'x-loud': 12 };

/** What goes to a vendor's service as it is, and means nothing to another one. */
export function warnOfRequest(parameters: object): void {
  if ((parameters as { request?: unknown }).request !== undefined)
    warn('The request of a text to be spoken is for one vendor; the configured synthesis speaks without it.');
}

/** Undefined when nothing is asked for. */
export function tuningOf(options: unknown): Tuning | undefined {
  if (options === null || typeof options !== 'object') return undefined;
  const { rate, speed, pitch, volume, emotion, effectsProfileId, yandexCustomModelName } = options as Record<
    string,
    unknown
  >;
  for (const [name, value] of Object.entries({ emotion, effectsProfileId, yandexCustomModelName })) {
    if (value !== undefined)
      warn(`ttsOptions: ${name} is of one vendor's voices; the configured synthesis speaks without it.`);
  }
  if ([rate, speed, pitch, volume].every((value) => value === undefined)) return undefined;
  return {
    speed: bounded(factor(rate, 'rate') * factor(speed, 'speed'), 0.25, 4),
    pitchSemitones: bounded(semitones(pitch), -12, 12),
    gainDb: bounded(decibels(volume), -96, 20),
  };
}

function factor(value: unknown, name: string): number {
  if (value === undefined) return 1;
  const word = RATES[String(value)];
  if (word !== undefined) return word;
  const parts = /^([+-]?)(\d+(?:\.\d+)?)(%?)$/.exec(String(value).trim());
  if (parts === null) return odd(name, value, 1);
  const amount = parts[3] === '%' ? Number(parts[2]) / 100 : Number(parts[2]);
  const factor = parts[1] === '' ? amount : 1 + (parts[1] === '-' ? -amount : amount);
  return factor > 0 ? factor : odd(name, value, 1);
}

function semitones(value: unknown): number {
  if (value === undefined) return 0;
  const word = PITCHES[String(value)];
  if (word !== undefined) return word;
  const parts = /^([+-]?\d+(?:\.\d+)?)(st|%|Hz)$/.exec(String(value).trim());
  if (parts === null) return odd('pitch', value, 0);
  if (parts[2] === 'st') return Number(parts[1]);
  // From 0.5Hz to 2Hz (voximplant.com/docs/references/voxengine/ttsoptions): a factor, whatever its name.
  const ratio = parts[2] === 'Hz' ? Number(parts[1]) : 1 + Number(parts[1]) / 100;
  return ratio > 0 ? 12 * Math.log2(ratio) : odd('pitch', value, 0);
}

function decibels(value: unknown): number {
  if (value === undefined) return 0;
  const word = VOLUMES[String(value)];
  if (word !== undefined) return word;
  const parts = /^([+-]?\d+(?:\.\d+)?)\s*dB$/i.exec(String(value).trim());
  return parts === null ? odd('volume', value, 0) : Number(parts[1]);
}

function odd(name: string, value: unknown, instead: number): number {
  warn(`ttsOptions: ${name} ${JSON.stringify(value)} is not understood and is left out.`);
  return instead;
}

function bounded(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, value));
}
