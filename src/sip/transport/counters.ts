/** Counted since the start; for metrics. */
export interface TransportCounters {
  received: number;
  sent: number;
  /** Not a SIP message at all; nobody was told. */
  unparsable: number;
  /** Requests of known scanners, dropped without a word (PITFALLS row 42). */
  scanners: number;
  /** Answered with 400, 505 or 513 here, before any transaction. */
  rejected: number;
  /** Malformed and not answerable, or no route back. */
  dropped: number;
  /** Above 1300 bytes over UDP (PITFALLS row 23). */
  largeDatagrams: number;
  /** Above that, and sent over TCP because the target takes it. */
  largeOverTcp: number;
  datagramErrors: number;
  /** Connections refused by a cap or the flood guard. */
  refusedConnections: number;
  /** TLS or WebSocket handshakes that came to nothing. */
  failedHandshakes: number;
  /** An exception of the layer above while it handled a message; always a fault of ours. */
  handlerErrors: number;
}

export function newCounters(): TransportCounters {
  return {
    received: 0,
    sent: 0,
    unparsable: 0,
    scanners: 0,
    rejected: 0,
    dropped: 0,
    largeDatagrams: 0,
    datagramErrors: 0,
    refusedConnections: 0,
    failedHandshakes: 0,
    largeOverTcp: 0,
    handlerErrors: 0,
  };
}
