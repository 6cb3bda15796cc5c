/**
 * Whether an offer of the peer may be heard now (RFC 3261 §14.2, RFC 3311 §5.2; PITFALLS rows 10, 11, 16):
 *
 *   what comes                  meets                                              it is        gets
 *   INVITE, UPDATE with offer   one of the same that we have not answered          too early    500, Retry-After 0–10 s
 *   INVITE                      the peer's first INVITE without final response     too early    500, Retry-After 0–10 s
 *   INVITE, UPDATE with offer   an offer of ours without answer                    glare        491
 *   INVITE                      an INVITE of ours without final response           glare        491
 *   UPDATE with offer           a call whose first exchange is not complete        either       500 of the called, else 491
 */
import type { OfferAnswer } from './offer-answer.ts';

export interface IncomingOffer {
  readonly isInvite: boolean;
  readonly media: OfferAnswer;
  /** Whether another one waits for the user's answer. */
  readonly open: boolean;
  /** Whether an INVITE of ours, the first or another, has no final response yet. */
  readonly inviting: boolean;
  /** Whether the peer's first INVITE has no final response yet. */
  readonly invited: boolean;
}

export function judge({
  isInvite,
  media,
  open,
  inviting,
  invited,
}: IncomingOffer): 'welcome' | 'too early' | 'glare' {
  const { pending, established } = media;
  if (open || pending === 'theirs' || (isInvite && invited)) return 'too early';
  if (pending === 'ours' || (isInvite && inviting)) return 'glare';
  // RFC 3311 §5.1: the side that was called completes the first exchange, so the other has to wait for it.
  if (!established && invited) return 'too early';
  return !established && inviting ? 'glare' : 'welcome';
}
