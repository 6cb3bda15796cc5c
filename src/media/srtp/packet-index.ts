/**
 * The 48-bit index of a stream's packets: the sequence number and how often it has rolled over (RFC 3711 §3.3.1), and
 * which indices have been seen (§3.3.2). Plain numbers: 48 bits are safe in a double.
 */
const SEQUENCES = 0x1_0000;
const HALF = 0x8000;
const MAX_ROC = 0xffff_ffff;
/** At least 64 (§3.3.2); as wide as anything that still counts as reordered. */
const WINDOW = 128;

export class PacketIndex {
  /** Of the packet with the highest index so far; −1 before the first one. */
  #highest = -1;
  /** By index modulo the window. */
  readonly #seen = new Uint8Array(WINDOW);

  /** The likely index of a packet with this sequence number; −1 if there is none (before the stream's beginning). */
  estimate(sequence: number): number {
    if (this.#highest < 0) return sequence;
    const last = this.#highest % SEQUENCES;
    let roc = (this.#highest - last) / SEQUENCES;
    if (last < HALF) {
      if (sequence - last > HALF) roc -= 1;
    } else if (last - HALF > sequence) roc += 1;
    return roc < 0 || roc > MAX_ROC ? -1 : roc * SEQUENCES + sequence;
  }

  /** Seen before, or too old to tell. */
  isReplay(index: number): boolean {
    if (index > this.#highest) return false;
    return index <= this.#highest - WINDOW || this.#seen[index % WINDOW] === 1;
  }

  /** An authentic packet, or one that we send. */
  update(index: number): void {
    if (index > this.#highest) {
      const first = Math.max(this.#highest + 1, index - WINDOW + 1);
      for (let passed = first; passed <= index; passed++) this.#seen[passed % WINDOW] = 0;
      this.#highest = index;
    }
    this.#seen[index % WINDOW] = 1;
  }
}
