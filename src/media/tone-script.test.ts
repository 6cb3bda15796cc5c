import { expect, it } from 'vitest';
import { toneShare, totalPower } from './goertzel.ts';
import { SoundPlayer } from './player.ts';
import { ToneScriptError, ToneScriptSound } from './tone-script.ts';

function read(script: string, seconds: number, from = 0): Int16Array {
  const out = new Int16Array(seconds * 8000);
  new ToneScriptSound(script).read(out, from * 8000);
  return out;
}
const heard = (samples: Int16Array): boolean => totalPower(samples) > 1000;

it('plays the frequencies at their levels, and the cadence', () => {
  // The ringing tone of Great Britain: 400 and 450 Hz, 0.4 on, 0.2 off, 0.4 on, 2 off.
  const script = '400@-19,450@-19;*(.4/.2/1+2,.4/2/1+2)';
  const first = read(script, 0.4);
  expect(toneShare(first, 400)).toBeCloseTo(0.5, 1);
  expect(toneShare(first, 450)).toBeCloseTo(0.5, 1);
  expect([heard(read(script, 0.2, 0.4)), heard(read(script, 0.4, 0.6)), heard(read(script, 2, 1))]).toEqual([
    false,
    true,
    false,
  ]);
  // The next round, and one much later.
  expect(toneShare(read(script, 0.4, 3), 400)).toBeCloseTo(0.5, 1);
  expect(heard(read(script, 0.4, 3000))).toBe(true);
  expect(new ToneScriptSound(script).length).toBe(Number.POSITIVE_INFINITY);
  // A sine at full scale is +3.14 dBm0; this one lies 3.14 + 10 dB below.
  const level = 10 * Math.log10(totalPower(read('1000@-10;1(*/0/1)', 1)) / (32767 ** 2 / 2));
  expect(level).toBeCloseTo(-13.14, 1);
});

it('plays sections one after the other: special information tones, each frequency by itself', () => {
  const script = '950@-16,1400@-16,1800@-16; 1(.33/0/1,.33/0/2,.34/0/3); 1(0/1/0)';
  const sound = new ToneScriptSound(script);
  expect(sound.length).toBe(16_000);
  expect(toneShare(read(script, 0.33), 950)).toBeGreaterThan(0.95);
  expect(toneShare(read(script, 0.33, 0.33), 1400)).toBeGreaterThan(0.95);
  expect(toneShare(read(script, 0.34, 0.66), 1800)).toBeGreaterThan(0.95);
  expect(heard(read(script, 1, 1))).toBe(false);
  const player = new SoundPlayer(sound, false);
  const frame = new Int16Array(160);
  let frames = 0;
  while (player.next(frame)) frames++;
  expect(frames).toBe(100);
});

it('takes what scripts of real life have: a bracket too many, a missing level, "*" for a time', () => {
  expect(new ToneScriptSound('1000@-16;1(*/.0/1))').length).toBe(8000);
  expect(toneShare(read('1000;2(*/0/1)', 1), 1000)).toBeGreaterThan(0.99);
});

it.each([
  '',
  'tone',
  '400@-19',
  '400@-19;',
  '400@-19;10',
  '400@-19;10()',
  '400@-19;10(1/1)',
  '400@-19;10(1/1/3)',
  '400@-19;10(0/0/1)',
  '400@-19;0(1/1/1)',
  '400@-19;10(1/1/1/1)',
  '400@-19;-1(1/1/1)',
  '400@-19;1e9(1/1/1)',
  '400@-19;99999(1/1/1)',
  '5000@-19;10(1/1/1)',
  '400@40;10(1/1/1)',
  '1,2,3,4,5,6,7,8,9;1(1/1/1)',
  `400;${'1(1/1/1);'.repeat(9)}`,
  `400;1(${'1/1/1,'.repeat(16)}1/1/1)`,
])('says what is wrong with %j', (script) => {
  expect(() => new ToneScriptSound(script)).toThrow(ToneScriptError);
});
