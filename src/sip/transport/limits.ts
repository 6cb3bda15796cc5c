import { FLOOD_LIMITS, type FloodLimits } from './flood-guard.ts';
import { FRAMER_LIMITS, type FramerLimits } from './stream-framer.ts';

/** What a peer may cost us. Times in ms. */
export interface TransportLimits extends FramerLimits {
  /** A connection on which nothing came or went for so long is closed. Keep-alives count, so phones behind NAT stay. */
  readonly idleMs: number;
  /** A message that has begun must be complete within this time: the limit against slow lorises (PITFALLS row 19). */
  readonly messageMs: number;
  /** A peer that connects must have sent a message within this time; silent connections are cheap to make. */
  readonly firstMessageMs: number;
  /** How long a connect may take. */
  readonly connectMs: number;
  /** How long a TLS or WebSocket handshake of a peer may take. */
  readonly handshakeMs: number;
  /** WebSocket: how often we ask whether a peer is still there. Proxies cut what is silent for a minute. */
  readonly pingMs: number;
  /** Not for sources that `flood.isTrusted` names. */
  readonly connectionsPerSource: number;
  /** Of all sources together. */
  readonly connections: number;
  readonly flood: FloodLimits;
}

export const TRANSPORT_LIMITS: TransportLimits = {
  ...FRAMER_LIMITS,
  // Longer than a long call without any signalling would be rude to ask for; well above 64·T1 (RFC 3261 §18).
  idleMs: 30 * 60_000,
  messageMs: 10_000,
  firstMessageMs: 30_000,
  connectMs: 5_000,
  handshakeMs: 10_000,
  pingMs: 30_000,
  connectionsPerSource: 64,
  connections: 10_000,
  flood: FLOOD_LIMITS,
};
