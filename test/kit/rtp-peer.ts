/**
 * The far end of a leg, on a real socket: sends tones, keys and packets of its choice, keeps what comes. Deliberately
 * simple; it shares only the packet layout, the codecs and SRTP with the engine.
 */
import { createSocket, type Socket } from 'node:dgram';
import { decodeG711, encodeG711 } from '../../src/media/codec/g711.ts';
import { G722Decoder, G722Encoder } from '../../src/media/codec/g722.ts';
import type { AudioCodec, LegPlan, SrtpKey } from '../../src/media/engine.ts';
import { buildRtp, parseRtp, type RtpPacket } from '../../src/media/rtp-packet.ts';
import { SrtpSession } from '../../src/media/srtp/srtp.ts';

const HOST = '127.0.0.1';

export interface Arrived extends RtpPacket {
  readonly at: number;
  readonly fromPort: number;
  readonly wire: Buffer;
}

export class RtpPeer {
  readonly packets: Arrived[] = [];
  readonly rtcp: Buffer[] = [];
  /** Everything that came to the RTP port and could be opened, RTP or not. */
  readonly raw: Buffer[] = [];
  readonly codec: AudioCodec;
  sequence = 65_500; // near the wrap on purpose
  timestamp = 0xffff_f000;
  ssrc: number;
  readonly #rtp: Socket;
  readonly #rtcp: Socket;
  readonly #wide = new G722Encoder();
  /** When set (`secure`), RTP and RTCP are SRTP and SRTCP both ways. */
  #srtp: SrtpSession | undefined;
  #phase = 0;
  #timer: NodeJS.Timeout | undefined;

  private constructor(rtp: Socket, rtcp: Socket, codec: AudioCodec, ssrc: number) {
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    this.codec = codec;
    this.ssrc = ssrc;
    rtp.on('message', (bytes, from) => {
      const wire = this.#open(bytes);
      if (wire !== undefined) this.raw.push(wire);
      const packet = wire === undefined ? undefined : parseRtp(wire);
      if (wire !== undefined && packet !== undefined)
        this.packets.push({ ...packet, at: performance.now(), fromPort: from.port, wire });
    });
    rtcp.on('message', (bytes) => {
      const wire = this.#srtp === undefined ? bytes : this.#srtp.unprotectRtcp(bytes);
      if (wire !== undefined) this.rtcp.push(wire);
    });
    rtp.on('error', () => {});
    rtcp.on('error', () => {});
  }

  /** Binds an even port and the next one. */
  static async open(codec: AudioCodec = 'PCMU', ssrc = 0x5eed0001, host = HOST): Promise<RtpPeer> {
    for (;;) {
      const rtp = await bind(0, host);
      const { port } = rtp.address();
      const rtcp = port % 2 === 0 ? await bind(port + 1, host).catch(() => undefined) : undefined;
      if (rtcp !== undefined) return new RtpPeer(rtp, rtcp, codec, ssrc);
      rtp.close();
    }
  }

  get host(): string {
    return this.#rtp.address().address;
  }

  get port(): number {
    return this.#rtp.address().port;
  }

  get payloadType(): number {
    return { PCMU: 0, PCMA: 8, G722: 9 }[this.codec];
  }

  /** Our side is on the loopback address of the peer's family. */
  get #target(): string {
    return this.host.includes(':') ? '::1' : HOST;
  }

  /** The plan that our side would have negotiated with this peer. */
  plan(changes: Partial<LegPlan> = {}): LegPlan {
    return {
      remote: { host: this.host, port: this.port },
      codec: this.codec,
      sendPayloadType: this.payloadType,
      receivePayloadType: this.payloadType,
      telephoneEvent: { sendPayloadType: 101, receivePayloadType: 101 },
      direction: 'sendrecv',
      latch: 'learn',
      packetMs: 20,
      ...changes,
    };
  }

  sendPacket(
    to: number,
    payload: Uint8Array,
    options: { payloadType?: number; marker?: boolean } = {},
  ): void {
    const { payloadType = this.payloadType, marker = false } = options;
    const { sequence, timestamp, ssrc } = this;
    this.sequence = (this.sequence + 1) & 0xffff;
    const packet = buildRtp({ marker, payloadType, sequence, timestamp, ssrc, payload });
    this.#rtp.send(this.#srtp?.protect(packet) ?? packet, to, this.#target);
  }

  /** From now on SRTP, with these keys from this side's point of view; the plan has them the other way round. */
  secure(keys: { readonly send: SrtpKey; readonly receive: SrtpKey }): void {
    this.#srtp ??= new SrtpSession();
    this.#srtp.configure(keys);
  }

  /** SRTP packets that came and were not authentic. */
  get unauthenticated(): number {
    return this.#srtp?.unauthenticated ?? 0;
  }

  #open(bytes: Buffer): Buffer | undefined {
    if (this.#srtp === undefined) return bytes;
    const end = this.#srtp.unprotect(bytes);
    return end < 0 ? undefined : bytes.subarray(0, end);
  }

  /** 20 ms of a tone, once; its phase goes on. */
  sendFrame(to: number, frequency: number): void {
    const samples = new Int16Array(160);
    for (let i = 0; i < 160; i++)
      samples[i] = 8000 * Math.sin((2 * Math.PI * frequency * ((this.#phase + i) % 8000)) / 8000);
    this.sendPacket(to, this.#encode(samples));
    this.#phase += 160;
    this.timestamp = (this.timestamp + 160) >>> 0;
  }

  #encode(samples: Int16Array): Uint8Array {
    if (this.codec !== 'G722') return encodeG711(this.codec, samples);
    return Uint8Array.from(samples, (sample) => this.#wide.encodeNarrow(sample));
  }

  /** A tone every 20 ms from now on, until `stopTalking`. */
  talk(to: number, frequency: number): void {
    this.stopTalking();
    const startedAt = performance.now();
    let sent = 0;
    this.#timer = setInterval(() => {
      for (; sent * 20 <= performance.now() - startedAt; sent++) this.sendFrame(to, frequency);
    }, 10);
  }

  stopTalking(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** One key press: updates, then three ends, all at once. */
  press(to: number, event: number, updates = 3): void {
    for (let n = 1; n <= updates + 3; n++) {
      const duration = Math.min(n, updates) * 160;
      const payload = Uint8Array.of(event, (n > updates ? 0x80 : 0) | 10, duration >> 8, duration & 0xff);
      this.sendPacket(to, payload, { payloadType: 101, marker: n === 1 });
    }
    this.timestamp = (this.timestamp + 800) >>> 0;
  }

  sendRaw(to: number, bytes: Uint8Array): void {
    this.#rtp.send(bytes, to, this.#target);
  }

  sendRtcp(to: number, bytes: Uint8Array): void {
    this.#rtcp.send(this.#srtp?.protectRtcp(Buffer.from(bytes)) ?? bytes, to, this.#target);
  }

  /** What was heard: the audio of the packets from number `from` on, in order of arrival. */
  heard(from = 0): Int16Array {
    const wide = new G722Decoder();
    const { codec } = this;
    const parts = this.packets
      .slice(from)
      .filter((packet) => packet.payloadType === this.payloadType)
      .map(({ payload }) =>
        codec === 'G722'
          ? Int16Array.from(payload, (byte) => wide.decodeNarrow(byte))
          : decodeG711(codec, payload),
      );
    const all = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  close(): void {
    this.stopTalking();
    this.#rtp.close();
    this.#rtcp.close();
  }
}

async function bind(port: number, host: string): Promise<Socket> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, host, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  return socket;
}

/** Waits for a state; fails with `what` when it does not come within `ms`. */
export async function until(what: string, state: () => boolean, ms = 5000): Promise<void> {
  const startedAt = performance.now();
  while (!state()) {
    if (performance.now() - startedAt > ms) throw new Error(`waited ${ms} ms for: ${what}`);
    await new Promise<void>((resolve) => setTimeout(resolve, 5));
  }
}
