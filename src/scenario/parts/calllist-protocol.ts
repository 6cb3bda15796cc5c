/** `CallList`: what a script says of the attempt that it makes for a task of a call list. */
import type { At } from './at.ts';

export type CallListCommand = {
  readonly type: 'calllist-report';
  readonly requestId: number;
  readonly report:
    | { readonly kind: 'result' | 'error' | 'progress'; readonly data: string }
    | {
        readonly kind: 'next';
        readonly data: string;
        readonly attemptsLeft?: number;
        readonly customData?: string;
        /** Milliseconds since the epoch. */
        readonly notBefore?: number;
        /** Seconds after midnight. */
        readonly window?: { readonly from: number; readonly to: number };
      };
};

export type CallListEvent = At & {
  readonly type: 'calllist-answer';
  readonly requestId: number;
  /** As of an HTTP request: 200 when it was taken down. */
  readonly code: number;
  readonly error?: string;
};
