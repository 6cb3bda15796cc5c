/**
 * A leg as VoxEngine knows it. A `Call` owns one SIP session and one media leg and nothing else; two calls know nothing
 * of each other but the media edge between them. Scenario sessions drive calls through this page, and only through it.
 *
 * States, as VoxEngine names them:
 *
 *   inbound    ALERTING ──answer──▶ CONNECTED ──▶ TERMINATED
 *   outbound   PROGRESSING ──2xx──▶ CONNECTED ──▶ TERMINATED
 *
 * Exactly one of `failed` (never answered) and `disconnected` (had been answered) is emitted, once, last. The call object
 * exists before anything is awaited; whoever continues after an await looks at `state` first (PITFALLS row 40).
 */
import type { Emitter } from '../kernel/emitter.ts';
import type { PhoneNumber } from '../kernel/phone-number.ts';
import type { LegStats, MediaLeg, MediaSession } from '../media/engine.ts';

export type CallState = 'ALERTING' | 'PROGRESSING' | 'CONNECTED' | 'TERMINATED';
export type HeaderMap = Readonly<Record<string, string>>;

export interface CallEnd {
  /** SIP status: 200 for a normal end of an answered call; 408, 486, 487, 603 … else. */
  readonly code: number;
  /** Readable, in our words; never the peer's. */
  readonly reason: string;
  readonly by: 'local' | 'remote' | 'fault';
  readonly headers: HeaderMap;
  /** Seconds from answer to end; 0 when never answered. */
  readonly durationSeconds: number;
  readonly media: LegStats | undefined;
  /** Whether the same call may be dialled again without ringing twice (PITFALLS row 39); absent means no. */
  readonly retryable?: boolean;
}

export interface CallEvents {
  /** Outbound: 180 or 183 without SDP. */
  ringing: { readonly headers: HeaderMap };
  /** Outbound: early media has begun (18x with SDP). */
  audioStarted: { readonly headers: HeaderMap };
  /** Both: 200 sent and ACKed in, or received; media flows. */
  connected: { readonly headers: HeaderMap };
  failed: CallEnd;
  disconnected: CallEnd;
  digit: { readonly digit: string };
  info: { readonly mimeType: string; readonly body: string; readonly headers: HeaderMap };
  /** A text inside the call (RFC 3428 §4). It reaches the script of this leg and never crosses by itself. */
  message: { readonly text: string; readonly headers: HeaderMap };
  transferRequested: TransferRequest;
  /** The peer has put us on hold, or taken us back. */
  onHold: object;
  offHold: object;
  /** The peer offers other media, or none (late offer); what that changes is told next. Its SDP goes to nobody. */
  reinviteReceived: object;
  /** Our own offer, of `hold` or `unhold`, was answered. */
  reinviteAccepted: object;
  /** Our own offer was refused for good, with this status; the call goes on as it was (RFC 3261 §14.1). */
  reinviteRejected: { readonly code: number };
  /** `wideband`: the sound has more than the 3.4 kHz of a telephone. */
  firstAudioPacket: { readonly wideband?: boolean };
  rtpStopped: object;
  rtpResumed: object;
}

/**
 * The peer asks that somebody else be called (RFC 3515). Whoever listens takes it or refuses it before the event is
 * over; what nobody took is refused with 603.
 */
export interface TransferRequest {
  /** Whom to call, for the script of this leg: digits as the peer wrote them, else a SIP URI without parameters. */
  readonly target: string;
  readonly headers: HeaderMap;
  accept(): TransferProgress;
  /** @param code 400–699 */
  reject(code: number): void;
}

/** What becomes of a transfer, for whoever asked for it (NOTIFY, RFC 3515 §2.4.4). */
export interface TransferProgress {
  /** A SIP status. One of 200 or above is the last one; what is said after it is ignored. */
  progress(status: number): void;
}

export interface Call {
  /** UUID, ours; the id of the leg in records. */
  readonly id: string;
  readonly incoming: boolean;
  readonly state: CallState;
  readonly events: Emitter<CallEvents>;
  /** Inbound: who calls. Outbound: what is shown. */
  readonly callerid: PhoneNumber;
  /** Inbound: the dialled number. Outbound: who is called. */
  readonly number: PhoneNumber;
  readonly displayName: string;
  readonly fromUri: string;
  readonly toUri: string;
  readonly headers: HeaderMap;
  /** The masking session for which it was dialled. */
  readonly maskingSessionId?: string | undefined;
  /** The media leg, once there is one (early media, answer, or our offer). */
  readonly leg: MediaLeg | undefined;
  /** Resolves with the leg as soon as there is one; rejects when the call ends first. */
  whenMedia(): Promise<MediaLeg>;
  /** Inbound only; a second call is ignored. */
  answer(headers?: HeaderMap): void;
  /** Inbound: 180. */
  ring(headers?: HeaderMap): void;
  /** Inbound: 183 with SDP. */
  startEarlyMedia(headers?: HeaderMap): void;
  /** Inbound, before the answer: a final 4xx–6xx. */
  reject(code: number, headers?: HeaderMap): void;
  /** Ends the call, whatever its state. Idempotent. */
  hangup(headers?: HeaderMap): void;
  sendInfo(mimeType: string, body: string, headers?: HeaderMap): void;
  /** A text inside the call (RFC 3428), at most 16 KiB of UTF-8. Connected calls only. */
  sendMessage(text: string, headers?: HeaderMap): void;
  /**
   * Puts the peer on hold: it is not listened to any more, and hears what its leg is given. Connected calls only; the
   * outcome is `reinviteAccepted` or `reinviteRejected`, and none when it is on hold already.
   */
  hold(): void;
  /** Takes the peer back. */
  unhold(): void;
  /** Resolves when the call has ended and its media and SIP are gone. */
  readonly ended: Promise<CallEnd>;
}

/** Whom an outbound call goes to: as a script says it, or by a number that no script has seen (`number`). */
export type DialTarget =
  | { readonly kind: 'pstn'; readonly number: string }
  | { readonly kind: 'number'; readonly number: PhoneNumber }
  | { readonly kind: 'user'; readonly username: string }
  | {
      readonly kind: 'sip';
      readonly uri: string;
      readonly auth?: { readonly username: string; readonly password: string };
    };

export interface DialRequest {
  readonly applicationId: string;
  readonly target: DialTarget;
  /** The number to show. It must be a service number or a verified number of the application, else the call fails with 403. */
  readonly callerid: string | PhoneNumber;
  readonly displayName: string;
  /** Only `X-` names pass; others are dropped with a warning event. */
  readonly headers: HeaderMap;
  /** Max-Forwards of the inbound leg that led to this one, minus one (PITFALLS row 44); 70 without one. */
  readonly maxForwards: number;
  /** Whose call it is, for the records and for those who follow that masking session. */
  readonly maskingSessionId?: string | undefined;
  /**
   * Asked once, with the id of the call, before anything is sent: with what the call fails, or nothing. The call is there
   * meanwhile and can be hung up. Never rejects.
   */
  readonly permit?: (callId: string) => Promise<Pick<CallEnd, 'code' | 'reason'> | undefined>;
}

/** What a rule led to for a call that came in. */
export interface RoutedCall {
  readonly call: Call;
  readonly route: Route;
  readonly maxForwards: number;
}

/** application → rule → scenarios, resolved (ARCHITECTURE, row 5). */
export interface Route {
  readonly applicationId: string;
  readonly applicationName: string;
  readonly ruleName: string;
  readonly scenarios: readonly ScenarioSource[];
  /** What `VoxEngine.customData()` gives to a session that this rule starts, e.g. the address of the backend. */
  readonly customData?: string;
}

/** A script of a rule; several run in order in one context. */
export interface ScenarioSource {
  readonly name: string;
  readonly source: string;
}

/** Synchronous, from memory; storage implements it. */
export interface CallDirectory {
  /** The application that holds the number, if any. */
  applicationOfNumber(number: PhoneNumber): { readonly id: string; readonly name: string } | undefined;
  /** The first rule, in order, whose pattern matches the dialled number. */
  routeFor(applicationId: string, dialled: PhoneNumber): Route | undefined;
  /** A scenario by name, for a start by HTTP. */
  scenarioByName(applicationId: string, name: string): ScenarioSource | undefined;
  isServiceNumber(applicationId: string, number: PhoneNumber): boolean;
  isVerifiedNumber(applicationId: string, number: PhoneNumber): boolean;
  /** Whether the application has that SIP account; those of other applications cannot be called by name. */
  isUser(applicationId: string, username: string): boolean;
}

/** The scenario session that a call belongs to: its id, and the media session in which all its legs live. */
export interface CallOwner {
  readonly sessionId: string;
  readonly media: MediaSession;
}

/** `call-service.ts` implements this as class `CallService`. */
export interface Calls {
  /** Set by the scenario layer. A call that no route was found for never gets here: it was refused with 404. */
  onRouted: ((routed: RoutedCall) => void) | undefined;
  /** Never throws; a refused identity or a missing trunk ends the call with its status, asynchronously. */
  dial(request: DialRequest, owner: CallOwner): Call;
  /** Gives an inbound call its scenario session and media. Before that it can only be rejected or hung up. */
  adopt(call: Call, owner: CallOwner): void;
  readonly active: readonly Call[];
  /** No new calls while it is on; those that run go on, without a limit of time. */
  setDraining(on: boolean): void;
  /** No new calls from now on; resolves when none is left or `ms` have passed, after which the rest are hung up. */
  drain(ms: number): Promise<void>;
  readonly observers: Emitter<CallObserverEvents>;
}

/** For records: everything that happens to any call, in order. */
export interface CallObserverEvents {
  /** Adopted (inbound) or dialled (outbound): from here on it belongs to a session. */
  created: { readonly call: Call; readonly applicationId: string; readonly sessionId: string };
  /** The leg has a SIP session: its id, for traces. May come before `created`, and does not come again. */
  signalling: { readonly call: Call; readonly sipSession: string };
  event: {
    readonly call: Call;
    readonly sessionId: string;
    readonly name: keyof CallEvents;
    readonly detail: Readonly<Record<string, unknown>>;
  };
  ended: { readonly call: Call; readonly sessionId: string; readonly end: CallEnd };
  /** Something of what a script asked was left out, such as a header that is not allowed. Holds no number. */
  warning: { readonly call: Call; readonly sessionId: string; readonly message: string };
  /**
   * Refused before a route was found (unknown number, full, draining), or over before a session had adopted it. Such a
   * call is not `created` and not `ended`.
   */
  refused: {
    readonly code: number;
    readonly reason: string;
    readonly caller: PhoneNumber;
    readonly dialled: PhoneNumber;
    readonly error: string;
  };
}
