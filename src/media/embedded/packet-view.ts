import type { AudioCodec } from '../engine.ts';

/**
 * The packet that is being relayed just now. Every leg has one and fills it again for each packet, so that the fast
 * path makes no objects.
 */
export interface PacketView {
  buffer: Buffer;
  /** Of the payload. */
  start: number;
  end: number;
  /** What numbers the packet: the source node and the SSRC of the stream that `timestamp` belongs to. */
  source: number;
  ssrc: number;
  timestamp: number;
  sequence: number;
  codec: AudioCodec;
  /** A telephone-event, not audio. */
  isEvent: boolean;
  /** Comfort noise (RFC 3389): there is a packet, and no sound. */
  isNoise: boolean;
  /** Arrival, monotonic milliseconds. */
  now: number;
}

export function emptyView(source: number): PacketView {
  return {
    buffer: Buffer.alloc(0),
    start: 0,
    end: 0,
    source,
    ssrc: 0,
    timestamp: 0,
    sequence: 0,
    codec: 'PCMU',
    isEvent: false,
    isNoise: false,
    now: 0,
  };
}
