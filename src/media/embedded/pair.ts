/**
 * Two legs of two sessions joined back to back, by RTP over the machine's own address: sessions live in any worker, and
 * what crosses between two of them costs a packet, as between any two nodes of a network.
 */
import type { LegPlan, MediaLeg, MediaSession, RtpAddress } from '../engine.ts';
import type { Family } from './protocol.ts';

type Addresses = { readonly [F in Family]?: string };

/** An address that is bound to all interfaces is reached at the loopback one. */
const REACHED: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

export async function openPair(
  addresses: Addresses,
  one: MediaSession,
  other: MediaSession,
): Promise<readonly [MediaLeg, MediaLeg]> {
  const family: Family = addresses.ipv4 === undefined ? 'ipv6' : 'ipv4';
  const bound = addresses[family] ?? '';
  const host = REACHED[bound] ?? bound;
  const first = await one.openLeg({ family });
  try {
    const second = await other.openLeg({ family });
    first.configure(planTowards({ host, port: second.local.port }));
    second.configure(planTowards({ host, port: first.local.port }));
    return [first, second];
  } catch (error) {
    await first.close();
    throw error;
  }
}

function planTowards(remote: RtpAddress): LegPlan {
  return {
    remote,
    codec: 'PCMA',
    sendPayloadType: 8,
    receivePayloadType: 8,
    telephoneEvent: { sendPayloadType: 101, receivePayloadType: 101 },
    direction: 'sendrecv',
    latch: 'sdp',
    packetMs: 20,
  };
}
