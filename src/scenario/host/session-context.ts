/** What the command executors of one session share. Each executor is a small file; none knows another. */
import type { Call, Calls, TransferProgress } from '../../call/types.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';
import type { MaskedCalls } from '../../masking/masking-service.ts';
import type { MediaSession } from '../../media/engine.ts';
import type { Recognition } from '../../speech/recognition.ts';
import type { ConferenceHall } from '../conference-hall.ts';
import type { HttpClient } from '../http/http-client.ts';
import type { PlaybackCache } from '../http/playback-cache.ts';
import type { WebSockets } from '../http/web-socket-client.ts';
import type { AccessRequest } from '../parts/websocket-protocol.ts';
import type {
  CallListReports,
  KeyValueStore,
  Mailer,
  RecordingRegistry,
  SpeechSynthesis,
  StartRequest,
  WebSocketAdmission,
} from '../ports.ts';
import type { HostEvent, MediaKind, MediaRef } from '../protocol.ts';
import type { ScenarioLimits } from '../sandbox/limits.ts';
import type { MediaGraph } from './media-graph.ts';

export type LogLevel = 'info' | 'warn' | 'error';

/** An event before it gets its time. */
export type Untimed<E> = E extends { at: number } ? Omit<E, 'at'> : never;

export interface SessionServices {
  readonly calls: Calls;
  readonly recordings: RecordingRegistry;
  readonly speech: SpeechSynthesis;
  /** Absent where nothing is recognised. */
  readonly recognition?: Recognition;
  readonly http: HttpClient;
  readonly webSockets: WebSockets;
  readonly playbacks: Pick<PlaybackCache, 'fetch'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: ScenarioLimits;
  /** Those with sessions of their own; absent where no rules are known. */
  readonly conferences?: Pick<ConferenceHall, 'call'>;
  /** Of the application; absent where nothing is stored. */
  readonly storage?: KeyValueStore;
  /** Where a session of the dialler reports; absent where none runs. */
  readonly callLists?: CallListReports;
  /** Who is meant by a call; absent where nothing is stored. */
  readonly masking?: MaskedCalls;
  readonly mailer: Mailer;
}

/** A call as the script names it. `playback` is what is playing into it by `say`, `startPlayback` or a progress tone. */
export interface SessionCall {
  readonly id: string;
  readonly call: Call;
  tones: boolean;
  /** Whether the script wants to hear of transfers; the peer's REFER is refused if not. */
  handlesTransfers: boolean;
  playback: { stop(): void } | undefined;
}

/** Media units that arrange by themselves who hears them and whom they hear. */
export interface EdgeOwner {
  connect(from: MediaRef, to: MediaRef): void;
  disconnect(from: MediaRef, to: MediaRef): void;
}

export interface SessionContext {
  readonly sessionId: string;
  readonly request: StartRequest;
  readonly services: SessionServices;
  readonly media: MediaSession;
  readonly graph: MediaGraph;
  /** Edges to, or else from, units of these kinds are theirs; all others are the graph's. */
  readonly edgeOwners: Map<MediaKind, EdgeOwner>;
  readonly calls: Map<string, SessionCall>;
  /** By call: the transfer whose outcome its peer waits for. Most phones hang up long before. */
  readonly transfers: Map<string, TransferProgress>;
  /** Who decides on web sockets that come to the session's own URL; nobody: none are taken. */
  readonly access: { onWebSocket: ((request: AccessRequest) => WebSocketAdmission) | undefined };
  /** Aborts when nothing is wanted any more. */
  readonly signal: AbortSignal;
  /** Tells the script. Dropped when the script is gone. */
  post(event: Untimed<HostEvent>): void;
  /** Resolves when the script has seen everything that it was told, or is gone. */
  caughtUp(): Promise<void>;
  log(level: LogLevel, message: string): void;
  /** Adds a call and forwards its events. */
  own(id: string, call: Call): SessionCall;
  /** Something that the end of the session has to wait for, within its bound. */
  holdEnd(work: Promise<unknown>): void;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
