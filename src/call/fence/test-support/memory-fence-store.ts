import type { Clock } from '../../../kernel/clock.ts';
import {
  type FenceStore,
  LEASE_SECONDS,
  type Lease,
  type LeaseWish,
  MINUTE_LEASE_SECONDS,
  type UsedSeconds,
} from '../types.ts';

interface Row {
  readonly node: string;
  readonly instance: string;
  readonly wish: LeaseWish;
  readonly units: number;
  readonly expiresAt: number;
}

/** The counters of the fence without a database, on a virtual clock; it can be slow, and it can fail. */
export class MemoryFenceStore implements FenceStore {
  failing = false;
  /** Before an answer, milliseconds. */
  delayMs = 0;
  readonly days = new Map<string, number>();
  leases = 0;
  #rows: Row[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async begin(node: string, instance: string): Promise<void> {
    await this.#travel();
    this.#rows = this.#rows.filter(
      (row) => row.node !== node || row.instance === instance || row.wish.unit === 'minute',
    );
  }

  async lease(node: string, instance: string, wishes: readonly LeaseWish[]): Promise<readonly Lease[]> {
    await this.#travel();
    this.leases += 1;
    const leases = wishes.map((wish) => this.#grant(node, instance, wish));
    await this.#travel();
    return leases;
  }

  async addSeconds(day: string, used: readonly UsedSeconds[]): Promise<readonly UsedSeconds[]> {
    await this.#travel();
    return used.map(({ applicationId, seconds }) => {
      const key = `${day} ${applicationId}`;
      const total = (this.days.get(key) ?? 0) + seconds;
      this.days.set(key, total);
      return { applicationId, seconds: total };
    });
  }

  #grant(node: string, instance: string, wish: LeaseWish): Lease {
    const { applicationId, unit, limit, holding, wanted } = wish;
    const now = this.#clock.monotonic();
    const same = (row: Row): boolean => row.wish.applicationId === applicationId && row.wish.unit === unit;
    const others = this.#rows.filter((row) => same(row) && row.instance !== instance && row.expiresAt > now);
    const taken = others.reduce((sum, { units }) => sum + units, 0);
    const units = Math.max(holding, Math.min(wanted, Math.max(0, limit - taken)));
    const seconds = unit === 'minute' ? MINUTE_LEASE_SECONDS : LEASE_SECONDS;
    this.#rows = this.#rows.filter((row) => !(same(row) && row.instance === instance));
    this.#rows.push({ node, instance, wish, units, expiresAt: now + seconds * 1000 });
    const pressed = others.some((row) => row.wish.needed > row.units);
    return { applicationId, unit, units, nodes: others.length + 1, pressed };
  }

  async #travel(): Promise<void> {
    if (this.delayMs > 0) {
      await new Promise<void>((resolve) => void this.#clock.setTimeout(resolve, this.delayMs));
    }
    if (this.failing) throw new Error('the database is away');
  }
}
