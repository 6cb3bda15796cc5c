/**
 * Everything that crosses the wall of the sandbox, in both directions. A scenario is a deterministic machine: it sees
 * `HostEvent`s, in order, and issues `HostCommand`s, in order, and nothing else passes. Both unions are closed.
 *
 * - Ids of things that a script creates (calls, players, recorders, timers, requests) are made inside the sandbox, so
 *   that a command needs no answer and a run can be replayed. Only the inbound call brings its own id.
 * - Time and dice come with the events: `at` is the script's `Date.now()` until the next event, and the seed of
 *   `started` feeds `Math.random`. The same events therefore lead to the same commands.
 * - A script owns its sandbox, so every command is hostile until `parse-command.ts` has read it. Events are ours.
 *
 * Both are plain JSON: no undefined in arrays, no functions, no class instances.
 */

import type { AccessUrls } from './parts/access-protocol.ts';
import type { At } from './parts/at.ts';
import type { PartCommand, PartEvent } from './parts/protocol.ts';
import type { SpeechTuning, TranscriptWish } from './ports.ts';

export type { At };

export type Headers = Readonly<Record<string, string>>;

/** What a script learns of a call when it begins. Numbers are real here: the customer's script decides whom to connect. */
export interface CallFacts {
  readonly callId: string;
  readonly callerid: string;
  readonly number: string;
  readonly displayName: string;
  readonly fromUri: string;
  readonly toUri: string;
  readonly headers: Headers;
  readonly clientType: 'pstn' | 'sip' | 'user';
}

/** Limits that the API itself enforces, with an exception in the script; the host enforces them again. */
export interface ScriptLimits {
  readonly timers: number;
  readonly players: number;
  readonly httpTotal: number;
  readonly queueRequests: number;
  readonly calls: number;
  readonly logLineChars: number;
}

interface OfCall extends At {
  readonly callId: string;
}

export type HostEvent =
  | PartEvent
  | (At & {
      readonly type: 'started';
      readonly seed: number;
      readonly sessionId: string;
      readonly applicationId: string;
      readonly applicationName: string;
      readonly ruleName: string;
      readonly customData: string;
      readonly limits: ScriptLimits;
      /** Absent when nothing listens for requests to sessions. */
      readonly access?: AccessUrls;
      /** Of a session that is a conference; see `conference-hall.ts`. */
      readonly conferenceName?: string;
    })
  | (At & { readonly type: 'call-alerting'; readonly call: CallFacts; readonly customData: string })
  | (OfCall & { readonly type: 'call-ringing' | 'call-audio-started'; readonly headers: Headers })
  | (OfCall & { readonly type: 'call-connected'; readonly headers: Headers })
  | (OfCall & {
      readonly type: 'call-failed';
      readonly code: number;
      readonly reason: string;
      readonly headers: Headers;
    })
  | (OfCall & {
      readonly type: 'call-disconnected';
      /** What its media leg counted (`LegStats`). */
      readonly statistics?: Readonly<Record<string, number | undefined>>;
      readonly code: number;
      readonly reason: string;
      readonly durationSeconds: number;
      readonly headers: Headers;
    })
  | (OfCall & { readonly type: 'call-tone'; readonly tone: string })
  | (OfCall & {
      readonly type: 'call-info';
      readonly mimeType: string;
      readonly body: string;
      readonly headers: Headers;
    })
  | (OfCall & { readonly type: 'call-message'; readonly text: string; readonly headers: Headers })
  /** The peer asks that somebody else be called; only to scripts that handle transfers. */
  | (OfCall & {
      readonly type: 'call-transfer-requested';
      readonly transferTo: string;
      readonly headers: Headers;
    })
  /** The script has said what became of a transfer, and the peer was told. */
  | (OfCall & { readonly type: 'call-transfer-ended'; readonly code: number; readonly reason: string })
  /** An offer of ours, of `hold` or `unhold`, was refused with this status. */
  | (OfCall & { readonly type: 'call-reinvite-rejected'; readonly code: number })
  | (OfCall & {
      readonly type:
        | 'call-reinvite-received'
        | 'call-reinvite-accepted'
        | 'call-on-hold'
        | 'call-off-hold'
        | 'call-rtp-stopped'
        | 'call-rtp-resumed';
    })
  /** The first sound of the peer; `wideband` has more than the 3.4 kHz of a telephone. */
  | (OfCall & { readonly type: 'call-first-audio'; readonly wideband?: boolean })
  /** Fetched or spoken, and about to play. */
  | (OfCall & { readonly type: 'playback-ready' })
  | (OfCall & { readonly type: 'playback-started'; readonly durationSeconds: number })
  | (OfCall & { readonly type: 'playback-finished'; readonly error?: string })
  | (OfCall & { readonly type: 'call-record-started'; readonly url: string })
  | (OfCall & {
      readonly type: 'call-record-stopped';
      readonly url: string;
      readonly durationSeconds: number;
    })
  | (OfCall & { readonly type: 'call-record-error'; readonly error: string })
  | (At & { readonly type: 'player-created' | 'player-ready'; readonly playerId: string })
  | (At & { readonly type: 'player-started'; readonly playerId: string; readonly durationSeconds: number })
  /** The sound is at a marker of the script: `offset` as it was given. */
  | (At & { readonly type: 'player-marker'; readonly playerId: string; readonly offset: number })
  | (At & { readonly type: 'player-stopped'; readonly playerId: string })
  | (At & { readonly type: 'player-finished'; readonly playerId: string; readonly error?: string })
  | (At & { readonly type: 'recorder-started'; readonly recorderId: string; readonly url: string })
  | (At & {
      readonly type: 'recorder-stopped';
      readonly recorderId: string;
      readonly url: string;
      readonly durationSeconds: number;
    })
  | (At & { readonly type: 'recorder-error'; readonly recorderId: string; readonly error: string })
  | (At & { readonly type: 'timer'; readonly timerId: number })
  | (At & { readonly type: 'http-response'; readonly requestId: number; readonly result: HttpResult })
  /** The session ends: last words. `systemError` is set when it was not the script's own wish. */
  | (At & { readonly type: 'terminating' | 'terminated'; readonly systemError: boolean });

export interface HttpResult {
  /** HTTP status; 0 when there was no answer. */
  readonly code: number;
  readonly headers: readonly { readonly key: string; readonly value: string }[];
  readonly text?: string;
  /** Bytes, when `rawOutput` was asked for. */
  readonly data?: readonly number[];
  readonly error?: string;
}

/** Whom an outbound call goes to. */
export type CommandTarget =
  | { readonly kind: 'pstn'; readonly number: string }
  | { readonly kind: 'user'; readonly username: string }
  | {
      readonly kind: 'sip';
      readonly uri: string;
      readonly auth?: { readonly username: string; readonly password: string };
    };

/** A sound by URL; the request's parts are bounded and clean when they are here. */
export interface UrlSource {
  readonly kind: 'url';
  readonly url: string;
  /** Other than a plain GET. */
  readonly request?: {
    readonly method: 'GET' | 'POST';
    readonly headers: readonly (readonly [string, string])[];
    readonly body: string | readonly number[] | undefined;
  };
}

/** A text to be spoken, with what `VoiceWish` of ports.ts says. */
export interface SaySource {
  readonly kind: 'say';
  readonly text: string;
  readonly language: string;
  readonly voice: string;
  readonly gender?: 'female' | 'male' | undefined;
  readonly tuning?: SpeechTuning | undefined;
}

/** What is to be played. */
export type PlaySource =
  | UrlSource
  | SaySource
  | { readonly kind: 'progress-tone'; readonly country: string }
  | { readonly kind: 'tone-script'; readonly script: string }
  | { readonly kind: 'sequence'; readonly segments: readonly (UrlSource | SaySource)[] };

/** What a script asks of a recording, of what can be done here. */
export interface RecordWish {
  /** For the records. */
  readonly name?: string | undefined;
  /** How long the recording is wanted, in months. */
  readonly keepMonths?: number | undefined;
  /** Recognise it when it is complete. */
  readonly transcribe?: TranscriptWish | undefined;
}

/** What sends or takes sound. */
export const MEDIA_KINDS = ['call', 'player', 'recorder', 'asr', 'websocket', 'conference'] as const;
export type MediaKind = (typeof MEDIA_KINDS)[number];

/** A media unit as commands name it. */
export interface MediaRef {
  readonly kind: MediaKind;
  readonly id: string;
}

export type HostCommand =
  | PartCommand
  | {
      readonly type: 'dial';
      readonly callId: string;
      readonly target: CommandTarget;
      readonly callerid: string;
      readonly displayName: string;
      readonly headers: Headers;
    }
  | {
      readonly type: 'call-answer' | 'call-ring' | 'call-early-media' | 'call-hangup';
      readonly callId: string;
      readonly headers: Headers;
    }
  | {
      readonly type: 'call-reject';
      readonly callId: string;
      readonly code: number;
      readonly headers: Headers;
    }
  | { readonly type: 'call-handle-tones'; readonly callId: string; readonly on: boolean }
  | { readonly type: 'call-send-digits'; readonly callId: string; readonly digits: string }
  | {
      readonly type: 'call-send-info';
      readonly callId: string;
      readonly mimeType: string;
      readonly body: string;
      readonly headers: Headers;
    }
  | { readonly type: 'call-send-message'; readonly callId: string; readonly text: string }
  | { readonly type: 'call-hold' | 'call-unhold'; readonly callId: string }
  | { readonly type: 'call-handle-transfer'; readonly callId: string; readonly on: boolean }
  /** What became of the transfer that the peer asked for: a final SIP status. */
  | {
      readonly type: 'call-transfer-result';
      readonly callId: string;
      readonly code: number;
      readonly reason: string;
    }
  | {
      readonly type: 'call-play';
      readonly callId: string;
      readonly source: PlaySource;
      readonly loop: boolean;
    }
  | { readonly type: 'call-stop-playback'; readonly callId: string }
  | {
      readonly type: 'call-record';
      readonly callId: string;
      readonly stereo: boolean;
      readonly wish: RecordWish;
    }
  | { readonly type: 'media-connect' | 'media-disconnect'; readonly from: MediaRef; readonly to: MediaRef }
  | {
      readonly type: 'player-create';
      readonly playerId: string;
      readonly source: PlaySource;
      readonly loop: boolean;
      readonly paused: boolean;
    }
  | { readonly type: 'player-pause' | 'player-resume' | 'player-stop'; readonly playerId: string }
  /** Milliseconds from the beginning, or before the end when negative; of the whole, or of one segment of a sequence. */
  | {
      readonly type: 'player-mark';
      readonly playerId: string;
      readonly offset: number;
      readonly segment: number | undefined;
    }
  | { readonly type: 'recorder-create'; readonly recorderId: string; readonly wish: RecordWish }
  | { readonly type: 'recorder-mute'; readonly recorderId: string; readonly on: boolean }
  | { readonly type: 'recorder-stop'; readonly recorderId: string }
  | { readonly type: 'timer-set'; readonly timerId: number; readonly ms: number; readonly repeat: boolean }
  | { readonly type: 'timer-clear'; readonly timerId: number }
  | {
      readonly type: 'http-request';
      readonly requestId: number;
      readonly method: string;
      readonly url: string;
      readonly headers: readonly (readonly [string, string])[];
      /** Text, or bytes. */
      readonly body: string | readonly number[] | undefined;
      readonly timeoutSeconds: number | undefined;
      readonly connectTimeoutSeconds: number | undefined;
      readonly raw: boolean;
    }
  /** Made by the reader of a request that cannot be sent as it is: its script gets that for an answer. */
  | { readonly type: 'http-refused'; readonly requestId: number; readonly reason: string }
  | { readonly type: 'log'; readonly level: 'info' | 'warn' | 'error'; readonly message: string }
  /** A promise that nobody looks at was rejected. Ends the session unless people are talking. */
  | {
      readonly type: 'unhandled-rejection';
      readonly message: string;
      readonly scenario: string;
      readonly line: number | undefined;
    }
  | { readonly type: 'terminate' };

/** Why a sandbox will run no more. */
export interface ScriptError {
  readonly message: string;
  readonly scenario: string;
  readonly line: number | undefined;
  readonly kind: 'exception' | 'syntax' | 'cpu' | 'memory' | 'stack' | 'flood' | 'size' | 'worker';
}

/** What one turn of the script led to: raw commands, still hostile, and the error that ended it, if any. */
export interface Turn {
  readonly commands: readonly string[];
  readonly error: ScriptError | undefined;
}
