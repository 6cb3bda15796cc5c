/**
 * Where a scenario's HTTP may go. A script that names `http://169.254.169.254/` or a host whose DNS points into our own
 * network must not get there: every address is judged, after the name was resolved and before a socket is opened, and the
 * connection then goes to exactly the address that was judged.
 */
import { BlockList, isIP, isIPv4 } from 'node:net';

/** IANA special-purpose IPv4 registry (RFC 6890 and its updates), multicast and reserved. */
const FORBIDDEN_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** Only global unicast is let out (RFC 4291 §2.4), less what is tunnelled (Teredo, 6to4) or for documentation. */
const GLOBAL_V6 = '2000::/3';
const FORBIDDEN_V6 = ['2001::/32', '2001:db8::/32', '2002::/16', '3fff::/20'];

export class FenceError extends Error {
  override readonly name = 'FenceError';
}

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

export class NetFence {
  readonly #hosts = new Set<string>();
  readonly #allowed = new BlockList();
  readonly #forbiddenV4 = listOf(FORBIDDEN_V4);
  readonly #forbiddenV6 = listOf(FORBIDDEN_V6);
  readonly #globalV6 = listOf([GLOBAL_V6]);

  /** @param exceptions hosts (`backend.local`, `localhost`) and CIDRs or addresses (`10.1.0.0/16`) that may be reached. */
  constructor(exceptions: readonly string[] = []) {
    for (const exception of exceptions) {
      if (isAddressOrCidr(exception)) addTo(this.#allowed, exception);
      else this.#hosts.add(exception.toLowerCase());
    }
  }

  /** The first address that may be connected to. @throws FenceError when there is none. */
  choose(host: string, addresses: readonly ResolvedAddress[]): ResolvedAddress {
    const named = this.#hosts.has(host.toLowerCase());
    const chosen = addresses.find(({ address }) => named || this.allows(address));
    if (chosen === undefined) {
      throw new FenceError(
        `${host} is a private address; add it to the setting scenario.httpAllow if it may be reached from here`,
      );
    }
    return chosen;
  }

  allows(address: string): boolean {
    const plain = unmapped(address);
    const family = isIP(plain);
    if (family === 0) return false;
    const kind = family === 4 ? 'ipv4' : 'ipv6';
    if (this.#allowed.check(plain, kind)) return true;
    if (family === 4) return !this.#forbiddenV4.check(plain, 'ipv4');
    return this.#globalV6.check(plain, 'ipv6') && !this.#forbiddenV6.check(plain, 'ipv6');
  }
}

/** `::ffff:10.0.0.1` is 10.0.0.1 to the kernel (RFC 4291 §2.5.5.2), however it is spelled. */
function unmapped(address: string): string {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  const dotted = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare);
  if (dotted !== null) return dotted[1] as string;
  const hex = /^(?:0*:)*:?(?:0+:)*ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(bare);
  if (hex === null) return bare;
  const [high, low] = [Number.parseInt(hex[1] as string, 16), Number.parseInt(hex[2] as string, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

function isAddressOrCidr(text: string): boolean {
  return isIP(text.split('/')[0] ?? '') !== 0;
}

function listOf(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) addTo(list, cidr);
  return list;
}

function addTo(list: BlockList, cidr: string): void {
  const [address = '', prefix] = cidr.split('/');
  const kind = isIPv4(address) ? 'ipv4' : 'ipv6';
  if (prefix === undefined) list.addAddress(address, kind);
  else list.addSubnet(address, Number(prefix), kind);
}
