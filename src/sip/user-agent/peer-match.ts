/**
 * Which trunk a source address belongs to. Addresses only: a name that resolves today may belong to somebody else
 * tomorrow.
 */
import { BlockList, isIP } from 'node:net';
import type { TrunkSettings } from './types.ts';

/** Built once per list of a trunk; the directory hands out the same arrays until a trunk is changed. */
const compiled = new WeakMap<readonly string[], BlockList>();

/**
 * The trunk that calls from this address; the more specific block wins over the wider one, so that one customer's
 * gateway can stand inside another trunk's range.
 */
export function trunkBySource(trunks: readonly TrunkSettings[], host: string): TrunkSettings | undefined {
  const address = plainAddress(host);
  const family = isIP(address);
  if (family === 0) return undefined;
  let best: { trunk: TrunkSettings; length: number } | undefined;
  for (const trunk of trunks) {
    if (!listOf(trunk.allowedSources).check(address, family === 6 ? 'ipv6' : 'ipv4')) continue;
    const length = longestPrefix(trunk.allowedSources, address);
    if (best === undefined || length > best.length) best = { trunk, length };
  }
  return best?.trunk;
}

function longestPrefix(sources: readonly string[], address: string): number {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  let longest = -1;
  for (const source of sources) {
    const block = parseBlock(source);
    if (block === undefined || block.family !== family || block.prefix <= longest) continue;
    if (listOf([source]).check(address, family)) longest = block.prefix;
  }
  return longest;
}

function listOf(sources: readonly string[]): BlockList {
  const known = compiled.get(sources);
  if (known !== undefined) return known;
  const list = new BlockList();
  for (const source of sources) {
    const block = parseBlock(source);
    if (block !== undefined) list.addSubnet(block.address, block.prefix, block.family);
  }
  compiled.set(sources, list);
  return list;
}

interface Block {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** Reads `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`. Undefined for anything else; such an entry matches nobody. */
export function parseBlock(text: string): Block | undefined {
  const found = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text.trim());
  if (found === null) return undefined;
  const address = plainAddress(found[1]!);
  const family = isIP(address);
  if (family === 0) return undefined;
  const full = family === 6 ? 128 : 32;
  const prefix = found[2] === undefined ? full : Number(found[2]);
  return prefix > full ? undefined : { address, prefix, family: family === 6 ? 'ipv6' : 'ipv4' };
}

/** A dual-stack socket reports IPv4 peers as `::ffff:192.0.2.1`; brackets are of URIs. */
export function plainAddress(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1').replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}
