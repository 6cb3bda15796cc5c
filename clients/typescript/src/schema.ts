// Generated from docs/reference/openapi.json by script/generate-client.ts. Do not edit.

/** A problem document (RFC 9457). */
export type Problem = {
  type: string;
  title: string;
  status: number;
  /** Names the failure; see docs/reference/http.md. */
  code: string;
  /** What happened, for people. */
  detail: string;
  /** What to do. */
  hint: string;
  /** Whether the same request may be sent again without doing it twice. */
  retryable: boolean;
  /** Stands in the log of the node. */
  requestId: string;
  fields?: Array<{
    name: string;
    message: string;
  }>;
};

/** What each operation takes and answers, by its operationId. */
export interface Operations {
  /** Whether the process lives. 200 as long as it can answer. */
  health: {
    path: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: {
      ok: boolean;
    };
  };
  /** Whether the node can take calls: 200, or 503 with the parts that fail. */
  ready: {
    path: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: {
      ok: boolean;
      /** Part → `ok`, or what is wrong. */
      checks: Record<string, unknown>;
    };
  };
  /** Counters and gauges in the Prometheus text format. Scope: metrics:read. */
  metrics: {
    path: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: Response;
  };
  /** Whether the node takes calls, and how many legs it carries. Scope: metrics:read. */
  getNode: {
    path: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: {
      /** Its name in the settings, as call records have it. */
      node: string;
      /** No new calls are taken. */
      draining: boolean;
      /** Legs that are alive. */
      calls: number;
    };
  };
  /** Takes the node out of service, or back. While it drains, new calls and OPTIONS get 503, `GET /ready` fails, and scenarios are not started; calls that run go on. It stays so until it is undone or the process ends. Scope: node:write. */
  drainNode: {
    path: Record<never, never>;
    query: Record<never, never>;
    body: {
      draining: boolean;
    };
    answer: {
      /** Its name in the settings, as call records have it. */
      node: string;
      /** No new calls are taken. */
      draining: boolean;
      /** Legs that are alive. */
      calls: number;
    };
  };
  /** This document: OpenAPI 3.1. */
  openapi: {
    path: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: Record<string, unknown>;
  };
  /** Calls, newest first. Scope: calls:read. */
  listCalls: {
    path: Record<never, never>;
    query: {
      /** `next` of the page before; leave it out to begin. */
      cursor?: string | undefined;
      limit?: number | undefined;
    };
    body: undefined;
    answer: {
      items: Array<{
        id: string;
        node: string;
        /** Id of the application. */
        application?: string;
        rule?: string;
        scenario?: string;
        /** `in-progress`, `completed`, `failed` or `refused`. */
        status: string;
        /** UTC. */
        startedAt: string;
        /** UTC. */
        endedAt?: string;
        /** Why it ended, in words. */
        reason?: string;
        /** The script's error with its line. */
        error?: string;
        legs: Array<{
          callId: string;
          /** `inbound` or `outbound`. */
          direction: string;
          /** Inbound: who called. Outbound: the number that was shown. */
          callerid: string;
          /** Inbound: the dialled number. Outbound: who was called. */
          number: string;
          /** UTC. */
          startedAt: string;
          /** UTC. */
          ringingAt?: string;
          /** UTC. */
          answeredAt?: string;
          /** UTC. */
          endedAt?: string;
          /** From answer to end. */
          durationSeconds: number;
          /** SIP status of the end. */
          code?: number;
          reason?: string;
          /** `local`, `remote` or `fault`. */
          endedBy?: string;
          /** Packets, loss, jitter, as measured. */
          media?: Record<string, unknown>;
        }>;
        recordings: Array<{
          recordingId: string;
          /** The id of the call record. */
          sessionId: string;
          /** The leg that was recorded. */
          callId: string;
          /** `recording`, `complete`, or `partial`: it was cut off, and plays up to there. */
          status: string;
          /** Within the recordings folder. */
          path: string;
          /** Where the audio is. */
          url: string;
          channels: number;
          /** UTC. */
          startedAt: string;
          seconds?: number;
          bytes?: number;
          error?: string;
          /** What the scenario calls it. */
          name?: string;
          /** Until when the scenario wants it kept (`expire`). Nothing here takes recordings away. */
          keepUntil?: string;
        }>;
      }>;
      /** Cursor of the next page; absent at the end. */
      next?: string;
    };
  };
  /** One call with its legs and recordings. Scope: calls:read. */
  getCall: {
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: undefined;
    answer: {
      id: string;
      node: string;
      /** Id of the application. */
      application?: string;
      rule?: string;
      scenario?: string;
      /** `in-progress`, `completed`, `failed` or `refused`. */
      status: string;
      /** UTC. */
      startedAt: string;
      /** UTC. */
      endedAt?: string;
      /** Why it ended, in words. */
      reason?: string;
      /** The script's error with its line. */
      error?: string;
      legs: Array<{
        callId: string;
        /** `inbound` or `outbound`. */
        direction: string;
        /** Inbound: who called. Outbound: the number that was shown. */
        callerid: string;
        /** Inbound: the dialled number. Outbound: who was called. */
        number: string;
        /** UTC. */
        startedAt: string;
        /** UTC. */
        ringingAt?: string;
        /** UTC. */
        answeredAt?: string;
        /** UTC. */
        endedAt?: string;
        /** From answer to end. */
        durationSeconds: number;
        /** SIP status of the end. */
        code?: number;
        reason?: string;
        /** `local`, `remote` or `fault`. */
        endedBy?: string;
        /** Packets, loss, jitter, as measured. */
        media?: Record<string, unknown>;
      }>;
      recordings: Array<{
        recordingId: string;
        /** The id of the call record. */
        sessionId: string;
        /** The leg that was recorded. */
        callId: string;
        /** `recording`, `complete`, or `partial`: it was cut off, and plays up to there. */
        status: string;
        /** Within the recordings folder. */
        path: string;
        /** Where the audio is. */
        url: string;
        channels: number;
        /** UTC. */
        startedAt: string;
        seconds?: number;
        bytes?: number;
        error?: string;
        /** What the scenario calls it. */
        name?: string;
        /** Until when the scenario wants it kept (`expire`). Nothing here takes recordings away. */
        keepUntil?: string;
      }>;
    };
  };
  /** What happened in a call, in order: legs, the scenario and its log, recordings. Scope: calls:read. */
  listCallEvents: {
    path: {
      id: string;
    };
    query: {
      /** `next` of the page before; leave it out to begin. */
      cursor?: string | undefined;
      limit?: number | undefined;
    };
    body: undefined;
    answer: {
      items: Array<{
        /** Within the call, from 1, without gaps. */
        position: number;
        /** UTC. */
        at: string;
        callId?: string;
        name: string;
        detail: Record<string, unknown>;
      }>;
      /** Cursor of the next page; absent at the end. */
      next?: string;
    };
  };
  /** The SIP messages of a call, as JSON or as a ladder; kept for a short time. Scope: traces:read. */
  getCallTrace: {
    path: {
      id: string;
    };
    query: {
      /** `ladder`: plain text, one line per message. */
      format?: 'json' | 'ladder' | undefined;
    };
    body: undefined;
    answer: {
      items: Array<{
        /** UTC. */
        at: string;
        /** The leg. */
        callId: string;
        /** `in` or `out`, as the node sees it. */
        direction: string;
        transport: string;
        local: string;
        remote: string;
        /** The message; credentials, media keys and bodies that are no SDP are left out. */
        text: string;
      }>;
      /** Messages that found no room. */
      omitted: number;
    };
  };
  /** What the scripts of a call were told and did, for `maskline scenario replay`; kept for a short time. Scope: traces:read. */
  getCallReplay: {
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: undefined;
    answer: {
      /** Whether telephone numbers and pressed keys stand in it; without them a replay may part early. */
      numbers: boolean;
      /** What the scripts were told, and what they did each time. */
      log: {
        sessionId: string;
        /** Milliseconds since the epoch. */
        at: number;
        scripts: Array<{
          name: string;
          sha256: string;
        }>;
        started: Record<string, unknown>;
        turns: Array<{
          event: Record<string, unknown>;
          commands: Array<string>;
          error?: Record<string, unknown>;
        }>;
        /** Turns that found no room. */
        omitted: number;
      };
    };
  };
  /** One recording; its audio is under `url`. Scope: recordings:read. */
  getRecording: {
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: undefined;
    answer: {
      recordingId: string;
      /** The id of the call record. */
      sessionId: string;
      /** The leg that was recorded. */
      callId: string;
      /** `recording`, `complete`, or `partial`: it was cut off, and plays up to there. */
      status: string;
      /** Within the recordings folder. */
      path: string;
      /** Where the audio is. */
      url: string;
      channels: number;
      /** UTC. */
      startedAt: string;
      seconds?: number;
      bytes?: number;
      error?: string;
      /** What the scenario calls it. */
      name?: string;
      /** Until when the scenario wants it kept (`expire`). Nothing here takes recordings away. */
      keepUntil?: string;
    };
  };
  /** The audio, WAV; takes Range. Scope: recordings:read. */
  getRecordingAudio: {
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: undefined;
    answer: Response;
  };
  /** What was said, when `transcribe` was asked for; without numbers:read, numbers are hidden. Scope: recordings:read. */
  getRecordingTranscript: {
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: undefined;
    answer: {
      recordingId: string;
      /** As asked for, BCP 47; empty: the provider found out. */
      language: string;
      seconds: number;
      /** A line for each segment, in order of time. */
      text: string;
      channels: Array<{
        /** `left`: what the leg said; `right`: what it heard; `mono`: both. */
        channel: string;
        provider: string;
        segments: Array<{
          /** Seconds since the recording began. */
          start: number;
          end: number;
          text: string;
          /** 0 to 1, when the provider tells it. */
          confidence?: number;
          /** As far as the provider tells. */
          words: Array<{
            /** Seconds since the recording began. */
            start: number;
            end: number;
            text: string;
            /** 0 to 1, when the provider tells it. */
            confidence?: number;
          }>;
        }>;
      }>;
    };
  };
  /** Scenarios, without their source. Scope: scenarios:read. */
  listScenarios: {
    path: Record<never, never>;
    query: {
      /** Id or name of an application. */
      application?: string | undefined;
    };
    body: undefined;
    answer: {
      items: Array<{
        /** Id of the application. */
        application: string;
        name: string;
        /** Declared in the settings file; the API cannot change it. */
        declared: boolean;
        /** UTC. */
        updatedAt: string;
      }>;
    };
  };
  /** One scenario with its source. Scope: scenarios:read. */
  getScenario: {
    path: {
      /** Name of the scenario. */
      name: string;
    };
    query: {
      /** Id or name of an application. */
      application?: string | undefined;
    };
    body: undefined;
    answer: {
      /** Id of the application. */
      application: string;
      name: string;
      /** Declared in the settings file; the API cannot change it. */
      declared: boolean;
      /** UTC. */
      updatedAt: string;
      /** The script, as it was put: numbers that its author wrote stand in it. */
      source: string;
    };
  };
  /** Makes or replaces a scenario. Running sessions go on with the source they began with. Scope: scenarios:write. */
  putScenario: {
    path: {
      name: string;
    };
    query: {
      /** Id or name of an application. */
      application?: string | undefined;
    };
    body: {
      source: string;
    };
    answer: {
      /** `updated` or `unchanged`. */
      outcome: string;
    } | {
      /** `created`. */
      outcome: string;
    };
  };
  /** Removes a scenario that no rule uses. Scope: scenarios:write. */
  deleteScenario: {
    path: {
      /** Name of the scenario. */
      name: string;
    };
    query: {
      /** Id or name of an application. */
      application?: string | undefined;
    };
    body: undefined;
    answer: undefined;
  };
  /** Starts a scenario without an inbound call. Scope: scenarios:start. */
  startScenario: {
    path: {
      /** Name of the scenario. */
      name: string;
    };
    query: Record<never, never>;
    body: {
      /** What VoxEngine.customData() gives: a text, or an object as JSON. At most 64 KiB. */
      customData?: string | Record<string, unknown> | undefined;
      /** Id or name of an application. */
      application?: string | undefined;
    };
    answer: {
      sessionId: string;
      /** Where the call record is, from the moment it is stored. */
      call: string;
      /** The URL of the running session: what is sent there reaches its script (AppEvents.HttpRequest), web sockets with wss:// as well. Whoever knows it needs no key. */
      accessUrl?: string;
    };
  };
  /** Service numbers and verified numbers. Scope: numbers:read. */
  listNumbers: {
    path: Record<never, never>;
    query: {
      /** Id or name of an application. */
      application?: string | undefined;
    };
    body: undefined;
    answer: {
      items: Array<{
        id: string;
        /** Id of the application. */
        application: string;
        /** `service`: we hold it. `verified`: its owner lets us show it. */
        kind: string;
        /** E.164 for keys with the scope numbers:read; masked, such as +7•••••••89, for others. */
        number: string;
        label: string;
        /** Declared in the settings file; the API cannot change it. */
        declared: boolean;
      }>;
    };
  };
  /** Adds a number. Add as `verified` only what its owner has agreed to. Scope: numbers:write. */
  addNumber: {
    path: Record<never, never>;
    query: Record<never, never>;
    body: {
      /** What is added. */
      kind: 'service' | 'verified';
      /** Any spelling with the country code. */
      number: string;
      /** For people. */
      label?: string | undefined;
      /** Id or name of an application. */
      application?: string | undefined;
    };
    answer: {
      id: string;
      /** Id of the application. */
      application: string;
      /** `service`: we hold it. `verified`: its owner lets us show it. */
      kind: string;
      /** E.164 for keys with the scope numbers:read; masked, such as +7•••••••89, for others. */
      number: string;
      label: string;
      /** Declared in the settings file; the API cannot change it. */
      declared: boolean;
    };
  };
  /** Removes a number that was added here. Scope: numbers:write. */
  deleteNumber: {
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: undefined;
    answer: undefined;
  };
  /** SIP trunks, their registrations, health and load. Scope: trunks:read. */
  listTrunks: {
    path: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: {
      items: Array<{
        id: string;
        name: string;
        host: string;
        transport: string;
        /** Beginnings of the numbers that it carries; empty: all. */
        prefixes: Array<string>;
        priority: number;
        /** Whether we register there. */
        register: boolean;
        /** Only if we register there. */
        registered?: boolean;
        /** Why the last registration failed. */
        lastError?: string;
        /** By OPTIONS and by what becomes of calls; one that is down is tried last. unknown: nothing was heard yet, or it does not answer OPTIONS. */
        state?: 'up' | 'down' | 'unknown';
        stateSince?: string;
        /** Only while down. */
        stateReason?: string;
        /** Calls that it carries on this node now. */
        calls?: {
          inbound: number;
          outbound: number;
        };
      }>;
    };
  };
  /** SIP accounts, and whether phones are registered for them. Scope: users:read. */
  listUsers: {
    path: Record<never, never>;
    query: {
      /** Id or name of an application. */
      application?: string | undefined;
    };
    body: undefined;
    answer: {
      items: Array<{
        id: string;
        /** Id of the application. */
        application: string;
        username: string;
        /** E.164 for keys with the scope numbers:read; masked, such as +7•••••••89, for others. */
        number?: string;
        /** Phones that are registered now. */
        registered: number;
      }>;
    };
  };
  /** API keys, without their secrets. Scope: keys:write. */
  listKeys: {
    path: Record<never, never>;
    query: Record<never, never>;
    body: undefined;
    answer: {
      items: Array<{
        id: string;
        name: string;
        /** The first characters, to recognise it by. */
        prefix: string;
        scopes: Array<string>;
        /** Id of the only application that it sees. */
        application?: string;
        /** UTC. */
        createdAt: string;
        /** UTC. */
        revokedAt?: string;
      }>;
    };
  };
  /** Makes an API key that may do no more than the key that makes it. Scope: keys:write. */
  createKey: {
    path: Record<never, never>;
    query: Record<never, never>;
    body: {
      /** For people. */
      name: string;
      scopes: ReadonlyArray<'calls:read' | 'traces:read' | 'recordings:read' | 'numbers:read' | 'numbers:write' | 'scenarios:read' | 'scenarios:write' | 'scenarios:start' | 'trunks:read' | 'users:read' | 'users:write' | 'applications:write' | 'storage:read' | 'storage:write' | 'call-lists:read' | 'call-lists:write' | 'metrics:read' | 'node:write' | 'keys:write'>;
      /** Id or name of an application. */
      application?: string | undefined;
      /** Makes a service account, which signs tokens (RS256) instead of showing a secret: the public half of its RSA key of 2048 to 4096 bits, PEM. */
      publicKey?: string | undefined;
    };
    answer: {
      id: string;
      name: string;
      /** The first characters, to recognise it by. */
      prefix: string;
      scopes: Array<string>;
      /** Id of the only application that it sees. */
      application?: string;
      /** UTC. */
      createdAt: string;
      /** UTC. */
      revokedAt?: string;
      /** The key itself. It is shown here and never again. A service account has none. */
      secret?: string;
      /** Of a service account: `iss` of its tokens is the number; `kid` in the header is `id`. */
      account?: {
        id: number;
        email: string;
      };
    };
  };
  /** Revokes a key; it stops working at once. Scope: keys:write. */
  revokeKey: {
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: undefined;
    answer: undefined;
  };
}

/** How each operation is asked. */
export const OPERATIONS = {
  health: { method: 'GET', path: '/health', answer: 'json', once: false },
  ready: { method: 'GET', path: '/ready', answer: 'json', once: false },
  metrics: { method: 'GET', path: '/metrics', answer: 'raw', once: false },
  getNode: { method: 'GET', path: '/v1/node', answer: 'json', once: false },
  drainNode: { method: 'PUT', path: '/v1/node/drain', answer: 'json', once: false },
  openapi: { method: 'GET', path: '/openapi.json', answer: 'json', once: false },
  listCalls: { method: 'GET', path: '/v1/calls', answer: 'json', once: false },
  getCall: { method: 'GET', path: '/v1/calls/{id}', answer: 'json', once: false },
  listCallEvents: { method: 'GET', path: '/v1/calls/{id}/events', answer: 'json', once: false },
  getCallTrace: { method: 'GET', path: '/v1/calls/{id}/trace', answer: 'json', once: false },
  getCallReplay: { method: 'GET', path: '/v1/calls/{id}/replay', answer: 'json', once: false },
  getRecording: { method: 'GET', path: '/v1/recordings/{id}', answer: 'json', once: false },
  getRecordingAudio: { method: 'GET', path: '/v1/recordings/{id}/audio', answer: 'raw', once: false },
  getRecordingTranscript: { method: 'GET', path: '/v1/recordings/{id}/transcript', answer: 'json', once: false },
  listScenarios: { method: 'GET', path: '/v1/scenarios', answer: 'json', once: false },
  getScenario: { method: 'GET', path: '/v1/scenarios/{name}', answer: 'json', once: false },
  putScenario: { method: 'PUT', path: '/v1/scenarios/{name}', answer: 'json', once: false },
  deleteScenario: { method: 'DELETE', path: '/v1/scenarios/{name}', answer: 'none', once: false },
  startScenario: { method: 'POST', path: '/v1/scenarios/{name}/start', answer: 'json', once: true },
  listNumbers: { method: 'GET', path: '/v1/numbers', answer: 'json', once: false },
  addNumber: { method: 'POST', path: '/v1/numbers', answer: 'json', once: false },
  deleteNumber: { method: 'DELETE', path: '/v1/numbers/{id}', answer: 'none', once: false },
  listTrunks: { method: 'GET', path: '/v1/trunks', answer: 'json', once: false },
  listUsers: { method: 'GET', path: '/v1/users', answer: 'json', once: false },
  listKeys: { method: 'GET', path: '/v1/keys', answer: 'json', once: false },
  createKey: { method: 'POST', path: '/v1/keys', answer: 'json', once: false },
  revokeKey: { method: 'DELETE', path: '/v1/keys/{id}', answer: 'none', once: false },
} as const;
