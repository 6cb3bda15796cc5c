import type { RecordChange, RecordStore } from '../../src/records/ports.ts';

/** Keeps the batches that it was given; fails as often as it is told to. Only for writing. */
export class MemoryRecords implements RecordStore {
  readonly batches: (readonly RecordChange[])[] = [];
  /** Errors for the next calls of `apply`, in order. */
  readonly failures: Error[] = [];
  /** Refuses a batch that holds such a change, every time. */
  refuses: (change: RecordChange) => boolean = () => false;

  get changes(): readonly RecordChange[] {
    return this.batches.flat();
  }

  async apply(changes: readonly RecordChange[]): Promise<void> {
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    if (changes.some(this.refuses)) throw Object.assign(new Error('refused'), { code: '22021' });
    this.batches.push([...changes]);
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
