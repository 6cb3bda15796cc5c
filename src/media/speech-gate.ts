/**
 * Whether a frame of one participant is worth mixing: noise of fifty open telephones adds up. Not a detector of speech:
 * what lies above −60 dBov passes, and so does what follows it within 300 ms, so that no word loses its end.
 */

/** Mean square of −60 dBov. */
const THRESHOLD = (32768 / 1000) ** 2;
const HANGOVER_FRAMES = 15;

export class SpeechGate {
  #open = 0;

  /** `came`: false when nothing was received, and the frame is empty. */
  opens(frame: Int16Array, came: boolean): boolean {
    if (!came) {
      this.#open = 0;
      return false;
    }
    let power = 0;
    for (let i = 0; i < frame.length; i++) power += frame[i]! * frame[i]!;
    if (power >= THRESHOLD * frame.length) this.#open = HANGOVER_FRAMES;
    else if (this.#open > 0) this.#open -= 1;
    return this.#open > 0;
  }
}
