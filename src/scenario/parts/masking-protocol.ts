/**
 * `Masking`: who is meant by a call, and calling them, without the script ever holding the number. A decision crosses as
 * plain data with an id; `masking-call` names that id, and whom it means stays on the host's side.
 * Each `masking-resolve` is answered by one `masking-decision`, each wish by one `masking-answer`; `masking-call` leads to the
 * events of a call.
 */
import type { Announcement, RejectReason } from '../../masking/types.ts';
import type { At } from './at.ts';

export type MaskingCommand =
  | {
      readonly type: 'masking-resolve';
      readonly requestId: number;
      /** A call that came in: caller and dialled number are its own. */
      readonly callId: string;
      /** Typed by the caller; empty: none that fits. */
      readonly extension: string | undefined;
      /** Chosen by the caller; empty: none. */
      readonly chosen: string | undefined;
    }
  | {
      readonly type: 'masking-call';
      readonly callId: string;
      readonly decisionId: string;
      /** Which of the decision's callees, from 0. */
      readonly callee: number;
    }
  | {
      /** A party of this call does not want to hear of the other again; or wants to be called back. */
      readonly type: 'masking-leave-alone' | 'masking-promise';
      readonly requestId: number;
      readonly callId: string;
    };

export type MaskingEvent =
  | (At & {
      readonly type: 'masking-decision';
      readonly requestId: number;
      readonly answer:
        | { readonly kind: 'decision'; readonly decision: ScriptDecision }
        | { readonly kind: 'error'; readonly message: string };
    })
  | (At & {
      readonly type: 'masking-answer';
      readonly requestId: number;
      readonly answer:
        | { readonly kind: 'done'; readonly done: boolean }
        | { readonly kind: 'error'; readonly message: string };
    });

/** What the script gets of a `Decision`: no numbers. `language` (BCP 47) is that in which things are said. */
export type ScriptDecision = { readonly id: string; readonly language: string } & (
  | {
      readonly kind: 'connect';
      readonly sessionId: string | null;
      /** To be called one after the other until one answers; each hears its announcement first. */
      readonly callees: readonly { readonly announcement: Announcement | null }[];
      readonly greeting: Announcement | null;
      readonly record: boolean;
      readonly transcribe: boolean;
      readonly ringSeconds: number | null;
      readonly maxCallSeconds: number | null;
    }
  | {
      readonly kind: 'choose';
      readonly options: readonly { readonly sessionId: string; readonly label: string }[];
    }
  | { readonly kind: 'ask-extension'; readonly tries: number }
  | { readonly kind: 'play' | 'call-back'; readonly announcement: Announcement }
  | { readonly kind: 'operator'; readonly user: string; readonly announcement: Announcement | null }
  | { readonly kind: 'reject'; readonly status: number; readonly reason: RejectReason }
);
