import { type Lease, type LeaseWish, SYNC_MS, type UnitKind } from './types.ts';

/** Kept ahead of what is in use, so that a dial finds a unit: this part of the limit, at full rate 15 seconds' worth. */
const AHEAD = 1 / 4;
/** A unit of the kind `minute` is held this long, milliseconds. */
const MINUTE_MS = 60_000;

/**
 * The units of one kind that this node holds for one application: how many were leased, and how many are in use. Pure:
 * time comes in, wishes go out, leases come back (`types.ts` says by which rules).
 */
export class LeasedUnits {
  readonly #unit: UnitKind;
  #granted = 0;
  #held = 0;
  /** Kind `minute`: when each of the last units was taken, oldest first. */
  readonly #taken: number[] = [];
  #nodes = 1;
  #pressed = false;
  /** What calls asked for lately and did not get; others are to see it at their next renewal. */
  #short: { readonly needed: number; readonly until: number } | undefined;
  #asked = { needed: 0, at: 0 };

  constructor(unit: UnitKind) {
    this.#unit = unit;
  }

  get granted(): number {
    return this.#granted;
  }

  inUse(now: number): number {
    while (this.#taken.length > 0 && (this.#taken[0] as number) <= now - MINUTE_MS) this.#taken.shift();
    return this.#held + this.#taken.length;
  }

  /** Takes a unit if a leased one is free, and the limit (which may have been lowered) allows it. */
  take(now: number, limit: number): boolean {
    if (this.inUse(now) >= Math.min(this.#granted, limit)) return false;
    if (this.#unit === 'minute') this.#taken.push(now);
    else this.#held += 1;
    return true;
  }

  /** Gives a unit back: one whose call has ended, or the one that was taken last for a call that was not made. */
  giveBack(): void {
    if (this.#unit === 'minute') this.#taken.pop();
    else this.#held -= 1;
  }

  /** Whether it is time to ask for more before a dial has to wait. */
  isLow(now: number, limit: number): boolean {
    return this.#granted < limit && !this.#pressed && this.#granted - this.inUse(now) <= ahead(limit) / 2;
  }

  /**
   * What to ask for. What is asked for less than was granted is given back at this moment, before the answer: nobody may
   * take it in between.
   *
   * @param waiting dials that wait for a unit
   */
  wish(now: number, limit: number, waiting: number): Omit<LeaseWish, 'applicationId'> {
    const holding = this.inUse(now);
    const spare = this.#pressed ? 0 : Math.max(ahead(limit), this.#share(limit) - holding);
    const wanted = Math.min(limit, holding + waiting + spare);
    this.#granted = Math.min(this.#granted, Math.max(wanted, holding));
    if (this.#short !== undefined && this.#short.until <= now) this.#short = undefined;
    const needed = Math.min(limit, Math.max(holding + waiting, this.#short?.needed ?? 0));
    this.#asked = { needed, at: now };
    return { unit: this.#unit, limit, holding, needed, wanted: Math.max(wanted, needed) };
  }

  /**
   * What a node holds without need, so that it can go on without the database. One more share than there are nodes, for
   * one that comes. Units of the kind `minute` are not hoarded: those of a killed node would be missing for a minute.
   */
  #share(limit: number): number {
    return this.#unit === 'minute' ? 0 : Math.floor(limit / (this.#nodes + 1));
  }

  /** What to hold on to at the end: what is in use. */
  lastWish(now: number, limit: number): Omit<LeaseWish, 'applicationId'> {
    const holding = this.#unit === 'minute' ? this.inUse(now) : 0;
    this.#granted = 0;
    return { unit: this.#unit, limit, holding, needed: holding, wanted: holding };
  }

  renewed({ units, nodes, pressed }: Lease): void {
    this.#granted = units;
    this.#nodes = nodes;
    this.#pressed = pressed;
    const { needed, at } = this.#asked;
    if (units < needed && this.#short === undefined) this.#short = { needed, until: at + 2 * SYNC_MS };
  }
}

function ahead(limit: number): number {
  return Math.ceil(limit * AHEAD);
}
