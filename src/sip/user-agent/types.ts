/**
 * What the call layer sees of SIP as a whole: calls that come in, calls that go out. An inbound call arrives as plain
 * values; the request itself stays behind (ARCHITECTURE, privacy).
 */
import type { Emitter } from '../../kernel/emitter.ts';
import type { PhoneNumber } from '../../kernel/phone-number.ts';
import type { ExtraHeaders, UacSession, UasSession } from '../dialog/types.ts';
import type { MediaPolicy } from './media-policy.ts';
import type { TrunkHealthReport } from './trunk-health.ts';
import type { Ha1Set, TrunkSettings } from './trunk-settings.ts';
import type { TrunkHour, TrunkTotals } from './trunk-statistics.ts';

export type { MediaPolicy } from './media-policy.ts';
export { type CallerIdField, type Ha1Set, TRUNK_DEFAULTS, type TrunkSettings } from './trunk-settings.ts';
export type { TrunkHour } from './trunk-statistics.ts';

import type { TransportName } from '../transport/types.ts';

/** Who sent a request, once that is certain: by address or digest. Others are challenged or refused. */
export type Peer =
  | { readonly kind: 'trunk'; readonly trunk: TrunkSettings }
  | { readonly kind: 'user'; readonly user: UserAccount };

/** A SIP account of ours: a softphone, an operator's phone. */
export interface UserAccount {
  readonly id: string;
  readonly username: string;
  readonly applicationId: string;
  readonly ha1: Ha1Set;
  /**
   * The telephone number of the account, if it has one. A call from the account then comes from this number
   * (`IncomingCall.caller`), and a `trunk` target with this number rings the account's phones instead of a trunk: so
   * that a scenario that says `callPSTN` works the same with softphones and with a carrier.
   */
  readonly number?: PhoneNumber;
}

/** Where directory data comes from; storage implements it. All answers come from memory, so they are synchronous. */
export interface UserAgentDirectory {
  trunks(): readonly TrunkSettings[];
  userByName(username: string): UserAccount | undefined;
  userByNumber(number: PhoneNumber): UserAccount | undefined;
}

/** One registered contact (RFC 3261 §10). */
export interface Binding {
  readonly userId: string;
  /** The Contact URI as the phone wrote it. */
  readonly contact: string;
  /** `transport|host:port` that the REGISTER came from: where its calls are sent, past NAT. */
  readonly source: { readonly transport: TransportName; readonly host: string; readonly port: number };
  readonly callId: string;
  readonly cseq: number;
  /** ms since the epoch. */
  readonly expiresAt: number;
  readonly q: number;
}

/** Registrations; storage implements it. Survives a restart. */
export interface LocationStore {
  list(userId: string): Promise<readonly Binding[]>;
  /** Adds or refreshes; one row per (userId, contact). */
  put(binding: Binding): Promise<void>;
  remove(userId: string, contact?: string): Promise<void>;
}

/** A call that comes in, as values. */
export interface IncomingCall {
  readonly session: UasSession;
  readonly peer: Peer;
  /** The dialled number: the user part of the Request-URI, or its tel: number. */
  readonly dialled: PhoneNumber;
  /** The caller: P-Asserted-Identity of a trunk that is trusted for it, else From. For a user: its number, else its name. */
  readonly caller: PhoneNumber;
  readonly displayName: string;
  /** The caller asked not to be shown (Privacy: id, or an anonymous From, RFC 3323): scripts, records and console honour it. */
  readonly callerIsPrivate: boolean;
  readonly fromUri: string;
  readonly toUri: string;
  /** `X-` header fields only. */
  readonly headers: ExtraHeaders;
  /** The media policy of the peer. */
  readonly media: MediaPolicy;
  /** What is left of Max-Forwards: carried to the outbound leg minus one (PITFALLS row 44). */
  readonly maxForwards: number;
}

/** Where an outbound call goes. */
export type CallTarget =
  | { readonly kind: 'trunk'; readonly number: PhoneNumber }
  | { readonly kind: 'user'; readonly username: string }
  | {
      readonly kind: 'uri';
      readonly uri: string;
      readonly auth?: { readonly username: string; readonly password: string };
    };

/**
 * The closed list of what an outbound INVITE carries (ARCHITECTURE, privacy). There is no place in it for a request or a
 * header of another leg. `call/outbound-invite.ts` builds it from a `MaskedIdentity`; `uac-core.ts` writes From,
 * P-Asserted-Identity, Privacy and Contact from `identity` in one function.
 */
export interface OutboundInvite {
  readonly target: CallTarget;
  readonly identity: ShownIdentity;
  /** Names matching the `X-` allow-list only. */
  readonly headers: ExtraHeaders;
  readonly maxForwards: number;
  /** Whether a redirect may lead to that number instead: the fence judged only the one that was dialled. Absent: yes. */
  readonly mayLeadTo?: (number: PhoneNumber) => boolean;
}

/** How the calling side is presented. Made by `masking/masked-identity.ts` only. */
export type ShownIdentity =
  | { readonly kind: 'number'; readonly number: PhoneNumber; readonly displayName: string }
  | { readonly kind: 'anonymous' };

export interface UserAgentEvents {
  call: IncomingCall;
  /** A call's session (`InviteSession.id`) speaks under this Call-ID; once per attempt, before its first message. For traces. */
  signalling: { readonly sipSession: string; readonly callId: string };
}

export interface TrunkStatus {
  /** Undefined where we do not register. */
  readonly registered: boolean | undefined;
  /** Of the registration, in our words. */
  readonly lastError: string | undefined;
  readonly health: TrunkHealthReport;
  /** On this node, now. */
  readonly calls: { readonly inbound: number; readonly outbound: number };
}

/** All of a trunk that metrics show; totals are since the start of the node. */
export interface TrunkReport {
  readonly name: string;
  readonly status: TrunkStatus;
  readonly inbound: TrunkTotals;
  readonly outbound: TrunkTotals;
  /** Undefined before the first call. */
  readonly hours: { readonly current: TrunkHour; readonly busiest: TrunkHour } | undefined;
}

/** `user-agent.ts` implements this as class `SipUserAgent`. */
export interface UserAgent {
  readonly events: Emitter<UserAgentEvents>;
  /**
   * Starts an outbound call. The session exists at once, in state `calling`; `sdpFor` is asked for our offer as soon as
   * the local address towards the target is known, and again when a later attempt leaves from another address or wants
   * other media. Problems (no trunk, unknown user, nobody registered) end the session
   * with the status of the error catalogue, asynchronously, never by throwing.
   */
  invite(
    invite: OutboundInvite,
    sdpFor: (localHost: string, media: MediaPolicy) => Promise<string>,
  ): UacSession;
  /** Registration, health and load of a trunk, for the API and `doctor`. */
  trunkStatus(trunkId: string): TrunkStatus;
  /** While it is on, OPTIONS gets 503: a dispatcher in front sends its calls elsewhere. */
  setDraining(on: boolean): void;
  /** Stops registrations (with REGISTER Expires: 0, bounded to 2 s) and timers; sessions must have been ended before. */
  close(): Promise<void>;
}
