/** `ASR`. A recogniser that was created is told of until `asr-stopped`, which follows `asr-stop`. */
import type { At } from './at.ts';

export type AsrCommand =
  | {
      readonly type: 'asr-create';
      readonly asrId: string;
      /** BCP 47; empty: the provider finds out. */
      readonly language: string;
      readonly phrases: readonly string[];
      readonly interim: boolean;
      /** A result after each pause, and not only after long ones. */
      readonly singleUtterance: boolean;
    }
  | { readonly type: 'asr-stop'; readonly asrId: string };

interface OfAsr extends At {
  readonly asrId: string;
}

/** As the script gets it. */
export interface AsrResult {
  readonly text: string;
  /** 0 to 100. */
  readonly confidence: number;
  /** Seconds since the first sound. */
  readonly resultEndTime: number;
  readonly channelTag: number;
  readonly languageCode: string;
}

export type AsrEvent =
  | (OfAsr & { readonly type: 'asr-started' | 'asr-capture-started' | 'asr-speech-captured' })
  | (OfAsr & { readonly type: 'asr-interim'; readonly text: string })
  | (OfAsr & { readonly type: 'asr-result'; readonly result: AsrResult })
  | (OfAsr & { readonly type: 'asr-error'; readonly error: string })
  | (OfAsr & { readonly type: 'asr-stopped'; readonly durationSeconds: number });
