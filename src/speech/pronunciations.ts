import { createReadStream } from 'node:fs';

/** Words that may be asked about; what a script makes up is not kept for ever. */
const MAX_KNOWN = 10_000;

/**
 * Which words a pronouncing dictionary (CMU's format: the word, then its sounds) holds. PocketSphinx refuses a grammar
 * with any other. The file is read through once for each set of new words, a piece at a time.
 */
export class Pronunciations {
  readonly #path: string;
  readonly #known = new Map<string, boolean>();

  constructor(path: string) {
    this.#path = path;
  }

  /** Those of the phrases that can be said, in small letters and without punctuation. */
  async sayable(phrases: readonly string[]): Promise<string[]> {
    const plain = phrases.map((phrase) =>
      phrase
        .toLowerCase()
        .replace(/[^\p{L}\p{M}' ]+/gu, ' ')
        .split(/\s+/)
        .filter((word) => word !== ''),
    );
    await this.#lookUp(new Set(plain.flat()));
    return plain
      .filter((words) => words.length > 0 && words.every((word) => this.#known.get(word) === true))
      .map((words) => words.join(' '));
  }

  async #lookUp(words: ReadonlySet<string>): Promise<void> {
    if (this.#known.size > MAX_KNOWN) this.#known.clear();
    const open = new Set([...words].filter((word) => !this.#known.has(word)));
    if (open.size === 0) return;
    const found = new Set<string>();
    try {
      let rest = '';
      for await (const chunk of createReadStream(this.#path, 'utf8')) {
        const lines = (rest + String(chunk)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const word = line.slice(0, line.indexOf(' '));
          if (open.has(word)) found.add(word);
        }
      }
    } catch {
      // Without a dictionary there is no recognition either; the program says so itself.
      return;
    }
    for (const word of open) this.#known.set(word, found.has(word));
  }
}
