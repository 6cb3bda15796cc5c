export interface TransactionLimits {
  /** Finished server transactions to remember; one costs about 200 bytes. */
  readonly finished: number;
  /** How long an INVITE may stay without a final response of ours, ms: longer than any queue with early media should be. */
  readonly inviteUnansweredMs: number;
  /** The same for other requests. Their clients give up after 32 s (timer F), so half of that still reaches them. */
  readonly requestUnansweredMs: number;
}

export const DEFAULT_LIMITS: TransactionLimits = {
  finished: 20_000,
  inviteUnansweredMs: 15 * 60_000,
  requestUnansweredMs: 16_000,
};
