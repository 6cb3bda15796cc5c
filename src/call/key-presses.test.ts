import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../test/kit/virtual-clock.ts';
import { KeyPresses, type KeySource } from './key-presses.ts';

async function told(...presses: readonly (readonly [digit: string, source: KeySource, waitMs?: number])[]) {
  const clock = new VirtualClock();
  const keys = new KeyPresses(clock);
  let digits = '';
  for (const [digit, source, waitMs = 0] of presses) {
    if (keys.isNew(digit, source)) digits += digit;
    await clock.advance(waitMs);
  }
  return digits;
}

describe('a press that is told twice', () => {
  it('[row 35] is one digit, whichever way comes first, however quickly the next follows', async () => {
    expect(await told(['1', 'rtp'], ['1', 'info'], ['2', 'info', 80], ['2', 'rtp'])).toBe('12');
    expect(await told(['1', 'rtp', 150], ['1', 'rtp', 10], ['1', 'info', 150], ['1', 'info'])).toBe('11');
    expect(await told(['1', 'info', 2000], ['1', 'rtp'])).toBe('1');
  });

  it('[row 35] a key pressed again and again by a phone that tells it one way is as many digits', async () => {
    expect(await told(['5', 'rtp'], ['5', 'rtp'], ['5', 'rtp'])).toBe('555');
    expect(await told(['5', 'info'], ['5', 'info'])).toBe('55');
  });

  it('[row 35] one way lost on the wire costs no digit', async () => {
    expect(await told(['1', 'info', 500], ['1', 'rtp', 10], ['1', 'info'])).toBe('11');
    expect(await told(['1', 'rtp', 500], ['2', 'rtp', 10], ['2', 'info'])).toBe('12');
  });

  it('another key, or the same much later, is another press', async () => {
    expect(await told(['1', 'rtp'], ['2', 'info'])).toBe('12');
    expect(await told(['1', 'rtp', 6_000], ['1', 'info'])).toBe('11');
  });
});
