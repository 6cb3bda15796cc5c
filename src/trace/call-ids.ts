import type { Clock, TimerHandle } from '../kernel/clock.ts';
import type { SipMessage } from '../sip/message/types.ts';
import type { TracedMessage } from './ports.ts';

/** A message before it is known whose it is. */
export type LooseMessage = Omit<TracedMessage, 'legId'>;

/** A leg of a call record. */
export interface Leg {
  readonly id: string;
  /** What all legs of a record share. */
  readonly call: { readonly sessionId: string; bytes: number };
}

/** A SIP session of ours: the Call-IDs that it has used (one per attempt), and its leg. */
interface Session {
  readonly callIds: string[];
  legId: string | undefined;
  leg: Leg | undefined;
  readonly since: number;
}

/** Messages under one Call-ID; `loose` until the leg is known. */
interface Conversation {
  leg: Leg | undefined;
  readonly loose: LooseMessage[];
  readonly since: number;
}

/** An INVITE finds its leg within milliseconds, or never. */
const LOOSE_MS = 10_000;
/** Conversations without a leg at once, and messages of one; a flood of INVITEs must not fill the memory. */
const MAX_LOOSE = 2_000;
const MAX_LOOSE_MESSAGES = 20;
/** After its leg has ended a conversation goes on until the last retransmission (64·T1 and a little). */
const LINGER_MS = 35_000;
const SWEEP_MS = 5_000;

/** Which messages belong to which leg: Call-ID → SIP session → leg → call record, learnt in whichever order. */
export class CallIds {
  readonly #clock: Clock;
  readonly #keep: (leg: Leg, message: LooseMessage) => void;
  readonly #conversations = new Map<string, Conversation>();
  readonly #sessions = new Map<string, Session>();
  /** Those without a leg, oldest first; the values are in the maps above. */
  readonly #looseConversations = new Map<string, Conversation>();
  readonly #looseSessions = new Map<string, Session>();
  readonly #legs = new Map<string, { readonly leg: Leg; sipSession: string | undefined }>();
  readonly #sessionOfLeg = new Map<string, string>();
  readonly #calls = new Map<string, { readonly call: Leg['call']; legs: number }>();
  /** Legs that have ended, in order. */
  #ended: { readonly legId: string; readonly at: number }[] = [];
  #timer: TimerHandle | undefined;

  constructor(clock: Clock, keep: (leg: Leg, message: LooseMessage) => void) {
    this.#clock = clock;
    this.#keep = keep;
  }

  /** Everything that is remembered; the leak check wants 0. */
  get size(): number {
    return this.#conversations.size + this.#sessions.size + this.#legs.size + this.#calls.size;
  }

  /** Only an INVITE begins a conversation that may become a call. */
  wants(callId: string, message: SipMessage): boolean {
    return this.#conversations.has(callId) || (message.kind === 'request' && message.method === 'INVITE');
  }

  add(callId: string, message: LooseMessage): void {
    const conversation = this.#conversationOf(callId);
    if (conversation.leg !== undefined) this.#keep(conversation.leg, message);
    else if (conversation.loose.length < MAX_LOOSE_MESSAGES) conversation.loose.push(message);
  }

  sessionSpeaks(sipSession: string, callId: string): void {
    const session = this.#sessionOf(sipSession);
    session.callIds.push(callId);
    this.#join(this.#conversationOf(callId), callId, session);
  }

  legSpeaks(legId: string, sipSession: string): void {
    const session = this.#sessionOf(sipSession);
    session.legId = legId;
    this.#sessionOfLeg.set(legId, sipSession);
    this.#link(sipSession, session);
  }

  legCreated(legId: string, sessionId: string): void {
    const known = this.#calls.get(sessionId) ?? { call: { sessionId, bytes: 0 }, legs: 0 };
    known.legs += 1;
    this.#calls.set(sessionId, known);
    this.#legs.set(legId, { leg: { id: legId, call: known.call }, sipSession: undefined });
    const sipSession = this.#sessionOfLeg.get(legId);
    const session = this.#sessions.get(sipSession ?? '');
    if (sipSession !== undefined && session !== undefined) this.#link(sipSession, session);
  }

  legEnded(legId: string): void {
    if (!this.#legs.has(legId)) return;
    this.#ended.push({ legId, at: this.#clock.monotonic() });
    this.#arm();
  }

  close(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #conversationOf(callId: string): Conversation {
    let conversation = this.#conversations.get(callId);
    if (conversation === undefined) {
      conversation = { leg: undefined, loose: [], since: this.#clock.monotonic() };
      this.#conversations.set(callId, conversation);
      this.#looseConversations.set(callId, conversation);
      const oldest = this.#looseConversations.keys().next().value;
      if (this.#looseConversations.size > MAX_LOOSE && oldest !== undefined) this.#forget(oldest);
      this.#arm();
    }
    return conversation;
  }

  #sessionOf(sipSession: string): Session {
    let session = this.#sessions.get(sipSession);
    if (session === undefined) {
      session = { callIds: [], legId: undefined, leg: undefined, since: this.#clock.monotonic() };
      this.#sessions.set(sipSession, session);
      this.#looseSessions.set(sipSession, session);
      this.#arm();
    }
    return session;
  }

  #link(sipSession: string, session: Session): void {
    const known = this.#legs.get(session.legId ?? '');
    if (known === undefined) return;
    known.sipSession = sipSession;
    session.leg = known.leg;
    this.#looseSessions.delete(sipSession);
    for (const callId of session.callIds) {
      const conversation = this.#conversations.get(callId);
      if (conversation !== undefined) this.#join(conversation, callId, session);
    }
  }

  #join(conversation: Conversation, callId: string, { leg }: Session): void {
    if (leg === undefined || conversation.leg !== undefined) return;
    conversation.leg = leg;
    this.#looseConversations.delete(callId);
    for (const message of conversation.loose.splice(0)) this.#keep(leg, message);
  }

  #forget(callId: string): void {
    this.#looseConversations.delete(callId);
    this.#conversations.delete(callId);
  }

  #forgetSession(sipSession: string): void {
    const session = this.#sessions.get(sipSession);
    if (session === undefined) return;
    for (const callId of session.callIds) this.#forget(callId);
    this.#looseSessions.delete(sipSession);
    this.#sessions.delete(sipSession);
    if (session.legId !== undefined) this.#sessionOfLeg.delete(session.legId);
  }

  #arm(): void {
    this.#timer ??= this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#sweep();
      const more = this.#looseConversations.size + this.#looseSessions.size + this.#ended.length;
      if (more > 0) this.#arm();
    }, SWEEP_MS);
  }

  #sweep(): void {
    const now = this.#clock.monotonic();
    for (const [sipSession, { since }] of this.#looseSessions) {
      if (since + LOOSE_MS > now) break;
      this.#forgetSession(sipSession);
    }
    for (const [callId, { since }] of this.#looseConversations) {
      if (since + LOOSE_MS > now) break;
      this.#forget(callId);
    }
    while (this.#ended[0] !== undefined && this.#ended[0].at + LINGER_MS <= now) {
      this.#forgetLeg(this.#ended[0].legId);
      this.#ended.shift();
    }
  }

  #forgetLeg(legId: string): void {
    const known = this.#legs.get(legId);
    if (known === undefined) return;
    this.#legs.delete(legId);
    if (known.sipSession !== undefined) this.#forgetSession(known.sipSession);
    const { sessionId } = known.leg.call;
    const call = this.#calls.get(sessionId);
    if (call === undefined) return;
    call.legs -= 1;
    if (call.legs === 0) this.#calls.delete(sessionId);
  }
}
