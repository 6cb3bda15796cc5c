/** How far an IP address reaches, to tell a peer behind NAT from one that names another place on purpose. */
import { BlockList, isIP } from 'node:net';

/** Wider scopes have greater numbers; an address of scope 0 is nobody's to receive at. */
const SCOPES = { nowhere: 0, loopback: 1, link: 2, private: 3, public: 4 } as const;

const BLOCKS: readonly (readonly [scope: keyof typeof SCOPES, address: string, prefix: number])[] = [
  // RFC 1122 §3.2.1.3 (this network), RFC 5771 and RFC 4291 §2.7 (multicast), limited broadcast.
  ['nowhere', '0.0.0.0', 8],
  ['nowhere', '224.0.0.0', 3],
  ['nowhere', '::', 128],
  ['nowhere', 'ff00::', 8],
  ['loopback', '127.0.0.0', 8],
  ['loopback', '::1', 128],
  ['link', '169.254.0.0', 16],
  ['link', 'fe80::', 10],
  // RFC 1918, RFC 6598 (carrier-grade NAT), RFC 4193.
  ['private', '10.0.0.0', 8],
  ['private', '172.16.0.0', 12],
  ['private', '192.168.0.0', 16],
  ['private', '100.64.0.0', 10],
  ['private', 'fc00::', 7],
];

const lists = new Map<keyof typeof SCOPES, BlockList>();
for (const [scope, address, prefix] of BLOCKS) {
  const list = lists.get(scope) ?? new BlockList();
  list.addSubnet(address, prefix, address.includes(':') ? 'ipv6' : 'ipv4');
  lists.set(scope, list);
}

function scopeOf(address: string): number {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  for (const [scope, list] of lists) if (list.check(address, family)) return SCOPES[scope];
  return SCOPES.public;
}

/**
 * Whether somebody who sends from `source` can be reached at `address` as far as the kinds of the two tell: a peer
 * that sends from a public address and names a private one is behind NAT, and cannot. Both are IP addresses.
 */
export function reachableFrom(source: string, address: string): boolean {
  const scope = scopeOf(address);
  return scope !== SCOPES.nowhere && scope >= scopeOf(source);
}
