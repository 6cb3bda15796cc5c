/**
 * A leg's RTCP (RFC 3550 §6): our own reports about every five seconds, randomised (§6.2, §6.3.1), to the port after
 * RTP's; the round trip from the peer's reports; BYE at the end. Nothing is ever passed on from another leg.
 */
import type { Clock } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';
import type { ReceiveStats } from '../receive-stats.ts';
import { buildRtcp, ntpFrom, parseRtcp, randomCname, roundTripMs } from '../rtcp.ts';
import type { RtpStream } from '../rtp-stream.ts';

const INTERVAL_MS = 5000;

export class LegRtcp {
  roundTripMs: number | undefined;
  readonly #stream: RtpStream;
  readonly #received: ReceiveStats;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #cname: string;
  #dueAt: number;
  #packetsAtLastReport = 0;
  /** Where the peer's RTCP comes from, once it has come. */
  #learnt: { readonly host: string; readonly port: number } | undefined;

  constructor(stream: RtpStream, received: ReceiveStats, clock: Clock, random: Random) {
    this.#stream = stream;
    this.#received = received;
    this.#clock = clock;
    this.#random = random;
    this.#cname = randomCname(random);
    this.#dueAt = clock.monotonic() + this.#interval() / 2;
  }

  /** A packet from the peer's host. */
  receive(packet: Uint8Array, host: string, port: number): void {
    const report = parseRtcp(packet);
    if (report === undefined) return;
    this.#learnt = { host, port };
    if (report.senderNtpMiddle !== undefined)
      this.#received.senderReport(report.ssrc, report.senderNtpMiddle, this.#clock.monotonic());
    for (const block of report.blocks)
      if (block.ssrc === this.#stream.ssrc)
        this.roundTripMs = roundTripMs(block, ntpFrom(this.#clock.now())) ?? this.roundTripMs;
  }

  /** The next report, if it is due. */
  due(now: number): Buffer | undefined {
    if (now < this.#dueAt) return undefined;
    this.#dueAt = now + this.#interval();
    return this.#build(now, false);
  }

  bye(now: number): Buffer {
    return this.#build(now, true);
  }

  /** The address for reports: where the peer's come from if it is the same host, else the port after its RTP port. */
  target(host: string, rtpPort: number): { readonly host: string; readonly port: number } {
    return this.#learnt?.host === host ? this.#learnt : { host, port: rtpPort + 1 };
  }

  /** A new plan: what was learnt belongs to the old one. */
  reset(): void {
    this.#learnt = undefined;
  }

  #interval(): number {
    return INTERVAL_MS * (0.5 + this.#random.int(1000) / 1000);
  }

  #build(now: number, bye: boolean): Buffer {
    const { ssrc, packets, octets } = this.#stream;
    const hasSent = packets > this.#packetsAtLastReport;
    this.#packetsAtLastReport = packets;
    const block = this.#received.report(now);
    const ntp = ntpFrom(this.#clock.now());
    const sender = hasSent
      ? { ntp, timestamp: this.#stream.timestampNow(now), packets: packets >>> 0, octets }
      : undefined;
    return buildRtcp({ ssrc, cname: this.#cname, sender, blocks: block === undefined ? [] : [block], bye });
  }
}
