import { describe, expect, it } from 'vitest';
import { EVENT_DIGITS, TelephoneEventDetector } from './telephone-event.ts';
import { TelephoneEventSender } from './telephone-event-sender.ts';

interface Update {
  readonly event?: number;
  readonly timestamp?: number;
  readonly duration: number;
  readonly end?: boolean;
  readonly ssrc?: number;
}

/** Feeds one update every 20 ms from `from` and returns the digits that came out. */
function feed(detector: TelephoneEventDetector, updates: readonly Update[], from = 0): string[] {
  return updates.flatMap(({ event = 5, timestamp = 1000, duration, end = false, ssrc = 1 }, n) => {
    const payload = Uint8Array.of(event, (end ? 0x80 : 0) | 10, duration >> 8, duration & 0xff);
    const digit = detector.receive(ssrc, timestamp, payload, 0, 4, from + 20 * n);
    return digit === undefined ? [] : [`${digit.digit}/${digit.durationMs}`];
  });
}
const END: readonly Update[] = [
  { duration: 800, end: true },
  { duration: 800, end: true },
  { duration: 800, end: true },
];

describe('telephone-event, received', () => {
  it('[row 35] one press is one digit, whatever the repetitions of its end', () => {
    const detector = new TelephoneEventDetector();
    expect(feed(detector, [{ duration: 160 }, { duration: 320 }, ...END])).toEqual(['5/100']);
    expect(detector.tick(10_000)).toBeUndefined();
  });

  it('[row 35] the same digit twice is two digits: another timestamp', () => {
    const detector = new TelephoneEventDetector();
    const second = END.map((update) => ({ ...update, timestamp: 5000 }));
    expect(
      feed(detector, [{ duration: 160 }, ...END, { duration: 160, timestamp: 5000 }, ...second]),
    ).toEqual(['5/100', '5/100']);
  });

  it('[row 35] every subset of lost packets gives the digit once', () => {
    const press: Update[] = [{ duration: 160 }, { duration: 320 }, { duration: 480 }, ...END];
    for (let kept = 1; kept < 1 << press.length; kept++) {
      const detector = new TelephoneEventDetector();
      const digits = feed(
        detector,
        press.filter((_, n) => (kept & (1 << n)) !== 0),
      );
      const late = detector.tick(1000);
      expect(digits.length + (late === undefined ? 0 : 1)).toBe(1);
    }
  });

  it('[row 35] a press whose end never comes is over after three missing updates', () => {
    const detector = new TelephoneEventDetector();
    expect(feed(detector, [{ duration: 160 }, { duration: 320 }])).toEqual([]);
    expect(detector.tick(100)).toBeUndefined();
    expect(detector.tick(171)).toEqual({ digit: '5', durationMs: 40 });
    expect(feed(detector, END, 200)).toEqual([]); // its late end reports nothing
  });

  it('[row 35] a new press ends the one before', () => {
    const detector = new TelephoneEventDetector();
    const digits = feed(detector, [{ duration: 160 }, { event: 11, timestamp: 2000, duration: 160 }]);
    expect(digits).toEqual(['5/20']);
    expect(feed(detector, [{ event: 11, timestamp: 2000, duration: 800, end: true }], 60)).toEqual(['#/100']);
  });

  it('[RFC 4733 §2.5.1.3] a press longer than 8 s is one digit in segments', () => {
    const detector = new TelephoneEventDetector();
    const digits = feed(detector, [
      { duration: 0xffff },
      { timestamp: 1000 + 0xffff, duration: 800 },
      { timestamp: 1000, duration: 0xffff }, // a straggler of the first segment
      { timestamp: 1000 + 0xffff, duration: 1600, end: true },
    ]);
    expect(digits).toEqual([`5/${Math.round((0xffff + 1600) / 8)}`]);
  });

  it('ignores other events and short packets', () => {
    const detector = new TelephoneEventDetector();
    expect(feed(detector, [{ event: 16, duration: 800, end: true }])).toEqual([]);
    expect(detector.receive(1, 1, Uint8Array.of(5, 0x80, 1), 0, 3, 0)).toBeUndefined();
  });
});

/** Steps until all is sent; one entry per tick, `undefined` where nothing was sent. */
function play(sender: TelephoneEventSender) {
  const ticks: ({ digit: string; end: boolean; duration: number; first: boolean } | undefined)[] = [];
  const packet = new Uint8Array(4);
  while (!sender.idle) {
    if (!sender.step(packet, 0)) ticks.push(undefined);
    else
      ticks.push({
        digit: EVENT_DIGITS.charAt(packet[0]!),
        end: (packet[1]! & 0x80) !== 0,
        duration: (packet[2]! << 8) | packet[3]!,
        first: sender.isFirst,
      });
  }
  return ticks;
}

describe('telephone-event, sent', () => {
  it('[row 35] first packet marked, growing duration, three ends, 50 ms and more between digits', () => {
    const sender = new TelephoneEventSender();
    sender.enqueue('1#');
    const ticks = play(sender);
    const first = ticks.slice(0, 7);
    expect(first.map((tick) => tick?.duration)).toEqual([160, 320, 480, 640, 800, 800, 800]);
    expect(first.map((tick) => tick?.end)).toEqual([false, false, false, false, true, true, true]);
    expect(first.map((tick) => tick?.first)).toEqual([true, false, false, false, false, false, false]);
    const second = ticks.findIndex((tick) => tick?.digit === '#');
    expect(second * 20).toBeGreaterThanOrEqual(100 + 50);
    expect(second * 20).toBeLessThanOrEqual(100 + 80);
  });

  it('pauses 500 ms for p, and leaves out what is no digit', () => {
    const sender = new TelephoneEventSender();
    sender.enqueue('x1 p!d');
    const ticks = play(sender);
    const d = ticks.findIndex((tick) => tick?.digit === 'D');
    expect(new Set(ticks.map((tick) => tick?.digit))).toEqual(new Set(['1', 'D', undefined]));
    expect(d * 20).toBeGreaterThanOrEqual(640);
    expect(d * 20).toBeLessThanOrEqual(720);
  });

  it('[row 35] what it sends is what the detector hears', () => {
    const sender = new TelephoneEventSender();
    const detector = new TelephoneEventDetector();
    sender.enqueue('0123456789*#ABCD');
    const packet = new Uint8Array(4);
    const heard: string[] = [];
    for (let tick = 0, timestamp = 0; !sender.idle; tick++) {
      if (!sender.step(packet, 0)) continue;
      if (sender.isFirst) timestamp = tick * 160;
      const digit = detector.receive(1, timestamp, packet, 0, 4, tick * 20);
      if (digit !== undefined) heard.push(digit.digit);
    }
    expect(heard.join('')).toBe('0123456789*#ABCD');
  });
});
