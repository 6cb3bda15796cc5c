import type { Address, TransportName } from '../sip/transport/types.ts';

/** One SIP message or RTP packet as it crossed the phone's socket, byte for byte. */
export interface LoggedPacket {
  /** `Clock.now()` in milliseconds since the epoch. */
  readonly at: number;
  readonly direction: 'sent' | 'received';
  readonly local: Address;
  readonly remote: Address;
  readonly transport: TransportName;
  readonly bytes: Uint8Array;
}

/** Everything of one direction, for a leak scan. */
export function bytesOf(log: readonly LoggedPacket[], direction: 'sent' | 'received'): Uint8Array[] {
  return log.filter((entry) => entry.direction === direction).map((entry) => entry.bytes);
}
