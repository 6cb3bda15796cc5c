/**
 * What a leg sends: one RTP stream of its own, whatever feeds it: another leg's packets, a player's frames, keys of our
 * own. Pure but for `send`.
 */
import type { Random } from '../../kernel/random.ts';
import type { LegPlan } from '../engine.ts';
import { RTP_HEADER, sequenceOf, timestampOf } from '../rtp-packet.ts';
import { RtpStream } from '../rtp-stream.ts';
import { TelephoneEventSender } from '../telephone-event-sender.ts';
import { Transcoder } from '../transcoder.ts';
import { FrameEncoder } from './frame-encoder.ts';
import { type LegSink, Source } from './graph.ts';
import { emptyView, type PacketView } from './packet-view.ts';
import type { SharedFrame } from './shared-frame.ts';

export class LegOutput implements LegSink {
  readonly kind = 'leg';
  readonly node: number;
  /** What the leg hears now. */
  source: Source | undefined;
  /** What the peer hears: for record taps. */
  readonly heard: Source;
  readonly stream: RtpStream;
  readonly transcoder = new Transcoder();
  readonly #send: (wire: Buffer) => void;
  readonly #digits = new TelephoneEventSender();
  readonly #encoder = new FrameEncoder();
  readonly #outView: PacketView;
  #plan: LegPlan | undefined;
  #sends = false;

  constructor(node: number, random: Random, send: (wire: Buffer) => void) {
    this.node = node;
    this.heard = new Source(node);
    this.stream = new RtpStream(random);
    this.#outView = emptyView(node);
    this.#send = send;
  }

  configure(plan: LegPlan): void {
    this.#plan = plan;
    this.#sends = plan.direction === 'sendrecv' || plan.direction === 'sendonly';
    this.#outView.codec = plan.codec;
    this.#encoder.configure(plan.codec, plan.packetMs);
  }

  /** There is somewhere to send sound to: a prompt may begin. */
  get ready(): boolean {
    return this.#plan !== undefined;
  }

  /** False: the peer does not speak RFC 4733, nothing will be sent. */
  sendDigits(digits: string): boolean {
    if (this.#plan?.telephoneEvent === undefined) return false;
    this.#digits.enqueue(digits);
    return true;
  }

  takePacket(packet: PacketView, mayWrite: boolean): void {
    const plan = this.#plan;
    if (!this.#sends || plan === undefined) return;
    const payloadType = packet.isEvent ? plan.telephoneEvent?.sendPayloadType : plan.sendPayloadType;
    // An event for a peer without RFC 4733; audio while a digit of our own is on the line; comfort noise, which was not
    // agreed with this peer: it hears a pause.
    if (payloadType === undefined || this.#digits.sounding || packet.isNoise) {
      this.stream.skip(packet.source, packet.buffer);
      return;
    }
    const buffer = mayWrite ? packet.buffer : Buffer.from(packet.buffer);
    const { start, end } = packet;
    if (!packet.isEvent && packet.codec !== plan.codec)
      this.transcoder.convert(packet.source, packet.ssrc, packet.codec, plan.codec, buffer, start, end);
    const isNew = this.stream.relay(
      packet.source,
      buffer,
      start,
      end - start,
      payloadType,
      packet.isEvent,
      packet.now,
    );
    if (!isNew) return;
    const whole = start === RTP_HEADER && end === buffer.length;
    const wire = whole ? buffer : buffer.subarray(start - RTP_HEADER, end);
    if (this.heard.channels.length > 0) this.#giveToTaps(wire, packet.isEvent, packet.now);
    this.#send(wire);
  }

  takeSamples(from: number, samples: Int16Array, now: number): void {
    const plan = this.#plan;
    if (!this.#sends || plan === undefined || this.#digits.sounding) return;
    this.#encoder.push(from, samples);
    this.#sendEncoded(plan, from, now);
  }

  takeShared(from: number, frame: SharedFrame, now: number): void {
    const plan = this.#plan;
    if (!this.#sends || plan === undefined || this.#digits.sounding) return;
    this.#encoder.pushShared(from, frame);
    this.#sendEncoded(plan, from, now);
  }

  #sendEncoded(plan: LegPlan, from: number, now: number): void {
    for (let wire = this.#encoder.pull(); wire !== undefined; wire = this.#encoder.pull()) {
      this.stream.own(from, wire, plan.sendPayloadType, wire.length - RTP_HEADER, now);
      if (this.heard.channels.length > 0) this.#giveToTaps(wire, false, now);
      this.#send(wire);
    }
  }

  #giveToTaps(wire: Buffer, isEvent: boolean, now: number): void {
    const view = this.#outView;
    view.buffer = wire;
    view.start = RTP_HEADER;
    view.end = wire.length;
    view.ssrc = this.stream.ssrc;
    view.timestamp = timestampOf(wire);
    view.sequence = sequenceOf(wire);
    view.isEvent = isEvent;
    view.now = now;
    this.heard.givePacket(view);
  }

  /** Every 20 ms: digits of our own. */
  tick(now: number): void {
    const type = this.#plan?.telephoneEvent?.sendPayloadType;
    if (this.#digits.idle || type === undefined || !this.#sends) return;
    const packet = Buffer.allocUnsafe(RTP_HEADER + 4);
    if (!this.#digits.step(packet, RTP_HEADER)) return;
    this.stream.event(packet, type, this.#digits.isFirst, now);
    this.#send(packet);
  }
}
