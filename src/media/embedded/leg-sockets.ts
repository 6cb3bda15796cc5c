/**
 * The two UDP sockets of a leg: RTP on an even port, RTCP on the next. They outlive the leg while the port drains.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { PortPair } from '../port-pool.ts';
import type { Family } from './protocol.ts';

export type OnPacket = (packet: Buffer, from: RemoteInfo) => void;

export class LegSockets implements PortPair {
  readonly family: Family;
  lastPacketAt = 0;
  #onRtp: OnPacket;
  readonly #drainRtp: OnPacket = () => {
    this.lastPacketAt = performance.now();
  };
  readonly #rtp: Socket;
  readonly #rtcp: Socket;
  #connected = false;
  #closed = false;

  private constructor(family: Family, rtp: Socket, rtcp: Socket) {
    this.family = family;
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    this.#onRtp = this.#drainRtp;
    rtp.on('message', this.#onRtp);
    // Asynchronous errors of UDP (ICMP port unreachable on a connected socket) are the peer's state, not ours: the
    // silence timer tells of a peer that is gone.
    rtp.on('error', () => {});
    rtcp.on('error', () => {});
  }

  /** Binds both or neither; rejects with the system's error. */
  static async bind(host: string, family: Family, rtpPort: number): Promise<LegSockets> {
    const rtp = await bindSocket(host, family, rtpPort);
    try {
      return new LegSockets(family, rtp, await bindSocket(host, family, rtpPort + 1));
    } catch (error) {
      rtp.close();
      throw error;
    }
  }

  /** From now on packets go to the leg. */
  attach(onRtp: OnPacket, onRtcp: OnPacket): void {
    this.#rtp.off('message', this.#onRtp);
    this.#onRtp = onRtp;
    this.#rtp.on('message', onRtp);
    this.#rtcp.on('message', onRtcp);
  }

  /** The leg is gone; packets are only noticed. */
  detach(): void {
    this.disconnect();
    this.#rtcp.removeAllListeners('message');
    this.#rtp.off('message', this.#onRtp);
    this.#onRtp = this.#drainRtp;
    this.#rtp.on('message', this.#onRtp);
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Lets the kernel drop everybody else's packets, and find the way out once instead of per packet. */
  connect(host: string, port: number): void {
    if (this.#connected || this.#closed) return;
    try {
      this.#rtp.connectSync(port, host);
      this.#connected = true;
    } catch {
      // No route just now: sending goes on without, and says so by itself.
    }
  }

  /** Everybody's packets arrive again. */
  disconnect(): void {
    if (!this.#connected) return;
    this.#connected = false;
    if (!this.#closed) this.#rtp.disconnect();
  }

  sendRtp(packet: Buffer, host: string, port: number): void {
    if (this.#closed) return;
    if (this.#connected) this.#rtp.send(packet);
    else this.#rtp.send(packet, port, host);
  }

  sendRtcp(packet: Buffer, host: string, port: number): void {
    if (!this.#closed) this.#rtcp.send(packet, port, host);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rtp.close();
    this.#rtcp.close();
  }
}

function bindSocket(host: string, family: Family, port: number): Promise<Socket> {
  const socket = createSocket({
    type: family === 'ipv4' ? 'udp4' : 'udp6',
    ipv6Only: family === 'ipv6',
    // Addresses here are always numbers; without this every packet that is sent would ask for a name.
    lookup: (address, _options, callback) => callback(null, address, family === 'ipv4' ? 4 : 6),
  });
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => {
      socket.close();
      reject(error);
    };
    socket.once('error', onError);
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.off('error', onError);
      resolve(socket);
    });
  });
}
