import type { TimerHandle } from '../kernel/clock.ts';
import { SrtpSession } from '../media/srtp/srtp.ts';
import type { Address, DatagramSocket } from '../sip/transport/types.ts';
import { DigitReader, digitPackets, type EventPacket } from './digits.ts';
import type { LoggedPacket } from './message-log.ts';
import type { PhoneCodec } from './phone-sdp.ts';
import { readRtp, senderReport, writeRtp } from './rtp-bytes.ts';
import type { PhoneRtpOptions, RtpPlan } from './rtp-plan.ts';
import { HeardSound } from './sound.ts';
import { VoiceCodec } from './voice-codec.ts';

const RATE = 8_000;
const FRAME_MS = 20;
const FRAME_SAMPLES = (RATE * FRAME_MS) / 1_000;
/** Behind by less the phone catches up; behind by more it skips, as a real one does (PITFALLS row 36). */
const LATE_MS = 100;
const REPORT_EVERY_MS = 2_000;
/** Packets kept for the leak scan: some minutes of a call. */
const LOG_LIMIT = 50_000;
/** Below the ephemeral ports of Linux (32768 and up), so that no outgoing socket sits on one (PITFALLS row 33). */
const PORTS = { first: 22_000, last: 31_998 };
const AMPLITUDE = 8_000;

/** The sound of one call: sends a tone, paced on the clock with absolute deadlines, and measures what it hears. */
export class PhoneRtp {
  readonly ssrc: number;
  readonly cname: string;
  readonly log: LoggedPacket[] = [];
  readonly heard = new HeardSound();
  readonly #options: PhoneRtpOptions;
  readonly #rtp: DatagramSocket;
  readonly #rtcp: DatagramSocket;
  readonly #digits = new DigitReader();
  readonly #codecs = new Map<number, PhoneCodec>();
  readonly #srtp = new SrtpSession();
  readonly #voice = new VoiceCodec();
  #plan: RtpPlan | undefined;
  #speech: Int16Array = new Int16Array(0);
  #timer: TimerHandle | undefined;
  #startedAt = 0;
  #frame = 0;
  #sequence: number;
  #timestamp: number;
  #marker = true;
  #events: EventPacket[] = [];
  #packetsSent = 0;
  #reportedAt = 0;

  private constructor(options: PhoneRtpOptions, rtp: DatagramSocket, rtcp: DatagramSocket) {
    this.#options = options;
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    this.cname = options.cname;
    this.ssrc = options.random.int(2 ** 32);
    // RFC 3711 §3.3.1: in the lower half, so that no receiver can miss the first roll-over.
    this.#sequence = options.random.int(0x8000);
    this.#timestamp = options.random.int(2 ** 32);
  }

  /** Takes an even port and the odd one above it (RFC 3550 §11). */
  static async open(options: PhoneRtpOptions): Promise<PhoneRtp> {
    let self: PhoneRtp | undefined;
    const onError = (): void => {};
    for (let attempt = 0; ; attempt++) {
      const port = PORTS.first + 2 * options.random.int((PORTS.last - PORTS.first) / 2);
      let rtp: DatagramSocket | undefined;
      try {
        const { network, host } = options;
        rtp = await network.bindDatagram(
          { host, port },
          { onMessage: (bytes, from) => self?.receive(bytes, from), onError },
        );
        const rtcp = await network.bindDatagram(
          { host, port: port + 1 },
          { onMessage: (bytes, from) => self?.receiveRtcp(bytes, from), onError },
        );
        self = new PhoneRtp(options, rtp, rtcp);
        return self;
      } catch (error) {
        rtp?.close();
        if (attempt === 30) throw error;
      }
    }
  }

  get local(): Address {
    return this.#rtp.local;
  }

  /** RFC 4733 digits heard so far. */
  get digits(): string {
    return this.#digits.digits;
  }

  get packetsSent(): number {
    return this.#packetsSent;
  }

  /** Payload types that may arrive: those of our own SDP. */
  expect(
    codecs: Iterable<{ readonly name: PhoneCodec; readonly payloadType: number }>,
    telephoneEvent?: number,
  ): void {
    for (const codec of codecs) this.#codecs.set(codec.payloadType, codec.name);
    if (telephoneEvent !== undefined) this.#digits.payloadType = telephoneEvent;
  }

  configure(plan: RtpPlan): void {
    this.#plan = plan;
    if (plan.srtp !== undefined) this.#srtp.configure(plan.srtp);
  }

  /** SRTP packets that came and could not be opened. */
  get unauthenticated(): number {
    return this.#srtp.unauthenticated;
  }

  /** Whether the sound of the call is SRTP. */
  get encrypted(): boolean {
    return this.#plan?.srtp !== undefined;
  }

  /** Begins to send, if there is something to send; a second call changes nothing. */
  start(): void {
    if (this.#timer !== undefined || this.#options.toneHz === undefined) return;
    this.#startedAt = this.#options.clock.monotonic();
    this.#reportedAt = this.#startedAt - REPORT_EVERY_MS / 2;
    this.#frame = 0;
    this.#tick();
  }

  /** Presses keys: RFC 4733, 100 ms each with 60 ms between. Sound pauses meanwhile. Needs `start()`. */
  pressKeys(digits: string): void {
    if (this.#plan?.telephoneEvent === undefined) {
      throw new Error('telephone-event was not agreed for this call; offer it in both SDPs');
    }
    this.#events.push(...digitPackets(digits));
  }

  /** Says something once, in place of the tone. 8 kHz. Needs `start()`. */
  speak(samples: Int16Array): void {
    this.#speech = samples;
  }

  /** Whether something is still being said. */
  get speaking(): boolean {
    return this.#speech.length > 0;
  }

  close(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#rtp.close();
    this.#rtcp.close();
  }

  receive(wire: Uint8Array, from: Address): void {
    const bytes = this.#opened(wire);
    // Opened where that is possible: what must not be in a packet must not be in its secret part either.
    this.#note('received', this.#rtp.local, from, bytes ?? wire);
    if (bytes === undefined) return;
    const packet = readRtp(bytes);
    if (packet === undefined) return;
    if (packet.payloadType === this.#digits.payloadType) {
      this.#digits.push(packet);
    } else {
      const codec = this.#codecs.get(packet.payloadType);
      if (codec === undefined) return;
      this.heard.push(packet, this.#voice.decode(codec, packet.payload), this.#options.clock.monotonic());
    }
    this.#options.onChange();
  }

  receiveRtcp(wire: Uint8Array, from: Address): void {
    const opened = this.encrypted ? this.#srtp.unprotectRtcp(Buffer.from(wire)) : wire;
    this.#note('received', this.#rtcp.local, from, opened ?? wire);
  }

  #opened(wire: Uint8Array): Uint8Array | undefined {
    if (!this.encrypted || wire.length < 12) return wire;
    const copy = Buffer.from(wire);
    const end = this.#srtp.unprotect(copy);
    return end < 0 ? undefined : copy.subarray(0, end);
  }

  #tick(): void {
    const now = this.#options.clock.monotonic();
    const due = Math.floor((now - this.#startedAt) / FRAME_MS);
    if ((due - this.#frame) * FRAME_MS > LATE_MS) this.#skipTo(due);
    while (this.#frame <= due) this.#sendFrame();
    if (now - this.#reportedAt >= REPORT_EVERY_MS) this.#sendReport(now);
    const next = this.#startedAt + this.#frame * FRAME_MS;
    this.#timer = this.#options.clock.setTimeout(() => this.#tick(), Math.max(0, next - now));
  }

  #skipTo(frame: number): void {
    this.#timestamp = (this.#timestamp + (frame - this.#frame) * FRAME_SAMPLES) >>> 0;
    this.#frame = frame;
    this.#marker = true;
  }

  #sendFrame(): void {
    const plan = this.#plan;
    const event = this.#events.shift();
    if (plan?.sends === true) {
      if (event === undefined) this.#sendSound(plan);
      else if (event.payload !== undefined) this.#sendEvent(plan, event, event.payload);
    }
    this.#frame += 1;
    this.#timestamp = (this.#timestamp + FRAME_SAMPLES) >>> 0;
  }

  #sendSound(plan: RtpPlan): void {
    const payload = this.#voice.encode(plan.codec, this.#speechFrame() ?? this.#toneFrame());
    this.#sendPacket(plan, plan.payloadType, this.#marker, this.#timestamp, payload);
    this.#marker = false;
  }

  #toneFrame(): Int16Array {
    const hz = this.#options.toneHz ?? 0;
    const step = (2 * Math.PI * hz) / RATE;
    const from = this.#frame * FRAME_SAMPLES;
    return Int16Array.from({ length: FRAME_SAMPLES }, (_, i) => AMPLITUDE * Math.sin(step * (from + i)));
  }

  #speechFrame(): Int16Array | undefined {
    if (this.#speech.length === 0) return undefined;
    const frame = new Int16Array(FRAME_SAMPLES);
    frame.set(this.#speech.subarray(0, FRAME_SAMPLES));
    this.#speech = this.#speech.subarray(FRAME_SAMPLES);
    return frame;
  }

  /** All packets of one key press carry the time at which it began (RFC 4733 §2.5.1.2). */
  #sendEvent(plan: RtpPlan, event: EventPacket, payload: Uint8Array): void {
    const began = (this.#timestamp - event.framesSinceStart * FRAME_SAMPLES) >>> 0;
    const payloadType = plan.telephoneEvent;
    if (payloadType === undefined) return;
    for (let copy = 0; copy < event.copies; copy++) {
      this.#sendPacket(plan, payloadType, event.framesSinceStart === 0, began, payload);
    }
    this.#marker = true;
  }

  #sendPacket(
    plan: RtpPlan,
    payloadType: number,
    marker: boolean,
    timestamp: number,
    payload: Uint8Array,
  ): void {
    const sequence = this.#sequence;
    this.#sequence = (sequence + 1) & 0xffff;
    const bytes = writeRtp({ payloadType, marker, sequence, timestamp, ssrc: this.ssrc, payload });
    this.#packetsSent += 1;
    this.#note('sent', this.#rtp.local, plan.remote, bytes);
    const wire = plan.srtp === undefined ? bytes : this.#srtp.protect(Buffer.from(bytes));
    if (wire !== undefined) this.#rtp.send(wire, plan.remote);
  }

  #sendReport(now: number): void {
    this.#reportedAt = now;
    if (this.#plan === undefined) return;
    const bytes = senderReport({
      ssrc: this.ssrc,
      wallClockMs: this.#options.clock.now(),
      timestamp: this.#timestamp,
      packets: this.#packetsSent,
      octets: this.#packetsSent * FRAME_SAMPLES,
      cname: this.cname,
    });
    this.#note('sent', this.#rtcp.local, this.#plan.remoteRtcp, bytes);
    const wire = this.encrypted ? this.#srtp.protectRtcp(Buffer.from(bytes)) : bytes;
    if (wire !== undefined) this.#rtcp.send(wire, this.#plan.remoteRtcp);
  }

  #note(direction: 'sent' | 'received', local: Address, remote: Address, bytes: Uint8Array): void {
    if (this.log.length >= LOG_LIMIT) return;
    const at = this.#options.clock.now();
    this.log.push({ at, direction, local, remote, transport: 'udp', bytes: Uint8Array.from(bytes) });
  }
}
