import { maskNumbersIn } from '../kernel/phone-number.ts';
import { drawLadder, headerField } from '../trace/ladder.ts';
import type { LoggedPacket } from './message-log.ts';

export interface LadderOptions {
  /** Heading over the phone's own line. */
  readonly self: string;
  /** Heading over the other line. */
  readonly other: string;
  /** Time 0, as `Clock.now()`; default: the first message. */
  readonly startAt?: number;
  /** Hides numbers. Off by default: the phones of the demo have fictional ones, and the reader wants to see them. */
  readonly maskNumbers?: boolean;
  /** Messages with this Call-ID only. */
  readonly callId?: string;
}

/** A leg's SIP messages as a ladder, the phone on the left. */
export function ladder(log: readonly LoggedPacket[], options: LadderOptions): string {
  const entries = log
    .map((entry) => ({ entry, text: Buffer.from(entry.bytes).toString('utf8') }))
    .filter(
      ({ text }) => options.callId === undefined || headerField(text, 'Call-ID', 'i') === options.callId,
    );
  const whole = drawLadder(
    [options.self, options.other],
    entries.map(({ entry, text }) => ({
      at: entry.at,
      lane: 0,
      towards: entry.direction === 'sent' ? 'right' : 'left',
      text,
    })),
    options.startAt,
  );
  return options.maskNumbers === true ? maskNumbersIn(whole) : whole;
}
