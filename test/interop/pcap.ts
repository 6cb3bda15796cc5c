import type { Address, TransportName } from '../../src/sip/transport/types.ts';

/** A UDP datagram, or the bytes of one TCP segment. */
export interface CapturedPacket {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly transport: TransportName;
  readonly from: Address;
  readonly to: Address;
  /** TCP sequence number of the first byte; 0 for UDP. */
  readonly sequence: number;
  readonly bytes: Buffer;
}

const ETHERNET = 1;
const MAGIC = 0xa1b2c3d4;
const MAGIC_NANOSECONDS = 0xa1b23c4d;

/**
 * Reads a classic pcap file of Ethernet frames (which is what Linux' loopback gives): IPv4 and IPv6, UDP and TCP;
 * anything else in it is passed over. Ours, so that what is scanned does not hang on a decoder's idea of SIP.
 */
export function readPcap(file: Buffer): CapturedPacket[] {
  const little = [MAGIC, MAGIC_NANOSECONDS].includes(file.readUInt32LE(0));
  const uint32 = (at: number): number => (little ? file.readUInt32LE(at) : file.readUInt32BE(at));
  if (![MAGIC, MAGIC_NANOSECONDS].includes(uint32(0)))
    throw new Error('not a pcap file (capture with -F pcap)');
  if (uint32(20) !== ETHERNET) throw new Error(`link type ${uint32(20)}, expected Ethernet (1)`);
  const fraction = uint32(0) === MAGIC ? 1e3 : 1e6;
  const packets: CapturedPacket[] = [];
  for (let at = 24; at + 16 <= file.length; ) {
    const length = uint32(at + 8);
    if (length < uint32(at + 12)) throw new Error('a packet was cut short while capturing');
    // The file may end in the middle of a packet while it is still being written.
    if (at + 16 + length > file.length) break;
    const time = uint32(at) * 1_000 + uint32(at + 4) / fraction;
    const packet = readFrame(file.subarray(at + 16, at + 16 + length), time);
    if (packet !== undefined) packets.push(packet);
    at += 16 + length;
  }
  return packets;
}

function readFrame(frame: Buffer, at: number): CapturedPacket | undefined {
  const type = frame.length < 34 ? 0 : frame.readUInt16BE(12);
  const ip = frame.subarray(14);
  if (type === 0x0800) {
    const header = (ip[0]! & 0x0f) * 4;
    const payload = ip.subarray(header, ip.readUInt16BE(2));
    // A fragment: none on a loopback with its MTU of 64 KiB.
    if ((ip.readUInt16BE(6) & 0x3fff) !== 0) throw new Error('IP fragments are not read');
    return readTransport(ip[9]!, payload, ipv4(ip.subarray(12, 16)), ipv4(ip.subarray(16, 20)), at);
  }
  if (type === 0x86dd && ip.length >= 40) {
    const payload = ip.subarray(40, 40 + ip.readUInt16BE(4));
    return readTransport(ip[6]!, payload, ipv6(ip.subarray(8, 24)), ipv6(ip.subarray(24, 40)), at);
  }
  return undefined;
}

function readTransport(
  protocol: number,
  payload: Buffer,
  source: string,
  destination: string,
  at: number,
): CapturedPacket | undefined {
  if (protocol !== 17 && protocol !== 6) return undefined;
  const tcp = protocol === 6;
  const header = tcp ? (payload[12]! >> 4) * 4 : 8;
  return {
    at,
    transport: tcp ? 'tcp' : 'udp',
    from: { host: source, port: payload.readUInt16BE(0) },
    to: { host: destination, port: payload.readUInt16BE(2) },
    sequence: tcp ? payload.readUInt32BE(4) : 0,
    bytes: payload.subarray(header),
  };
}

const ipv4 = (bytes: Buffer): string => [...bytes].join('.');

/** As `URL` and Node write it: shortened (RFC 5952). */
function ipv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
