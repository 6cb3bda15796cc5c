/** An engine on real sockets with two peers, for the tests of this folder. */
import { mediaPorts } from '../../../test/kit/media-ports.ts';
import { RtpPeer } from '../../../test/kit/rtp-peer.ts';
import { silentLogger } from '../../kernel/logger.ts';
import { systemRandom } from '../../kernel/random.ts';
import type { AudioCodec, LegPlan, MediaEngine, MediaLeg, MediaSession, SrtpKey } from '../engine.ts';
import { toneShare } from '../goertzel.ts';
import { createEmbeddedEngine } from './engine.ts';

export class MediaStage {
  readonly engine: MediaEngine;
  /** Of the test that runs. */
  session: MediaSession;
  readonly #peers: RtpPeer[] = [];

  constructor() {
    this.engine = createEmbeddedEngine({
      workers: 1,
      addresses: { ipv4: '127.0.0.1', ipv6: '::1' },
      ports: mediaPorts(100),
      maxLegsPerWorker: 100,
      silenceSeconds: 30,
      log: silentLogger,
    });
    this.session = this.engine.openSession();
  }

  async peer(codec: AudioCodec = 'PCMU', host?: string): Promise<RtpPeer> {
    const peer = await RtpPeer.open(codec, systemRandom.int(2 ** 32), host);
    this.#peers.push(peer);
    return peer;
  }

  /** A leg for the peer, configured. */
  async leg(peer: RtpPeer, changes: Partial<LegPlan> = {}): Promise<MediaLeg> {
    const leg = await this.session.openLeg({ family: peer.host.includes(':') ? 'ipv6' : 'ipv4' });
    leg.configure(peer.plan(changes));
    return leg;
  }

  join(a: MediaLeg, b: MediaLeg): void {
    this.session.connect(a, b);
    this.session.connect(b, a);
  }

  /** Between two tests: nothing of the first is left, and the worker need not start again. */
  async reset(): Promise<void> {
    for (const peer of this.#peers.splice(0)) peer.close();
    await this.session.close();
    const { sessions, legs, players, recorders } = await this.engine.stats();
    if (sessions + legs + players + recorders > 0)
      throw new Error('something of the test is left in the engine');
    this.session = this.engine.openSession();
  }

  async close(): Promise<void> {
    await this.session.close();
    await this.engine.close();
  }
}

/** Makes the peer speak SRTP; returns what our plan has then: the same keys, the other way round. */
export function secured(peer: RtpPeer, send: SrtpKey, receive: SrtpKey): Partial<LegPlan> {
  peer.secure({ send, receive });
  return { srtp: { send: receive, receive: send } };
}

/** A recording from its first sound on: how long a busy machine took until then is nobody's business. */
export function fromFirstSound(samples: Int16Array): Int16Array {
  return samples.subarray(
    Math.max(
      0,
      samples.findIndex((sample) => Math.abs(sample) > 2000),
    ),
  );
}

/**
 * The largest share of a tone in any 100 ms of what was heard: a machine that stands still for a moment breaks a tone in
 * the middle, and that is not what is asked.
 */
export function bestShare(samples: Int16Array, hz: number, rate = 8000): number {
  return Math.max(...windows(samples, rate).map((one) => toneShare(one, hz, rate)));
}

/** In pieces of 100 ms; what is left over at the end is left out. */
export function windows(samples: Int16Array, rate = 8000): Int16Array[] {
  const size = rate / 10;
  return Array.from({ length: Math.floor(samples.length / size) }, (_, n) =>
    samples.subarray(n * size, (n + 1) * size),
  );
}
