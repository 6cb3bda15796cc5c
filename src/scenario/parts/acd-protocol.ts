/** Requests to queues of operators: `ACDRequest` and `SmartQueueTask`. Each is answered by one `acd-offline`. */
import type { At } from './at.ts';

export type AcdCommand =
  | { readonly type: 'acd-enqueue'; readonly requestId: string; readonly queue: string }
  | { readonly type: 'acd-cancel'; readonly requestId: string };

/** Nobody who could take the request is at work, and it is not queued. */
export type AcdEvent = At & { readonly type: 'acd-offline'; readonly requestId: string };
