/**
 * RFC 3261 table 4 with its reliable and unreliable column (PITFALLS rows 4 and 25), and timers L and M of RFC 6026 §8.
 */
export interface TimerSettings {
  /** Estimated round-trip time, ms (§17.1.1.1). */
  readonly t1: number;
  /** Longest retransmission interval of non-INVITE requests and INVITE responses, ms. */
  readonly t2: number;
  /** Longest time that a message stays in the network, ms. */
  readonly t4: number;
}

/** The RFC's defaults. */
export const DEFAULT_TIMERS: TimerSettings = { t1: 500, t2: 4000, t4: 5000 };

export type TimerName = 'A' | 'B' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I' | 'J' | 'K' | 'L' | 'M';

/** Durations in ms for one transaction. `undefined`: the timer is never started; 0: it fires on being started. */
export type TransactionTimers = Readonly<Record<TimerName, number | undefined>> & {
  readonly T1: number;
  readonly T2: number;
};

/** The column of table 4 that fits the transport. Timer C belongs to proxies and is not here. */
export function timersFor(settings: TimerSettings, reliable: boolean): TransactionTimers {
  const { t1, t2, t4 } = settings;
  return {
    T1: t1,
    T2: t2,
    /** INVITE request retransmit interval. */
    A: reliable ? undefined : t1,
    /** INVITE transaction time-out. */
    B: 64 * t1,
    /** Wait for retransmissions of a non-2xx final: more than 32 s, and as long as the server's timer H. */
    D: reliable ? 0 : Math.max(32_000, 64 * t1),
    /** Non-INVITE request retransmit interval. */
    E: reliable ? undefined : t1,
    /** Non-INVITE transaction time-out. */
    F: 64 * t1,
    /** INVITE response retransmit interval. */
    G: reliable ? undefined : t1,
    /** Wait for the ACK of a non-2xx final. */
    H: 64 * t1,
    /** Wait for retransmissions of that ACK. */
    I: reliable ? 0 : t4,
    /** Wait for retransmissions of a non-INVITE request. */
    J: reliable ? 0 : 64 * t1,
    /** Wait for retransmissions of a non-INVITE response. */
    K: reliable ? 0 : t4,
    /** RFC 6026: wait for retransmissions of an accepted INVITE. */
    L: 64 * t1,
    /** RFC 6026: wait for further 2xx, retransmitted or of other forks. */
    M: 64 * t1,
  };
}
