/** What a phone does with an incoming call, told beforehand. Times are milliseconds after the INVITE came. */
export interface AnswerScript {
  /** Not even 100: a phone that is off, behind a peer that drops. */
  readonly ignore?: boolean;
  /** 180 after so long; `false`: none. Default 0. */
  readonly ringAfterMs?: number | false;
  /** 183 with SDP and sound from the phone. */
  readonly earlyMediaAfterMs?: number;
  /** 200. Absent: the call rings until someone calls `answer()`, `decline()` or hangs up. */
  readonly answerAfterMs?: number;
  /** A final 3xx–6xx instead of an answer. */
  readonly decline?: { readonly afterMs?: number; readonly status: number; readonly reason?: string };
  /** BYE so long after the answer. */
  readonly hangupAfterAnswerMs?: number;
}

/** Ways in which real phones and networks misbehave. All off unless named. */
export interface Misbehaviour {
  /** So many ACKs to 2xx are not sent; `Infinity`: none ever is. */
  readonly dropAcks?: number;
  /** ACKs to 2xx leave late. */
  readonly ackDelayMs?: number;
  /**
   * What happens to the INVITE when its CANCEL arrives: `terminate` (487, the default), `answer` (the 200 crosses the
   * CANCEL), `ignore` (200 to the CANCEL, and the phone rings on).
   */
  readonly onCancel?: 'terminate' | 'answer' | 'ignore';
  /** A second 200 with another To tag, as if the call had been forked to a second phone that answers too. */
  readonly secondAnswer?: boolean;
  /** So many 183 with SDP, each with a To tag of its own, before anything else. */
  readonly forkedProvisionals?: number;
  /** BYE gets no response. */
  readonly ignoreBye?: boolean;
  /** Re-INVITEs are refused with this status. */
  readonly refuseReinvite?: number;
  /** Every message leaves twice, as by a network that duplicates. */
  readonly sendTwice?: boolean;
  /** Sees the bytes of each message before it leaves: returns what leaves instead (nothing, other bytes, several). */
  readonly tamper?: (bytes: Uint8Array) => readonly Uint8Array[];
}

/** The tamper function that a misbehaviour amounts to, if any. */
export function tamperOf(
  misbehaviour: Misbehaviour,
): ((bytes: Uint8Array) => readonly Uint8Array[]) | undefined {
  const { tamper, sendTwice } = misbehaviour;
  if (sendTwice !== true) return tamper;
  return (bytes) => (tamper?.(bytes) ?? [bytes]).flatMap((piece) => [piece, piece]);
}
