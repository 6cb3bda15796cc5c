/** Detection of answering machines, and of beeps. Each `amd-start` is answered by one `amd-complete` or `amd-error`. */
import type { At } from './at.ts';

export type AmdCommand =
  | {
      readonly type: 'amd-start';
      readonly amdId: string;
      readonly callId: string;
      /** Since the call was answered. */
      readonly timeoutMs: number;
    }
  | {
      readonly type: 'amd-beep-start';
      readonly callId: string;
      /** Hz; empty: any. */
      readonly frequencies: readonly number[];
      /** 0: as long as the call lives. */
      readonly timeoutMs: number;
    }
  | { readonly type: 'amd-beep-stop'; readonly callId: string };

export type AmdEvent =
  | (At & {
      readonly type: 'amd-complete';
      readonly amdId: string;
      readonly resultClass: 'VOICEMAIL' | 'HUMAN' | 'TIMEOUT' | 'CALL_ENDED';
      /** 0 to 100. */
      readonly confidence: number;
    })
  | (At & { readonly type: 'amd-error'; readonly amdId: string; readonly message: string })
  /** Without a frequency: the time is over. */
  | (At & { readonly type: 'amd-beep'; readonly callId: string; readonly frequency?: number })
  | (At & { readonly type: 'amd-beep-error'; readonly callId: string; readonly reason: string });
