/** `ApplicationStorage`. Each request is answered by exactly one `storage-answer`. */
import type { At } from './at.ts';

export type StorageCommand =
  | { readonly type: 'storage-get' | 'storage-remove'; readonly requestId: number; readonly key: string }
  | {
      readonly type: 'storage-put';
      readonly requestId: number;
      readonly key: string;
      readonly value: string;
      /** Seconds; absent: the default. */
      readonly ttl: number | undefined;
    }
  | {
      readonly type: 'storage-keys';
      readonly requestId: number;
      readonly namespace: string | undefined;
      readonly count: number;
    };

/** `expireAt` is in seconds since the epoch; 0 after a removal. */
export interface StorageEntry {
  readonly key: string;
  readonly value: string;
  readonly expireAt: number;
}

export type StorageEvent = At & {
  readonly type: 'storage-answer';
  readonly requestId: number;
  readonly answer:
    | { readonly kind: 'entry'; readonly entry: StorageEntry | null }
    | { readonly kind: 'keys'; readonly keys: readonly string[] }
    | { readonly kind: 'error'; readonly message: string };
};
