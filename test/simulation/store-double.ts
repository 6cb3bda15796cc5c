import type { Clock } from '../../src/kernel/clock.ts';
import type { LegRecord, RecordChange, RecordStatus, RecordStore } from '../../src/records/ports.ts';

/** What the database knows of one record. */
export interface Stored {
  opened: number;
  readonly legs: Map<string, LegRecord>;
  readonly positions: number[];
  readonly closes: { readonly status: RecordStatus; readonly at: number }[];
  readonly recordings: Map<string, string>;
}

/**
 * A record store that is slow, fails for a while, and now and then has written what it says it has not: so every batch
 * may come twice, and counts once.
 */
export class StoreDouble implements RecordStore {
  readonly records = new Map<string, Stored>();
  failing = false;
  failures = 0;
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #seen = new Set<RecordChange>();

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
  }

  async apply(changes: readonly RecordChange[]): Promise<void> {
    if (this.#ms > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#clock.setTimeout(resolve, this.#ms);
      await promise;
    }
    // Every second failure comes after the commit: the answer was lost, not the data.
    if (this.failing && ++this.failures % 2 === 0) throw new Error('the database does not answer');
    for (const change of changes) if (!this.#seen.has(change)) this.#write(change);
    if (this.failing) throw new Error('the connection to the database broke');
  }

  #write(change: RecordChange): void {
    this.#seen.add(change);
    switch (change.kind) {
      case 'open': {
        const stored = this.#stored(change.record.id);
        stored.opened += 1;
        for (const leg of change.record.legs) stored.legs.set(leg.callId, leg);
        if (change.record.status !== 'in-progress')
          stored.closes.push({ status: change.record.status, at: this.#clock.monotonic() });
        return;
      }
      case 'leg':
        this.#stored(change.sessionId).legs.set(change.leg.callId, change.leg);
        return;
      case 'event':
        this.#stored(change.event.sessionId).positions.push(change.event.position);
        return;
      case 'recording':
        this.#stored(change.recording.sessionId).recordings.set(
          change.recording.recordingId,
          change.recording.status,
        );
        return;
      case 'close':
        this.#stored(change.id).closes.push({ status: change.status, at: this.#clock.monotonic() });
    }
  }

  #stored(id: string): Stored {
    let stored = this.records.get(id);
    if (stored === undefined) {
      stored = { opened: 0, legs: new Map(), positions: [], closes: [], recordings: new Map() };
      this.records.set(id, stored);
    }
    return stored;
  }

  async get(): Promise<undefined> {
    return undefined;
  }

  async list(): Promise<{ items: []; next: undefined }> {
    return { items: [], next: undefined };
  }

  async events(): Promise<{ items: []; next: undefined }> {
    return { items: [], next: undefined };
  }

  async recording(): Promise<undefined> {
    return undefined;
  }

  async openRecords(): Promise<[]> {
    return [];
  }
}
