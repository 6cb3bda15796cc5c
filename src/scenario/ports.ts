/**
 * What scenario sessions need from others, and what they tell others. `main.ts` connects the two sides.
 */

import type { WebSocket } from 'ws';
import type { Route, RoutedCall } from '../call/types.ts';
import type { Emitter } from '../kernel/emitter.ts';
import type { AccessUrls } from './parts/access-protocol.ts';
import type { AccessRequest } from './parts/websocket-protocol.ts';

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
    /** What the script calls it. */
    readonly name?: string | undefined;
    /** For how long the script wants it kept. */
    readonly keepMonths?: number | undefined;
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
  /** The session is the conference of that name; later calls to it come to this session. */
  readonly conferenceName?: string;
  /** Present for a session of the dialler. */
  readonly callListTask?: CallListTask;
}

/** Why sessions end that run when their node stops. */
export const NODE_STOPS = 'the node is shutting down';

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

/**
 * For both sides of a web socket, as `ws` names them. No compression: a few bytes of it may stand for gigabytes. Each piece
 * of a message costs more than its bytes.
 */
export const WEB_SOCKET_OPTIONS = {
  perMessageDeflate: false,
  maxPayload: 1024 * 1024,
  maxFragments: 1024,
  maxBufferedChunks: 16_384,
} as const;

export type AccessAnswer =
  | {
      readonly kind: 'answer';
      readonly body: string;
      /** Else it is plain text. */
      readonly json: boolean;
    }
  /** More than the session takes at once, or in a second. */
  | { readonly kind: 'too-many' };

/** What becomes of a web socket that comes to a session's URL, said before the handshake is answered. */
export type WebSocketAdmission =
  /** An HTTP status. */
  | { readonly refused: 403 | 503 }
  | {
      /** The handshake is done. */
      readonly accept: (webSocket: WebSocket) => void;
      /** The handshake has failed; harmless after `accept`. */
      readonly abandon: () => void;
    };

/** The way into one running session, for whoever knows its URL. */
export interface SessionDoor {
  /** Never rejects. */
  request(request: AccessRequest): Promise<AccessAnswer>;
  admit(request: AccessRequest): WebSocketAdmission;
}

/** `ScenarioService` implements this, too. */
export interface SessionDoors {
  /** Undefined when no session that runs has that secret. Takes as long either way. */
  find(token: string): SessionDoor | undefined;
}

/** `scenario-service.ts` implements this as class `ScenarioService`. */
export interface Scenarios {
  readonly observers: Emitter<ScenarioSessionEvents>;
  /** Starts a session. Resolves once it runs with its id; rejects only when no sandbox can be had. */
  start(request: StartRequest): Promise<{
    readonly sessionId: string;
    /** Where the session is reached from outside; absent when nothing listens there. */
    readonly access?: AccessUrls;
  }>;
  readonly activeSessions: number;
  /** Ends every session with `Terminating`, at most `ms` later, then stops the workers. */
  close(ms: number): Promise<void>;
}

/** One value of the application's key-value storage. */
export interface StoredValue {
  readonly key: string;
  readonly value: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * The key-value storage of an application, shared by all its sessions on all nodes; storage implements it. Keys have at
 * most 200 characters and values 2000 (voximplant.com/docs/references/voxengine/applicationstorage); the part of a key
 * before its first colon is its namespace, the whole key when it has none. Keys and values are sealed at rest.
 */
export interface KeyValueStore {
  get(applicationId: string, key: string): Promise<StoredValue | undefined>;
  /** @param ttlSeconds undefined: 30 days; more than 90 days become 90. Rejects with `storage/full` beyond the limit. */
  put(
    applicationId: string,
    key: string,
    value: string,
    ttlSeconds: number | undefined,
  ): Promise<StoredValue>;
  /** Resolves with what was there. */
  remove(applicationId: string, key: string): Promise<StoredValue | undefined>;
  /** By key, those of one namespace or all. `limit` at most 1000. */
  list(
    applicationId: string,
    page: { readonly namespace?: string; readonly limit: number; readonly offset: number },
  ): Promise<{ readonly items: readonly StoredValue[]; readonly total: number }>;
}

/** Which task of a call list a session runs. */
export interface CallListTask {
  readonly taskId: number;
  /** Of the claim. */
  readonly token: string;
}

/** What a script says of its attempt. `data` is text, or JSON of an object; it may hold numbers. */
export type CallListReport =
  | { readonly kind: 'result' | 'error' | 'progress'; readonly data: string }
  /** Once more, with what is to be different. */
  | {
      readonly kind: 'next';
      readonly data: string;
      readonly attemptsLeft?: number;
      readonly customData?: string;
      /** Milliseconds since the epoch. */
      readonly notBefore?: number;
      /** Seconds after midnight, in the time zone of the list. */
      readonly window?: { readonly from: number; readonly to: number };
    };

/** The dialler implements it. */
export interface CallListReports {
  /** False when the attempt was reported on before; the first result or error is the one that counts. */
  report(task: CallListTask, report: CallListReport): Promise<boolean>;
}

/** A letter; every field was checked: no controls in one that becomes a header field or a command. */
export interface Mail {
  /** Host name or address of the SMTP server. */
  readonly server: string;
  readonly port: number;
  readonly auth: { readonly user: string; readonly password: string } | undefined;
  readonly from: string;
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string | undefined;
}

/** Resolves with the SMTP reply code: 250, or what refused it; code 0 and an error when there was no answer. */
export interface Mailer {
  send(mail: Mail, signal: AbortSignal): Promise<{ readonly code: number; readonly error?: string }>;
}
