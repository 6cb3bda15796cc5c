/**
 * What scenario sessions need from others, and what they tell others. `main.ts` connects the two sides.
 */

import type { Route, RoutedCall } from '../call/types.ts';
import type { Emitter } from '../kernel/emitter.ts';

/** A place for a recording, before it begins. The path holds no number; the URL is what the script sees. */
export interface RecordingPlace {
  readonly recordingId: string;
  readonly path: string;
  readonly url: string;
}

export interface RecordingOutcome {
  readonly recordingId: string;
  /** Undefined when nobody knows how much was written. */
  readonly seconds: number | undefined;
  readonly bytes: number | undefined;
  readonly channels: number;
  readonly error: string | undefined;
}

/** A recording that is to be recognised once it is complete. */
export interface TranscriptWish {
  /** BCP 47; empty: the provider finds out. */
  readonly language: string;
  /** Words that are likely to be said, or the only ones that can be. */
  readonly phrases: readonly string[];
}

/** records implements it. */
export interface RecordingRegistry {
  begin(options: {
    readonly sessionId: string;
    readonly callId: string;
    readonly channels: 1 | 2;
    readonly transcribe?: TranscriptWish | undefined;
  }): RecordingPlace;
  finish(outcome: RecordingOutcome): void;
}

/** How a text is spoken; as far as the provider can. */
export interface SpeechTuning {
  /** 1 is the voice's own pace. */
  readonly speed: number;
  readonly pitchSemitones: number;
  readonly gainDb: number;
}

/** What a script says of the voice it wants. */
export interface VoiceWish {
  /** BCP 47. */
  readonly language: string;
  /** A provider's own name, or empty. */
  readonly voice: string;
  readonly gender?: 'female' | 'male' | undefined;
  readonly tuning?: SpeechTuning | undefined;
}

/** Text to samples; speech implements it. Rejects within its time-out. */
export interface SpeechSynthesis {
  /** Mono, 16 bit, 8 kHz. */
  say(text: string, options: VoiceWish): Promise<Int16Array>;
}

export interface StartRequest {
  readonly route: Route;
  readonly customData: string;
  /** Present for a call that came in. */
  readonly inbound: RoutedCall | undefined;
}

/** Why a session ended, in a sentence; `error` is set when the script failed, with its line. */
export interface SessionOutcome {
  readonly reason: string;
  readonly error:
    | { readonly message: string; readonly scenario: string; readonly line: number | undefined }
    | undefined;
}

export interface ScenarioSessionEvents {
  started: {
    readonly sessionId: string;
    readonly applicationId: string;
    readonly ruleName: string;
    readonly scenario: string;
    readonly inbound: boolean;
  };
  /** `Logger.write`, warnings of the runtime, HTTP requests (method, host and status only). */
  log: { readonly sessionId: string; readonly level: 'info' | 'warn' | 'error'; readonly message: string };
  ended: { readonly sessionId: string } & SessionOutcome;
}

/** `scenario-service.ts` implements this as class `ScenarioService`. */
export interface Scenarios {
  readonly observers: Emitter<ScenarioSessionEvents>;
  /** Starts a session. Resolves once it runs with its id; rejects only when no sandbox can be had. */
  start(request: StartRequest): Promise<{ readonly sessionId: string }>;
  readonly activeSessions: number;
  /** Ends every session with `Terminating`, at most `ms` later, then stops the workers. */
  close(ms: number): Promise<void>;
}
