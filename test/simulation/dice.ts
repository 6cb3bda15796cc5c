import type { Random } from '../../src/kernel/random.ts';
import { seededRandom } from '../kit/seeded-random.ts';

/** Dice of one purpose of one run, so that what one part throws does not change what another one gets. */
export class Dice {
  readonly random: Random;

  constructor(seed: number, purpose: string) {
    let hash = (seed ^ 0x9e3779b9) >>> 0;
    for (let i = 0; i < purpose.length; i++) hash = Math.imul(hash ^ purpose.charCodeAt(i), 0x01000193) >>> 0;
    this.random = seededRandom(hash);
  }

  chance(probability: number): boolean {
    return probability > 0 && this.random.int(1_000_000) < probability * 1_000_000;
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.random.int(high - low + 1);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.random.int(choices.length)]!;
  }

  digits(count: number): string {
    return Array.from({ length: count }, () => String(this.random.int(10))).join('');
  }

  /** Mostly short, now and then long: hang-ups are worth most around the other side's messages. */
  moment(longest: number): number {
    const reach = this.pick([5, 50, 400, 3_000, longest]);
    return this.random.int(Math.min(reach, longest) + 1);
  }
}
