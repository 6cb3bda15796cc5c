import type { Clock } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { Random } from '../../kernel/random.ts';
import type { SipRequest, SipResponse, Uri } from '../message/types.ts';
import type { TimerSettings } from '../transaction/timers.ts';
import type { Transactions } from '../transaction/types.ts';
import type { Flow } from '../transport/types.ts';
import type { Accepted2xx, AckStore } from './accepted-2xx.ts';
import type { DialogTable } from './dialog-table.ts';
import type { SessionTimerSettings } from './types.ts';

/** What the dialog layer lends to its sessions. */
export interface DialogContext {
  readonly transactions: Transactions;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly timers: TimerSettings;
  readonly limits: DialogLimits;
  readonly table: DialogTable;
  readonly acks: AckStore;
  /** Those that still repeat their 2xx, for shutting down. */
  readonly handshakes: Set<Accepted2xx>;
  /** Undefined: no session timers. */
  readonly sessionTimer: SessionTimerSettings | undefined;
  /** A new flow towards a URI, for a dialog whose own is closed or leads elsewhere: RFC 3263 and the transport, above or below us. */
  flowTo(uri: Uri): Promise<Flow>;
  /** Who acknowledges a 2xx of that INVITE that comes after its transaction has ended, for 64·T1 from now. */
  expectLate2xx(invite: SipRequest, handle: (response: SipResponse) => void): void;
}

export interface DialogLimits {
  /** How long an INVITE of ours may ring, ms, when nobody above gives up before. */
  readonly ringingMs: number;
  /** §13.3.1.1: a provisional response is repeated this often, ms, so that no proxy on the way loses patience. */
  readonly repeatProvisionalMs: number;
  /** The same for reliable ones, ms (RFC 3262 §3: they need no more than one in two and a half minutes). */
  readonly repeatReliableMs: number;
  /** Early dialogs, and forked 2xx, that one INVITE may lead to; a peer can make up tags without end. */
  readonly forks: number;
  /** ACKs kept for retransmitted 2xx. */
  readonly acks: number;
}

export const DEFAULT_DIALOG_LIMITS: DialogLimits = {
  ringingMs: 15 * 60_000,
  repeatProvisionalMs: 60_000,
  repeatReliableMs: 150_000,
  forks: 16,
  acks: 20_000,
};
