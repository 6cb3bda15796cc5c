/** The pitfalls that comments and tests cite by number. */
export interface Pitfall {
  readonly row: number;
  readonly title: string;
  /** What part of it is not done. */
  readonly later?: string;
}

export const PITFALLS: readonly Pitfall[] = [
  { row: 1, title: 'CANCEL crosses 200' },
  { row: 2, title: 'CANCEL gets two answers' },
  { row: 3, title: 'ACK to 2xx is lost' },
  { row: 4, title: 'Non-2xx finals are repeated until ACK' },
  { row: 5, title: 'Forked 2xx' },
  { row: 6, title: 'Merged requests, and retransmissions after the end' },
  { row: 7, title: 'A dialog is found by Call-ID and both tags' },
  { row: 8, title: 'The flow of in-dialog requests, and our Contact' },
  { row: 9, title: 'Route set' },
  { row: 10, title: 'CSeq checks' },
  { row: 11, title: 'Glare' },
  { row: 12, title: 'Session timers' },
  { row: 13, title: 'PRACK and 100rel' },
  { row: 14, title: 'Late offer' },
  { row: 15, title: 'Early media' },
  { row: 16, title: 'UPDATE before the answer' },
  { row: 17, title: 'Hold and payload types' },
  { row: 18, title: 'Stream framing' },
  { row: 19, title: 'Sizes before allocation' },
  { row: 20, title: 'Malformed messages' },
  { row: 21, title: 'Via received and rport' },
  { row: 22, title: 'DNS and failover' },
  { row: 23, title: 'UDP over MTU' },
  { row: 24, title: 'tel: URIs' },
  { row: 25, title: 'Reliable transports change timers' },
  { row: 26, title: 'Digest, server side' },
  { row: 27, title: 'Digest, client side' },
  { row: 28, title: 'SHA-256 digest' },
  { row: 29, title: 'Privacy headers' },
  {
    row: 30,
    title: 'STIR/SHAKEN',
    later: 'verifying an inbound Identity and signing our own calls; that none crosses is tested',
  },
  { row: 31, title: 'Assignment of numbers' },
  { row: 32, title: 'Symmetric RTP, RTP bleed and injection' },
  { row: 33, title: 'Port reuse' },
  { row: 34, title: 'SRTP' },
  { row: 35, title: 'DTMF' },
  { row: 36, title: 'Playout drift' },
  { row: 37, title: 'Recording alignment' },
  { row: 38, title: 'SSRC and sequence jumps' },
  { row: 39, title: 'A retry rings twice' },
  { row: 40, title: "One leg's end leaks the other" },
  { row: 41, title: 'Events to the script: order, limits, a script that dies' },
  { row: 42, title: 'Scanners and floods' },
  { row: 43, title: 'Logs are a leak' },
  { row: 44, title: 'Loops' },
];
