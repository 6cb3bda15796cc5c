/**
 * What the early dialogs of one INVITE of ours have said about media (PITFALLS rows 5 and 15): the one that spoke last is in
 * force, and when it ends by 199 (RFC 6228 §4), the one before it. Reliable or not, 180 or 183 makes no difference.
 */
import type { Dialog } from './dialog.ts';

export class EarlyMedia {
  /** In the order in which they spoke. */
  readonly #said = new Map<Dialog, string>();

  /** Whose media is in force. */
  get current(): Dialog | undefined {
    return [...this.#said.keys()].at(-1);
  }

  of(dialog: Dialog): string | undefined {
    return this.#said.get(dialog);
  }

  says(dialog: Dialog, sdp: string): void {
    this.#said.delete(dialog);
    this.#said.set(dialog, sdp);
  }

  /** The early dialog has ended. Returns the description that is in force instead, where that changes anything. */
  ends(dialog: Dialog): string | undefined {
    const wasCurrent = this.current === dialog;
    this.#said.delete(dialog);
    const { current } = this;
    return wasCurrent && current !== undefined ? this.#said.get(current) : undefined;
  }

  clear(): void {
    this.#said.clear();
  }
}
