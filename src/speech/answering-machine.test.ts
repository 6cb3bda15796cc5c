import { describe, expect, it } from 'vitest';
import { systemClock } from '../kernel/clock.ts';
import { AnsweringMachine, type Verdict } from './answering-machine.ts';
import { BeepDetector } from './beep-detector.ts';
import { EspeakSynthesis } from './espeak.ts';

const RATE = 8000;
const silence = (seconds: number): Int16Array => new Int16Array(seconds * RATE);
const tone = (seconds: number, ...frequencies: number[]): Int16Array =>
  Int16Array.from({ length: seconds * RATE }, (_, n) =>
    frequencies.reduce((sum, one) => sum + 4000 * Math.sin((2 * Math.PI * one * n) / RATE), 0),
  );

function verdictOf(...parts: Int16Array[]): Verdict | undefined {
  const machine = new AnsweringMachine();
  for (const part of [silence(0.5), ...parts, silence(1.5)])
    for (let at = 0; at < part.length; at += 800) {
      const verdict = machine.push(part.subarray(at, at + 800));
      if (verdict !== undefined) return verdict;
    }
  return undefined;
}

describe('BeepDetector', () => {
  const beeps = (sound: Int16Array, frequencies: readonly number[] = []): number | undefined =>
    new BeepDetector(frequencies).push(sound);

  it.each([440, 850, 1000, 1037, 1400, 2100])('hears %i Hz', (frequency) => {
    expect(Math.abs((beeps(tone(0.3, frequency)) ?? 0) - frequency)).toBeLessThanOrEqual(25);
    expect(beeps(tone(0.3, frequency), [frequency])).toBe(frequency);
    expect(beeps(tone(0.3, frequency), [frequency + 200])).toBeUndefined();
  });

  it('a click, a key, a quiet hum, a sweep and speech are no beeps', async () => {
    expect(beeps(tone(0.1, 1000))).toBeUndefined();
    expect(beeps(tone(0.5, 770, 1336))).toBeUndefined();
    expect(beeps(tone(0.5, 1000).map((sample) => sample / 100))).toBeUndefined();
    const sweep = Int16Array.from({ length: RATE }, (_, n) => 8000 * Math.sin(n * (0.4 + n / 6000)));
    expect(beeps(sweep)).toBeUndefined();
    const espeak = new EspeakSynthesis({ clock: systemClock });
    for (const language of ['en-GB', 'ru-RU'])
      for (const gender of ['female', 'male'] as const)
        expect(
          beeps(
            await espeak.say('Please leave your message after the beep, aaaa', {
              language,
              voice: '',
              gender,
            }),
          ),
        ).toBeUndefined();
  });
});

describe('AnsweringMachine, on greetings as they are synthesised', () => {
  const GREETINGS: readonly (readonly [string, string, 'human' | 'machine'])[] = [
    ['en-US', 'Hello?', 'human'],
    ['en-GB', 'Hello, Anna speaking.', 'human'],
    ['ru-RU', 'Алло?', 'human'],
    ['ru-RU', 'Да, слушаю вас.', 'human'],
    [
      'en-US',
      'Hi, you have reached the mailbox of Anna Smith. I cannot take your call right now.',
      'machine',
    ],
    [
      'en-GB',
      'The person you are calling is not available. Please leave a message after the tone.',
      'machine',
    ],
    ['ru-RU', 'Абонент временно недоступен. Пожалуйста, оставьте сообщение после сигнала.', 'machine'],
    ['ru-RU', 'Аппарат абонента выключен или находится вне зоны действия сети.', 'machine'],
  ];

  it.each(GREETINGS)('%s: %s', async (language, text, who) => {
    const espeak = new EspeakSynthesis({ clock: systemClock });
    const verdict = verdictOf(await espeak.say(text, { language, voice: '' }));
    expect(verdict?.who).toBe(who);
    expect(verdict?.confidence).toBeGreaterThanOrEqual(60);
  });

  it('silence says nothing; a beep is a machine for sure', () => {
    expect(verdictOf(silence(5))).toBeUndefined();
    expect(verdictOf(tone(0.4, 1000))).toEqual({ who: 'machine', confidence: 95 });
  });
});
