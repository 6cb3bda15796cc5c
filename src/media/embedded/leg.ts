/**
 * One leg in its worker: the socket, whose packets count (latch), what arrived (statistics), what is sent (one stream
 * of its own). `#onRtp` → `Source.givePacket` → `takePacket` of the other leg → `send` is the relay's fast path: it
 * makes no objects, copies nothing, and looks up nothing.
 */
import type { RemoteInfo } from 'node:dgram';
import type { Clock } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';
import type { LegPlan, LegStats } from '../engine.ts';
import { knownSources } from '../known-sources.ts';
import { ReceiveStats } from '../receive-stats.ts';
import {
  isMuxedRtcp,
  isRtp,
  payloadEnd,
  payloadStart,
  payloadTypeOf,
  RTP_HEADER,
  sequenceOf,
  ssrcOf,
  timestampOf,
} from '../rtp-packet.ts';
import { SourceLatch } from '../source-latch.ts';
import { SrtpSession } from '../srtp/srtp.ts';
import { TelephoneEventDetector } from '../telephone-event.ts';
import { mute, Source, silence } from './graph.ts';
import { LegOutput } from './leg-output.ts';
import { LegRtcp } from './leg-rtcp.ts';
import type { LegSockets } from './leg-sockets.ts';
import { emptyView, type PacketView } from './packet-view.ts';
import type { Family, NodeEvent } from './protocol.ts';
import { SilenceWatch } from './silence-watch.ts';

export interface LegHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly silenceSeconds: number;
  readonly emit: (event: NodeEvent) => void;
}

/** Ten packets: longer than jitter, shorter than anybody notices. */
const PAUSE_MS = 200;
/** RFC 3389 §4: a peer that leaves out silence may send it unasked, and is alive as long as it does. */
const COMFORT_NOISE = 13;
/** 200 ms of G.711, the longest that `ptime` is ever; more is not sound, and would push a recording's clock ahead. */
const MAX_PAYLOAD = 1600;

export class Leg {
  readonly node: number;
  /** What the peer says. */
  readonly input: Source;
  readonly output: LegOutput;
  readonly #host: LegHost;
  /** The pair that is in use. */
  #sockets: LegSockets;
  /** One pair for each IP version that our offers have named. */
  readonly #pairs: LegSockets[];
  readonly #latch = new SourceLatch();
  readonly #received = new ReceiveStats();
  readonly #rtcp: LegRtcp;
  readonly #detector = new TelephoneEventDetector();
  readonly #silence: SilenceWatch;
  readonly #inView: PacketView;
  #plan: LegPlan | undefined;
  // Of the plan, where the fast path reads them.
  #audioType = -1;
  #eventType = -1;
  #receives = false;
  #detects = false;
  #mux = false;
  #srtp: SrtpSession | undefined;
  /** Outlives plans: what it knows of a key must not be forgotten (PITFALLS row 34). */
  #srtpSession: SrtpSession | undefined;
  #closed = false;

  constructor(node: number, sockets: LegSockets, host: LegHost) {
    this.node = node;
    this.#host = host;
    this.#sockets = sockets;
    this.#pairs = [sockets];
    this.input = new Source(node);
    this.output = new LegOutput(node, host.random, (wire) => {
      const packet = this.#srtp === undefined ? wire : this.#srtp.protect(wire);
      if (packet !== undefined) this.#sockets.sendRtp(packet, this.#latch.host, this.#latch.port);
    });
    this.#inView = emptyView(node);
    this.#rtcp = new LegRtcp(this.output.stream, this.#received, host.clock, host.random);
    this.#silence = new SilenceWatch(host.silenceSeconds, host.emit);
    this.#attach();
  }

  /** Another pair, of the other IP version: it is silent until a plan's peer is of that version. */
  add(sockets: LegSockets): void {
    this.#pairs.push(sockets);
  }

  configure(plan: LegPlan): void {
    const now = this.#host.clock.monotonic();
    this.#plan = plan;
    this.#audioType = plan.receivePayloadType;
    this.#eventType = plan.telephoneEvent?.receivePayloadType ?? -1;
    this.#receives = plan.direction === 'sendrecv' || plan.direction === 'recvonly';
    this.#mux = plan.rtcpMux === true;
    this.#secure(plan);
    this.#inView.codec = plan.codec;
    this.output.configure(plan);
    this.#sockets.disconnect();
    this.#use(plan.remote.host.includes(':') ? 'ipv6' : 'ipv4');
    const { signallingHost } = plan;
    const hints = { sources: knownSources(plan.mediaSources), signallingHost };
    this.#latch.configure(plan.latch, plan.remote, now, hints);
    this.#rtcp.reset();
    this.#silence.configured(this.#receives, now);
  }

  #secure({ srtp }: LegPlan): void {
    if (srtp !== undefined) {
      this.#srtpSession ??= new SrtpSession();
      this.#srtpSession.configure(srtp);
    }
    this.#srtp = srtp === undefined ? undefined : this.#srtpSession;
  }

  #attach(): void {
    this.#sockets.attach(
      (packet, from) => this.#onRtp(packet, from),
      (packet, from) => this.#onRtcp(packet, from),
    );
  }

  #use(family: Family): void {
    const wanted = this.#pairs.find((pair) => pair.family === family);
    // On hold by 0.0.0.0 (RFC 3264 §8.4) a peer of the other version has no address at all.
    if (wanted === undefined || wanted === this.#sockets) return;
    this.#sockets.detach();
    this.#sockets = wanted;
    this.#attach();
  }

  detectDigits(on: boolean): void {
    this.#detects = on;
  }

  // --- in

  #onRtp(wire: Buffer, from: RemoteInfo): void {
    if (!isRtp(wire)) return;
    const payloadType = payloadTypeOf(wire);
    const isAudio = payloadType === this.#audioType;
    const isEvent = !isAudio && payloadType === this.#eventType;
    if (!isAudio && !isEvent && payloadType !== COMFORT_NOISE) {
      if (this.#mux && isMuxedRtcp(wire)) this.#onRtcp(wire, from);
      return;
    }
    if (!this.#receives) return;
    const packet = this.#srtp === undefined ? wire : this.#authentic(this.#srtp, wire);
    if (packet === undefined) return;
    const now = performance.now();
    const ssrc = ssrcOf(packet);
    const sequence = sequenceOf(packet);
    const proven = this.#srtp !== undefined;
    if (!this.#latch.accept(from.address, from.port, ssrc, sequence, now, proven)) return;
    const start = (packet[0]! & 0x3f) === 0 ? RTP_HEADER : payloadStart(packet);
    const end = start < 0 ? -1 : payloadEnd(packet, start);
    if (end <= start || end - start > MAX_PAYLOAD) return;
    const timestamp = timestampOf(packet);
    this.#received.update(ssrc, sequence, timestamp, packet.length, isAudio, now);
    this.#silence.heard(now);
    const view = this.#inView;
    view.buffer = packet;
    view.start = start;
    view.end = end;
    view.ssrc = ssrc;
    view.timestamp = timestamp;
    view.sequence = sequence;
    view.isEvent = isEvent;
    view.isNoise = !isAudio && !isEvent;
    view.now = now;
    if (isEvent && this.#detects) this.#detect(view);
    this.input.givePacket(view);
  }

  /** Before the latch: what is not authentic never latches, whoever sends it (PITFALLS row 34). */
  #authentic(srtp: SrtpSession, wire: Buffer): Buffer | undefined {
    const end = srtp.unprotect(wire);
    return end < 0 ? undefined : wire.subarray(0, end);
  }

  #detect(view: PacketView): void {
    const digit = this.#detector.receive(
      view.ssrc,
      view.timestamp,
      view.buffer,
      view.start,
      view.end,
      view.now,
    );
    if (digit !== undefined) this.#host.emit({ name: 'digit', payload: digit });
  }

  #onRtcp(wire: Buffer, from: RemoteInfo): void {
    if (this.#plan === undefined || !this.#latch.isPeerHost(from.address)) return;
    const packet = this.#srtp === undefined ? wire : this.#srtp.unprotectRtcp(wire);
    if (packet !== undefined) this.#rtcp.receive(packet, from.address, from.port);
  }

  // --- time

  /** Every 100 ms: reports, silence, digits whose end was lost. */
  slowTick(now: number): void {
    if (this.#plan === undefined) return;
    this.#filterInKernel(now);
    if (this.#detects) {
      const digit = this.#detector.tick(now);
      if (digit !== undefined) this.#host.emit({ name: 'digit', payload: digit });
    }
    this.#silence.tick(now);
    const report = this.#rtcp.due(now);
    if (report !== undefined) this.#sendRtcp(report);
  }

  /**
   * A connected socket costs 1 µs less per packet and drops strangers in the kernel (where they are not counted). Only
   * the SDP's own address is worth that; and where the peer may move to another port of its host, a pause opens it.
   */
  #filterInKernel(now: number): void {
    const paused = now - this.#silence.lastAt > PAUSE_MS;
    if (this.#sockets.connected) {
      // A peer with SRTP may come from elsewhere after a pause, and prove that it is the same.
      if (paused && (this.#latch.followsPorts || this.#srtp !== undefined)) this.#sockets.disconnect();
    } else if (!paused && this.#latch.settled) this.#sockets.connect(this.#latch.host, this.#latch.port);
  }

  #sendRtcp(report: Buffer): void {
    const packet = this.#srtp === undefined ? report : this.#srtp.protectRtcp(report);
    if (packet === undefined) return;
    if (this.#mux) {
      this.#sockets.sendRtp(packet, this.#latch.host, this.#latch.port);
      return;
    }
    const to = this.#rtcp.target(this.#latch.host, this.#latch.port);
    // A peer on hold by 0.0.0.0 (RFC 3264 §8.4) has no address; the system would take it for our own host.
    if (to.port < 65536 && !/^[0.:]+$/.test(to.host)) this.#sockets.sendRtcp(packet, to.host, to.port);
  }

  // --- end

  stats(): LegStats {
    return {
      packetsReceived: this.#received.packets,
      packetsSent: this.output.stream.packets,
      bytesReceived: this.#received.octets,
      bytesSent: this.output.stream.octets + RTP_HEADER * this.output.stream.packets,
      packetsLost: this.#received.lost,
      jitterMs: this.#received.jitterMs,
      roundTripMs: this.#rtcp.roundTripMs,
      strangers: this.#latch.strangers,
      unauthenticated: this.#srtpSession?.unauthenticated ?? 0,
      transcoded: this.output.transcoder.packets,
    };
  }

  /** Says BYE and lets go of the sockets, which the port pool drains. */
  close(): readonly LegSockets[] {
    if (!this.#closed && this.#plan !== undefined)
      this.#sendRtcp(this.#rtcp.bye(this.#host.clock.monotonic()));
    this.#closed = true;
    silence(this.output);
    mute(this.input);
    mute(this.output.heard);
    this.#sockets.detach();
    return this.#pairs;
  }
}
