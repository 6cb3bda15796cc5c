/** Requests to the session's own URL, and what the script answers. */
import type { At } from './at.ts';
import type { AccessRequest } from './websocket-protocol.ts';

/** Where the session is reached from outside. Both hold its secret. */
export interface AccessUrls {
  readonly url: string;
  readonly secureUrl: string;
}

export type AccessEvent = At & {
  readonly type: 'access-request';
  readonly requestId: number;
  readonly request: AccessRequest;
};

export type AccessCommand = {
  readonly type: 'access-answer';
  readonly requestId: number;
  readonly body: string;
  /** Whether the body is JSON; else it is plain text. */
  readonly json: boolean;
};
