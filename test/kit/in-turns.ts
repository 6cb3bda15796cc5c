/**
 * Does all of it, so many at once, each after those before it that share a name with it.
 *
 * @returns when all have ended. Rejects with the first failure; what comes after a failure under one of its names is not begun.
 */
export async function inTurns<T>(
  items: readonly T[],
  options: {
    readonly atOnce: number;
    readonly names: (item: T) => readonly string[];
    readonly work: (item: T) => Promise<void>;
  },
): Promise<void> {
  const gate = new Gate(options.atOnce);
  const last = new Map<string, Promise<void>>();
  const all = items.map((item) => {
    const names = options.names(item);
    const before = names.flatMap((name) => last.get(name) ?? []);
    const running = Promise.all(before).then(() => gate.pass(() => options.work(item)));
    for (const name of names) last.set(name, running);
    return running;
  });
  const failed = (await Promise.allSettled(all)).find(({ status }) => status === 'rejected');
  if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
}

/** Lets so many be inside at once; others wait in the order in which they came. */
class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  async pass(work: () => Promise<void>): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
