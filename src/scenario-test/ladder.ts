/** What happened in a flow: who did what, and when by its clock. Printed when a test fails, and by `maskline scenario run`. */

/** `in`: somebody outside did it, and the scenario is told. `out`: the scenario did it. `note`: neither. */
export type Direction = 'in' | 'out' | 'note';

export interface Step {
  /** Virtual milliseconds since the flow began. */
  readonly at: number;
  /** The name of a phone, `scenario`, `HTTP`, `log`. */
  readonly who: string;
  readonly direction: Direction;
  readonly what: string;
}

/** Steps that are kept; a script that loops must not fill the memory. */
const MAX_STEPS = 2_000;
const ARROWS: Readonly<Record<Direction, string>> = { in: '──▶', out: '◀──', note: '  ·' };

export class Ladder {
  readonly steps: Step[] = [];
  onStep: ((step: Step) => void) | undefined;
  readonly #now: () => number;
  #left = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  add(who: string, direction: Direction, what: string): void {
    const step = { at: this.#now(), who, direction, what };
    this.onStep?.(step);
    if (this.steps.length < MAX_STEPS) this.steps.push(step);
    else this.#left++;
  }

  toString(): string {
    const width = Math.max(8, ...this.steps.map(({ who }) => who.length));
    const lines = this.steps.map((step) => drawStep(step, width));
    if (this.#left > 0) lines.push(`${this.#left} more steps`);
    return [`        ms  ${'who'.padEnd(width)}`, ...lines].join('\n');
  }
}

/** One line: `      3000  driver    ──▶  presses 1`. */
export function drawStep({ at, who, direction, what }: Step, width: number): string {
  const text = what.replaceAll('\n', `\n${' '.repeat(width + 19)}`);
  return `${String(Math.round(at)).padStart(10)}  ${who.padEnd(width)}  ${ARROWS[direction]}  ${text}`;
}
