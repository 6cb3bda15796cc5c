import type { PhoneRtpPacket } from './rtp-bytes.ts';

/** RFC 4733 §3.2, table 3: the position is the event code. */
const KEYS = '0123456789*#ABCD';
const PRESS_FRAMES = 5;
const PAUSE_FRAMES = 3;
const FRAME_SAMPLES = 160;
const VOLUME = 10;

/** What leaves in one 20 ms frame while keys are pressed; no payload means a pause. */
export interface EventPacket {
  readonly payload: Uint8Array | undefined;
  readonly framesSinceStart: number;
  /** The end of an event is sent three times (§2.5.1.4). */
  readonly copies: number;
}

/** The frames of a row of key presses. */
export function digitPackets(digits: string): EventPacket[] {
  return [...digits.toUpperCase()].flatMap((key) => {
    const event = KEYS.indexOf(key);
    if (event < 0) throw new Error(`no such key: use ${KEYS}`);
    const frames: EventPacket[] = [];
    for (let frame = 0; frame <= PRESS_FRAMES; frame++) {
      const end = frame === PRESS_FRAMES;
      const duration = Math.max(1, end ? frame : frame + 1) * FRAME_SAMPLES;
      const payload = Uint8Array.from([event, (end ? 0x80 : 0) | VOLUME, duration >> 8, duration & 0xff]);
      frames.push({ payload, framesSinceStart: frame, copies: end ? 3 : 1 });
    }
    for (let pause = 0; pause < PAUSE_FRAMES; pause++) {
      frames.push({ payload: undefined, framesSinceStart: 0, copies: 0 });
    }
    return frames;
  });
}

/** Collects digits; one key press is one (SSRC, timestamp), however many packets tell of it (PITFALLS row 35). */
export class DigitReader {
  payloadType: number | undefined;
  #seen = '';
  #digits = '';

  get digits(): string {
    return this.#digits;
  }

  push(packet: PhoneRtpPacket): void {
    const event = packet.payload[0];
    const key = event === undefined ? undefined : KEYS[event];
    const press = `${packet.ssrc} ${packet.timestamp}`;
    if (key === undefined || press === this.#seen) return;
    this.#seen = press;
    this.#digits += key;
  }
}
