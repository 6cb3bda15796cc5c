/**
 * Web sockets of a session, those that the script opens and those that come to its own URL, and the sound that flows over
 * them. Ids of sockets and streams are the script's, but for sockets that come in.
 *
 * A stream is one direction of one tag of one socket: `websocket-sink` declares sound that leaves over the socket,
 * `websocket-source` sound that arrives. Who is heard by whom is said by `media-connect` with the stream's id.
 */
import type { At } from './at.ts';

/** `WebSocketAudioEncoding`: PCM8 is linear 16 bit at 8 kHz, PCM16 the same at 16 kHz. */
export const WEB_SOCKET_ENCODINGS = ['PCM8', 'PCM16', 'ALAW', 'ULAW'] as const;
export type WebSocketEncoding = (typeof WEB_SOCKET_ENCODINGS)[number];

/** The HTTP request that a web socket, or a question to the session, began with. Headers that begin with `X-` only. */
export interface AccessRequest {
  readonly method: string;
  /** With the query; it holds the session's secret. */
  readonly path: string;
  readonly content: string;
  readonly headers: readonly { readonly key: string; readonly value: string }[];
}

interface OfSocket extends At {
  readonly websocketId: string;
}

export type WebSocketEvent =
  | (OfSocket & { readonly type: 'websocket-created' | 'websocket-opened' })
  | (OfSocket & { readonly type: 'websocket-message'; readonly text: string })
  /** A sentence of ours; `websocket-closed` follows. */
  | (OfSocket & { readonly type: 'websocket-error'; readonly reason: string })
  | (OfSocket & {
      readonly type: 'websocket-closed';
      readonly code: number;
      readonly reason: string;
      readonly wasClean: boolean;
    })
  | (OfSocket & {
      readonly type: 'websocket-media-started';
      readonly tag: string | undefined;
      readonly encoding: string;
      readonly customParameters: Readonly<Record<string, string>> | undefined;
    })
  | (OfSocket & {
      readonly type: 'websocket-media-ended';
      readonly tag: string | undefined;
      /** Of the sound that came, milliseconds. */
      readonly durationMs: number;
    })
  /** Somebody has connected to the session's URL; the socket is open. */
  | (OfSocket & { readonly type: 'websocket-incoming'; readonly request: AccessRequest })
  | (At & { readonly type: 'websocket-refused'; readonly reason: string; readonly request: AccessRequest });

export type WebSocketCommand =
  | {
      readonly type: 'websocket-create';
      readonly websocketId: string;
      readonly url: string;
      readonly protocols: readonly string[];
      readonly headers: readonly (readonly [string, string])[];
      /** Why it cannot be opened as it was wished; the script is told, so that it does not wait. */
      readonly problem?: string | undefined;
      /** A line of counts in the session's log when it ends. */
      readonly statistics: boolean;
      /** A line in the session's log for every message, without what it says. */
      readonly trace: boolean;
    }
  | { readonly type: 'websocket-send'; readonly websocketId: string; readonly text: string }
  | { readonly type: 'websocket-close'; readonly websocketId: string }
  | {
      readonly type: 'websocket-sink';
      readonly websocketId: string;
      readonly streamId: string;
      /** Empty: none. */
      readonly tag: string;
      readonly encoding: WebSocketEncoding;
      /** As the peer gets them. */
      readonly customParameters: Readonly<Record<string, string>> | undefined;
    }
  | {
      readonly type: 'websocket-source';
      readonly websocketId: string;
      readonly streamId: string;
      readonly tag: string;
      /** What sound is taken for that comes without saying. */
      readonly encoding: WebSocketEncoding;
    }
  /** Forgets sound that has arrived and was not played yet; of all tags when none is named. */
  | { readonly type: 'websocket-clear'; readonly websocketId: string; readonly tag: string | undefined }
  /** From now on the session's URL takes web sockets. */
  | { readonly type: 'websocket-allow' }
  /** What those that come in from now on tell of themselves. */
  | { readonly type: 'websocket-tell'; readonly statistics: boolean; readonly trace: boolean };
