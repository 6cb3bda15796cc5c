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
  /** Makes a masking session: these people may talk, by this service number, until then. With an Idempotency-Key the same request makes one session only, whatever broke in between; the answer is that session as it is by then. Scope: sessions:write. */
  createMaskingSession: {
    path: Record<never, never>;
    query: Record<never, never>;
    body: {
      /** `axb`: two parties on one number. `axyb`: each on a number of their own. `axn`: anyone who calls reaches the party, who reaches the last caller. `axg`: one party and a group. `extension`: whoever types digits after the number reaches the party whose digits they are. */
      mode?: 'axb' | 'axyb' | 'axn' | 'axg' | 'extension' | undefined;
      parties: ReadonlyArray<{
        /** Any spelling with the country code. */
        number: string;
        /** Your own word, such as `driver`. */
        role?: string | undefined;
        /** How the spoken menu names this party’s order to others, such as `order 47`; fewer than five digits. */
        label?: string | undefined;
        /** What somebody hears. */
        announcement?: {
          kind: 'say' | 'play';
          /** `say`: the words. */
          text?: string | undefined;
          /** BCP 47, such as `en-GB`. */
          language?: string | undefined;
          /** `play`: of a sound. */
          url?: string | undefined;
        } | undefined;
        /** Mode `extension` only: the digits that reach this party; drawn when absent. */
        extension?: string | undefined;
      }>;
      /** Your own id of the order; one open session at most has it. */
      externalId?: string | undefined;
      /** From now; absent: until it is closed. */
      ttlSeconds?: number | undefined;
      /** The time begins anew with every answered call. Default: false. */
      sliding?: boolean | undefined;
      /** Answered calls. */
      maxCalls?: number | undefined;
      maxCallSeconds?: number | undefined;
      /** Only parties of that role may call. */
      oneWayFrom?: string | undefined;
      ringSeconds?: number | undefined;
      /** What somebody hears. */
      greeting?: {
        kind: 'say' | 'play';
        /** `say`: the words. */
        text?: string | undefined;
        /** BCP 47, such as `en-GB`. */
        language?: string | undefined;
        /** `play`: of a sound. */
        url?: string | undefined;
      } | undefined;
      /** Default: false. */
      record?: boolean | undefined;
      /** Recordings are recognised. Default: false. */
      transcribe?: boolean | undefined;
      /** BCP 47, such as `en-GB`. */
      language?: string | undefined;
      /** Which service number is wished. */
      number?: {
        /** Name of a pool; default: `default`. */
        pool?: string | undefined;
        /** `sticky` (default): one on which these people have met before, if it is free. `avoid`: one that none of them has had. */
        prefer?: 'sticky' | 'avoid' | 'any' | undefined;
        /** A region of the pool’s numbers; `same`: that of the first party’s number. */
        region?: string | undefined;
        /** No number outside the region. Default: false. */
        strict?: boolean | undefined;
        tags?: ReadonlyArray<string> | undefined;
        /** Any spelling with the country code. */
        explicit?: string | undefined;
      } | undefined;
      /** Your own words: 20 at most, 4 kB together. Kept sealed. */
      metadata?: Record<string, string> | undefined;
      /** Id or name of an application. */
      application?: string | undefined;
    };
    answer: {
      id: string;
      /** Id of the application. */
      application: string;
      externalId?: string;
      /** `axb`: two parties on one number. `axyb`: each on a number of their own. `axn`: anyone who calls reaches the party, who reaches the last caller. `axg`: one party and a group. `extension`: whoever types digits after the number reaches the party whose digits they are. */
      mode: 'axb' | 'axyb' | 'axn' | 'axg' | 'extension';
      status: 'open' | 'in-progress' | 'closed';
      closedReason?: 'asked' | 'expired' | 'calls-used-up' | 'party-erased' | 'number-removed';
      parties: Array<{
        id: string;
        /** Token of the person: the same in everything of this application. */
        person: string;
        /** E.164, for keys with the scope numbers:read only. Absent: erased. */
        number?: string;
        role: string;
        label: string;
        /** What somebody hears. */
        announcement?: {
          kind: 'say' | 'play';
          /** `say`: the words. */
          text?: string;
          /** BCP 47, such as `en-GB`. */
          language?: string;
          /** `play`: of a sound. */
          url?: string;
        };
        /** What this party dials, and sees when it is called. E.164. */
        serviceNumber?: string;
        /** Typed after a service number, reaches this party. */
        extension?: string;
      }>;
      ttlSeconds?: number;
      sliding: boolean;
      maxCalls?: number;
      maxCallSeconds?: number;
      oneWayFrom?: string;
      ringSeconds?: number;
      /** What somebody hears. */
      greeting?: {
        kind: 'say' | 'play';
        /** `say`: the words. */
        text?: string;
        /** BCP 47, such as `en-GB`. */
        language?: string;
        /** `play`: of a sound. */
        url?: string;
      };
      record: boolean;
      transcribe: boolean;
      language?: string;
      metadata: Record<string, string>;
      /** Answered calls so far. */
      calls: number;
      /** UTC. */
      createdAt: string;
      /** UTC. */
      expiresAt?: string;
      /** UTC. */
      lastCallAt?: string;
      /** UTC. */
      closedAt?: string;
    };
  };
  /** Masking sessions, newest first. To look for a number, POST to /v1/masking-sessions/search. Scope: sessions:read. */
  listMaskingSessions: {
    path: Record<never, never>;
    query: {
      /** `next` of the page before; leave it out to begin. */
      cursor?: string | undefined;
      limit?: number | undefined;
      /** Id or name of an application. */
      application?: string | undefined;
      /** Your own id of the order. */
      externalId?: string | undefined;
      status?: 'open' | 'in-progress' | 'closed' | undefined;
      /** Token of a party. */
      person?: string | undefined;
    };
    body: undefined;
    answer: {
      items: Array<{
        id: string;
        /** Id of the application. */
        application: string;
        externalId?: string;
        /** `axb`: two parties on one number. `axyb`: each on a number of their own. `axn`: anyone who calls reaches the party, who reaches the last caller. `axg`: one party and a group. `extension`: whoever types digits after the number reaches the party whose digits they are. */
        mode: 'axb' | 'axyb' | 'axn' | 'axg' | 'extension';
        status: 'open' | 'in-progress' | 'closed';
        closedReason?: 'asked' | 'expired' | 'calls-used-up' | 'party-erased' | 'number-removed';
        parties: Array<{
          id: string;
          /** Token of the person: the same in everything of this application. */
          person: string;
          /** E.164, for keys with the scope numbers:read only. Absent: erased. */
          number?: string;
          role: string;
          label: string;
          /** What somebody hears. */
          announcement?: {
            kind: 'say' | 'play';
            /** `say`: the words. */
            text?: string;
            /** BCP 47, such as `en-GB`. */
            language?: string;
            /** `play`: of a sound. */
            url?: string;
          };
          /** What this party dials, and sees when it is called. E.164. */
          serviceNumber?: string;
          /** Typed after a service number, reaches this party. */
          extension?: string;
        }>;
        ttlSeconds?: number;
        sliding: boolean;
        maxCalls?: number;
        maxCallSeconds?: number;
        oneWayFrom?: string;
        ringSeconds?: number;
        /** What somebody hears. */
        greeting?: {
          kind: 'say' | 'play';
          /** `say`: the words. */
          text?: string;
          /** BCP 47, such as `en-GB`. */
          language?: string;
          /** `play`: of a sound. */
          url?: string;
        };
        record: boolean;
        transcribe: boolean;
        language?: string;
        metadata: Record<string, string>;
        /** Answered calls so far. */
        calls: number;
        /** UTC. */
        createdAt: string;
        /** UTC. */
        expiresAt?: string;
        /** UTC. */
        lastCallAt?: string;
        /** UTC. */
        closedAt?: string;
      }>;
      /** Cursor of the next page; absent at the end. */
      next?: string;
    };
  };
  /** Masking sessions by number or otherwise, newest first: a number never stands in a URL. To look for the number of a person, the key needs numbers:read, too: else it could find out whose a token is. Service numbers may be looked for by all. Scope: sessions:read. */
  searchMaskingSessions: {
    path: Record<never, never>;
    query: Record<never, never>;
    body: {
      /** Id or name of an application. */
      application?: string | undefined;
      /** Your own id of the order; one open session at most has it. */
      externalId?: string | undefined;
      status?: 'open' | 'in-progress' | 'closed' | undefined;
      person?: string | undefined;
      /** Any spelling with the country code. */
      number?: string | undefined;
      cursor?: string | undefined;
      limit?: number | undefined;
    };
    answer: {
      items: Array<{
        id: string;
        /** Id of the application. */
        application: string;
        externalId?: string;
        /** `axb`: two parties on one number. `axyb`: each on a number of their own. `axn`: anyone who calls reaches the party, who reaches the last caller. `axg`: one party and a group. `extension`: whoever types digits after the number reaches the party whose digits they are. */
        mode: 'axb' | 'axyb' | 'axn' | 'axg' | 'extension';
        status: 'open' | 'in-progress' | 'closed';
        closedReason?: 'asked' | 'expired' | 'calls-used-up' | 'party-erased' | 'number-removed';
        parties: Array<{
          id: string;
          /** Token of the person: the same in everything of this application. */
          person: string;
          /** E.164, for keys with the scope numbers:read only. Absent: erased. */
          number?: string;
          role: string;
          label: string;
          /** What somebody hears. */
          announcement?: {
            kind: 'say' | 'play';
            /** `say`: the words. */
            text?: string;
            /** BCP 47, such as `en-GB`. */
            language?: string;
            /** `play`: of a sound. */
            url?: string;
          };
          /** What this party dials, and sees when it is called. E.164. */
          serviceNumber?: string;
          /** Typed after a service number, reaches this party. */
          extension?: string;
        }>;
        ttlSeconds?: number;
        sliding: boolean;
        maxCalls?: number;
        maxCallSeconds?: number;
        oneWayFrom?: string;
        ringSeconds?: number;
        /** What somebody hears. */
        greeting?: {
          kind: 'say' | 'play';
          /** `say`: the words. */
          text?: string;
          /** BCP 47, such as `en-GB`. */
          language?: string;
          /** `play`: of a sound. */
          url?: string;
        };
        record: boolean;
        transcribe: boolean;
        language?: string;
        metadata: Record<string, string>;
        /** Answered calls so far. */
        calls: number;
        /** UTC. */
        createdAt: string;
        /** UTC. */
        expiresAt?: string;
        /** UTC. */
        lastCallAt?: string;
        /** UTC. */
        closedAt?: string;
      }>;
      /** Cursor of the next page; absent at the end. */
      next?: string;
    };
  };
  /** One masking session. Scope: sessions:read. */
  getMaskingSession: {
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: undefined;
    answer: {
      id: string;
      /** Id of the application. */
      application: string;
      externalId?: string;
      /** `axb`: two parties on one number. `axyb`: each on a number of their own. `axn`: anyone who calls reaches the party, who reaches the last caller. `axg`: one party and a group. `extension`: whoever types digits after the number reaches the party whose digits they are. */
      mode: 'axb' | 'axyb' | 'axn' | 'axg' | 'extension';
      status: 'open' | 'in-progress' | 'closed';
      closedReason?: 'asked' | 'expired' | 'calls-used-up' | 'party-erased' | 'number-removed';
      parties: Array<{
        id: string;
        /** Token of the person: the same in everything of this application. */
        person: string;
        /** E.164, for keys with the scope numbers:read only. Absent: erased. */
        number?: string;
        role: string;
        label: string;
        /** What somebody hears. */
        announcement?: {
          kind: 'say' | 'play';
          /** `say`: the words. */
          text?: string;
          /** BCP 47, such as `en-GB`. */
          language?: string;
          /** `play`: of a sound. */
          url?: string;
        };
        /** What this party dials, and sees when it is called. E.164. */
        serviceNumber?: string;
        /** Typed after a service number, reaches this party. */
        extension?: string;
      }>;
      ttlSeconds?: number;
      sliding: boolean;
      maxCalls?: number;
      maxCallSeconds?: number;
      oneWayFrom?: string;
      ringSeconds?: number;
      /** What somebody hears. */
      greeting?: {
        kind: 'say' | 'play';
        /** `say`: the words. */
        text?: string;
        /** BCP 47, such as `en-GB`. */
        language?: string;
        /** `play`: of a sound. */
        url?: string;
      };
      record: boolean;
      transcribe: boolean;
      language?: string;
      metadata: Record<string, string>;
      /** Answered calls so far. */
      calls: number;
      /** UTC. */
      createdAt: string;
      /** UTC. */
      expiresAt?: string;
      /** UTC. */
      lastCallAt?: string;
      /** UTC. */
      closedAt?: string;
    };
  };
  /** Changes the rules or metadata of an open masking session, or extends it. null takes a rule away. Scope: sessions:write. */
  changeMaskingSession: {
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: {
      /** The time begins anew with every answered call. Default: false. */
      sliding?: boolean | undefined;
      /** Default: false. */
      record?: boolean | undefined;
      /** Recordings are recognised. Default: false. */
      transcribe?: boolean | undefined;
      ttlSeconds?: number | null | undefined;
      maxCalls?: number | null | undefined;
      maxCallSeconds?: number | null | undefined;
      oneWayFrom?: string | null | undefined;
      ringSeconds?: number | null | undefined;
      greeting?: {
        kind: 'say' | 'play';
        /** `say`: the words. */
        text?: string | undefined;
        /** BCP 47, such as `en-GB`. */
        language?: string | undefined;
        /** `play`: of a sound. */
        url?: string | undefined;
      } | null | undefined;
      language?: string | null | undefined;
      /** Your own words: 20 at most, 4 kB together. Kept sealed. */
      metadata?: Record<string, string> | undefined;
      /** It ends so long from now. */
      extendSeconds?: number | undefined;
    };
    answer: {
      id: string;
      /** Id of the application. */
      application: string;
      externalId?: string;
      /** `axb`: two parties on one number. `axyb`: each on a number of their own. `axn`: anyone who calls reaches the party, who reaches the last caller. `axg`: one party and a group. `extension`: whoever types digits after the number reaches the party whose digits they are. */
      mode: 'axb' | 'axyb' | 'axn' | 'axg' | 'extension';
      status: 'open' | 'in-progress' | 'closed';
      closedReason?: 'asked' | 'expired' | 'calls-used-up' | 'party-erased' | 'number-removed';
      parties: Array<{
        id: string;
        /** Token of the person: the same in everything of this application. */
        person: string;
        /** E.164, for keys with the scope numbers:read only. Absent: erased. */
        number?: string;
        role: string;
        label: string;
        /** What somebody hears. */
        announcement?: {
          kind: 'say' | 'play';
          /** `say`: the words. */
          text?: string;
          /** BCP 47, such as `en-GB`. */
          language?: string;
          /** `play`: of a sound. */
          url?: string;
        };
        /** What this party dials, and sees when it is called. E.164. */
        serviceNumber?: string;
        /** Typed after a service number, reaches this party. */
        extension?: string;
      }>;
      ttlSeconds?: number;
      sliding: boolean;
      maxCalls?: number;
      maxCallSeconds?: number;
      oneWayFrom?: string;
      ringSeconds?: number;
      /** What somebody hears. */
      greeting?: {
        kind: 'say' | 'play';
        /** `say`: the words. */
        text?: string;
        /** BCP 47, such as `en-GB`. */
        language?: string;
        /** `play`: of a sound. */
        url?: string;
      };
      record: boolean;
      transcribe: boolean;
      language?: string;
      metadata: Record<string, string>;
      /** Answered calls so far. */
      calls: number;
      /** UTC. */
      createdAt: string;
      /** UTC. */
      expiresAt?: string;
      /** UTC. */
      lastCallAt?: string;
      /** UTC. */
      closedAt?: string;
    };
  };
  /** Closes a masking session and forgets it; its events stay, with tokens. Scope: sessions:write. */
  deleteMaskingSession: {
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: undefined;
    answer: undefined;
  };
  /** Makes up to 1000 masking sessions, each for itself: one that cannot be made stops no other. A request whose form is wrong makes none. What needs a closer look (a number that is none, no free service number) is the outcome of that one. Scope: sessions:write. */
  createMaskingSessions: {
    path: Record<never, never>;
    query: Record<never, never>;
    body: {
      sessions: ReadonlyArray<{
        /** `axb`: two parties on one number. `axyb`: each on a number of their own. `axn`: anyone who calls reaches the party, who reaches the last caller. `axg`: one party and a group. `extension`: whoever types digits after the number reaches the party whose digits they are. */
        mode?: 'axb' | 'axyb' | 'axn' | 'axg' | 'extension' | undefined;
        parties: ReadonlyArray<{
          /** Any spelling with the country code. */
          number: string;
          /** Your own word, such as `driver`. */
          role?: string | undefined;
          /** How the spoken menu names this party’s order to others, such as `order 47`; fewer than five digits. */
          label?: string | undefined;
          /** What somebody hears. */
          announcement?: {
            kind: 'say' | 'play';
            /** `say`: the words. */
            text?: string | undefined;
            /** BCP 47, such as `en-GB`. */
            language?: string | undefined;
            /** `play`: of a sound. */
            url?: string | undefined;
          } | undefined;
          /** Mode `extension` only: the digits that reach this party; drawn when absent. */
          extension?: string | undefined;
        }>;
        /** Your own id of the order; one open session at most has it. */
        externalId?: string | undefined;
        /** From now; absent: until it is closed. */
        ttlSeconds?: number | undefined;
        /** The time begins anew with every answered call. Default: false. */
        sliding?: boolean | undefined;
        /** Answered calls. */
        maxCalls?: number | undefined;
        maxCallSeconds?: number | undefined;
        /** Only parties of that role may call. */
        oneWayFrom?: string | undefined;
        ringSeconds?: number | undefined;
        /** What somebody hears. */
        greeting?: {
          kind: 'say' | 'play';
          /** `say`: the words. */
          text?: string | undefined;
          /** BCP 47, such as `en-GB`. */
          language?: string | undefined;
          /** `play`: of a sound. */
          url?: string | undefined;
        } | undefined;
        /** Default: false. */
        record?: boolean | undefined;
        /** Recordings are recognised. Default: false. */
        transcribe?: boolean | undefined;
        /** BCP 47, such as `en-GB`. */
        language?: string | undefined;
        /** Which service number is wished. */
        number?: {
          /** Name of a pool; default: `default`. */
          pool?: string | undefined;
          /** `sticky` (default): one on which these people have met before, if it is free. `avoid`: one that none of them has had. */
          prefer?: 'sticky' | 'avoid' | 'any' | undefined;
          /** A region of the pool’s numbers; `same`: that of the first party’s number. */
          region?: string | undefined;
          /** No number outside the region. Default: false. */
          strict?: boolean | undefined;
          tags?: ReadonlyArray<string> | undefined;
          /** Any spelling with the country code. */
          explicit?: string | undefined;
        } | undefined;
        /** Your own words: 20 at most, 4 kB together. Kept sealed. */
        metadata?: Record<string, string> | undefined;
      }>;
      /** Id or name of an application. */
      application?: string | undefined;
    };
    answer: {
      succeeded: number;
      failed: number;
      /** In the order of the request; each has one of the two. */
      items: Array<{
        session?: {
          id: string;
          /** Id of the application. */
          application: string;
          externalId?: string;
          /** `axb`: two parties on one number. `axyb`: each on a number of their own. `axn`: anyone who calls reaches the party, who reaches the last caller. `axg`: one party and a group. `extension`: whoever types digits after the number reaches the party whose digits they are. */
          mode: 'axb' | 'axyb' | 'axn' | 'axg' | 'extension';
          status: 'open' | 'in-progress' | 'closed';
          closedReason?: 'asked' | 'expired' | 'calls-used-up' | 'party-erased' | 'number-removed';
          parties: Array<{
            id: string;
            /** Token of the person: the same in everything of this application. */
            person: string;
            /** E.164, for keys with the scope numbers:read only. Absent: erased. */
            number?: string;
            role: string;
            label: string;
            /** What somebody hears. */
            announcement?: {
              kind: 'say' | 'play';
              /** `say`: the words. */
              text?: string;
              /** BCP 47, such as `en-GB`. */
              language?: string;
              /** `play`: of a sound. */
              url?: string;
            };
            /** What this party dials, and sees when it is called. E.164. */
            serviceNumber?: string;
            /** Typed after a service number, reaches this party. */
            extension?: string;
          }>;
          ttlSeconds?: number;
          sliding: boolean;
          maxCalls?: number;
          maxCallSeconds?: number;
          oneWayFrom?: string;
          ringSeconds?: number;
          /** What somebody hears. */
          greeting?: {
            kind: 'say' | 'play';
            /** `say`: the words. */
            text?: string;
            /** BCP 47, such as `en-GB`. */
            language?: string;
            /** `play`: of a sound. */
            url?: string;
          };
          record: boolean;
          transcribe: boolean;
          language?: string;
          metadata: Record<string, string>;
          /** Answered calls so far. */
          calls: number;
          /** UTC. */
          createdAt: string;
          /** UTC. */
          expiresAt?: string;
          /** UTC. */
          lastCallAt?: string;
          /** UTC. */
          closedAt?: string;
        };
        problem?: Problem;
      }>;
    };
  };
  /** Closes up to 1000 masking sessions, each for itself. Scope: sessions:write. */
  closeMaskingSessions: {
    path: Record<never, never>;
    query: Record<never, never>;
    body: {
      ids: ReadonlyArray<string>;
    };
    answer: {
      succeeded: number;
      failed: number;
      /** In the order of the request; each has one of the two. */
      items: Array<{
        session?: {
          id: string;
          /** Id of the application. */
          application: string;
          externalId?: string;
          /** `axb`: two parties on one number. `axyb`: each on a number of their own. `axn`: anyone who calls reaches the party, who reaches the last caller. `axg`: one party and a group. `extension`: whoever types digits after the number reaches the party whose digits they are. */
          mode: 'axb' | 'axyb' | 'axn' | 'axg' | 'extension';
          status: 'open' | 'in-progress' | 'closed';
          closedReason?: 'asked' | 'expired' | 'calls-used-up' | 'party-erased' | 'number-removed';
          parties: Array<{
            id: string;
            /** Token of the person: the same in everything of this application. */
            person: string;
            /** E.164, for keys with the scope numbers:read only. Absent: erased. */
            number?: string;
            role: string;
            label: string;
            /** What somebody hears. */
            announcement?: {
              kind: 'say' | 'play';
              /** `say`: the words. */
              text?: string;
              /** BCP 47, such as `en-GB`. */
              language?: string;
              /** `play`: of a sound. */
              url?: string;
            };
            /** What this party dials, and sees when it is called. E.164. */
            serviceNumber?: string;
            /** Typed after a service number, reaches this party. */
            extension?: string;
          }>;
          ttlSeconds?: number;
          sliding: boolean;
          maxCalls?: number;
          maxCallSeconds?: number;
          oneWayFrom?: string;
          ringSeconds?: number;
          /** What somebody hears. */
          greeting?: {
            kind: 'say' | 'play';
            /** `say`: the words. */
            text?: string;
            /** BCP 47, such as `en-GB`. */
            language?: string;
            /** `play`: of a sound. */
            url?: string;
          };
          record: boolean;
          transcribe: boolean;
          language?: string;
          metadata: Record<string, string>;
          /** Answered calls so far. */
          calls: number;
          /** UTC. */
          createdAt: string;
          /** UTC. */
          expiresAt?: string;
          /** UTC. */
          lastCallAt?: string;
          /** UTC. */
          closedAt?: string;
        };
        problem?: Problem;
      }>;
    };
  };
  /** Changes a party: another number, role, label or announcement. Scope: sessions:write. */
  changeMaskingParty: {
    path: {
      id: string;
      partyId: string;
    };
    query: Record<never, never>;
    body: {
      /** Any spelling with the country code. */
      number?: string | undefined;
      /** Your own word, such as `driver`. */
      role?: string | undefined;
      /** How the spoken menu names this party’s order to others, such as `order 47`; fewer than five digits. */
      label?: string | undefined;
      announcement?: {
        kind: 'say' | 'play';
        /** `say`: the words. */
        text?: string | undefined;
        /** BCP 47, such as `en-GB`. */
        language?: string | undefined;
        /** `play`: of a sound. */
        url?: string | undefined;
      } | null | undefined;
    };
    answer: {
      id: string;
      /** Id of the application. */
      application: string;
      externalId?: string;
      /** `axb`: two parties on one number. `axyb`: each on a number of their own. `axn`: anyone who calls reaches the party, who reaches the last caller. `axg`: one party and a group. `extension`: whoever types digits after the number reaches the party whose digits they are. */
      mode: 'axb' | 'axyb' | 'axn' | 'axg' | 'extension';
      status: 'open' | 'in-progress' | 'closed';
      closedReason?: 'asked' | 'expired' | 'calls-used-up' | 'party-erased' | 'number-removed';
      parties: Array<{
        id: string;
        /** Token of the person: the same in everything of this application. */
        person: string;
        /** E.164, for keys with the scope numbers:read only. Absent: erased. */
        number?: string;
        role: string;
        label: string;
        /** What somebody hears. */
        announcement?: {
          kind: 'say' | 'play';
          /** `say`: the words. */
          text?: string;
          /** BCP 47, such as `en-GB`. */
          language?: string;
          /** `play`: of a sound. */
          url?: string;
        };
        /** What this party dials, and sees when it is called. E.164. */
        serviceNumber?: string;
        /** Typed after a service number, reaches this party. */
        extension?: string;
      }>;
      ttlSeconds?: number;
      sliding: boolean;
      maxCalls?: number;
      maxCallSeconds?: number;
      oneWayFrom?: string;
      ringSeconds?: number;
      /** What somebody hears. */
      greeting?: {
        kind: 'say' | 'play';
        /** `say`: the words. */
        text?: string;
        /** BCP 47, such as `en-GB`. */
        language?: string;
        /** `play`: of a sound. */
        url?: string;
      };
      record: boolean;
      transcribe: boolean;
      language?: string;
      metadata: Record<string, string>;
      /** Answered calls so far. */
      calls: number;
      /** UTC. */
      createdAt: string;
      /** UTC. */
      expiresAt?: string;
      /** UTC. */
      lastCallAt?: string;
      /** UTC. */
      closedAt?: string;
    };
  };
  /** Closes a masking session. Calls that are up go on; new ones find it closed. Scope: sessions:write. */
  closeMaskingSession: {
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: Record<never, never>;
    answer: {
      id: string;
      /** Id of the application. */
      application: string;
      externalId?: string;
      /** `axb`: two parties on one number. `axyb`: each on a number of their own. `axn`: anyone who calls reaches the party, who reaches the last caller. `axg`: one party and a group. `extension`: whoever types digits after the number reaches the party whose digits they are. */
      mode: 'axb' | 'axyb' | 'axn' | 'axg' | 'extension';
      status: 'open' | 'in-progress' | 'closed';
      closedReason?: 'asked' | 'expired' | 'calls-used-up' | 'party-erased' | 'number-removed';
      parties: Array<{
        id: string;
        /** Token of the person: the same in everything of this application. */
        person: string;
        /** E.164, for keys with the scope numbers:read only. Absent: erased. */
        number?: string;
        role: string;
        label: string;
        /** What somebody hears. */
        announcement?: {
          kind: 'say' | 'play';
          /** `say`: the words. */
          text?: string;
          /** BCP 47, such as `en-GB`. */
          language?: string;
          /** `play`: of a sound. */
          url?: string;
        };
        /** What this party dials, and sees when it is called. E.164. */
        serviceNumber?: string;
        /** Typed after a service number, reaches this party. */
        extension?: string;
      }>;
      ttlSeconds?: number;
      sliding: boolean;
      maxCalls?: number;
      maxCallSeconds?: number;
      oneWayFrom?: string;
      ringSeconds?: number;
      /** What somebody hears. */
      greeting?: {
        kind: 'say' | 'play';
        /** `say`: the words. */
        text?: string;
        /** BCP 47, such as `en-GB`. */
        language?: string;
        /** `play`: of a sound. */
        url?: string;
      };
      record: boolean;
      transcribe: boolean;
      language?: string;
      metadata: Record<string, string>;
      /** Answered calls so far. */
      calls: number;
      /** UTC. */
      createdAt: string;
      /** UTC. */
      expiresAt?: string;
      /** UTC. */
      lastCallAt?: string;
      /** UTC. */
      closedAt?: string;
    };
  };
  /** Blocks, newest first. Scope: policy:read. */
  listBlocks: {
    path: Record<never, never>;
    query: {
      /** `next` of the page before; leave it out to begin. */
      cursor?: string | undefined;
      limit?: number | undefined;
      /** Id or name of an application. */
      application?: string | undefined;
    };
    body: undefined;
    answer: {
      items: Array<{
        id: string;
        /** Id of the application. */
        application: string;
        /** Token of the person: the same in everything of this application. */
        person: string;
        /** Token; absent: everybody. */
        counterpart?: string;
        direction: string;
        by: string;
        reason: string;
        /** UTC. */
        createdAt: string;
        /** UTC. */
        expiresAt?: string;
      }>;
      /** Cursor of the next page; absent at the end. */
      next?: string;
    };
  };
  /** Blocks a person, for everybody or for one counterpart. Calls that are up go on. Scope: policy:write. */
  addBlock: {
    path: Record<never, never>;
    query: Record<never, never>;
    body: {
      /** Token, or: */
      person?: string | undefined;
      /** Any spelling with the country code. */
      number?: string | undefined;
      /** Token of the other one, or: */
      counterpart?: string | undefined;
      /** Any spelling with the country code. */
      counterpartNumber?: string | undefined;
      /** `from`: calls of that person are refused; `to`: calls to them. Default: `both`. */
      direction?: 'from' | 'to' | 'both' | undefined;
      /** `party`: the person asked to be left alone. Default: `application`. */
      by?: 'application' | 'party' | undefined;
      /** For people. */
      reason?: string | undefined;
      /** From now; absent: until it is closed. */
      ttlSeconds?: number | undefined;
      /** Id or name of an application. */
      application?: string | undefined;
    };
    answer: {
      id: string;
      /** Id of the application. */
      application: string;
      /** Token of the person: the same in everything of this application. */
      person: string;
      /** Token; absent: everybody. */
      counterpart?: string;
      direction: string;
      by: string;
      reason: string;
      /** UTC. */
      createdAt: string;
      /** UTC. */
      expiresAt?: string;
    };
  };
  /** Removes a block. Scope: policy:write. */
  removeBlock: {
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: undefined;
    answer: undefined;
  };
  /** The routing policy of an application. Scope: policy:read. */
  getRoutingPolicy: {
    path: Record<never, never>;
    query: {
      /** Id or name of an application. */
      application?: string | undefined;
    };
    body: undefined;
    answer: {
      /** When a caller could mean several sessions: what is tried, in order. */
      ambiguous?: Array<'most-recent' | 'menu' | 'extension' | 'pull' | 'operator'>;
      /** `most-recent` decides only within so long of the last call. */
      mostRecentSeconds?: number;
      /** Orders that the spoken menu names at most. */
      menuEntries?: number;
      /** The backend that is asked when no session fits. */
      pull?: {
        /** http or https, without a password. */
        url: string;
        /** Milliseconds. */
        timeoutMs?: number;
        /** So long an answer is used without asking again. */
        freshSeconds?: number;
        /** After that, for so long, it is used and asked again behind the call. */
        staleSeconds?: number;
        /** So old an answer may be when the backend is down. */
        downSeconds?: number;
        /** The backend is told the caller’s number, not only the token. */
        numbers?: boolean;
      };
      /** Callers may be asked for an extension. */
      extensionPrompt?: boolean;
      extensionTries?: number;
      unknown?: {
        kind: 'announce' | 'operator' | 'call-back' | 'reject';
        /** A SIP account. */
        user?: string;
        /** What somebody hears. */
        announcement?: {
          kind: 'say' | 'play';
          /** `say`: the words. */
          text?: string;
          /** BCP 47, such as `en-GB`. */
          language?: string;
          /** `play`: of a sound. */
          url?: string;
        };
      };
      expired?: {
        kind: 'announce' | 'operator' | 'call-back' | 'reject';
        /** A SIP account. */
        user?: string;
        /** What somebody hears. */
        announcement?: {
          kind: 'say' | 'play';
          /** `say`: the words. */
          text?: string;
          /** BCP 47, such as `en-GB`. */
          language?: string;
          /** `play`: of a sound. */
          url?: string;
        };
      };
      /** A SIP account. */
      operator?: string;
      /** Asked before a call that was decided; may veto it. */
      intercept?: {
        /** http or https, without a password. */
        url: string;
        /** Milliseconds. */
        timeoutMs?: number;
        whenSilent?: 'allow' | 'refuse';
      };
      /** Calls of one person to one counterpart. */
      attemptsPerHour?: number;
      /** BCP 47, such as `en-GB`. */
      language?: string;
    };
  };
  /** Replaces the routing policy of an application; what is left out is as the defaults are. Scope: policy:write. */
  putRoutingPolicy: {
    path: Record<never, never>;
    query: {
      /** Id or name of an application. */
      application?: string | undefined;
    };
    body: {
      /** When a caller could mean several sessions: what is tried, in order. */
      ambiguous?: ReadonlyArray<'most-recent' | 'menu' | 'extension' | 'pull' | 'operator'> | undefined;
      /** `most-recent` decides only within so long of the last call. */
      mostRecentSeconds?: number | undefined;
      /** Orders that the spoken menu names at most. */
      menuEntries?: number | undefined;
      /** The backend that is asked when no session fits. */
      pull?: {
        /** http or https, without a password. */
        url: string;
        /** Milliseconds. */
        timeoutMs?: number | undefined;
        /** So long an answer is used without asking again. */
        freshSeconds?: number | undefined;
        /** After that, for so long, it is used and asked again behind the call. */
        staleSeconds?: number | undefined;
        /** So old an answer may be when the backend is down. */
        downSeconds?: number | undefined;
        /** The backend is told the caller’s number, not only the token. */
        numbers?: boolean | undefined;
      } | undefined;
      /** Callers may be asked for an extension. */
      extensionPrompt?: boolean | undefined;
      extensionTries?: number | undefined;
      unknown?: {
        kind: 'announce' | 'operator' | 'call-back' | 'reject';
        /** A SIP account. */
        user?: string | undefined;
        /** What somebody hears. */
        announcement?: {
          kind: 'say' | 'play';
          /** `say`: the words. */
          text?: string | undefined;
          /** BCP 47, such as `en-GB`. */
          language?: string | undefined;
          /** `play`: of a sound. */
          url?: string | undefined;
        } | undefined;
      } | undefined;
      expired?: {
        kind: 'announce' | 'operator' | 'call-back' | 'reject';
        /** A SIP account. */
        user?: string | undefined;
        /** What somebody hears. */
        announcement?: {
          kind: 'say' | 'play';
          /** `say`: the words. */
          text?: string | undefined;
          /** BCP 47, such as `en-GB`. */
          language?: string | undefined;
          /** `play`: of a sound. */
          url?: string | undefined;
        } | undefined;
      } | undefined;
      /** A SIP account. */
      operator?: string | undefined;
      /** Asked before a call that was decided; may veto it. */
      intercept?: {
        /** http or https, without a password. */
        url: string;
        /** Milliseconds. */
        timeoutMs?: number | undefined;
        whenSilent?: 'allow' | 'refuse' | undefined;
      } | undefined;
      /** Calls of one person to one counterpart. */
      attemptsPerHour?: number | undefined;
      /** BCP 47, such as `en-GB`. */
      language?: string | undefined;
    };
    answer: {
      /** When a caller could mean several sessions: what is tried, in order. */
      ambiguous?: Array<'most-recent' | 'menu' | 'extension' | 'pull' | 'operator'>;
      /** `most-recent` decides only within so long of the last call. */
      mostRecentSeconds?: number;
      /** Orders that the spoken menu names at most. */
      menuEntries?: number;
      /** The backend that is asked when no session fits. */
      pull?: {
        /** http or https, without a password. */
        url: string;
        /** Milliseconds. */
        timeoutMs?: number;
        /** So long an answer is used without asking again. */
        freshSeconds?: number;
        /** After that, for so long, it is used and asked again behind the call. */
        staleSeconds?: number;
        /** So old an answer may be when the backend is down. */
        downSeconds?: number;
        /** The backend is told the caller’s number, not only the token. */
        numbers?: boolean;
      };
      /** Callers may be asked for an extension. */
      extensionPrompt?: boolean;
      extensionTries?: number;
      unknown?: {
        kind: 'announce' | 'operator' | 'call-back' | 'reject';
        /** A SIP account. */
        user?: string;
        /** What somebody hears. */
        announcement?: {
          kind: 'say' | 'play';
          /** `say`: the words. */
          text?: string;
          /** BCP 47, such as `en-GB`. */
          language?: string;
          /** `play`: of a sound. */
          url?: string;
        };
      };
      expired?: {
        kind: 'announce' | 'operator' | 'call-back' | 'reject';
        /** A SIP account. */
        user?: string;
        /** What somebody hears. */
        announcement?: {
          kind: 'say' | 'play';
          /** `say`: the words. */
          text?: string;
          /** BCP 47, such as `en-GB`. */
          language?: string;
          /** `play`: of a sound. */
          url?: string;
        };
      };
      /** A SIP account. */
      operator?: string;
      /** Asked before a call that was decided; may veto it. */
      intercept?: {
        /** http or https, without a password. */
        url: string;
        /** Milliseconds. */
        timeoutMs?: number;
        whenSilent?: 'allow' | 'refuse';
      };
      /** Calls of one person to one counterpart. */
      attemptsPerHour?: number;
      /** BCP 47, such as `en-GB`. */
      language?: string;
    };
  };
  /** The secrets that sign requests to the application’s backend (pull and intercept). Scope: policy:write. */
  getBackendSecrets: {
    path: Record<never, never>;
    query: {
      /** Id or name of an application. */
      application?: string | undefined;
    };
    body: undefined;
    answer: {
      /** `whsec_…`; the current one first. A signature by any of them is good. */
      secrets: Array<string>;
    };
  };
  /** Makes a new secret beside the old one, which signs for another day. Scope: policy:write. */
  rotateBackendSecret: {
    path: Record<never, never>;
    query: {
      /** Id or name of an application. */
      application?: string | undefined;
    };
    body: undefined;
    answer: {
      secret: string;
    };
  };
  /** What would become of a call: each step of the resolution, and what both sides would notice. Nobody is called, nothing is written, and the intercept hook is not asked. Scope: policy:read. */
  explain: {
    path: Record<never, never>;
    query: Record<never, never>;
    body: {
      /** Who would call. */
      from: string;
      /** The service number that they would dial. */
      to: string;
      /** Digits that they would type. */
      extension?: string | undefined;
      /** Session chosen from the menu. */
      chosen?: string | undefined;
      /** The backend is asked, where a call would ask it; nothing is kept. Default: false. */
      askBackend?: boolean | undefined;
      /** Id or name of an application. */
      application?: string | undefined;
    };
    answer: {
      decision: {
        kind: 'connect' | 'choose' | 'ask-extension' | 'play' | 'operator' | 'call-back' | 'reject';
        /** Id of the masking session. */
        session?: string;
        /** Called one after the other. */
        callees?: Array<{
          /** Id of the party. */
          party?: string;
          /** E.164, for keys with the scope numbers:read only. */
          number?: string;
          /** The service number that the callee sees. */
          sees: string;
          /** What somebody hears. */
          announcement?: {
            kind: 'say' | 'play';
            /** `say`: the words. */
            text?: string;
            /** BCP 47, such as `en-GB`. */
            language?: string;
            /** `play`: of a sound. */
            url?: string;
          };
        }>;
        /** What somebody hears. */
        greeting?: {
          kind: 'say' | 'play';
          /** `say`: the words. */
          text?: string;
          /** BCP 47, such as `en-GB`. */
          language?: string;
          /** `play`: of a sound. */
          url?: string;
        };
        ringSeconds?: number;
        maxCallSeconds?: number;
        record?: boolean;
        transcribe?: boolean;
        language?: string;
        /** The spoken menu. */
        options?: Array<{
          session: string;
          label: string;
        }>;
        tries?: number;
        /** What somebody hears. */
        announcement?: {
          kind: 'say' | 'play';
          /** `say`: the words. */
          text?: string;
          /** BCP 47, such as `en-GB`. */
          language?: string;
          /** `play`: of a sound. */
          url?: string;
        };
        /** SIP account of the operator. */
        user?: string;
        /** SIP status that the caller gets. */
        status?: number;
        reason?: string;
      };
      /** In order; before anybody rings. Announcements are quoted; what the scenario says in its own words is described. */
      callerHears: Array<string>;
      /** Of each who is called: the number shown. */
      calleeSees: Array<string>;
      /** What was asked, in order, and what each said. */
      steps: Array<{
        step: string;
        verdict: 'decided' | 'passed' | 'skipped' | 'failed';
        detail: string;
      }>;
    };
  };
  /** Number pools. Scope: sessions:read. */
  listNumberPools: {
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
        name: string;
        coolOffSeconds: number;
        sharing: boolean;
      }>;
    };
  };
  /** Makes a number pool, or changes its rules. Sessions that are there keep their numbers. Scope: numbers:write. */
  putNumberPool: {
    path: {
      name: string;
    };
    query: {
      /** Id or name of an application. */
      application?: string | undefined;
    };
    body: {
      /** After a session, nobody of it meets anybody else on its number for so long. */
      coolOffSeconds: number;
      /** Somebody may meet several others on one number at a time; the routing policy says what happens then. Default: false. */
      sharing?: boolean | undefined;
    };
    answer: {
      id: string;
      /** Id of the application. */
      application: string;
      name: string;
      coolOffSeconds: number;
      sharing: boolean;
    };
  };
  /** Removes a number pool; its numbers are in `default` from then on. Scope: numbers:write. */
  deleteNumberPool: {
    path: {
      name: string;
    };
    query: {
      /** Id or name of an application. */
      application?: string | undefined;
    };
    body: undefined;
    answer: undefined;
  };
  /** How many service numbers a set or a rate of orders needs. Nothing of it is kept. Scope: sessions:read. */
  planNumbers: {
    path: Record<never, never>;
    query: Record<never, never>;
    body: {
      /** Who meets whom, from when to when. */
      orders?: ReadonlyArray<{
        /** Any name; it is compared, and not kept. */
        a: string;
        /** Any name; it is compared, and not kept. */
        b: string;
        /** RFC 3339, or seconds. */
        start: number | string;
        /** RFC 3339, or seconds. */
        end: number | string;
      }> | undefined;
      /** Instead of orders: a day is made up. */
      rate?: {
        perHour: number;
        /** Of an order, on average. */
        minutes: number;
        /** Orders of one driver at once. Default: 1. */
        held?: number | undefined;
      } | undefined;
      /** For so long a number is not used again by the same person for somebody else. Default: 60. */
      coolOffMinutes?: number | undefined;
    };
    answer: {
      orders: number;
      /** So many service numbers are enough. */
      numbers: number;
      /** Fewer cannot do: so many counterparts has one person at a time. */
      lowerBound: number;
      /** Orders at the busiest moment. */
      atOnce: number;
    };
  };
  /** Service numbers and verified numbers. Scope: numbers:read. */
  listNumbers: {
    path: Record<never, never>;
    query: {
      /** Id or name of an application. */
      application?: string | undefined;
      kind?: 'service' | 'verified' | undefined;
      /** Name of a pool. */
      pool?: string | undefined;
      /** Your own word for where it is. */
      region?: string | undefined;
      /** One of its tags. */
      tag?: string | undefined;
      status?: 'active' | 'quarantined' | undefined;
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
        /** Declared in the settings file; the API cannot remove it. */
        declared: boolean;
        /** Name of the pool; service numbers only. */
        pool?: string;
        /** ISO 3166. */
        country?: string;
        region?: string;
        tags?: Array<string>;
        /** `active`, or `quarantined`: given to no new session. */
        status?: string;
        quarantineReason?: string;
        /** Live masking sessions that have it. */
        sessions?: number;
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
      /** Declared in the settings file; the API cannot remove it. */
      declared: boolean;
      /** Name of the pool; service numbers only. */
      pool?: string;
      /** ISO 3166. */
      country?: string;
      region?: string;
      tags?: Array<string>;
      /** `active`, or `quarantined`: given to no new session. */
      status?: string;
      quarantineReason?: string;
      /** Live masking sessions that have it. */
      sessions?: number;
    };
  };
  /** Changes a service number: its pool, region, tags or label, or whether new sessions get it. Scope: numbers:write. */
  changeNumber: {
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: {
      /** Name of a pool of the application, or `default`. */
      pool?: string | undefined;
      region?: string | null | undefined;
      tags?: ReadonlyArray<string> | undefined;
      /** For people. */
      label?: string | undefined;
      status?: 'active' | 'quarantined' | undefined;
      /** For people. */
      quarantineReason?: string | undefined;
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
      /** Declared in the settings file; the API cannot remove it. */
      declared: boolean;
      /** Name of the pool; service numbers only. */
      pool?: string;
      /** ISO 3166. */
      country?: string;
      region?: string;
      tags?: Array<string>;
      /** `active`, or `quarantined`: given to no new session. */
      status?: string;
      quarantineReason?: string;
      /** Live masking sessions that have it. */
      sessions?: number;
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
  /** What happened to masking sessions and calls, the oldest first; ask again with the cursor of the answer. Scope: events:read. */
  listEvents: {
    path: Record<never, never>;
    query: {
      /** `cursor` of an event, of a page of events, or an `id` of the stream. */
      cursor?: string | undefined;
      /** Without a cursor: from the oldest event that is kept (default), or from now on. */
      from?: 'beginning' | 'now' | undefined;
      limit?: number | undefined;
      /** Id or name of an application. */
      application?: string | undefined;
      /** Only events of this subject: the id of a masking session, or else of a call. */
      subject?: string | undefined;
      /** Only events of these types, parted by commas. Default: all. */
      types?: string | undefined;
    };
    body: undefined;
    answer: {
      items: Array<{
        /** The same wherever the event is seen: log, stream, webhooks. */
        id: string;
        /** See docs/guide/events.md. */
        type: string;
        /** UTC. */
        timestamp: string;
        /** Id of the application. */
        application: string;
        /** What it is about, and within which it has its order. */
        subject: string;
        /** Within the subject, from 1, without gaps. */
        position: number;
        data: Record<string, unknown>;
        /** Reading goes on behind this event from here. */
        cursor: string;
      }>;
      /** For the next request, also when there was nothing. */
      cursor: string;
    };
  };
  /** Events as they happen (server-sent events): from now on, or from a cursor. Scope: events:read. */
  streamEvents: {
    path: Record<never, never>;
    query: {
      /** `cursor` of an event, of a page of events, or an `id` of the stream. */
      cursor?: string | undefined;
      /** Id or name of an application. */
      application?: string | undefined;
      /** Only events of this subject: the id of a masking session, or else of a call. */
      subject?: string | undefined;
      /** Only events of these types, parted by commas. Default: all. */
      types?: string | undefined;
    };
    body: undefined;
    answer: Response;
  };
  /** Webhooks, without their secrets. Scope: webhooks:write. */
  listWebhooks: {
    path: Record<never, never>;
    query: {
      /** Id or name of an application. */
      application?: string | undefined;
    };
    body: undefined;
    answer: {
      items: Array<{
        id: string;
        /** Id of the application whose events it gets. */
        application: string;
        url: string;
        /** Empty: all. */
        types: Array<string>;
        /** Off: nothing is sent, and nothing is kept for it; a replay brings what it has missed. 410 turns it off. */
        enabled: boolean;
        /** UTC. */
        createdAt: string;
        /** Attempts that failed one after the other, up to now. */
        failures: number;
        /** UTC. */
        pausedUntil?: string;
      }>;
    };
  };
  /** Makes a webhook; what happens from now on is sent to it. Scope: webhooks:write. */
  createWebhook: {
    path: Record<never, never>;
    query: Record<never, never>;
    body: {
      /** Id or name of an application. */
      application?: string | undefined;
      /** Where events are sent by POST: http or https, without credentials. Private addresses need the setting scenario.httpAllow. */
      url: string;
      /** Only events of these types; empty: all. */
      types?: ReadonlyArray<'masking_session.created' | 'masking_session.changed' | 'masking_session.closed' | 'call.started' | 'call.answered' | 'call.ended' | 'call.refused' | 'call_back.requested' | 'recording.completed' | 'transcript.completed' | 'block.created' | 'block.removed' | 'number.quarantined' | 'person.erased'> | undefined;
    };
    answer: {
      id: string;
      /** Id of the application whose events it gets. */
      application: string;
      url: string;
      /** Empty: all. */
      types: Array<string>;
      /** Off: nothing is sent, and nothing is kept for it; a replay brings what it has missed. 410 turns it off. */
      enabled: boolean;
      /** UTC. */
      createdAt: string;
      /** Attempts that failed one after the other, up to now. */
      failures: number;
      /** UTC. */
      pausedUntil?: string;
      /** `whsec_…`, for the libraries of Standard Webhooks. It is shown here and never again. */
      secret: string;
    };
  };
  /** One webhook, without its secret. Scope: webhooks:write. */
  getWebhook: {
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: undefined;
    answer: {
      id: string;
      /** Id of the application whose events it gets. */
      application: string;
      url: string;
      /** Empty: all. */
      types: Array<string>;
      /** Off: nothing is sent, and nothing is kept for it; a replay brings what it has missed. 410 turns it off. */
      enabled: boolean;
      /** UTC. */
      createdAt: string;
      /** Attempts that failed one after the other, up to now. */
      failures: number;
      /** UTC. */
      pausedUntil?: string;
    };
  };
  /** Changes a webhook, or turns it on or off. Scope: webhooks:write. */
  changeWebhook: {
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: {
      /** Where events are sent by POST: http or https, without credentials. Private addresses need the setting scenario.httpAllow. */
      url?: string | undefined;
      /** Only events of these types; empty: all. */
      types?: ReadonlyArray<'masking_session.created' | 'masking_session.changed' | 'masking_session.closed' | 'call.started' | 'call.answered' | 'call.ended' | 'call.refused' | 'call_back.requested' | 'recording.completed' | 'transcript.completed' | 'block.created' | 'block.removed' | 'number.quarantined' | 'person.erased'> | undefined;
      enabled?: boolean | undefined;
    };
    answer: {
      id: string;
      /** Id of the application whose events it gets. */
      application: string;
      url: string;
      /** Empty: all. */
      types: Array<string>;
      /** Off: nothing is sent, and nothing is kept for it; a replay brings what it has missed. 410 turns it off. */
      enabled: boolean;
      /** UTC. */
      createdAt: string;
      /** Attempts that failed one after the other, up to now. */
      failures: number;
      /** UTC. */
      pausedUntil?: string;
    };
  };
  /** Removes a webhook, and what waits for it. Scope: webhooks:write. */
  removeWebhook: {
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: undefined;
    answer: undefined;
  };
  /** Makes a new secret. Both sign for a day, then only the new one. Scope: webhooks:write. */
  rotateWebhookSecret: {
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: undefined;
    answer: {
      /** `whsec_…`, for the libraries of Standard Webhooks. It is shown here and never again. */
      secret: string;
    };
  };
  /** What was sent, what is to be sent, and what was given up; the newest first. Scope: webhooks:write. */
  listDeliveries: {
    path: {
      id: string;
    };
    query: {
      /** `next` of the page before; leave it out to begin. */
      cursor?: string | undefined;
      limit?: number | undefined;
      state?: 'waiting' | 'delivered' | 'failed' | undefined;
    };
    body: undefined;
    answer: {
      items: Array<{
        id: string;
        /** `waiting`, `delivered` or `failed`: given up. */
        state: string;
        attempts: number;
        /** UTC. */
        nextAt?: string;
        /** UTC. */
        lastAttemptAt?: string;
        /** HTTP status of the last answer. */
        lastStatus?: number;
        /** Why the last attempt failed, in words. */
        lastError?: string;
        event: {
          /** The same wherever the event is seen: log, stream, webhooks. */
          id: string;
          /** See docs/guide/events.md. */
          type: string;
          /** UTC. */
          timestamp: string;
          /** Id of the application. */
          application: string;
          /** What it is about, and within which it has its order. */
          subject: string;
          /** Within the subject, from 1, without gaps. */
          position: number;
          data: Record<string, unknown>;
        };
      }>;
      /** Cursor of the next page; absent at the end. */
      next?: string;
    };
  };
  /** Sends events once more. What waits to be sent already is not sent twice. Scope: webhooks:write. */
  replayEvents: {
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: {
      /** `cursor` of an event, of a page of events, or an `id` of the stream. */
      cursor: string;
    } | {
      event: string;
    };
    answer: {
      /** How many are on their way. */
      queued: number;
    };
  };
  /** Sends a message of the type `webhook.test` now, and says what came back. It is no event of the log. Scope: webhooks:write. */
  testWebhook: {
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: undefined;
    answer: {
      delivered: boolean;
      /** HTTP status of the answer. */
      status?: number;
      /** Why it was not delivered, in words. */
      error?: string;
      milliseconds: number;
    };
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
      scopes: ReadonlyArray<'calls:read' | 'traces:read' | 'recordings:read' | 'numbers:read' | 'numbers:write' | 'scenarios:read' | 'scenarios:write' | 'scenarios:start' | 'trunks:read' | 'users:read' | 'users:write' | 'applications:write' | 'storage:read' | 'storage:write' | 'call-lists:read' | 'call-lists:write' | 'sessions:read' | 'sessions:write' | 'policy:read' | 'policy:write' | 'events:read' | 'webhooks:write' | 'people:write' | 'audit:read' | 'metrics:read' | 'node:write' | 'keys:write'>;
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
  /** Erases a person by number: sessions are closed, calls lose the number and their recordings, transcripts and traces, and texts that have it, in whichever spelling, are removed. It cannot be undone. Scope: people:write. */
  erasePerson: {
    path: Record<never, never>;
    query: Record<never, never>;
    body: {
      /** Any spelling with the country code. */
      number: string;
      /** Id or name of an application. */
      application?: string | undefined;
    };
    answer: {
      id: string;
      /** Absent: in all applications. */
      application?: string;
      /** UTC. */
      at: string;
      /** `running`: calls of that person go on, much is to be looked through, or a node has still to delete files. It completes by itself. */
      status: 'running' | 'complete';
      /** Every text that was stored until then has been looked at. Absent: that goes on. */
      searchedUntil?: string;
      /** UTC. */
      finishedAt?: string;
      /** How much of what. */
      removed: {
        people?: number;
        sessionsClosed?: number;
        parties?: number;
        blocks?: number;
        maskedCalls?: number;
        backendAnswers?: number;
        numbersInCalls?: number;
        recordings?: number;
        transcripts?: number;
        traces?: number;
        eventLogs?: number;
        logLines?: number;
        storedValues?: number;
        callListRows?: number;
        keptAnswers?: number;
        registrations?: number;
        texts?: number;
      };
      /** What no server can find by a number, and settings in which it stands: who has to change them. */
      kept: Array<{
        what: string;
        why: string;
        /** How many have the number, where that was looked for and found. */
        count?: number;
      }>;
    };
  };
  /** The receipt of an erasure, and whether it is complete. Scope: people:write. */
  getErasure: {
    path: {
      id: string;
    };
    query: Record<never, never>;
    body: undefined;
    answer: {
      id: string;
      /** Absent: in all applications. */
      application?: string;
      /** UTC. */
      at: string;
      /** `running`: calls of that person go on, much is to be looked through, or a node has still to delete files. It completes by itself. */
      status: 'running' | 'complete';
      /** Every text that was stored until then has been looked at. Absent: that goes on. */
      searchedUntil?: string;
      /** UTC. */
      finishedAt?: string;
      /** How much of what. */
      removed: {
        people?: number;
        sessionsClosed?: number;
        parties?: number;
        blocks?: number;
        maskedCalls?: number;
        backendAnswers?: number;
        numbersInCalls?: number;
        recordings?: number;
        transcripts?: number;
        traces?: number;
        eventLogs?: number;
        logLines?: number;
        storedValues?: number;
        callListRows?: number;
        keptAnswers?: number;
        registrations?: number;
        texts?: number;
      };
      /** What no server can find by a number, and settings in which it stands: who has to change them. */
      kept: Array<{
        what: string;
        why: string;
        /** How many have the number, where that was looked for and found. */
        count?: number;
      }>;
    };
  };
  /** Who saw numbers, and who changed policies, secrets and keys; newest first. Scope: audit:read. */
  listAuditLog: {
    path: Record<never, never>;
    query: {
      /** `next` of the page before; leave it out to begin. */
      cursor?: string | undefined;
      limit?: number | undefined;
      /** Id or name of an application. */
      application?: string | undefined;
      /** docs/guide/privacy.md explains each. */
      action?: 'numbers.shown' | 'person.erased' | 'data-key.rotated' | 'policy.changed' | 'webhook.secret-shown' | 'backend.secret-shown' | 'key.created' | 'key.revoked' | undefined;
      /** Id of an API key, or `cli`. */
      actor?: string | undefined;
      /** UTC. */
      from?: string | undefined;
      /** UTC. */
      to?: string | undefined;
    };
    body: undefined;
    answer: {
      items: Array<{
        id: string;
        /** UTC. */
        at: string;
        /** Id of the API key, or `cli`. */
        actor: string;
        /** docs/guide/privacy.md explains each. */
        action: 'numbers.shown' | 'person.erased' | 'data-key.rotated' | 'policy.changed' | 'webhook.secret-shown' | 'backend.secret-shown' | 'key.created' | 'key.revoked';
        /** Absent: of the whole node, or of several. */
        application?: string;
        /** Id of what was shown or changed; empty: a list. */
        subject: string;
        detail: Record<string, unknown>;
      }>;
      /** Cursor of the next page; absent at the end. */
      next?: string;
    };
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
  createMaskingSession: { method: 'POST', path: '/v1/masking-sessions', answer: 'json', once: true },
  listMaskingSessions: { method: 'GET', path: '/v1/masking-sessions', answer: 'json', once: false },
  searchMaskingSessions: { method: 'POST', path: '/v1/masking-sessions/search', answer: 'json', once: false },
  getMaskingSession: { method: 'GET', path: '/v1/masking-sessions/{id}', answer: 'json', once: false },
  changeMaskingSession: { method: 'PATCH', path: '/v1/masking-sessions/{id}', answer: 'json', once: false },
  deleteMaskingSession: { method: 'DELETE', path: '/v1/masking-sessions/{id}', answer: 'none', once: false },
  createMaskingSessions: { method: 'POST', path: '/v1/masking-sessions/bulk', answer: 'json', once: true },
  closeMaskingSessions: { method: 'POST', path: '/v1/masking-sessions/bulk-close', answer: 'json', once: false },
  changeMaskingParty: { method: 'PATCH', path: '/v1/masking-sessions/{id}/parties/{partyId}', answer: 'json', once: false },
  closeMaskingSession: { method: 'POST', path: '/v1/masking-sessions/{id}/close', answer: 'json', once: false },
  listBlocks: { method: 'GET', path: '/v1/blocks', answer: 'json', once: false },
  addBlock: { method: 'POST', path: '/v1/blocks', answer: 'json', once: true },
  removeBlock: { method: 'DELETE', path: '/v1/blocks/{id}', answer: 'none', once: false },
  getRoutingPolicy: { method: 'GET', path: '/v1/routing-policy', answer: 'json', once: false },
  putRoutingPolicy: { method: 'PUT', path: '/v1/routing-policy', answer: 'json', once: false },
  getBackendSecrets: { method: 'GET', path: '/v1/routing-policy/secrets', answer: 'json', once: false },
  rotateBackendSecret: { method: 'POST', path: '/v1/routing-policy/rotate-secret', answer: 'json', once: false },
  explain: { method: 'POST', path: '/v1/explain', answer: 'json', once: false },
  listNumberPools: { method: 'GET', path: '/v1/number-pools', answer: 'json', once: false },
  putNumberPool: { method: 'PUT', path: '/v1/number-pools/{name}', answer: 'json', once: false },
  deleteNumberPool: { method: 'DELETE', path: '/v1/number-pools/{name}', answer: 'none', once: false },
  planNumbers: { method: 'POST', path: '/v1/numbers/plan', answer: 'json', once: false },
  listNumbers: { method: 'GET', path: '/v1/numbers', answer: 'json', once: false },
  addNumber: { method: 'POST', path: '/v1/numbers', answer: 'json', once: false },
  changeNumber: { method: 'PATCH', path: '/v1/numbers/{id}', answer: 'json', once: false },
  deleteNumber: { method: 'DELETE', path: '/v1/numbers/{id}', answer: 'none', once: false },
  listEvents: { method: 'GET', path: '/v1/events', answer: 'json', once: false },
  streamEvents: { method: 'GET', path: '/v1/events/stream', answer: 'raw', once: false },
  listWebhooks: { method: 'GET', path: '/v1/webhooks', answer: 'json', once: false },
  createWebhook: { method: 'POST', path: '/v1/webhooks', answer: 'json', once: false },
  getWebhook: { method: 'GET', path: '/v1/webhooks/{id}', answer: 'json', once: false },
  changeWebhook: { method: 'PATCH', path: '/v1/webhooks/{id}', answer: 'json', once: false },
  removeWebhook: { method: 'DELETE', path: '/v1/webhooks/{id}', answer: 'none', once: false },
  rotateWebhookSecret: { method: 'POST', path: '/v1/webhooks/{id}/rotate-secret', answer: 'json', once: false },
  listDeliveries: { method: 'GET', path: '/v1/webhooks/{id}/deliveries', answer: 'json', once: false },
  replayEvents: { method: 'POST', path: '/v1/webhooks/{id}/replay', answer: 'json', once: false },
  testWebhook: { method: 'POST', path: '/v1/webhooks/{id}/test', answer: 'json', once: false },
  listTrunks: { method: 'GET', path: '/v1/trunks', answer: 'json', once: false },
  listUsers: { method: 'GET', path: '/v1/users', answer: 'json', once: false },
  listKeys: { method: 'GET', path: '/v1/keys', answer: 'json', once: false },
  createKey: { method: 'POST', path: '/v1/keys', answer: 'json', once: false },
  revokeKey: { method: 'DELETE', path: '/v1/keys/{id}', answer: 'none', once: false },
  erasePerson: { method: 'POST', path: '/v1/erasures', answer: 'json', once: false },
  getErasure: { method: 'GET', path: '/v1/erasures/{id}', answer: 'json', once: false },
  listAuditLog: { method: 'GET', path: '/v1/audit-log', answer: 'json', once: false },
} as const;
