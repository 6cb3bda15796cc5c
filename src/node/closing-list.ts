import type { Logger } from '../kernel/logger.ts';

/** Who closes whom: what was started last is closed first, and a part that cannot close does not keep the others. */
export class ClosingList {
  readonly #log: Logger;
  readonly #steps: { readonly name: string; readonly close: () => void | Promise<void> }[] = [];
  #closing: Promise<void> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  add(name: string, close: () => void | Promise<void>): void {
    this.#steps.push({ name, close });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const { name, close } of this.#steps.toReversed()) {
      try {
        await close();
      } catch (error) {
        this.#log.error({ err: error, part: name }, 'a part did not close cleanly');
      }
    }
  }
}
