/**
 * Whose RTP is a leg's RTP (PITFALLS row 32). Following every source hands the call to whoever sends a packet; never
 * following breaks phones behind NAT. So:
 *
 * - the SDP's own address is trusted at once, at any time;
 * - mode `sdp`: any port of that host besides, and nobody else;
 * - mode `learn`: another source is latched only inside a short window after `configure`, after some consecutive valid
 *   packets of one SSRC. The same host with another port goes before the host of the signalling (a phone behind NAT),
 *   that before any other host, and the SDP's address before all; a source that has been heard gives way to a better one
 *   only. Any other host is a stranger: whoever sprays packets over all ports would be first, and be the call's audience
 *   until the phone speaks, or for ever where it is silent. Only where nobody knows where the signalling comes from it is
 *   believed, when nobody better has spoken for a while. After the window nothing changes until the next `configure`.
 * - with known sources (a trunk's media ranges): any port of any of them, and nobody else; nothing is learnt, and we send
 *   to the SDP's address.
 *
 * A leg whose packets are authentic (SRTP) may move when it has been silent for a while: then some consecutive packets
 * of another source, each of them proven, are as good as a window.
 *
 * What is not from the latched source is dropped and counted. The caller has checked version and payload type before.
 */
import { type BlockList, SocketAddress } from 'node:net';
import type { RtpAddress } from './engine.ts';
import { sequenceDelta } from './rtp-packet.ts';

export type LatchMode = 'sdp' | 'learn';

/** Long enough for a phone's first packets after its answer, short enough to make guessing a port worthless. */
export const LEARNING_WINDOW_MS = 2500;
/** As RFC 3550 A.1's MIN_SEQUENTIAL, but one more. */
export const CONSECUTIVE_PACKETS = 3;
/** An attacker with many ports must not push the phone's own candidate out. */
const MAX_CANDIDATES = 16;

/** A proven source is believed when the old one has been silent for this long. */
export const PROVEN_AFTER_MS = 2000;

/** With no signalling host, one that the SDP does not name is believed when nobody better has spoken for this long. */
export const OTHER_HOST_AFTER_MS = 500;

const RANK_OTHER_HOST = 1;
const RANK_SIGNALLING_HOST = 2;
const RANK_SAME_HOST = 3;
const RANK_SDP = 4;

interface Candidate {
  ssrc: number;
  sequence: number;
  run: number;
}

/** What else is known of where the peer's packets come from. */
export interface LatchHints {
  /** The only hosts from which they come. */
  readonly sources?: BlockList | undefined;
  /** The host from which its signalling comes. */
  readonly signallingHost?: string | undefined;
}

export class SourceLatch {
  /** Dropped packets. */
  strangers = 0;
  /** Where to send, and, in mode `learn`, the only source that is heard. */
  host = '';
  port = 0;
  #mode: LatchMode = 'sdp';
  #sdpHost = '';
  #sdpPort = 0;
  #signallingHost = '';
  #rank = 0;
  #heard = false;
  /** The latched source was believed because its packets are authentic. */
  #proven = false;
  #windowEnds = 0;
  #othersFrom = 0;
  /** Of the last accepted packet. */
  #lastAt = 0;
  #sources: BlockList | undefined;
  /** Of the known sources, the one that was heard last. */
  #knownHost = '';
  readonly #candidates = new Map<string, Candidate>();

  /**
   * Opens the window. With the same SDP address as before (a session refresh, a hold) the latched source stays until a
   * better one, or, if it keeps silent, another one is heard.
   */
  configure(
    mode: LatchMode,
    remote: RtpAddress,
    now: number,
    { sources, signallingHost = '' }: LatchHints = {},
  ): void {
    const host = normalizeHost(remote.host);
    this.#mode = mode;
    this.#sources = sources;
    this.#knownHost = '';
    this.#lastAt = now;
    this.#heard = false;
    this.#windowEnds = now + LEARNING_WINDOW_MS;
    this.#othersFrom = now + OTHER_HOST_AFTER_MS;
    this.#signallingHost = normalizeHost(signallingHost);
    this.#candidates.clear();
    const isRefresh = host === this.#sdpHost && remote.port === this.#sdpPort;
    if (isRefresh && mode === 'learn' && sources === undefined && this.#rank > 0 && this.#isExpected())
      return;
    this.#sdpHost = host;
    this.#sdpPort = remote.port;
    this.#take(host, remote.port, RANK_SDP);
    this.#heard = false;
  }

  /** True while the SDP's own address is what is heard: nobody can take over any more, the socket may connect. */
  get settled(): boolean {
    return this.#heard && this.#rank === RANK_SDP;
  }

  /** The source may move at any time (mode `sdp`, known sources), so a connected socket has to look up. */
  get followsPorts(): boolean {
    return this.#mode === 'sdp' || this.#sources !== undefined;
  }

  /** Is this packet the peer's? Counts it when not. `proven`: it was authentic. */
  accept(host: string, port: number, ssrc: number, sequence: number, now: number, proven = false): boolean {
    if (port === this.port && host === this.host && this.#sources === undefined) {
      this.#heard = true;
      this.#lastAt = now;
      return true;
    }
    if (
      this.#sources === undefined
        ? this.#fromElsewhere(host, port, ssrc, sequence, now, proven)
        : this.#fromKnown(host, port)
    ) {
      this.#lastAt = now;
      return true;
    }
    this.strangers += 1;
    return false;
  }

  /** For RTCP, which comes from another port: is it the latched host? */
  isPeerHost(host: string): boolean {
    return this.#sources === undefined ? host === this.host : this.#isKnown(host);
  }

  #fromKnown(host: string, port: number): boolean {
    if (!this.#isKnown(host)) return false;
    this.#heard = port === this.port && host === this.host;
    return true;
  }

  #isKnown(host: string): boolean {
    if (host === this.#knownHost) return true;
    if (this.#sources?.check(host, host.includes(':') ? 'ipv6' : 'ipv4') !== true) return false;
    this.#knownHost = host;
    return true;
  }

  #fromElsewhere(
    host: string,
    port: number,
    ssrc: number,
    sequence: number,
    now: number,
    proven: boolean,
  ): boolean {
    if (this.#mode === 'sdp') {
      if (host !== this.#sdpHost) return false;
      this.#heard = false; // no longer from the very address of the SDP
      return true;
    }
    if (host === this.#sdpHost && port === this.#sdpPort) {
      this.#take(host, port, RANK_SDP);
      return true;
    }
    const moves = proven && now - this.#lastAt > PROVEN_AFTER_MS;
    if (now > this.#windowEnds && !moves) return false;
    const rank = this.#rankOf(host);
    if (this.#heard && rank <= this.#rank && !moves) return false;
    if (!this.#isConsecutive(`${host} ${port}`, rank, ssrc, sequence)) return false;
    if (rank === RANK_OTHER_HOST && !proven && !this.#believesAnybody(now)) return false;
    this.#take(host, port, rank);
    this.#proven = proven;
    return true;
  }

  /** Whether whoever is latched may stay, now that more may be known of the peer. */
  #isExpected(): boolean {
    return this.#signallingHost === '' || this.#proven || this.#rankOf(this.host) > RANK_OTHER_HOST;
  }

  #believesAnybody(now: number): boolean {
    return this.#signallingHost === '' && now >= this.#othersFrom;
  }

  #rankOf(host: string): number {
    if (host === this.#sdpHost) return RANK_SAME_HOST;
    return host === this.#signallingHost ? RANK_SIGNALLING_HOST : RANK_OTHER_HOST;
  }

  #isConsecutive(key: string, rank: number, ssrc: number, sequence: number): boolean {
    const candidate = this.#candidates.get(key);
    if (candidate === undefined) {
      if (this.#candidates.size >= MAX_CANDIDATES && rank === RANK_OTHER_HOST) return false;
      if (this.#candidates.size >= MAX_CANDIDATES * 2) return false;
      this.#candidates.set(key, { ssrc, sequence, run: 1 });
      return false;
    }
    const follows = candidate.ssrc === ssrc && sequenceDelta(sequence, candidate.sequence) === 1;
    candidate.run = follows ? candidate.run + 1 : 1;
    candidate.ssrc = ssrc;
    candidate.sequence = sequence;
    return candidate.run >= CONSECUTIVE_PACKETS;
  }

  #take(host: string, port: number, rank: number): void {
    this.host = host;
    this.port = port;
    this.#rank = rank;
    this.#proven = false;
    this.#heard = true;
    this.#candidates.clear();
  }
}

/** An IP address as `dgram` will write it (`2001:DB8::0:1` arrives as `2001:db8::1`); other text stays as it is. */
export function normalizeHost(host: string): string {
  if (!host.includes(':')) return host;
  try {
    return new SocketAddress({ address: host, family: 'ipv6' }).address;
  } catch {
    return host;
  }
}
